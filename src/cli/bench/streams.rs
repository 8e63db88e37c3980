//! A stream for each message: one question, or a batch of them.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Instant;

use quinn::Connection;
use tokio::task::JoinSet;

use super::lane::Lane;
use super::tally::Fault;
use crate::wire::{Answer, FrameDecoder, Limits, RequestId};

/// What goes on each stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Message {
    Single,
    Batch(NonZeroU32),
}

impl Message {
    fn questions(self) -> u32 {
        match self {
            Self::Single => 1,
            Self::Batch(count) => count.get(),
        }
    }
}

/// Keeps so many streams open until the connection ends, or whoever waits for this gives up.
pub(super) async fn ask(
    connection: &Connection,
    lane: &Arc<Lane>,
    window: u32,
    message: Message,
) -> Result<(), Fault> {
    let mut askers = JoinSet::new();
    for number in (lane.number..).take(usize::try_from(window).unwrap_or(1)) {
        let (connection, lane) = (connection.clone(), Arc::clone(lane));
        askers.spawn(async move { ask_in_turn(&connection, &lane, number, message).await });
    }
    while let Some(asker) = askers.join_next().await {
        asker.unwrap_or(Err(Fault::ConnectionLost))?;
    }
    Ok(())
}

async fn ask_in_turn(
    connection: &Connection,
    lane: &Lane,
    number: usize,
    message: Message,
) -> Result<(), Fault> {
    let mut questions = lane.run.questions.from(number);
    let mut serials = Vec::new();
    let mut out = Vec::new();
    let request = RequestId::from(1);
    loop {
        out.clear();
        match message {
            Message::Single => questions.put(request, &mut out),
            Message::Batch(_) => {
                let count = usize::try_from(message.questions()).unwrap_or(1);
                questions.put_batch(count, request, &mut serials, &mut out);
            }
        }
        match ask_once(connection, lane, &out, message).await {
            Ok(()) => {}
            Err(_) if connection.close_reason().is_some() => return Err(Fault::ConnectionLost),
            Err(fault @ (Fault::Protocol | Fault::ConnectionLost)) => return Err(fault),
            Err(fault) => lane.fault(fault, u64::from(message.questions())),
        }
    }
}

async fn ask_once(
    connection: &Connection,
    lane: &Lane,
    question: &[u8],
    message: Message,
) -> Result<(), Fault> {
    let sent = Instant::now();
    let (mut send, mut recv) = connection.open_bi().await.map_err(|_| Fault::ConnectionLost)?;
    send.write_all(question).await.map_err(|_| Fault::StreamLost)?;
    send.finish().map_err(|_| Fault::StreamLost)?;
    let mut decoder = FrameDecoder::new(Limits::FRAME_CEILING);
    let mut complete = false;
    while let Some(piece) = recv.read_chunk(usize::MAX, true).await.map_err(|_| Fault::StreamLost)? {
        let arrived = Instant::now();
        let mut input = &piece.bytes[..];
        let mut counting = lane.counting();
        while let Some(frame) = decoder.next(&mut input)? {
            let Some(answer) = Answer::decode(&frame)? else { continue };
            let took = arrived.saturating_duration_since(sent);
            match (&answer, message) {
                (Answer::BatchVerdicts(batch), Message::Batch(_)) => {
                    for outcome in batch.outcomes() {
                        let outcome = outcome?;
                        if let Some(counting) = &mut counting {
                            counting.tally.outcome(&outcome);
                        }
                    }
                    complete = batch.last;
                    if let Some(counting) = counting.as_mut().filter(|_| complete) {
                        counting.tally.took(took);
                    }
                }
                (Answer::Failure(failure), _) => return Err(Fault::Refused(failure.code)),
                (_, Message::Batch(_)) => return Err(Fault::Protocol),
                (answer, Message::Single) => {
                    if let Some(counting) = &mut counting {
                        counting.tally.answer(answer, took)?;
                    }
                    complete = true;
                }
            }
        }
    }
    if complete { Ok(()) } else { Err(Fault::StreamLost) }
}
