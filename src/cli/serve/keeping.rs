//! The database of the families.

use std::path::Path;
use std::sync::Arc;

use crate::cli::error::CliError;
use crate::cli::store::of_store;
use crate::config::Config;
use crate::store::Store;
use crate::types::Clock;

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
