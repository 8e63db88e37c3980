//! `[digicert]`: the API of DigiCert's CertCentral.

use std::fs;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use url::Url;

use super::apply::ApplyError;
use super::quantity::{CountIn, DurationIn, SizeIn};
use super::quantity::{DAY, HOUR, MINUTE, SECOND};
use super::sections::Config;
use crate::fetch::dns::DnsSettings;
use crate::fetch::http::HttpSettings;
use crate::server::http::digicert::{DigicertSettings, EndedDomain};
use crate::server::http::limits::Window;
use crate::service::orders::{ControlSettings, DeskSettings, Lists, OrderUpstreamSettings, Precedence};

/// Octets of a key file that are read.
const MAX_KEY: u64 = 4096;

/// `[digicert]`: the API of DigiCert's CertCentral, over orders that are kept here and, if wanted, behind another server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DigicertSection {
    /// Whether it is served.
    pub enabled: bool,
    /// Requests of one key in `limit_span`.
    pub limit: CountIn<1, 10_000_000>,
    /// The longer span.
    pub limit_span: DurationIn<SECOND, DAY>,
    /// Requests of one key in `burst_span`.
    pub burst: CountIn<1, 10_000_000>,
    /// The shorter span.
    pub burst_span: DurationIn<SECOND, HOUR>,
    /// Keys and addresses whose requests are counted.
    pub max_callers: CountIn<16, 10_000_000>,
    /// The status of a domain whose approval has ended.
    pub ended_domain: EndedDomainWord,
    /// Base URL of another server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<BaseUrl>,
    /// The file whose first line is the key for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream_key_file: Option<PathBuf>,
    /// How long its answers count.
    pub upstream_ttl: DurationIn<SECOND, DAY>,
    /// How long "no such order" counts.
    pub upstream_missing_ttl: DurationIn<SECOND, DAY>,
    /// How long past that they are told while it fails.
    pub upstream_stale: DurationIn<0, { 30 * DAY }>,
    /// Time for one request to it.
    pub upstream_timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// Octets of one of its answers.
    pub upstream_max_size: SizeIn<1024, { 16 << 20 }>,
    /// Answers kept.
    pub upstream_cache: CountIn<1, 10_000_000>,
    /// Octets they may have.
    pub upstream_cache_size: SizeIn<{ 1 << 20 }, { 16 << 30 }>,
    /// Who has the first word about an order.
    pub precedence: PrecedenceWord,
    /// Whose orders lists show.
    pub lists: PrecedenceWord,
    /// How long control over a domain counts.
    pub approval: DurationIn<{ HOUR }, { 825 * DAY }>,
    /// Domains that one request may have looked at.
    pub max_checks: CountIn<1, 1000>,
    /// Resolvers for TXT and CNAME records.
    pub dns_servers: Vec<SocketAddr>,
    /// Time for one question to them.
    pub dns_timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// Time for one file of a web server.
    pub file_timeout: DurationIn<{ SECOND / 10 }, MINUTE>,
    /// Octets of such a file.
    pub file_max_size: SizeIn<64, { 1 << 20 }>,
    /// The port of web servers.
    pub file_port: CountIn<1, 65_535>,
    /// Where CNAME records lead.
    pub cname_target: String,
}

/// The URL that the paths of an API are put behind: of http or https, without user, query or fragment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BaseUrl(Url);

/// `expired` or `pending`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndedDomainWord {
    /// Expired.
    #[default]
    Expired,
    /// Pending, as for organizations.
    Pending,
}

/// `local` or `upstream`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrecedenceWord {
    /// What is kept here.
    #[default]
    Local,
    /// The other server.
    Upstream,
}

impl DigicertSection {
    /// What the routes allow.
    #[must_use]
    pub fn settings(&self) -> DigicertSettings {
        let window = |requests: u32, span: crate::types::Seconds| Window {
            requests: NonZeroU32::new(requests).unwrap_or(NonZeroU32::MIN),
            span,
        };
        DigicertSettings {
            limits: vec![
                window(self.limit.get(), self.limit_span.seconds()),
                window(self.burst.get(), self.burst_span.seconds()),
            ],
            max_callers: at_least_one(self.max_callers.to_usize()),
            ended_domain: match self.ended_domain {
                EndedDomainWord::Expired => EndedDomain::Expired,
                EndedDomainWord::Pending => EndedDomain::Pending,
            },
        }
    }

    /// How orders are answered.
    #[must_use]
    pub fn desk_settings(&self) -> DeskSettings {
        DeskSettings {
            precedence: match self.precedence {
                PrecedenceWord::Local => Precedence::Local,
                PrecedenceWord::Upstream => Precedence::Upstream,
            },
            lists: match self.lists {
                PrecedenceWord::Local => Lists::Local,
                PrecedenceWord::Upstream => Lists::Upstream,
            },
            approval: self.approval.seconds(),
            max_checks: self.max_checks.to_usize(),
        }
    }

