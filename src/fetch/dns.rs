//! DNS records that hold texts and other names, straight from the resolvers that the operator names.
//!
//! Addresses are not looked up here: those that are connected to go through the address policy of
//! [`http`](super::http). Nothing is kept: whoever asks again wants to know what has changed.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::lookup::Lookup;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::{Resolver, TokioResolver};

/// The most records of one answer that are looked at.
const MAX_RECORDS: usize = 64;

/// How DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsSettings {
    /// The resolvers, asked over UDP and, for answers that do not fit, TCP. None means those of the system.
    pub servers: Vec<SocketAddr>,
    /// How long one question may take, attempts included. Default 5 s.
    pub timeout: Duration,
}

/// Why there is no resolver.
#[derive(Debug, thiserror::Error)]
#[error("DNS cannot be set up: {reason}; name resolvers in the configuration")]
pub struct DnsSetupError {
    /// What the library says.
    pub reason: String,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DnsError {
    /// Not a name.
    #[error("'{name}' is not a name of DNS")]
    Name {
        /// As given.
        name: String,
    },
    /// No resolver answered.
    #[error("no answer for {name}: {reason}")]
    Failed {
        /// What was asked for.
        name: String,
        /// What the library says.
        reason: String,
    },
    /// The time was up.
    #[error("no answer for {name} within {} ms", .limit.as_millis())]
    TimedOut {
        /// What was asked for.
        name: String,
        /// The time that was allowed.
        limit: Duration,
    },
}

/// A client of resolvers. Cloning is cheap.
#[derive(Clone)]
pub struct DnsClient {
    resolver: TokioResolver,
    timeout: Duration,
}

impl Default for DnsSettings {
    fn default() -> Self {
        Self { servers: Vec::new(), timeout: Duration::from_secs(5) }
    }
}

impl DnsClient {
    /// A client with these settings. Reads the system's configuration if no resolvers are given.
    ///
    /// # Errors
    /// [`DnsSetupError`].
    pub fn new(settings: &DnsSettings) -> Result<Self, DnsSetupError> {
        let failed = |error: &dyn fmt::Display| DnsSetupError { reason: error.to_string() };
        let mut builder = if settings.servers.is_empty() {
            TokioResolver::builder_tokio().map_err(|error| failed(&error))?
        } else {
            let servers = settings.servers.iter().map(server).collect();
            let config = ResolverConfig::from_name_servers(servers);
            Resolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.attempts = 1;
        options.timeout = settings.timeout / 2;
        let resolver = builder.build().map_err(|error| failed(&error))?;
        Ok(Self { resolver, timeout: settings.timeout })
    }

    /// The TXT records of a name, the strings of each put together (RFC 7208 section 3.3 does so too). None if there are
    /// none.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn texts(&self, name: &str) -> Result<Vec<Vec<u8>>, DnsError> {
        let found = self.find(name, RecordType::TXT).await?;
        let texts = found.iter().flat_map(Lookup::answers).filter_map(|record| match &record.data {
            RData::TXT(text) => Some(text.txt_data.concat()),
            _ => None,
        });
        Ok(texts.take(MAX_RECORDS).collect())
    }

    /// What the CNAME records of a name lead to, in lower case and without the dot at the end. None if there are none.
    ///
    /// # Errors
    /// [`DnsError`].
    pub async fn aliases(&self, name: &str) -> Result<Vec<String>, DnsError> {
        let found = self.find(name, RecordType::CNAME).await?;
        let aliases = found.iter().flat_map(Lookup::answers).filter_map(|record| match &record.data {
            RData::CNAME(alias) => Some(alias.0.to_ascii().trim_end_matches('.').to_ascii_lowercase()),
            _ => None,
        });
        Ok(aliases.take(MAX_RECORDS).collect())
    }

    async fn find(&self, name: &str, kind: RecordType) -> Result<Option<Lookup>, DnsError> {
        // With the dot at the end, so that no search domain of the system is put behind it.
        let absolute = Name::from_ascii(format!("{}.", name.trim_end_matches('.')))
            .map_err(|_| DnsError::Name { name: name.to_owned() })?;
        let limit = self.timeout;
        match tokio::time::timeout(limit, self.resolver.lookup(absolute, kind)).await {
            Ok(Ok(lookup)) => Ok(Some(lookup)),
            Ok(Err(error)) if error.is_nx_domain() || error.is_no_records_found() => Ok(None),
            Ok(Err(error)) => Err(DnsError::Failed { name: name.to_owned(), reason: error.to_string() }),
            Err(_) => Err(DnsError::TimedOut { name: name.to_owned(), limit }),
        }
    }
}

impl fmt::Debug for DnsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DnsClient").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

fn server(address: &SocketAddr) -> NameServerConfig {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = address.port();
        connection
    });
    NameServerConfig::new(address.ip(), true, connections.into())
}
