//! Requests that wait for their answers, each in a slot whose number is the request id.
//!
//! Nothing is allocated for a request: slots are used again. A slot whose request nobody waits for any more is not
//! used again before its answer has come, so that a late answer is never taken for another's.

use std::task::{Context, Poll, Waker};

use tokio::sync::mpsc;

use super::error::ClientError;
use super::question::Info;
use super::subscription::{Event, event_of};
use crate::types::Verdict;
use crate::wire::{Answer, BatchVerdicts, Outcome, RequestId, Resolved};

/// What ends a request.
#[derive(Debug)]
pub(super) enum Response {
    Verdict(Verdict),
    Outcomes(Vec<Outcome>),
    Resolved(Resolved),
    Info(Box<Info>),
    /// A subscription began; its events come through its channel.
    Subscribed,
}

/// What a request waits for.
#[derive(Debug)]
pub(super) enum Awaited {
    /// One frame.
    Single,
    /// So many answers, over several frames.
    Batch {
        /// The answers that came.
        outcomes: Vec<Outcome>,
    },
    /// Events, for ever.
    Events {
        /// To whom.
        sender: mpsc::Sender<Result<Event, ClientError>>,
    },
}

#[derive(Debug)]
enum Slot {
    Free,
    Waiting {
        awaited: Awaited,
        waker: Option<Waker>,
    },
    Done(Result<Response, ClientError>),
    /// Nobody waits, and the answer has not come.
    Abandoned,
    /// No request, but the stream itself.
    Stream,
    /// A subscription that goes on.
    Subscribed {
        sender: mpsc::Sender<Result<Event, ClientError>>,
    },
}

/// The slots of one stream, or of the datagrams of a connection.
#[derive(Debug, Default)]
pub(super) struct Slots {
    slots: Vec<Slot>,
    free: Vec<u32>,
    failed: Option<ClientError>,
}