    /// How control over domains is looked at.
    #[must_use]
    pub fn control_settings(&self) -> ControlSettings {
        ControlSettings {
            http_port: u16::try_from(self.file_port.get()).unwrap_or(80),
            timeout: self.file_timeout.get(),
            max_octets: self.file_max_size.get(),
            cname_target: self.cname_target.clone(),
        }
    }

    /// How DNS is asked.
    #[must_use]
    pub fn dns_settings(&self) -> DnsSettings {
        DnsSettings { servers: self.dns_servers.clone(), timeout: self.dns_timeout.get() }
    }

    /// How the other server is asked; `None` if there is none. Reads the file of the key.
    ///
    /// # Errors
    /// [`ApplyError::UpstreamKey`].
    pub fn upstream_settings(&self) -> Result<Option<OrderUpstreamSettings>, ApplyError> {
        let Some(base) = &self.upstream else { return Ok(None) };
        let path = self.upstream_key_file.clone().unwrap_or_default();
        let bad = |reason: String| ApplyError::UpstreamKey { path: path.clone(), reason };
        let text = first_line(&path).map_err(|error| bad(error.to_string()))?;
        let key = OrderUpstreamSettings::key_header(&text).filter(|_| !text.is_empty());
        let key = key.ok_or_else(|| bad("its first line is no key".to_owned()))?;
        Ok(Some(OrderUpstreamSettings {
            ttl: self.upstream_ttl.seconds(),
            missing_ttl: self.upstream_missing_ttl.seconds(),
            stale: self.upstream_stale.seconds(),
            timeout: self.upstream_timeout.get(),
            max_octets: self.upstream_max_size.get(),
            max_entries: at_least_one(self.upstream_cache.to_usize()),
            max_total: usize::try_from(self.upstream_cache_size.get()).unwrap_or(usize::MAX),
            ..OrderUpstreamSettings::new(base.0.clone(), key)
        }))
    }

    /// What is missing for what is asked for.
    pub(super) fn contradiction(&self) -> Option<&'static str> {
        if self.upstream.is_some() != self.upstream_key_file.is_some() {
            return Some("upstream and upstream_key_file of [digicert] go together");
        }
        None
    }
}

impl Config {
    /// HTTP for asking the other server of `[digicert]`: the settings of [`Config::network_settings`], and that server
    /// wherever it is.
    ///
    /// # Errors
    /// [`ApplyError`].
    pub fn upstream_http_settings(&self) -> Result<HttpSettings, ApplyError> {
        let mut http = self.network_settings()?.http;
        if let Some(base) = &self.digicert.upstream {
            http.addresses = http.addresses.with_url(base.0.as_str())?;
        }
        Ok(http)
    }
}

impl TryFrom<String> for BaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = |reason: String| {
            format!("'{text}' is no URL such as https://www.digicert.com/services/v2: {reason}")
        };
        let url = Url::parse(&text).map_err(|error| wrong(error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it is of neither http nor https".to_owned()));
        }
        let has_more = url.query().is_some() || url.fragment().is_some();
        if has_more || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("it has a user, a query or a fragment".to_owned()));
        }
        Ok(Self(url))
    }
}

impl From<BaseUrl> for String {
    fn from(url: BaseUrl) -> Self {
        url.0.into()
    }
}

impl Default for DigicertSection {
    fn default() -> Self {
        Self {
            enabled: false,
            limit: CountIn::clamped(1000),
            limit_span: DurationIn::clamped(3 * MINUTE),
            burst: CountIn::clamped(100),
            burst_span: DurationIn::clamped(5 * SECOND),
            max_callers: CountIn::clamped(10_000),
            ended_domain: EndedDomainWord::default(),
            upstream: None,
            upstream_key_file: None,
            upstream_ttl: DurationIn::clamped(MINUTE),
            upstream_missing_ttl: DurationIn::clamped(30 * SECOND),
            upstream_stale: DurationIn::clamped(DAY),
            upstream_timeout: DurationIn::clamped(10 * SECOND),
            upstream_max_size: SizeIn::clamped(1 << 20),
            upstream_cache: CountIn::clamped(10_000),
            upstream_cache_size: SizeIn::clamped(64 << 20),
            precedence: PrecedenceWord::default(),
            lists: PrecedenceWord::default(),
            approval: DurationIn::clamped(200 * DAY),
            max_checks: CountIn::clamped(50),
            dns_servers: Vec::new(),
            dns_timeout: DurationIn::clamped(5 * SECOND),
            file_timeout: DurationIn::clamped(10 * SECOND),
            file_max_size: SizeIn::clamped(4096),
            file_port: CountIn::clamped(80),
            cname_target: ControlSettings::default().cname_target,
        }
    }
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    fs::File::open(path)?.take(MAX_KEY).read_to_string(&mut text)?;
    Ok(text.lines().next().unwrap_or_default().trim().to_owned())
}

fn at_least_one(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).unwrap_or(NonZeroUsize::MIN)
}
