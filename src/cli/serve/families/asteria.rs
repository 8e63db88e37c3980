//! The ASTERIA console's certificate module.

use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use axum::Router;
use uuid::Uuid;

use super::{Family, Shared};
use crate::cli::error::CliError;
use crate::cli::serve::data::write_if_missing;
use crate::cli::serve::error::ServeError;
use crate::config::Config;
use crate::keystore::KeyVault;
use crate::server::http::asteria::{Asteria, router};
use crate::service::accounts::{Accounts, AccountsSettings};

/// Where the id of the server is kept.
const SERVER_ID: &str = "server.id";

pub(super) const FAMILY: Family = Family { name: "asteria", place: |config| &config.http.asteria, start };

fn start(config: &Config, data: &Path, shared: &Shared) -> Result<Option<Router>, CliError> {
    if !config.asteria.enabled {
        return Ok(None);
    }
    let (Some(keys), Some(store)) = (&shared.keys, &shared.store) else {
        return Err(ServeError::KeysInEffect("the key store or the database is not open".to_owned()).into());
    };
    let settings = AccountsSettings {
        max_sessions: config.asteria.max_sessions.to_usize(),
        ..AccountsSettings::default()
    };
    let accounts = Accounts::new(store.clone(), Arc::clone(&shared.clock), settings)
        .map_err(|error| ServeError::KeysInEffect(error.to_string()))?;
    let max_upload = usize::try_from(config.keystore.max_upload.get()).unwrap_or(usize::MAX);
    let settings = config.asteria.settings(server_id(&data.join(SERVER_ID))?, max_upload);
    let vault: Arc<dyn KeyVault> = Arc::<crate::keystore::KeyStore>::clone(keys);
    let asteria = Asteria::new(vault, accounts, Arc::new(store.clone()), settings);
    Ok(Some(router(Arc::new(asteria))))
}

/// The id that was made at the first start.
fn server_id(path: &Path) -> Result<Uuid, ServeError> {
    write_if_missing(path, &format!("{}\n", Uuid::new_v4()))?;
    let text = std::fs::read_to_string(path).map_err(ServeError::data("read", path))?;
    let wrong = |error: uuid::Error| std::io::Error::other(error);
    Uuid::from_str(text.trim()).map_err(|error| ServeError::data("understand", path)(wrong(error)))
}
