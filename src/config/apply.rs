//! From a configuration to the settings of the parts.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use rustls::pki_types::CertificateDer;

use super::listen::Listen;
use super::sections::{Config, Method};
use crate::fetch::SourceFile;
use crate::fetch::http::{AddressPolicy, DownloadLimits, HttpSettings, OcspMethod, PolicyError};
use crate::ingest::source::{AuthorityPartitions, NetworkSettings, SourceSpec, SourcesSettings, Trust};
use crate::live::{CacheSettings, LiveSettings, NonceUse};
use crate::ocsp::ResponsePolicy;
use crate::pki::{AlgorithmPolicy, Certificate, read_certificates};
use crate::policy::Policy;
use crate::publish::IndexFolder;
use crate::server::quic::{EarlyData, OtherTimes, QuicSettings};
use crate::service::{AuthoritySettings, CheckSettings, Issuers, MethodPolicy};
use crate::store::StoreSettings;
use crate::wire::Limits;

/// Why a configuration that is right in itself cannot be used: what it names is not there, or not what it should be.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A file of certificates cannot be used.
    #[error("{}: {reason}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The key for another server cannot be read.
    #[error("upstream_key_file of [digicert], {}: {reason}", .path.display())]
    UpstreamKey {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// An entry of the address policy is not one.
    #[error("[fetch] {0}")]
    Address(#[from] PolicyError),
}

/// A part of the configuration that changed and is read at the start only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NeedsRestart(pub &'static str);

impl Config {
    /// The sources that are configured.
    #[must_use]
    pub fn source_specs(&self) -> Vec<SourceSpec> {
        self.specs()
    }

    /// How verdicts treat time.
    #[must_use]
    pub fn policy(&self) -> Policy {
        Policy {
            grace: self.policy.grace.seconds(),
            life_without_next_update: self.policy.life_without_next_update.seconds(),
        }
    }

    /// The settings of the sources, for an index and other files in this data folder. Reads the certificates of the
    /// authorities.
    ///
    /// # Errors
    /// [`ApplyError::Certificate`].
    pub fn sources_settings(&self, data: &Path) -> Result<SourcesSettings, ApplyError> {
        let mut partitions = Vec::new();
        for authority in self.authority.iter().filter(|authority| !authority.partitions.is_empty()) {
            let issuer = certificate(&authority.certificate)?;
            partitions.push(AuthorityPartitions { issuer, partitions: authority.partitions.clone() });
        }
        Ok(SourcesSettings {
            index: IndexFolder::new(data.join("index")),
            folder: data.to_path_buf(),
            keep: at_least_one(self.data.keep.to_usize()),
            poll: self.sources.poll.get(),
            gather: self.sources.gather.get(),
            concurrency: at_least_one(self.sources.concurrency.to_usize()),
            schedule: self.sources.schedule(),
            max_found: self.sources.max_found.to_usize(),
            trust: self.trust_in_force(),
            partitions,
            policy: self.policy(),
        })
    }

    /// Whose lists count: those of `[trust]`, and of the authorities whose certificates an API accepts.
    fn trust_in_force(&self) -> Trust {
        let mut trust = Trust {
            anchors: self.trust.anchors.clone(),
            issuers: self.trust.issuers.clone(),
            algorithms: self.algorithms(),
        };
        for accepted in self.pocketsign.in_force() {
            // An anchor where there was none would take their trust from all others.
            let roots = if trust.anchors.is_empty() { &mut trust.issuers } else { &mut trust.anchors };
            roots.extend(accepted.certificates.iter().cloned());
            trust.issuers.extend(accepted.intermediates.iter().cloned());
        }
        trust
    }

    /// How the network is used. Reads the certificates of additional roots.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub fn network_settings(&self) -> Result<NetworkSettings, ApplyError> {
        let fetch = &self.fetch;
        let mut addresses = AddressPolicy::public_only();
        if fetch.allow_private {
            addresses = addresses.with_private();
        }
        for network in &fetch.allow_networks {
            addresses = addresses.with_network(network)?;
        }
        for host in &fetch.allow_hosts {
            addresses = addresses.with_host(host)?;
        }
        let mut extra_roots = Vec::new();
        for path in &fetch.roots {
            extra_roots.extend(certificates(path)?.iter().map(|root| root.der().to_vec()));
        }
        Ok(NetworkSettings {
            http: HttpSettings {
                addresses,
                connect_timeout: fetch.connect_timeout.get(),
                max_redirects: u8::try_from(fetch.max_redirects.get()).unwrap_or(u8::MAX),
                proxy: fetch.proxy.clone(),
                extra_roots,
                ..HttpSettings::default()
            },
            limits: DownloadLimits {
                octets: fetch.max_size.get(),
                time: fetch.timeout.get(),
                silence: fetch.silence.get(),
            },
        })
    }

    /// How questions are answered. Reads the certificates of the authorities.
    ///
    /// # Errors
    /// [`ApplyError::Certificate`].
    pub fn check_settings(&self) -> Result<CheckSettings, ApplyError> {
        let mut authorities = Vec::new();
        for section in &self.authority {
            let policy = section.grace.map(|grace| Policy { grace: grace.seconds(), ..self.policy() });
            authorities.push(AuthoritySettings {
                issuer: certificate(&section.certificate)?,
                method: section.method.map(MethodPolicy::from),
                policy,
                responders: section.ocsp_urls.clone(),
            });
        }
        authorities.extend(self.accepted_settings()?);
        Ok(CheckSettings {
            method: self.policy.method.into(),
            policy: self.policy(),
            issuers: Issuers::InIndex,
            responders: Vec::new(),
            authorities,
        })
    }

    /// The roots of client certificates on the port of `[quic]`; empty if clients need none.
    ///
    /// # Errors
    /// [`ApplyError::Certificate`].
    pub fn client_roots(&self) -> Result<Vec<CertificateDer<'static>>, ApplyError> {
        roots(&self.quic.client_ca)
    }

    /// The roots of client certificates where HTTP comes under TLS; empty if clients need none.
    ///
    /// # Errors
    /// [`ApplyError::Certificate`].
    pub fn http_client_roots(&self) -> Result<Vec<CertificateDer<'static>>, ApplyError> {
        roots(&self.http.client_ca)
    }

    /// HTTP for asking responders: the address policy of [`Config::network_settings`], and the responders that this
    /// configuration names, wherever they are.
    ///
    /// # Errors
    /// [`ApplyError`], also for a responder's URL that is none.
    pub fn ocsp_http_settings(&self) -> Result<HttpSettings, ApplyError> {
        let mut http = self.network_settings()?.http;
        let accepted = self.pocketsign.in_force().iter().flat_map(|authority| &authority.ocsp_urls);
        for url in self.authority.iter().flat_map(|authority| &authority.ocsp_urls).chain(accepted) {
            http.addresses = http.addresses.with_url(url)?;
        }
        Ok(http)
    }

    /// How responders are asked.
    #[must_use]
    pub fn live_settings(&self) -> LiveSettings {
        let ocsp = &self.ocsp;
        let usual = LiveSettings::default();
        LiveSettings {
            budget: ocsp.timeout.get(),
            method: if ocsp.get { OcspMethod::Get } else { OcspMethod::Post },
            nonce: if ocsp.nonce { NonceUse::Always } else { NonceUse::Never },
            response: ResponsePolicy { algorithms: self.algorithms(), ..usual.response },
            cache: CacheSettings {
                max_entries: at_least_one(ocsp.cache.to_usize()),
                max_octets: usize::try_from(ocsp.cache_size.get()).unwrap_or(usize::MAX),
                ..usual.cache
            },
            ..usual
        }
    }

    /// What the query protocol allows; `None` if it is off.
    #[must_use]
    pub fn quic_settings(&self) -> Option<QuicSettings> {
        let Listen::At(address) = self.quic.listen else { return None };
        let default = QuicSettings::default();
        let limits = Limits {
            max_frame: usize::try_from(self.quic.max_frame.get()).unwrap_or(usize::MAX),
            max_batch: self.quic.max_batch.to_usize(),
            ..default.limits
        };
        let buffer = u32::try_from(self.quic.connection_buffer.get()).unwrap_or(u32::MAX);
        Some(QuicSettings {
            address,
            limits,
            sockets: self.quic.sockets.to_usize(),
            socket_buffer: usize::try_from(self.quic.socket_buffer.get()).unwrap_or(usize::MAX),
            max_connections: self.quic.max_connections.to_usize(),
            retry_above: self.quic.retry_above.to_usize(),
            max_streams: self.quic.max_streams.get(),
            stream_window: buffer.min(default.stream_window),
            connection_window: buffer,
            handshake_timeout: self.quic.handshake_timeout.get(),
            stall_timeout: self.quic.stall_timeout.get(),
            idle_timeout: self.quic.idle_timeout.get(),
            early_data: if self.quic.zero_rtt { EarlyData::Questions } else { EarlyData::Refuse },
            // With the clock standing still for tests, other times are tests as well.
            other_times: if self.test.at.is_some() { OtherTimes::Answer } else { OtherTimes::Refuse },
            ..default
        })
    }

    fn algorithms(&self) -> AlgorithmPolicy {
        if self.trust.allow_sha1 { AlgorithmPolicy::ALLOW_SHA1 } else { AlgorithmPolicy::default() }
    }

    /// The database of this data folder.
    ///
    /// # Errors
    /// [`ApplyError::Certificate`].
    pub fn store_settings(&self, data: &Path) -> Result<StoreSettings, ApplyError> {
        let mut settings = self.store.settings(data);
        for path in &self.store.roots {
            settings.extra_roots.extend(certificates(path)?.iter().map(|root| root.der().to_vec()));
        }
        Ok(settings)
    }

    /// What of `next` a running server cannot take over.
    #[must_use]
    pub fn needs_restart(&self, next: &Self) -> Vec<NeedsRestart> {
        let parts = [
            ("data", self.data.folder == next.data.folder),
            ("quic", self.quic == next.quic),
            ("http", self.http == next.http),
            ("cipher", self.cipher == next.cipher),
            ("ocsp", self.ocsp == next.ocsp),
            ("keystore", self.keystore == next.keystore),
            ("asteria", self.asteria == next.asteria),
            ("pocketsign", self.pocketsign == next.pocketsign),
            ("store", self.store == next.store),
            ("digicert", self.digicert == next.digicert),
            ("sources.concurrency", self.sources.concurrency == next.sources.concurrency),
            ("log.format", self.log.format == next.log.format),
            ("test", self.test == next.test),
        ];
        parts.into_iter().filter(|(_, same)| !same).map(|(part, _)| NeedsRestart(part)).collect()
    }
}

