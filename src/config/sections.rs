//! The sections and their defaults. What each key means is written in the default file.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::asteria::{AsteriaSection, KeystoreSection};
use super::cipher::CipherSection;
use super::digicert::DigicertSection;
use super::http::HttpSection;
use super::listen::Listen;
use super::log_filter::LogFilter;
use super::pocketsign::PocketSignSection;
use super::quantity::{CountIn, DAY, DurationIn, HOUR, MINUTE, SECOND, SizeIn};
use super::store::StoreSection;
use crate::ingest::source::{Origin, Place, Schedule, SourceName, SourceSpec};
use crate::types::{UnixTime, rfc3339};

/// The whole configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// `[data]`
    pub data: DataSection,
    /// `[quic]`
    pub quic: QuicSection,
    /// `[http]`
    pub http: HttpSection,
    /// `[cipher]`
    pub cipher: CipherSection,
    /// `[sources]`
    pub sources: SourcesSection,
    /// `[trust]`
    pub trust: TrustSection,
    /// `[policy]`
    pub policy: PolicySection,
    /// `[ocsp]`
    pub ocsp: OcspSection,
    /// `[fetch]`
    pub fetch: FetchSection,
    /// `[keystore]`
    pub keystore: KeystoreSection,
    /// `[asteria]`
    pub asteria: AsteriaSection,
    /// `[pocketsign]`
    pub pocketsign: PocketSignSection,
    /// `[store]`
    pub store: StoreSection,
    /// `[digicert]`
    pub digicert: DigicertSection,
    /// `[log]`
    pub log: LogSection,
    /// `[test]`
    pub test: TestSection,
    /// `[[source]]`
    pub source: Vec<SourceSection>,
    /// `[[authority]]`
    pub authority: Vec<AuthoritySection>,
}

/// `[data]`: what is kept on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataSection {
    /// The data folder; `None` for the usual one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub folder: Option<PathBuf>,
    /// Generations kept.
    pub keep: CountIn<1, 1000>,
}

/// `[quic]`: the query protocol.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuicSection {
    /// Where to listen.
    pub listen: Listen,
    /// Chain of the server's certificate (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_certificate: Option<PathBuf>,
    /// Its key (PEM).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_key: Option<PathBuf>,
    /// Roots of client certificates; without any, clients are not asked for one.
    pub client_ca: Vec<PathBuf>,
    /// Whether clients must show a certificate of one of these roots.
    pub client_certificates: ClientCertificates,
    /// Sockets that share the address.
    pub sockets: CountIn<1, 64>,
    /// Octets of the system's buffers for each socket, in each direction.
    pub socket_buffer: SizeIn<{ 64 << 10 }, { 1 << 30 }>,
    /// Connections at once.
    pub max_connections: CountIn<1, 1_000_000>,
    /// Unfinished handshakes of unproven addresses, from which on new ones have to come back with a token.
    pub retry_above: CountIn<0, 1_000_000>,
    /// Streams at once on one connection.
    pub max_streams: CountIn<1, 65_536>,
    /// Questions in one batch; every server takes 4,096.
    pub max_batch: CountIn<4096, 65_536>,
    /// Octets of one frame; every server takes 64 KiB.
    pub max_frame: SizeIn<{ 64 << 10 }, { 16 << 20 }>,
    /// Octets that one connection may make this server keep, in each direction.
    pub connection_buffer: SizeIn<{ 64 << 10 }, { 1 << 30 }>,
    /// From the first packet to the end of the handshake.
    pub handshake_timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// For a frame to arrive, and for a client to take answers.
    pub stall_timeout: DurationIn<{ SECOND / 10 }, HOUR>,
    /// After which a silent connection is closed.
    pub idle_timeout: DurationIn<SECOND, HOUR>,
    /// Whether questions may come with the first packet of a resumed connection.
    pub zero_rtt: bool,
}

/// Whether clients must show a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificates {
    /// They must.
    #[default]
    Required,
    /// They may; one that is shown must be acceptable.
    Optional,
}

/// `[sources]`: how sources are kept fresh.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SourcesSection {
    /// How often files are looked at.
    pub poll: DurationIn<{ SECOND / 10 }, HOUR>,
    /// The shortest wait between two looks at a URL.
    pub minimum: DurationIn<SECOND, DAY>,
    /// The longest.
    pub maximum: DurationIn<SECOND, { 7 * DAY }>,
    /// How long a build waits for more.
    pub gather: DurationIn<0, MINUTE>,
    /// Fetches at once.
    pub concurrency: CountIn<1, 256>,
    /// How long the first start waits for the sources.
    pub first_look: DurationIn<0, { 10 * MINUTE }>,
    /// Sources that may be found in certificates and lists; 0 for none.
    pub max_found: CountIn<0, 100_000>,
}

/// `[trust]`: whose lists count.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TrustSection {
    /// Certificates to trust.
    pub anchors: Vec<PathBuf>,
    /// Certificates of authorities and CRL signers.
    pub issuers: Vec<PathBuf>,
    /// Whether signatures with SHA-1 count.
    pub allow_sha1: bool,
}

