//! The database of a data folder, for the server and for commands beside it.

use std::path::Path;
use std::sync::Arc;

use super::exit::CliError;
use super::serve::ServeError;
use crate::store::{Location, Store, StoreSettings};
use crate::types::{Clock, SystemClock};

/// Its file in the data folder.
const FILE: &str = "revocache.db";

/// Opens the database of a data folder, or makes it.
pub(super) async fn open_database(data: &Path, clock: Arc<dyn Clock>) -> Result<Store, CliError> {
    Ok(Store::open(&StoreSettings::new(Location::Sqlite(data.join(FILE))), clock).await?)
}

/// Does something with the database of a data folder. A server may be running on it.
pub(super) fn with_database<T>(
    data: &Path,
    work: impl AsyncFnOnce(Store) -> Result<T, CliError>,
) -> Result<T, CliError> {
    std::fs::create_dir_all(data)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ServeError::Runtime)?;
    runtime.block_on(async { work(open_database(data, Arc::new(SystemClock)).await?).await })
}
