//! The HTTP API families, and what they are made of.
//!
//! Each has a file here that turns its section of the configuration into its router, or into nothing if it is switched
//! off, and a line in [`ALL`].

mod asteria;
mod cipher;
mod digicert;
mod pocketsign;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use tokio::sync::watch;

use super::answering::Answering;
use super::error::ServeError;
use crate::cli::error::CliError;
use crate::cli::store::of_store;
use crate::config::{Config, PlaceSection};
use crate::fetch::http::HttpClient;
use crate::ingest::source::SourcesHandle;
use crate::keystore::KeyStore;
use crate::server::admin::Readiness;
use crate::server::quic::IdentitySwitch;
use crate::service::Checker;
use crate::service::tenants::SecretToken;
use crate::store::{Store, StoreError};
use crate::telemetry::Metrics;
use crate::types::Clock;

/// Every family, in the order in which they are started.
const ALL: &[Family] = &[
    asteria::FAMILY,
    Family { name: "cipher", place: |config| &config.http.cipher, start: cipher::start },
    Family { name: "digicert", place: |config| &config.http.digicert, start: digicert::start },
    Family { name: "pocketsign", place: |config| &config.http.pocketsign, start: pocketsign::start },
];

/// One family.
struct Family {
    /// Its name in metrics and logs.
    name: &'static str,
    /// Where it is served.
    place: fn(&Config) -> &PlaceSection,
    /// Makes its router; `None` if it is switched off.
    start: fn(&Config, &Path, &Shared) -> Result<Option<Router>, CliError>,
}

/// A family that is switched on.
pub(super) struct Started {
    pub(super) name: &'static str,
    pub(super) place: PlaceSection,
    pub(super) router: Router,
}

/// What families are made of.
#[allow(dead_code, reason = "each family takes what it needs")]
pub(super) struct Shared {
    /// Answers whether a certificate is revoked.
    pub(super) checker: Arc<Checker>,
    /// What time it is.
    pub(super) clock: Arc<dyn Clock>,
    /// The data folder.
    pub(super) data: PathBuf,
    /// HTTP to others, under the address policy and the caps of `[fetch]`.
    pub(super) http: HttpClient,
    /// What the server presents; `None` while nothing is encrypted.
    pub(super) identity: Option<Arc<IdentitySwitch>>,
    /// What this server presents and trusts; `None` if no key store is in use.
    pub(super) keys: Option<Arc<KeyStore>>,
    /// The database; `None` if no family that is switched on keeps anything ([`Config::needs_store`]).
    pub(super) store: Option<Store>,
    /// Whether the server is starting or stopping.
    pub(super) readiness: Arc<Readiness>,
    /// Takes certificates whose distribution points may name new lists.
    pub(super) sources: SourcesHandle,
    first_token: Mutex<Option<SecretToken>>,
    stopped: watch::Receiver<bool>,
    metrics: Mutex<Vec<Arc<dyn Metrics>>>,
}

#[allow(dead_code, reason = "as above")]
impl Shared {
    /// `stopped` becomes true when the server stops.
    pub(super) fn new(
        config: &Config,
        data: &Path,
        clock: &Arc<dyn Clock>,
        sources: SourcesHandle,
        readiness: &Arc<Readiness>,
        answering: &Answering,
        stopped: watch::Receiver<bool>,
    ) -> Result<Self, CliError> {
        let http = answering.outbound(config.network_settings()?.http);
        let http = HttpClient::new(&http).map_err(ServeError::Network)?;
        Ok(Self {
            checker: answering.checker(),
            clock: Arc::clone(clock),
            data: data.into(),
            http,
            identity: answering.identity().cloned(),
            keys: answering.keys().map(|keys| Arc::clone(&keys.store)),
            store: None,
            readiness: Arc::clone(readiness),
            sources,
            first_token: Mutex::default(),
            stopped,
            metrics: Mutex::default(),
        })
    }

    /// With the database, if it is open.
    pub(super) fn with_store(self, store: Option<Store>) -> Self {
        Self { store, ..self }
    }

    /// The database. Whoever asks is named in [`Config::needs_store`].
    pub(super) fn store(&self) -> Result<Store, CliError> {
        self.store.clone().ok_or_else(|| of_store(StoreError::Ended))
    }

    /// Has a token that was made at this start told with the line that says that the server is ready, and never again.
    pub(super) fn tell_token(&self, token: SecretToken) {
        *self.first_token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
    }

    /// The token that was made at this start.
    pub(super) fn first_token(&self) -> Option<SecretToken> {
        self.first_token.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// What `/metrics` shows of the families.
    pub(super) fn metrics(&self) -> Vec<Arc<dyn Metrics>> {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds to what `/metrics` shows.
    pub(super) fn show(&self, metrics: Arc<dyn Metrics>) {
        self.metrics.lock().unwrap_or_else(PoisonError::into_inner).push(metrics);
    }

    /// Ends when the server stops; for tasks that a family runs beside its requests.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stopped = self.stopped.clone();
        async move {
            // An error means that the sender is gone, which is a stop as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    }
}

/// Starts every family that is switched on.
pub(super) fn start(config: &Config, shared: &Shared) -> Result<Vec<Started>, CliError> {
    let mut started = Vec::new();
    for family in ALL {
        if let Some(router) = (family.start)(config, &shared.data, shared)? {
            started.push(Started { name: family.name, place: (family.place)(config).clone(), router });
        }
    }
    Ok(started)
}
