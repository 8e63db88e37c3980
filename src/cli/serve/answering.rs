//! The checking service, and the query protocol that asks it.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::error::ServeError;
use crate::cli::exit::CliError;
use crate::config::Config;
use crate::fetch::http::HttpClient;
use crate::ingest::source::SourcesHandle;
use crate::live::{Live, LiveParts};
use crate::publish::{IndexFolder, IndexReader};
use crate::server::quic::{ClientAuthentication, ClientRoots, Identity, IdentitySwitch, QuicServer};
use crate::server::{Answers, LiveNumbers, QuicNumbers, RevokedClients};
use crate::service::{Checker, DelegatesInIndex};
use crate::telemetry::Metrics;
use crate::types::{Clock, to_hex};

/// Where the answers of responders are kept, beside the generations.
const OCSP_CACHE: &str = "ocsp-cache";
/// Where the self-signed identity is kept, in the data folder.
const TLS: &str = "tls";

/// Everything that answers questions.
pub(super) struct Answering {
    checker: Arc<Checker>,
    answers: Arc<Answers>,
    live: Live<HttpClient, Arc<dyn Clock>>,
    identity: Option<Arc<IdentitySwitch>>,
    pub(super) quic: Option<SocketAddr>,
    server: Option<Arc<QuicServer<Answers>>>,
}

impl Answering {
    /// Opens the index of the data folder and listens, if the configuration says so. Nothing is answered before
    /// [`Answering::run`].
    pub(super) fn start(
        config: &Config,
        data: &Path,
        clock: &Arc<dyn Clock>,
        sources: SourcesHandle,
    ) -> Result<Self, CliError> {
        let folder = IndexFolder::new(data.join("index"));
        let reader = Arc::new(IndexReader::open(folder.clone())?);
        let http = HttpClient::new(&config.ocsp_http_settings()?).map_err(ServeError::Network)?;
        let delegates = DelegatesInIndex::new(Arc::clone(&reader), Arc::clone(clock));
        let parts = LiveParts { cache_file: Some(folder.path().join(OCSP_CACHE)), ..delegates.parts() };
        let live = Live::new(config.live_settings(), http, Arc::clone(clock), parts);
        let responders = Arc::new(live.clone());
        let checker =
            Arc::new(Checker::new(reader, Arc::clone(clock), config.check_settings()?, Some(responders)));
        let answers = Answers::new(Arc::clone(&checker), folder).telling(move |certificate| {
            // Whether its lists are fetched is the sources' decision, and in their status.
            let _ = sources.offer(certificate);
        });
        let answers = Arc::new(answers);
        let mut answering = Self { checker, answers, live, identity: None, quic: None, server: None };
        if let Some(settings) = config.quic_settings() {
            let identity = Arc::new(IdentitySwitch::new(identity(config, data)?));
            let clients = answering.clients(config)?;
            let server = QuicServer::bind(settings, &identity, clients, Arc::clone(&answering.answers))
                .map_err(ServeError::Quic)?;
            answering.quic = Some(server.local_address());
            answering.identity = Some(identity);
            answering.server = Some(Arc::new(server));
        }
        Ok(answering)
    }

    /// Who answers.
    pub(super) fn checker(&self) -> Arc<Checker> {
        Arc::clone(&self.checker)
    }

    /// What is presented; `None` while nothing is encrypted.
    pub(super) fn identity(&self) -> Option<Arc<IdentitySwitch>> {
        self.identity.clone()
    }

    /// SHA-256 of the certificate that is presented, in hexadecimal.
    pub(super) fn fingerprint(&self) -> Option<String> {
        self.identity.as_ref().map(|identity| to_hex(&identity.current().fingerprint()))
    }

    /// What there is to monitor.
    pub(super) fn metrics(&self) -> Vec<Arc<dyn Metrics>> {
        let mut metrics: Vec<Arc<dyn Metrics>> =
            vec![self.answers.lookups(), Arc::new(LiveNumbers(self.live.clone()))];
        if let Some(server) = &self.server {
            metrics.push(Arc::new(QuicNumbers(Arc::clone(server))));
        }
        metrics
    }

    /// Answers until `stopped` comes, each task with a copy of it.
    pub(super) fn run<S>(&self, stopped: impl Fn() -> S) -> Vec<JoinHandle<()>>
    where
        S: Future<Output = ()> + Send + 'static,
    {
        let report = self.live.load();
        tracing::debug!(?report, "answers of responders from before");
        let (live, until) = (self.live.clone(), stopped());
        let mut tasks = vec![tokio::spawn(async move {
            if let Err(error) = live.run_refresher(until).await {
                tracing::warn!(%error, "answers of responders are not kept over a restart");
            }
        })];
        if let Some(server) = &self.server {
            let (server, until) = (Arc::clone(server), stopped());
            tasks.push(tokio::spawn(async move { server.run(until).await }));
            let (answers, until) = (Arc::clone(&self.answers), stopped());
            tasks.push(tokio::spawn(async move {
                tokio::select! {
                    () = answers.follow() => {}
                    () = until => {}
                }
            }));
        }
        tasks
    }

    /// Takes over what a running server can: how questions are answered, and the identity. Nothing, if either cannot
    /// be read.
    pub(super) fn reload(&self, config: &Config, data: &Path) -> Result<(), CliError> {
        let settings = config.check_settings()?;
        if let Some(switch) = &self.identity {
            switch.replace(identity(config, data)?);
        }
        self.checker.set_settings(settings);
        Ok(())
    }

    fn clients(&self, config: &Config) -> Result<ClientAuthentication, CliError> {
        let roots = config.client_roots()?;
        if roots.is_empty() {
            return Ok(ClientAuthentication::None);
        }
        let judge = Arc::new(RevokedClients(Arc::clone(&self.checker)));
        Ok(ClientAuthentication::Required(ClientRoots { roots, judge }))
    }
}

/// The configured certificate and key, or the ones that were made at the first start.
fn identity(config: &Config, data: &Path) -> Result<Identity, ServeError> {
    match (&config.quic.tls_certificate, &config.quic.tls_key) {
        (Some(certificate), Some(key)) => Identity::load(certificate, key),
        (None, None) => Identity::load_or_create(&data.join(TLS), &["localhost", "127.0.0.1", "::1"]),
        _ => return Err(ServeError::HalfIdentity),
    }
    .map_err(ServeError::Identity)
}
