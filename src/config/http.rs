//! `[http]`: the HTTP edge, and where each family is served.

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;

use axum::http::HeaderValue;
use serde::{Deserialize, Serialize};
use url::Url;

use super::listen::Listen;
use super::quantity::{CountIn, DurationIn, SizeIn};
use super::quantity::{HOUR, MINUTE, SECOND};
use crate::server::http::{Cors, EdgeSettings, Prefix};

/// `[http]`: the HTTP edge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpSection {
    /// Where to listen.
    pub listen: Listen,
    /// Whether with TLS, by the identity of `[quic]`.
    pub tls: bool,
    /// Roots of client certificates; without any, clients are not asked for one.
    pub client_ca: Vec<PathBuf>,
    /// Whether HTTP/3 is spoken on the port of `[quic]`.
    pub http3: bool,
    /// A file whose first line is the admin token. Without one only this machine may ask for a refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    /// Connections at once, of each listener.
    pub max_connections: CountIn<1, 1_000_000>,
    /// Requests at once, of all listeners.
    pub max_requests: CountIn<1, 1_000_000>,
    /// Requests at once on one connection of HTTP/2 or HTTP/3.
    pub max_streams: CountIn<1, 65_536>,
    /// Octets of a head.
    pub max_head: SizeIn<{ 8 << 10 }, { 1 << 20 }>,
    /// Octets of a body.
    pub max_body: SizeIn<1024, { 1 << 30 }>,
    /// For the head of a request.
    pub head_timeout: DurationIn<{ SECOND / 10 }, { 10 * MINUTE }>,
    /// For the body of a request.
    pub body_timeout: DurationIn<{ SECOND / 10 }, HOUR>,
    /// For the answer.
    pub answer_timeout: DurationIn<{ SECOND / 10 }, HOUR>,
    /// After which a silent connection is closed.
    pub idle_timeout: DurationIn<{ SECOND / 10 }, HOUR>,
    /// For open requests when the server stops.
    pub stop_timeout: DurationIn<0, HOUR>,
    /// Octets of an answer from which on it is compressed; 0 for never.
    pub compress_from: SizeIn<0, { 1 << 30 }>,
    /// Requests a second of one token; 0 for no limit.
    pub rate_per_token: CountIn<0, 1_000_000>,
    /// Requests a second of one address that sends no token; 0 for no limit.
    pub rate_per_address: CountIn<0, 1_000_000>,
    /// Callers whose rate is remembered.
    pub max_callers: CountIn<16, 10_000_000>,
    /// Web pages whose scripts may use the families.
    pub cors_origins: Vec<Origin>,
    /// `[http.admin]`: where metrics, health and status are.
    pub admin: PlaceSection,
    /// `[http.pocketsign]`
    pub pocketsign: PlaceSection,
    /// `[http.asteria]`
    pub asteria: PlaceSection,
    /// `[http.cipher]`
    pub cipher: PlaceSection,
    /// `[http.digicert]`
    pub digicert: PlaceSection,
}

/// Where one family is served.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PlaceSection {
    /// With the others, or at an address of its own.
    pub listen: PlaceListen,
    /// Whether with TLS, at an address of its own.
    pub tls: bool,
    /// What its paths begin with.
    pub prefix: PathPrefix,
}

/// Where one family is served: with the others, at an address of its own, or not by HTTP/1.1 and HTTP/2 at all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PlaceListen {
    /// At the address of `[http]`, and over HTTP/3.
    #[default]
    Shared,
    /// At an address of its own.
    Own(Listen),
}

/// What the paths of a family begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix(Prefix);

/// The origin of web pages, such as `https://console.example.org`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Origin(HeaderValue);

