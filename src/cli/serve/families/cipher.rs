//! The Cipher API.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;

use super::Shared;
use crate::cli::error::CliError;
use crate::config::Config;
use crate::server::http::cipher::{Cipher, router};
use crate::service::tickets::Tickets;
use crate::telemetry::Metrics;

/// How often tickets that nobody uses are looked for.
const SWEEP: Duration = Duration::from_secs(15);

/// Its router, and a task that deletes what expired.
pub(super) fn start(config: &Config, _: &Path, shared: &Shared) -> Result<Option<Router>, CliError> {
    let section = &config.cipher;
    if !section.enabled {
        return Ok(None);
    }
    let tickets = Arc::new(Tickets::new(section.ticket_settings(), Arc::clone(&shared.clock)));
    let cipher = Arc::new(Cipher::new(
        section.settings(),
        Arc::clone(&tickets),
        Arc::clone(&shared.clock),
        Arc::clone(&shared.readiness),
        section.revocation.then(|| Arc::clone(&shared.checker)),
    ));
    let metrics: Arc<dyn Metrics> = cipher.clone();
    shared.show(metrics);
    let stopped = shared.stopped();
    tokio::spawn(async move {
        tokio::pin!(stopped);
        let mut every = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                _ = every.tick() => tickets.sweep(),
                () = &mut stopped => break,
            }
        }
        tickets.clear();
    });
    Ok(Some(router(cipher)))
}
