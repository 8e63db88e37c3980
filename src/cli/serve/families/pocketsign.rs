//! The PocketSign Verify API.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::Shared;
use crate::cli::error::CliError;
use crate::cli::serve::error::ServeError;
use crate::config::{Config, Results, UnknownFields};
use crate::mock::MockFolder;
use crate::pki::Certificate;
use crate::server::http::pocketsign::{PocketSign, PocketSignSettings, ResultSpelling, router, v2};
use crate::service::tenants::{SecretToken, first_tenant, issue_token};
use crate::service::verify::{ChecksByChecker, LinkTable, VerifyService, VerifySettings, keep_to};
use crate::store::{CertificateName, Link, Store};

/// The tenant of the mock authority, and the file of its token.
const MOCK_TENANT: &str = "mock";
const MOCK_TOKEN: &str = "token";

/// Its router, and what a first start needs.
pub(super) fn start(config: &Config, _: &Path, shared: &Shared) -> Result<Option<Router>, CliError> {
    if !config.pocketsign.enabled {
        return Ok(None);
    }
    let store = shared.store()?;
    let accepted = Arc::new(config.accepted()?);
    if accepted.authorities().is_empty() {
        tracing::warn!("[pocketsign] accepts no authority, so every certificate is unsupported");
    }
    // Families are started one after the other, before anything is served.
    let first = block_in_place(|| Handle::current().block_on(first_start(config, shared, &store)))?;
    if let Some(token) = first {
        shared.tell_token(token);
    }
    let (kept, retention, stopped) = (store.clone(), config.store.retention(), shared.stopped());
    tokio::spawn(async move {
        tokio::select! {
            () = keep_to(&kept, retention) => {}
            () = stopped => {}
        }
    });
    let service = VerifyService::new(
        store.clone(),
        accepted,
        Arc::new(ChecksByChecker::new(Arc::clone(&shared.checker))),
        Arc::new(LinkTable::new(store)),
        VerifySettings::default(),
    );
    let settings = PocketSignSettings {
        results: match config.pocketsign.results {
            Results::Schema => ResultSpelling::Schema,
            Results::Prose => ResultSpelling::Prose,
        },
        unknown_fields: match config.pocketsign.unknown_fields {
            UnknownFields::Ignore => v2::UnknownFields::Ignore,
            UnknownFields::Refuse => v2::UnknownFields::Refuse,
        },
        max_body: usize::try_from(config.http.max_body.get()).unwrap_or(usize::MAX),
    };
    let state = Arc::new(PocketSign::new(service, settings));
    shared.show(state.numbers());
    Ok(Some(router(state)))
}

/// Makes a tenant where there is none, and tells its token.
async fn first_start(
    config: &Config,
    shared: &Shared,
    store: &Store,
) -> Result<Option<SecretToken>, CliError> {
    match &config.pocketsign.mock {
        Some(folder) => mock_tenant(folder, shared, store).await,
        None => Ok(first_tenant(store).await?.map(|(_, token)| token.secret)),
    }
}

/// Makes the links of the mock authority's people, and a tenant with a token in a file.
async fn mock_tenant(folder: &Path, shared: &Shared, store: &Store) -> Result<Option<SecretToken>, CliError> {
    let mock = MockFolder::open(folder, shared.clock.now()).map_err(ServeError::Mock)?;
    let mut links = Vec::new();
    for (person, certificates) in mock.links().map_err(ServeError::Mock)? {
        for der in certificates {
            let certificate = Certificate::from_der(&der).map_err(|error| CliError::data(folder, error))?;
            let certificate = CertificateName::of(&certificate);
            links.push(Link { person: format!("mock-{person}"), certificate });
        }
    }
    store.add_links(links).await?;
    if store.tenant_named(MOCK_TENANT).await?.is_some() {
        return Ok(None);
    }
    let tenant = store.create_tenant(MOCK_TENANT).await?;
    let issued = issue_token(store, tenant.id, "mock", None).await?;
    let path = folder.join(MOCK_TOKEN);
    let written = || -> std::io::Result<()> {
        // Of an earlier database, if there is one.
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&path)?;
        writeln!(file, "{}", issued.secret.reveal())
    };
    written().map_err(ServeError::data("write", &path))?;
    Ok(Some(issued.secret))
}