impl HttpSection {
    /// What the edge allows.
    #[must_use]
    pub fn edge_settings(&self) -> EdgeSettings {
        let compress_from = u32::try_from(self.compress_from.get()).unwrap_or(u32::MAX);
        EdgeSettings {
            max_requests: self.max_requests.to_usize(),
            max_body: self.max_body.get(),
            max_head: u32::try_from(self.max_head.get()).unwrap_or(u32::MAX),
            max_streams: self.max_streams.get(),
            head_timeout: self.head_timeout.get(),
            body_timeout: self.body_timeout.get(),
            answer_timeout: self.answer_timeout.get(),
            idle_timeout: self.idle_timeout.get(),
            stop_timeout: self.stop_timeout.get(),
            compress_from: Some(compress_from).filter(|from| *from > 0),
            per_token: EdgeSettings::rate(self.rate_per_token.get()),
            per_address: EdgeSettings::rate(self.rate_per_address.get()),
            max_callers: NonZeroUsize::new(self.max_callers.to_usize()).unwrap_or(NonZeroUsize::MIN),
        }
    }

    /// The web pages whose scripts may use the families.
    #[must_use]
    pub fn cors(&self) -> Cors {
        Cors { origins: self.cors_origins.iter().map(|origin| origin.0.clone()).collect() }
    }

    /// Whether any listener speaks TLS.
    #[must_use]
    pub fn needs_identity(&self) -> bool {
        let places = [&self.admin, &self.pocketsign, &self.asteria, &self.cipher, &self.digicert];
        let own =
            |place: &&PlaceSection| place.tls && matches!(place.listen, PlaceListen::Own(Listen::At(_)));
        (self.tls && self.listen != Listen::Off) || places.iter().any(own)
    }
}

impl PathPrefix {
    /// As the server has it.
    #[must_use]
    pub fn get(&self) -> &Prefix {
        &self.0
    }
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            listen: Listen::At(SocketAddr::from(([127, 0, 0, 1], 8080))),
            tls: false,
            client_ca: Vec::new(),
            http3: true,
            token_file: None,
            max_connections: CountIn::clamped(10_000),
            max_requests: CountIn::clamped(4096),
            max_streams: CountIn::clamped(128),
            max_head: SizeIn::clamped(16 << 10),
            max_body: SizeIn::clamped(2 << 20),
            head_timeout: DurationIn::clamped(10 * SECOND),
            body_timeout: DurationIn::clamped(30 * SECOND),
            answer_timeout: DurationIn::clamped(2 * MINUTE),
            idle_timeout: DurationIn::clamped(75 * SECOND),
            stop_timeout: DurationIn::clamped(10 * SECOND),
            compress_from: SizeIn::clamped(1 << 10),
            rate_per_token: CountIn::clamped(0),
            rate_per_address: CountIn::clamped(0),
            max_callers: CountIn::clamped(100_000),
            cors_origins: Vec::new(),
            admin: PlaceSection::default(),
            pocketsign: PlaceSection::default(),
            asteria: PlaceSection::default(),
            cipher: PlaceSection::default(),
            digicert: PlaceSection::default(),
        }
    }
}

impl TryFrom<String> for PlaceListen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text == "shared" {
            return Ok(Self::Shared);
        }
        Listen::try_from(text).map(Self::Own).map_err(|wrong| format!("{wrong}; nor is it \"shared\""))
    }
}

impl From<PlaceListen> for String {
    fn from(listen: PlaceListen) -> Self {
        match listen {
            PlaceListen::Shared => "shared".to_owned(),
            PlaceListen::Own(listen) => listen.into(),
        }
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map(Self).map_err(|error: crate::server::http::PrefixError| error.to_string())
    }
}

impl From<PathPrefix> for String {
    fn from(prefix: PathPrefix) -> Self {
        prefix.0.to_string()
    }
}

impl TryFrom<String> for Origin {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // Browsers send it in exactly this form, and it is compared as it is.
        let is_origin = Url::parse(&text).is_ok_and(|url| url.origin().ascii_serialization() == text);
        let value = HeaderValue::from_str(&text).ok().filter(|_| is_origin);
        value.map(Self).ok_or_else(|| {
            format!(
                "'{text}' is not an origin such as https://console.example.org, without a slash at the end"
            )
        })
    }
}

impl From<Origin> for String {
    fn from(origin: Origin) -> Self {
        origin.to_string()
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}
