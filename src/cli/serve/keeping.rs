//! The database, and what is done to it while the server runs.

use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::cli::exit::CliError;
use crate::cli::store::of_store;
use crate::config::Config;
use crate::store::{Retention, Store};
use crate::types::Clock;

/// How often it is looked for records that are too old.
const LOOK: Duration = Duration::from_secs(60);
/// Between two steps of removing them, so that others hardly notice.
const BREATH: Duration = Duration::from_millis(20);

/// Opens the database, if a family that is switched on keeps anything.
pub(super) async fn open(
    config: &Config,
    data: &Path,
    clock: &Arc<dyn Clock>,
) -> Result<Option<Store>, CliError> {
    if !config.needs_store() {
        return Ok(None);
    }
    let store = Store::open(&config.store_settings(data)?, Arc::clone(clock)).await;
    store.map(Some).map_err(of_store)
}

/// Removes what is older than it is to be kept, until `stopped`; `None` if everything is kept for ever.
pub(super) fn purge(
    store: Store,
    retention: Retention,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> Option<JoinHandle<()>> {
    if retention == Retention::default() {
        return None;
    }
    let purging = async move {
        loop {
            let wait = match store.purge_step(retention).await {
                Ok(0) => LOOK,
                Ok(removed) => {
                    tracing::debug!(removed, "removed records that were too old");
                    BREATH
                }
                Err(error) => {
                    tracing::warn!(%error, "records that are too old cannot be removed");
                    LOOK
                }
            };
            sleep(wait).await;
        }
    };
    Some(tokio::spawn(async move {
        tokio::select! {
            () = stopped => {}
            () = purging => {}
        }
    }))
}