/// `[policy]`: what answers rest on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySection {
    /// Where answers come from.
    pub method: Method,
    /// How long past its nextUpdate a list still vouches.
    pub grace: DurationIn<0, { 30 * DAY }>,
    /// How long a list without nextUpdate lives.
    pub life_without_next_update: DurationIn<MINUTE, { 365 * DAY }>,
}

/// Where answers come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Lists alone.
    Crl,
    /// OCSP responders alone.
    Ocsp,
    /// Lists, and responders where lists cannot tell.
    #[default]
    CrlThenOcsp,
}

/// `[ocsp]`: how responders are asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OcspSection {
    /// Time for one question, all responders included.
    pub timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// Whether requests carry a nonce (RFC 9654).
    pub nonce: bool,
    /// Whether requests are sent by GET where they are short enough.
    pub get: bool,
    /// Answers kept.
    pub cache: CountIn<1, 10_000_000>,
    /// Octets they may have.
    pub cache_size: SizeIn<{ 1 << 20 }, { 64 << 30 }>,
}

/// `[fetch]`: what a download may cost, and where URLs may lead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FetchSection {
    /// Octets of one list.
    pub max_size: SizeIn<1024, { 16 << 30 }>,
    /// Time for one download.
    pub timeout: DurationIn<SECOND, DAY>,
    /// Time without an octet.
    pub silence: DurationIn<SECOND, HOUR>,
    /// Time for connecting.
    pub connect_timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// Redirects in a row.
    pub max_redirects: CountIn<0, 10>,
    /// An HTTP proxy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// Certificates of roots for `https`, beside those of the system.
    pub roots: Vec<PathBuf>,
    /// Whether URLs in certificates and lists may lead to private addresses.
    pub allow_private: bool,
    /// Networks they may lead to.
    pub allow_networks: Vec<String>,
    /// Hosts they may lead to.
    pub allow_hosts: Vec<String>,
}

/// `[log]`
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogSection {
    /// What is logged.
    pub level: LogFilter,
    /// How.
    pub format: LogFormat,
}

/// How logs look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON document a line.
    Json,
}

/// `[test]`: never set in production.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TestSection {
    /// The clock stands still at this time.
    #[serde(skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub at: Option<UnixTime>,
}

/// `[[source]]`
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSource", into = "RawSource")]
pub struct SourceSection {
    /// Its name.
    pub name: SourceName,
    /// Files or mirrors.
    pub place: Place,
    minimum: Option<DurationIn<SECOND, DAY>>,
    maximum: Option<DurationIn<SECOND, { 7 * DAY }>>,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawSource {
    name: String,
    paths: Vec<PathBuf>,
    urls: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<DurationIn<SECOND, DAY>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<DurationIn<SECOND, { 7 * DAY }>>,
}

/// `[[authority]]`: what is particular about one authority.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthoritySection {
    /// A file with one certificate of it.
    pub certificate: PathBuf,
    /// Responders to ask before those that certificates name.
    #[serde(default)]
    pub ocsp_urls: Vec<String>,
    /// Where answers come from; as `[policy]` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// The URIs of the partitions it must have.
    #[serde(default)]
    pub partitions: Vec<String>,
    /// How long past its nextUpdate a list still vouches; as `[policy]` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<DurationIn<0, { 30 * DAY }>>,
}

impl Config {
    /// The sources, as the ingesting side wants them.
    pub(super) fn specs(&self) -> Vec<SourceSpec> {
        self.source
            .iter()
            .map(|source| {
                let minimum = source.minimum.map_or(self.sources.minimum.get(), DurationIn::get);
                let maximum = source.maximum.map_or(self.sources.maximum.get(), DurationIn::get);
                let (name, place) = (source.name.clone(), source.place.clone());
                let schedule = Schedule::new(minimum, maximum);
                SourceSpec { name, place, origin: Origin::Configured, schedule }
            })
            .collect()
    }

    /// A name that two sources have.
    pub(super) fn doubled_source(&self) -> Option<&SourceName> {
        let mut names = BTreeSet::new();
        self.source.iter().map(|source| &source.name).find(|name| !names.insert(*name))
    }

    /// Makes relative paths start at this folder.
    pub(super) fn resolve_paths(&mut self, base: &std::path::Path) {
        let resolve = |path: &mut PathBuf| *path = base.join(&*path);
        self.data.folder.iter_mut().for_each(resolve);
        self.quic.tls_certificate.iter_mut().chain(&mut self.quic.tls_key).for_each(resolve);
        self.quic.client_ca.iter_mut().for_each(resolve);
        self.http.token_file.iter_mut().chain(&mut self.http.client_ca).for_each(resolve);
        self.trust.anchors.iter_mut().chain(&mut self.trust.issuers).for_each(resolve);
        self.fetch.roots.iter_mut().for_each(resolve);
        self.keystore.folder.iter_mut().chain(&mut self.keystore.seal_key).for_each(resolve);
        self.pocketsign.paths().for_each(resolve);
        self.store.resolve_paths(base);
        self.digicert.upstream_key_file.iter_mut().for_each(resolve);
        self.authority.iter_mut().map(|authority| &mut authority.certificate).for_each(resolve);
        for source in &mut self.source {
            if let Place::Files(paths) = &mut source.place {
                paths.iter_mut().for_each(resolve);
            }
        }
    }
}

