//! Many questions at once.

use super::error::ClientError;
use super::session::Client;
use super::slots::{Response, nothing_yet};
use crate::types::SerialRef;
use crate::wire::{Batch, Handle, Options, Outcome};

impl Client {
    /// Asks about many serials of one authority; there is an outcome for each, in their order, and none is
    /// [`Outcome::Pending`]. More than the server takes at once are asked in several batches.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn ask_batch(
        &self,
        authority: Handle,
        serials: &[SerialRef<'_>],
        options: &Options,
    ) -> Result<Vec<Outcome>, ClientError> {
        let mut outcomes = Vec::with_capacity(serials.len());
        let mut rest = serials;
        while !rest.is_empty() {
            let widest = rest.iter().map(|serial| serial.octets().len()).max().unwrap_or(1);
            let limits = self.link().await?.limits();
            // Behind type, request id, options, handle and width.
            let room = limits.max_frame.saturating_sub(32).checked_div(widest).unwrap_or(1);
            let most = limits.max_batch.min(room).max(1);
            let (these, others) = rest.split_at(rest.len().min(most));
            outcomes.append(&mut self.ask_one_batch(authority, these, options).await?);
            rest = others;
        }
        Ok(outcomes)
    }

    async fn ask_one_batch(
        &self,
        authority: Handle,
        serials: &[SerialRef<'_>],
        options: &Options,
    ) -> Result<Vec<Outcome>, ClientError> {
        let response = self
            .retried(|link| async move {
                let waiting =
                    link.pipeline.request(Some(authority), nothing_yet(serials.len()), |id, out| {
                        Batch::encode_shared(id, options, authority, serials, out);
                    })?;
                waiting.await
            })
            .await?;
        match response {
            Response::Outcomes(outcomes) => Ok(outcomes),
            _ => Err(ClientError::WrongAnswer { expected: "batch_verdicts" }),
        }
    }
}