impl From<Method> for MethodPolicy {
    fn from(method: Method) -> Self {
        match method {
            Method::Crl => Self::Crl,
            Method::Ocsp => Self::Ocsp,
            Method::CrlThenOcsp => Self::CrlThenOcsp,
        }
    }
}

fn roots(paths: &[PathBuf]) -> Result<Vec<CertificateDer<'static>>, ApplyError> {
    let mut roots = Vec::new();
    for path in paths {
        roots.extend(certificates(path)?.iter().map(|root| CertificateDer::from(root.der().to_vec())));
    }
    Ok(roots)
}

/// The certificates in a file.
pub(super) fn certificates(path: &Path) -> Result<Vec<Certificate>, ApplyError> {
    let bad = |reason: String| ApplyError::Certificate { path: path.into(), reason };
    let (file, _) = SourceFile { path: path.into() }.open().map_err(|error| bad(error.source.to_string()))?;
    read_certificates(file).map_err(|error| bad(error.to_string()))
}

/// The one certificate in a file.
fn certificate(path: &Path) -> Result<Certificate, ApplyError> {
    match <[Certificate; 1]>::try_from(certificates(path)?) {
        Ok([certificate]) => Ok(certificate),
        Err(found) => {
            let reason = format!("{} certificates where one is meant", found.len());
            Err(ApplyError::Certificate { path: path.into(), reason })
        }
    }
}

fn at_least_one(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}
