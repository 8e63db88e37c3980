//! Questions in datagrams, which may be lost.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quinn::Connection;

use super::error::ClientError;
use super::pipeline::take;
use super::slots::{Awaited, Response, Slots};
use crate::wire::{Frame, RequestId};

/// The questions of one connection that went in datagrams.
#[derive(Debug, Default)]
pub(super) struct Datagrams(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    slots: Slots,
    /// How often each slot was used. It is part of the request id, so that the late answer to a question that was
    /// given up is not taken for the answer to the next one in its slot.
    uses: Vec<u32>,
}

impl Datagrams {
    /// Reads answers until the connection ends.
    pub(super) fn start(connection: &Connection) -> Arc<Self> {
        let datagrams = Arc::new(Self::default());
        let (own, connection) = (Arc::clone(&datagrams), connection.clone());
        tokio::spawn(async move {
            while let Ok(datagram) = connection.read_datagram().await {
                let mut table = own.lock();
                let mut input = &datagram[..];
                // Whatever cannot be read, or is not awaited, may be late or forged by nobody but the server.
                while let Ok(Some(frame)) = Frame::take(&mut input, datagram.len()) {
                    table.take(&frame);
                }
            }
            own.lock().slots.fail(&ClientError::Closed);
        });
        datagrams
    }

    /// Sends a question and waits for its answer.
    pub(super) async fn request(
        &self,
        connection: &Connection,
        write: impl FnOnce(RequestId, &mut Vec<u8>),
    ) -> Result<Response, ClientError> {
        let failed = |reason: String| ClientError::Datagrams { reason };
        let mut out = Vec::with_capacity(64);
        let asked = {
            let mut table = self.lock();
            let number = table.slots.open(Awaited::Single)?;
            write(table.use_again(number), &mut out);
            Asked { datagrams: self, number }
        };
        connection.send_datagram(out.into()).map_err(|error| failed(error.to_string()))?;
        poll_fn(|context| self.lock().slots.poll(asked.number, context)).await
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// The id of the next request in a slot: how often it was used above, its number below.
    fn use_again(&mut self, number: u32) -> RequestId {
        let position = usize::try_from(number).unwrap_or(0);
        if self.uses.len() <= position {
            self.uses.resize(position + 1, 0);
        }
        let uses = self.uses.get_mut(position).map_or(0, |uses| {
            *uses = uses.wrapping_add(1) % (1 << 10);
            *uses
        });
        // With up to 16 slots and so on, the id keeps to two or four octets.
        RequestId::new((u64::from(number) << 10) | u64::from(uses)).unwrap_or_default()
    }

    fn take(&mut self, frame: &Frame<'_>) {
        let id = frame.request.number();
        let Ok(number) = u32::try_from(id >> 10) else { return };
        let uses = usize::try_from(number).ok().and_then(|position| self.uses.get(position));
        if uses.is_some_and(|uses| u64::from(*uses) == id & 0x3ff) {
            let _ = take(&mut self.slots, &Frame { request: RequestId::from(number), ..*frame });
        }
    }
}

/// Frees the slot of a question, whether its answer came or not.
struct Asked<'d> {
    datagrams: &'d Datagrams,
    number: u32,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        self.datagrams.lock().slots.give_up(self.number);
    }
}
