//! The checking service, and the query protocol that asks it.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use tokio::task::JoinHandle;

use super::error::ServeError;
use super::keys::Keys;
use crate::cli::error::CliError;
use crate::config::{ClientCertificates, Config};
use crate::fetch::http::{HttpClient, HttpSettings};
use crate::ingest::source::SourcesHandle;
use crate::live::{Live, LiveParts};
use crate::publish::{IndexFolder, IndexReader};
use crate::server::quic::{
    ClientAuthentication, ClientRoots, Identity, IdentitySwitch, OtherProtocol, QuicServer,
};
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
    keys: Option<Keys>,
    server: Option<Arc<QuicServer<Answers>>>,
}

impl Answering {
    /// Opens the index of the data folder. Nothing is answered before [`Answering::run`].
    pub(super) fn start(
        config: &Config,
        data: &Path,
        clock: &Arc<dyn Clock>,
        sources: SourcesHandle,
        keys: Option<Keys>,
    ) -> Result<Self, CliError> {
        let folder = IndexFolder::new(data.join("index"));
        let reader = Arc::new(IndexReader::open(folder.clone())?);
        let http = with_outbound(keys.as_ref(), config.ocsp_http_settings()?);
        let http = HttpClient::new(&http).map_err(ServeError::Network)?;
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
        let identity = match config.quic_settings().is_some() || config.http.needs_identity() {
            true => {
                let usual = identity(config, data)?;
                let switch = Arc::new(IdentitySwitch::new(usual.clone()));
                if let Some(keys) = &keys {
                    keys.present(&switch, usual);
                }
                Some(switch)
            }
            false => None,
        };
        Ok(Self { checker, answers, live, identity, keys, server: None })
    }

    /// Listens for the query protocol, and another one beside it, if the configuration says so. Where, if it does.
    pub(super) fn listen(
        &mut self,
        config: &Config,
        other: Option<Arc<dyn OtherProtocol>>,
    ) -> Result<Option<SocketAddr>, CliError> {
        let (Some(settings), Some(identity)) = (config.quic_settings(), &self.identity) else {
            return Ok(None);
        };
        let clients = match self.clients(config, config.client_roots()?)? {
            ClientAuthentication::Required(roots)
                if config.quic.client_certificates == ClientCertificates::Optional =>
            {
                ClientAuthentication::Optional(roots)
            }
            clients => clients,
        };
        let answers = Arc::clone(&self.answers);
        let server =
            QuicServer::bind_beside(settings, identity, clients, answers, other).map_err(ServeError::Quic)?;
        let address = server.local_address();
        self.server = Some(Arc::new(server));
        Ok(Some(address))
    }

    /// Who answers.
    pub(super) fn checker(&self) -> Arc<Checker> {
        Arc::clone(&self.checker)
    }

    /// What is presented; `None` while nothing is encrypted.
    pub(super) fn identity(&self) -> Option<&Arc<IdentitySwitch>> {
        self.identity.as_ref()
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
        match (&self.identity, &self.keys) {
            (Some(_), Some(keys)) => keys.set_usual(identity(config, data)?),
            (Some(switch), None) => switch.replace(identity(config, data)?),
            (None, _) => {}
        }
        self.checker.set_settings(settings);
        Ok(())
    }

    /// The key store, if it is in use.
    pub(super) fn keys(&self) -> Option<&Keys> {
        self.keys.as_ref()
    }

    /// How HTTP to others is done, with what the key store says of it.
    pub(super) fn outbound(&self, http: HttpSettings) -> HttpSettings {
        with_outbound(self.keys.as_ref(), http)
    }

    /// Whether clients show certificates, and which.
    pub(super) fn clients(
        &self,
        config: &Config,
        roots: Vec<CertificateDer<'static>>,
    ) -> Result<ClientAuthentication, ServeError> {
        let judge = Arc::new(RevokedClients(Arc::clone(&self.checker)));
        match &self.keys {
            Some(keys) => keys.clients(config, roots, judge).map(ClientAuthentication::Switched),
            None if roots.is_empty() => Ok(ClientAuthentication::None),
            None => Ok(ClientAuthentication::Required(ClientRoots { roots, judge })),
        }
    }
}

/// How HTTP to others is done, with what the key store says of it.
pub(super) fn with_outbound(keys: Option<&Keys>, http: HttpSettings) -> HttpSettings {
    HttpSettings { switch: keys.map(Keys::outbound), ..http }
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