impl Slots {
    /// A slot for a new request.
    pub(super) fn open(&mut self, awaited: Awaited) -> Result<u32, ClientError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        if self.slots.is_empty() {
            // Request id 0 is for errors that concern the whole stream.
            self.slots.push(Slot::Stream);
        }
        let slot = Slot::Waiting { awaited, waker: None };
        if let Some(number) = self.free.pop() {
            if let Some(place) = self.place(number) {
                *place = slot;
            }
            return Ok(number);
        }
        let number = u32::try_from(self.slots.len()).map_err(|_| ClientError::Closed)?;
        self.slots.push(slot);
        Ok(number)
    }

    /// What became of a request. The slot is free when it is told.
    pub(super) fn poll(&mut self, number: u32, context: &Context<'_>) -> Poll<Result<Response, ClientError>> {
        let Some(place) = self.place(number) else { return Poll::Ready(Err(ClientError::Closed)) };
        match place {
            Slot::Waiting { waker, .. } => {
                if waker.as_ref().is_none_or(|waker| !waker.will_wake(context.waker())) {
                    *waker = Some(context.waker().clone());
                }
                Poll::Pending
            }
            Slot::Subscribed { .. } => Poll::Ready(Ok(Response::Subscribed)),
            Slot::Done(_) => match std::mem::replace(place, Slot::Free) {
                Slot::Done(result) => {
                    self.free.push(number);
                    Poll::Ready(result)
                }
                _ => Poll::Ready(Err(ClientError::Closed)),
            },
            Slot::Free | Slot::Abandoned | Slot::Stream => Poll::Ready(Err(ClientError::Closed)),
        }
    }

    /// Nobody waits for the request any more. `true` if it never ends unless the server is told.
    pub(super) fn abandon(&mut self, number: u32) -> bool {
        match self.place(number) {
            Some(place @ Slot::Waiting { .. }) => {
                let before = std::mem::replace(place, Slot::Abandoned);
                return matches!(before, Slot::Waiting { awaited: Awaited::Events { .. }, .. });
            }
            Some(place @ Slot::Done(_)) => {
                *place = Slot::Free;
                self.free.push(number);
            }
            _ => {}
        }
        false
    }

    /// Gives up on a request whose answer may have been lost, so that the slot may be used again at once.
    pub(super) fn give_up(&mut self, number: u32) {
        if let Some(place @ (Slot::Waiting { .. } | Slot::Done(_) | Slot::Abandoned)) = self.place(number) {
            *place = Slot::Free;
            self.free.push(number);
        }
    }

    /// Slots that are in use, with that of the stream.
    #[cfg(test)]
    fn open_slots(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Takes an answer. `Err` if the server does not keep to the protocol.
    pub(super) fn take(&mut self, request: RequestId, answer: &Answer<'_>) -> Result<(), ClientError> {
        let number = u32::try_from(request.number()).map_err(|_| WRONG)?;
        let place = self.place(number).ok_or(WRONG)?;
        let done = match (&mut *place, answer) {
            (Slot::Stream, answer) => return Err(single(answer).err().unwrap_or(WRONG)),
            (Slot::Free | Slot::Done(_), _) => return Err(WRONG),
            (Slot::Waiting { awaited: Awaited::Batch { outcomes }, .. }, Answer::BatchVerdicts(batch)) => {
                match fill(outcomes, batch) {
                    Ok(false) => return Ok(()),
                    Ok(true) => Ok(Response::Outcomes(std::mem::take(outcomes))),
                    Err(error) => Err(error),
                }
            }
            (Slot::Waiting { awaited: Awaited::Single, .. }, answer) => single(answer),
            (Slot::Waiting { awaited: Awaited::Events { sender }, waker }, answer) => {
                let Some(event) = event_of(answer) else { return self.finish(number, single(answer)) };
                let (sender, waker) = (sender.clone(), waker.take());
                *place = subscribed(sender, event);
                waker.iter().for_each(Waker::wake_by_ref);
                return Ok(());
            }
            (Slot::Waiting { .. }, answer) => match single(answer) {
                Err(error) => Err(error),
                Ok(_) => Err(WRONG),
            },
            (Slot::Subscribed { sender }, answer) => {
                let sender = sender.clone();
                match event_of(answer) {
                    Some(event) => *place = subscribed(sender, event),
                    None => {
                        let _ = sender.try_send(Err(single(answer).err().unwrap_or(WRONG)));
                        *place = Slot::Free;
                        self.free.push(number);
                    }
                }
                return Ok(());
            }
            (Slot::Abandoned, answer) => {
                let more = match answer {
                    Answer::BatchVerdicts(batch) => !batch.last,
                    Answer::Generation(_) | Answer::Changes(_) => true,
                    _ => false,
                };
                if !more {
                    *place = Slot::Free;
                    self.free.push(number);
                }
                return Ok(());
            }
        };
        self.finish(number, done)
    }

    /// The answer to a request cannot be read.
    pub(super) fn spoil(&mut self, request: RequestId, error: ClientError) -> Result<(), ClientError> {
        let number = u32::try_from(request.number()).map_err(|_| WRONG)?;
        match self.place(number) {
            Some(Slot::Waiting { .. }) => self.finish(number, Err(error)),
            Some(Slot::Abandoned) => Ok(()),
            _ => Err(error),
        }
    }

    /// The result of a request whose stream has ended, if it is complete.
    pub(super) fn result(&mut self, number: u32) -> Option<Result<Response, ClientError>> {
        match std::mem::replace(self.place(number)?, Slot::Free) {
            Slot::Done(result) => Some(result),
            _ => None,
        }
    }

    /// The stream has ended: so have all requests.
    pub(super) fn fail(&mut self, error: &ClientError) {
        self.failed.get_or_insert_with(|| error.clone());
        for number in (0..).take(self.slots.len()) {
            match self.place(number) {
                Some(Slot::Waiting { .. }) => {
                    let _ = self.finish(number, Err(error.clone()));
                }
                Some(Slot::Subscribed { sender }) => {
                    let _ = sender.try_send(Err(error.clone()));
                    if let Some(place) = self.place(number) {
                        *place = Slot::Free;
                    }
                }
                _ => {}
            }
        }
    }

    pub(super) fn failed(&self) -> Option<&ClientError> {
        self.failed.as_ref()
    }

    fn finish(&mut self, number: u32, result: Result<Response, ClientError>) -> Result<(), ClientError> {
        let Some(place) = self.place(number) else { return Ok(()) };
        if let Slot::Waiting { waker, .. } = std::mem::replace(place, Slot::Done(result)) {
            waker.iter().for_each(Waker::wake_by_ref);
        }
        Ok(())
    }

    fn place(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut(usize::try_from(number).ok()?)
    }
}

