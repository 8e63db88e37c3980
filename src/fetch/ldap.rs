//! Directories: one attribute of one entry, by LDAP (RFC 4511) and a URL (RFC 4516).
//!
//! National PKIs publish CRLs in directories, and certificates name them by URL. What is needed is one anonymous
//! search. The library that does it reads whatever length a server announces, and gives up on malformed answers by a
//! panic. So it never sees the network: it talks to one end of a pair of sockets, and a pump between the other end and
//! the server counts octets, watches for silence and does TLS, while the library runs in a task of its own whose end,
//! whatever it is, is an error here and nothing more.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ldap3::{LdapConnAsync, LdapConnSettings, Scope, SearchEntry, StdStream, get_url_params};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::Url;

use super::http::{AddressKind, AddressPolicy, DownloadLimits};

/// Octets of an answer at most, whatever the limits say: it is held in memory.
const MAX_HELD: u64 = 256 << 20;
/// Octets that an answer may have beside the value: names and lengths.
const FRAME: u64 = 64 << 10;
/// Entries and values that are looked at.
const MAX_VALUES: usize = 16;
/// The attributes that hold lists (RFC 4523 section 2.4), where the URL names none.
const ATTRIBUTES: [&str; 3] =
    ["certificateRevocationList;binary", "authorityRevocationList;binary", "deltaRevocationList;binary"];

/// Which addresses may be connected to.
#[derive(Debug, Clone, Copy)]
pub enum LdapAddresses<'a> {
    /// Any: the operator named the URL.
    Vouched,
    /// Those that a policy admits.
    Checked(&'a AddressPolicy),
}

/// Why no value came.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LdapError {
    /// The URL does not say what to look for.
    #[error("{url} is not a URL of LDAP: {reason}")]
    BadUrl {
        /// The URL.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The host has no address.
    #[error("{url}: the host cannot be found: {reason}")]
    Resolve {
        /// The URL.
        url: String,
        /// The system's reason.
        reason: String,
    },
    /// No address of the host may be connected to.
    #[error("{url} leads to {address}, a {kind} address; allow it in the configuration if it is meant")]
    AddressRefused {
        /// The URL.
        url: String,
        /// The address.
        address: SocketAddr,
        /// What kind of address it is.
        kind: AddressKind,
    },
    /// No connection.
    #[error("{url}: cannot connect: {reason}")]
    Connect {
        /// The URL.
        url: String,
        /// The system's or TLS's reason.
        reason: String,
    },
    /// Too slow.
    #[error("{url}: no answer within {} s", .limit.as_secs())]
    Timeout {
        /// The URL.
        url: String,
        /// The limit.
        limit: Duration,
    },
    /// More octets than allowed.
    #[error("{url}: the answer has more than {limit} octets")]
    TooLarge {
        /// The URL.
        url: String,
        /// The limit.
        limit: u64,
    },
    /// The server refused, or does not speak LDAP.
    #[error("{url}: {reason}")]
    Answer {
        /// The URL.
        url: String,
        /// What the server or the library says.
        reason: String,
    },
    /// No such entry, or no such attribute.
    #[error("{url}: no such entry, or none with such an attribute")]
    NoValue {
        /// The URL.
        url: String,
    },
}

impl LdapError {
    /// The error as one word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::BadUrl { .. } => "bad_url",
            Self::Resolve { .. } => "host_not_found",
            Self::AddressRefused { .. } => "address_refused",
            Self::Connect { .. } => "connect_failed",
            Self::Timeout { .. } => "timeout",
            Self::TooLarge { .. } => "too_large",
            Self::Answer { .. } => "ldap_answer",
            Self::NoValue { .. } => "ldap_no_value",
        }
    }
}

/// What to search for.
#[derive(Debug, Clone)]
struct Query {
    base: String,
    scope: Scope,
    filter: String,
    attributes: Vec<String>,
}

