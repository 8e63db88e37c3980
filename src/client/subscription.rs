//! Being told of changes.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::error::ClientError;
use super::pipeline::Pipeline;
use crate::types::{Serial, SerialRef};
use crate::wire::{Answer, Change, GenerationNotice, Handle};

/// What a subscription tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A generation is in force, and everything it changed has been told.
    Generation(GenerationNotice),
    /// Serials came or went.
    Changes {
        /// Whose.
        authority: Handle,
        /// The earlier and the later generation.
        between: (u64, u64),
        /// What happened to them.
        change: Change,
        /// The serials; none with [`Change::Lost`].
        serials: Vec<Serial>,
    },
}

/// Events that are kept for somebody who does not take them.
pub(super) const KEPT: usize = 1024;

/// A stream of events. It ends with its connection, or when more events wait than are kept; then subscribe again.
#[derive(Debug)]
pub struct Subscription {
    pub(super) events: mpsc::Receiver<Result<Event, ClientError>>,
    pub(super) pipeline: Arc<Pipeline>,
    pub(super) number: u32,
}

impl Subscription {
    /// The next event; `None` after the end.
    ///
    /// # Errors
    /// [`ClientError`] tells why it ended.
    pub async fn next(&mut self) -> Option<Result<Event, ClientError>> {
        self.events.recv().await
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.pipeline.cancel(self.number);
    }
}

/// The event that an answer is, if it is one.
pub(super) fn event_of(answer: &Answer<'_>) -> Option<Event> {
    match answer {
        Answer::Generation(notice) => Some(Event::Generation(*notice)),
        Answer::Changes(changes) => Some(Event::Changes {
            authority: changes.authority,
            between: (changes.from, changes.to),
            change: changes.change,
            serials: changes.serials().map(SerialRef::to_owned).collect(),
        }),
        _ => None,
    }
}
