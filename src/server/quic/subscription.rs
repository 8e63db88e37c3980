//! Telling a client of changes.

use super::answerer::{Answerer, Refusal};
use super::late::Listener;
use super::session::Session;
use crate::types::{Serial, SerialRef};
use crate::wire::{Change, Changes, ErrorCode, GenerationNotice, Handle, RequestId};

/// Octets of one frame of changes.
const FRAME: usize = 16_000;

/// Tells of every generation from now on, and of what it changed for these authorities. Returns when there is nothing
/// more to tell.
///
/// A client that does not read holds up only this: generations that came meanwhile are told as one.
pub(super) async fn tell<A: Answerer>(
    session: &Session<A>,
    request: RequestId,
    authorities: &[(Handle, A::Authority)],
    listener: &Listener,
) -> Refusal {
    let mut generations = session.answerer().generations();
    let mut previous = *generations.borrow_and_update();
    let mut generation = previous;
    loop {
        for (handle, authority) in authorities.iter().filter(|_| generation != previous) {
            let changed = session.answerer().changes(authority.clone(), previous, generation).await;
            let between = (previous, generation);
            let told = match changed {
                None => vec![(Change::Lost, Vec::new())],
                Some(changed) => vec![(Change::Removed, changed.removed), (Change::Added, changed.added)],
            };
            for (change, serials) in
                told.iter().filter(|(change, s)| *change == Change::Lost || !s.is_empty())
            {
                // Every frame on its own, so that no more than a few are kept for a client that does not read.
                for serials in parts(serials) {
                    let mut out = Vec::new();
                    Changes::encode(request, *handle, between, *change, &serials, FRAME, &mut out);
                    if !listener.tell(out).await {
                        return gone();
                    }
                }
            }
        }
        let mut out = Vec::new();
        GenerationNotice { generation, previous }.encode(request, &mut out);
        if !listener.tell(out).await || generations.changed().await.is_err() {
            return gone();
        }
        previous = generation;
        generation = *generations.borrow_and_update();
    }
}

/// The serials in parts of about a frame each; one empty part if there are none.
fn parts(serials: &[Serial]) -> impl Iterator<Item = Vec<SerialRef<'_>>> {
    let empty = serials.is_empty().then(Vec::new);
    let chunks = serials.chunks(FRAME / 24).map(|chunk| chunk.iter().map(Serial::as_ref).collect());
    empty.into_iter().chain(chunks)
}

fn gone() -> Refusal {
    Refusal::new(ErrorCode::ShuttingDown, "the server stops")
}