/// The values of the attribute that the URL names, of the entries that it names: usually one.
///
/// # Errors
/// [`LdapError`].
pub async fn search(
    url: &Url,
    addresses: LdapAddresses<'_>,
    limits: &DownloadLimits,
    connect_timeout: Duration,
) -> Result<Vec<Vec<u8>>, LdapError> {
    let late = |_| LdapError::Timeout { url: url.to_string(), limit: limits.time };
    timeout(limits.time, ask(url, addresses, limits, connect_timeout)).await.map_err(late)?
}

async fn ask(
    url: &Url,
    addresses: LdapAddresses<'_>,
    limits: &DownloadLimits,
    connect_timeout: Duration,
) -> Result<Vec<Vec<u8>>, LdapError> {
    let query = Query::of(url)?;
    let server = connect(url, addresses, connect_timeout).await?;
    let broken = |error: io::Error| LdapError::Answer { url: url.to_string(), reason: error.to_string() };
    let (ours, theirs) = UnixStream::pair().map_err(broken)?;
    let theirs = theirs.into_std().map_err(broken)?;
    let octets = limits.octets.min(MAX_HELD);
    let (mut pumping, mut searching) = (JoinSet::new(), JoinSet::new());
    // Both end with this function, whatever they are at.
    pumping.spawn(pump(server, ours, octets.saturating_add(FRAME), limits.silence));
    searching.spawn(converse(query, theirs));
    tokio::select! {
        biased;
        Some(stopped) = pumping.join_next() => match stopped {
            Ok(Stopped::TooLarge) => Err(LdapError::TooLarge { url: url.to_string(), limit: octets }),
            Ok(Stopped::Silent) => Err(LdapError::Timeout { url: url.to_string(), limit: limits.silence }),
            // What it delivered before may have been the whole answer.
            _ => conclude(url, searching.join_next().await),
        },
        found = searching.join_next() => conclude(url, found),
    }
}

type Conversation = Option<Result<Result<Vec<Vec<u8>>, String>, tokio::task::JoinError>>;

fn conclude(url: &Url, found: Conversation) -> Result<Vec<Vec<u8>>, LdapError> {
    let reason = match found {
        Some(Ok(Ok(values))) if values.is_empty() => return Err(LdapError::NoValue { url: url.to_string() }),
        Some(Ok(Ok(values))) => return Ok(values),
        Some(Ok(Err(reason))) => reason,
        _ => "the answer is malformed".to_owned(),
    };
    Err(LdapError::Answer { url: url.to_string(), reason })
}

/// The search itself, over a stream that is already there.
async fn converse(query: Query, stream: std::os::unix::net::UnixStream) -> Result<Vec<Vec<u8>>, String> {
    let text = |error: ldap3::LdapError| error.to_string();
    let settings = LdapConnSettings::new().set_std_stream(StdStream::Unix(stream));
    let (connection, mut ldap) = LdapConnAsync::with_settings(settings, "ldapi:///").await.map_err(text)?;
    let mut driving = JoinSet::new();
    driving.spawn(connection.drive());
    let found = ldap.search(&query.base, query.scope, &query.filter, &query.attributes).await;
    let (entries, _) = found.and_then(ldap3::SearchResult::success).map_err(text)?;
    let wanted = |name: &str| query.attributes.iter().any(|attribute| same_attribute(attribute, name));
    let mut values = Vec::new();
    for entry in entries.into_iter().take(MAX_VALUES).map(SearchEntry::construct) {
        let binary =
            entry.bin_attrs.into_iter().filter(|(name, _)| wanted(name)).flat_map(|(_, values)| values);
        // A list in PEM is text, and so is a very unlucky one in DER.
        let text = entry.attrs.into_iter().filter(|(name, _)| wanted(name)).flat_map(|(_, values)| values);
        values.extend(binary.chain(text.map(String::into_bytes)).take(MAX_VALUES));
    }
    Ok(values)
}

/// Whether two descriptions name one attribute; options such as `;binary` say only how it is transferred.
fn same_attribute(left: &str, right: &str) -> bool {
    let name = |text: &str| text.split(';').next().unwrap_or_default().to_ascii_lowercase();
    name(left) == name(right)
}

/// Why the pump stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stopped {
    Closed,
    TooLarge,
    Silent,
}

