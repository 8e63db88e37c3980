//! Questions that follow each other on one stream, answered in any order.
//!
//! Once it runs, the loop allocates nothing itself: request ids are the numbers of slots that are used again, and the
//! buffer of questions is too.

use std::time::Instant;

use bytes::Bytes;
use quinn::Connection;

use super::lane::Lane;
use super::tally::Fault;
use crate::wire::{Answer, FrameDecoder, Limits, RequestId};

/// Pieces of the stream that are read at once.
const PIECES: usize = 32;

/// Keeps so many questions in the air until the connection ends, or whoever waits for this gives up.
pub(super) async fn ask(connection: &Connection, lane: &Lane, window: u32) -> Result<(), Fault> {
    let (mut send, mut recv) = connection.open_bi().await.map_err(|_| Fault::ConnectionLost)?;
    let mut questions = lane.run.questions.from(lane.number);
    let mut slots = Slots::new(window);
    let mut out = Vec::new();
    let mut decoder = FrameDecoder::new(Limits::FRAME_CEILING);
    let mut pieces: [Bytes; PIECES] = std::array::from_fn(|_| Bytes::new());
    loop {
        let now = Instant::now();
        while let Some(request) = slots.open(now) {
            questions.put(request, &mut out);
        }
        send.write_all(&out).await.map_err(|_| Fault::StreamLost)?;
        out.clear();
        let count = recv.read_chunks(&mut pieces).await.ok().flatten().ok_or(Fault::StreamLost)?;
        let arrived = Instant::now();
        let mut counting = lane.counting();
        for piece in pieces.iter_mut().take(count) {
            let piece = std::mem::take(piece);
            let mut input = &piece[..];
            while let Some(frame) = decoder.next(&mut input)? {
                let Some(answer) = Answer::decode(&frame)? else { continue };
                let sent = slots.close(frame.request).ok_or(Fault::Protocol)?;
                if let Some(counting) = &mut counting {
                    counting.tally.answer(&answer, arrived.saturating_duration_since(sent))?;
                }
            }
        }
    }
}

/// The questions in the air; the request id is the number of the slot, counted from 1.
#[derive(Debug)]
struct Slots {
    /// When the question in each slot was sent.
    sent: Vec<Option<Instant>>,
    free: Vec<u32>,
}

impl Slots {
    fn new(window: u32) -> Self {
        let free: Vec<u32> = (1..=window).rev().collect();
        Self { sent: vec![None; free.len() + 1], free }
    }

    fn open(&mut self, now: Instant) -> Option<RequestId> {
        let number = self.free.pop()?;
        *self.place(number)? = Some(now);
        Some(RequestId::from(number))
    }

    /// When the question was sent; `None` if there is none in this slot.
    fn close(&mut self, request: RequestId) -> Option<Instant> {
        let number = u32::try_from(request.number()).ok()?;
        let sent = self.place(number)?.take()?;
        self.free.push(number);
        Some(sent)
    }

    fn place(&mut self, number: u32) -> Option<&mut Option<Instant>> {
        self.sent.get_mut(usize::try_from(number).ok()?)
    }
}