const WRONG: ClientError = ClientError::WrongAnswer { expected: "an answer to an open request" };

/// A subscription with one event more. One whose events nobody takes ends there, and not at a gap.
fn subscribed(sender: mpsc::Sender<Result<Event, ClientError>>, event: Event) -> Slot {
    match sender.try_send(Ok(event)) {
        Ok(()) => Slot::Subscribed { sender },
        Err(_) => Slot::Abandoned,
    }
}

fn single(answer: &Answer<'_>) -> Result<Response, ClientError> {
    match answer {
        Answer::Verdict(verdict) => Ok(Response::Verdict(*verdict)),
        Answer::Resolved(resolved) => Ok(Response::Resolved(*resolved)),
        Answer::Info(page) => Info::read(page).map(|info| Response::Info(Box::new(info))),
        Answer::Failure(failure) => {
            Err(ClientError::Refused { code: failure.code, text: failure.text.to_owned() })
        }
        _ => Err(WRONG),
    }
}

/// Takes some of the answers to a batch; tells whether they are all there.
fn fill(outcomes: &mut [Outcome], batch: &BatchVerdicts<'_>) -> Result<bool, ClientError> {
    let expected = ClientError::WrongAnswer { expected: "as many answers as questions" };
    let first = usize::try_from(batch.first).unwrap_or(usize::MAX);
    let mut places = outcomes.get_mut(first..).unwrap_or_default().iter_mut();
    for outcome in batch.outcomes() {
        *places.next().ok_or_else(|| expected.clone())? = outcome?;
    }
    if !batch.last {
        return Ok(false);
    }
    if outcomes.contains(&Outcome::Pending) {
        return Err(expected);
    }
    Ok(true)
}

/// The answers to a batch of which nothing has come.
pub(super) fn nothing_yet(questions: usize) -> Awaited {
    Awaited::Batch { outcomes: vec![Outcome::Pending; questions] }
}

/// Takes a request back that is longer than the server reads; `start` is where it begins.
pub(super) fn check_length(out: &mut Vec<u8>, start: usize, limit: usize) -> Result<(), ClientError> {
    let found = out.len().saturating_sub(start);
    if found <= limit {
        return Ok(());
    }
    out.truncate(start);
    Err(ClientError::TooMuch { what: "octets of a request", found, limit })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{ErrorCode, Failure};

    fn refused() -> Answer<'static> {
        Answer::Failure(Failure { code: ErrorCode::Overloaded, text: "" })
    }

    #[test]
    fn an_abandoned_slot_is_used_again_only_after_its_answer() {
        let mut slots = Slots::default();
        let first = slots.open(Awaited::Single).unwrap();
        slots.abandon(first);
        let second = slots.open(Awaited::Single).unwrap();
        assert_ne!(first, second);
        slots.take(RequestId::from(first), &refused()).unwrap();
        assert_eq!(slots.open(Awaited::Single).unwrap(), first);
        assert_eq!(slots.open_slots(), 3);
        // An answer to nothing is a fault of the server.
        assert!(slots.take(RequestId::from(7), &refused()).is_err());
    }

    #[test]
    fn a_failed_stream_fails_everything() {
        let mut slots = Slots::default();
        let number = slots.open(Awaited::Single).unwrap();
        slots.fail(&ClientError::Closed);
        let context = Context::from_waker(Waker::noop());
        assert!(matches!(slots.poll(number, &context), Poll::Ready(Err(ClientError::Closed))));
        assert_eq!(slots.open(Awaited::Single).unwrap_err(), ClientError::Closed);
    }
}
