//! Databases to test with: a SQLite file in a temporary folder, and a PostgreSQL server of the test's own.

use std::sync::Arc;

use revocache::store::{Location, Store, StoreSettings};
use revocache::types::{Clock, SystemClock};

/// A runtime as servers have it.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

pub fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// Settings of a file in a folder.
pub fn sqlite_in(folder: &std::path::Path) -> StoreSettings {
    StoreSettings::new(Location::Sqlite(folder.join("store.db")))
}

/// Runs a test against SQLite.
pub async fn each_database<F: Future<Output = ()>>(test: impl Fn(Store) -> F) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&sqlite_in(folder.path()), clock()).await.unwrap();
    test(store).await;
}