impl SourceSection {
    /// A source of files and folders.
    ///
    /// # Errors
    /// If it cannot be called so, or there is no path.
    pub fn files(name: &str, paths: Vec<PathBuf>) -> Result<Self, String> {
        RawSource { name: name.to_owned(), paths, ..RawSource::default() }.try_into()
    }
}

impl SourcesSection {
    /// The schedule of sources that say nothing else.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        Schedule::new(self.minimum.get(), self.maximum.get())
    }

    /// How long to wait for the first looks.
    #[must_use]
    pub fn first_look(&self) -> Duration {
        self.first_look.get()
    }
}

impl Default for DataSection {
    fn default() -> Self {
        Self { folder: None, keep: CountIn::clamped(3) }
    }
}

impl Default for QuicSection {
    fn default() -> Self {
        Self {
            listen: Listen::At(SocketAddr::from(([127, 0, 0, 1], 4433))),
            tls_certificate: None,
            tls_key: None,
            client_ca: Vec::new(),
            client_certificates: ClientCertificates::default(),
            sockets: CountIn::clamped(1),
            socket_buffer: SizeIn::clamped(4 << 20),
            max_connections: CountIn::clamped(10_000),
            retry_above: CountIn::clamped(64),
            max_streams: CountIn::clamped(1024),
            max_batch: CountIn::clamped(4096),
            max_frame: SizeIn::clamped(256 << 10),
            connection_buffer: SizeIn::clamped(1 << 20),
            handshake_timeout: DurationIn::clamped(5 * SECOND),
            stall_timeout: DurationIn::clamped(10 * SECOND),
            idle_timeout: DurationIn::clamped(30 * SECOND),
            zero_rtt: true,
        }
    }
}

impl Default for SourcesSection {
    fn default() -> Self {
        Self {
            poll: DurationIn::clamped(2 * SECOND),
            minimum: DurationIn::clamped(MINUTE),
            maximum: DurationIn::clamped(HOUR),
            gather: DurationIn::clamped(200),
            concurrency: CountIn::clamped(8),
            first_look: DurationIn::clamped(10 * SECOND),
            max_found: CountIn::clamped(1000),
        }
    }
}

impl Default for PolicySection {
    fn default() -> Self {
        Self {
            method: Method::default(),
            grace: DurationIn::clamped(0),
            life_without_next_update: DurationIn::clamped(7 * DAY),
        }
    }
}

impl Default for OcspSection {
    fn default() -> Self {
        Self {
            timeout: DurationIn::clamped(3 * SECOND),
            nonce: false,
            get: false,
            cache: CountIn::clamped(100_000),
            cache_size: SizeIn::clamped(256 << 20),
        }
    }
}

impl Default for FetchSection {
    fn default() -> Self {
        Self {
            max_size: SizeIn::clamped(1 << 30),
            timeout: DurationIn::clamped(10 * MINUTE),
            silence: DurationIn::clamped(30 * SECOND),
            connect_timeout: DurationIn::clamped(2 * SECOND),
            max_redirects: CountIn::clamped(3),
            proxy: None,
            roots: Vec::new(),
            allow_private: false,
            allow_networks: Vec::new(),
            allow_hosts: Vec::new(),
        }
    }
}

impl TryFrom<RawSource> for SourceSection {
    type Error = String;

    fn try_from(raw: RawSource) -> Result<Self, String> {
        let name = SourceName::new(&raw.name).map_err(|error| error.to_string())?;
        let place = match (raw.paths.is_empty(), raw.urls.is_empty()) {
            (false, false) => {
                return Err(format!("source '{name}' has both paths and urls; make it two sources"));
            }
            (false, true) => Place::files(raw.paths),
            (true, _) => Place::mirrors(&raw.urls),
        };
        let place = place.map_err(|error| format!("source '{name}': {error}"))?;
        Ok(Self { name, place, minimum: raw.minimum, maximum: raw.maximum })
    }
}

impl From<SourceSection> for RawSource {
    fn from(source: SourceSection) -> Self {
        let (paths, urls) = match source.place {
            Place::Files(paths) => (paths, Vec::new()),
            Place::Mirrors(mirrors) => {
                (Vec::new(), mirrors.iter().map(|mirror| mirror.as_str().to_owned()).collect())
            }
        };
        let name = source.name.to_string();
        Self { name, paths, urls, minimum: source.minimum, maximum: source.maximum }
    }
}