/// Carries octets both ways, at most so many from the server.
async fn pump(server: Box<dyn Stream>, ours: UnixStream, at_most: u64, silence: Duration) -> Stopped {
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let (mut from_us, mut to_us) = ours.into_split();
    let upwards = async {
        let _ = tokio::io::copy(&mut from_us, &mut to_server).await;
        // Our side has said all it will; the server may still be talking.
        std::future::pending::<Stopped>().await
    };
    let downwards = async {
        let mut buffer = vec![0; 64 << 10];
        let mut left = at_most;
        loop {
            let read = match timeout(silence, from_server.read(&mut buffer)).await {
                Err(_) => return Stopped::Silent,
                Ok(Err(_) | Ok(0)) => return Stopped::Closed,
                Ok(Ok(read)) => read,
            };
            left = match left.checked_sub(u64::try_from(read).unwrap_or(u64::MAX)) {
                Some(left) => left,
                None => return Stopped::TooLarge,
            };
            if to_us.write_all(buffer.get(..read).unwrap_or_default()).await.is_err() {
                return Stopped::Closed;
            }
        }
    };
    tokio::select! {
        stopped = upwards => stopped,
        stopped = downwards => stopped,
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

async fn connect(
    url: &Url,
    addresses: LdapAddresses<'_>,
    connect_timeout: Duration,
) -> Result<Box<dyn Stream>, LdapError> {
    let bad = |reason: &str| LdapError::BadUrl { url: url.to_string(), reason: reason.to_owned() };
    let is_tls = url.scheme() == "ldaps";
    let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| bad("it has no host"))?;
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = url.port().unwrap_or(if is_tls { 636 } else { 389 });
    let failed = |reason: String| LdapError::Connect { url: url.to_string(), reason };
    let late = |_| LdapError::Timeout { url: url.to_string(), limit: connect_timeout };
    let resolved = timeout(connect_timeout, lookup_host((host, port))).await.map_err(late)?;
    let resolved =
        resolved.map_err(|error| LdapError::Resolve { url: url.to_string(), reason: error.to_string() })?;
    let mut refused = None;
    let mut last = "the host has no address".to_owned();
    for address in resolved {
        if let LdapAddresses::Checked(policy) = addresses
            && let Err(kind) = policy.check_address(address.ip())
        {
            refused = Some(LdapError::AddressRefused { url: url.to_string(), address, kind });
            continue;
        }
        match timeout(connect_timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) if is_tls => {
                let name = ServerName::try_from(host.to_owned()).map_err(|_| bad("no name for TLS"))?;
                let connecting = tls().map_err(failed)?.connect(name, stream);
                let stream = timeout(connect_timeout, connecting).await.map_err(late)?;
                return Ok(Box::new(stream.map_err(|error| failed(error.to_string()))?));
            }
            Ok(Ok(stream)) => return Ok(Box::new(stream)),
            Ok(Err(error)) => last = error.to_string(),
            Err(_) => last = format!("no connection within {} ms", connect_timeout.as_millis()),
        }
    }
    Err(refused.unwrap_or_else(|| failed(last)))
}

/// TLS with the roots of the system.
fn tls() -> Result<TlsConnector, String> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

impl Query {
    fn of(url: &Url) -> Result<Self, LdapError> {
        let bad =
            |error: ldap3::LdapError| LdapError::BadUrl { url: url.to_string(), reason: error.to_string() };
        let parameters = get_url_params(url).map_err(bad)?;
        let named: Vec<String> =
            parameters.attrs.iter().filter(|name| **name != "*").map(|name| (*name).to_owned()).collect();
        // RFC 4516 section 2: without a scope the entry itself is meant, which the library sees otherwise.
        let scope_is_named =
            url.query().is_some_and(|query| query.split('?').nth(1).is_some_and(|scope| !scope.is_empty()));
        Ok(Self {
            base: parameters.base.into_owned(),
            scope: if scope_is_named { parameters.scope } else { Scope::Base },
            filter: parameters.filter.into_owned(),
            attributes: if named.is_empty() { ATTRIBUTES.map(str::to_owned).to_vec() } else { named },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        // Four octets of length, as directories write them.
        let length = u32::try_from(content.len()).unwrap().to_be_bytes();
        [&[tag, 0x84], length.as_slice(), content].concat()
    }

    fn message(operation: Vec<u8>) -> Vec<u8> {
        element(0x30, &[vec![2, 1, 1], operation].concat())
    }

    fn entry(attribute: &str, value: &[u8]) -> Vec<u8> {
        let values = element(0x31, &element(4, value));
        let partial = element(0x30, &[element(4, attribute.as_bytes()), values].concat());
        message(element(0x64, &[element(4, b"CN=CA"), element(0x30, &partial)].concat()))
    }

    fn done(code: u8) -> Vec<u8> {
        message(element(0x65, &[vec![0x0a, 1, code], element(4, b""), element(4, b"")].concat()))
    }

    /// A directory that answers everything with these octets; its URL.
    async fn directory(answer: Vec<u8>) -> Url {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let answer = answer.clone();
                tokio::spawn(async move {
                    let mut buffer = [0; 4096];
                    let _ = stream.read(&mut buffer).await;
                    let _ = stream.write_all(&answer).await;
                    let _ = stream.read(&mut buffer).await;
                });
            }
        });
        Url::parse(&format!("ldap://{address}/CN=CA,C=DE?certificateRevocationList;binary")).unwrap()
    }

    async fn fetch(answer: Vec<u8>) -> Result<Vec<Vec<u8>>, LdapError> {
        let limits = DownloadLimits {
            octets: 1 << 20,
            time: Duration::from_secs(20),
            silence: Duration::from_millis(300),
        };
        search(&directory(answer).await, LdapAddresses::Vouched, &limits, Duration::from_secs(2)).await
    }

    #[tokio::test]
    async fn the_value_of_the_attribute_is_found() {
        let list = [0x30, 0x82, 0xff, 0x00, 0x80];
        let answer = [entry("certificateRevocationList;binary", &list), done(0)].concat();
        assert_eq!(fetch(answer).await.unwrap(), [list]);
        let answer = [entry("CERTIFICATEREVOCATIONLIST", &list), done(0)].concat();
        assert_eq!(fetch(answer).await.unwrap(), [list]);
    }

    #[tokio::test]
    async fn bad_answers_are_errors_with_codes() {
        let list = vec![0xff; 100];
        let cases = [
            ([entry("userCertificate", &list), done(0)].concat(), "ldap_no_value"),
            (done(0), "ldap_no_value"),
            (done(32), "ldap_answer"),
            (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "timeout"),
            ([message(element(0x64, &element(4, b"CN=CA"))), done(0)].concat(), "ldap_answer"),
            ([message(element(0x64, &element(2, b""))), done(0)].concat(), "ldap_answer"),
            (entry("certificateRevocationList", &vec![0xff; 2 << 20]), "too_large"),
            (entry("certificateRevocationList", &list), "timeout"),
        ];
        for (number, (answer, code)) in cases.into_iter().enumerate() {
            assert_eq!(fetch(answer).await.map_err(|error| error.code()), Err(code), "case {number}");
        }
    }

    #[tokio::test]
    async fn a_private_address_is_not_for_strangers() {
        let url = directory(done(0)).await;
        let policy = AddressPolicy::public_only();
        let limits = DownloadLimits::default();
        let found = search(&url, LdapAddresses::Checked(&policy), &limits, Duration::from_secs(2)).await;
        assert_eq!(found.unwrap_err().code(), "address_refused");
    }

    #[test]
    fn a_url_without_a_scope_means_the_entry_itself() {
        let query = |text: &str| Query::of(&Url::parse(text).unwrap()).unwrap();
        let bare = query("ldap://a.example.com/CN=My%20CA,C=DE");
        assert_eq!((bare.base.as_str(), bare.scope), ("CN=My CA,C=DE", Scope::Base));
        assert_eq!(bare.attributes, ATTRIBUTES);
        let full = query("ldap://a.example.com/C=DE?deltaRevocationList?sub?(cn=a)");
        assert_eq!((full.scope, full.filter.as_str()), (Scope::Subtree, "(cn=a)"));
        assert_eq!(full.attributes, ["deltaRevocationList"]);
    }
}
