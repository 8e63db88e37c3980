//! Which URLs may be fetched, and which addresses connected to.

use std::net::IpAddr;

use ipnet::IpNet;
use url::{Host, Url};

use super::address::{AddressKind, address_kind, embedded_v4};
use super::error::{HttpError, UrlProblem, excerpt};

/// The most octets of a URL.
pub(super) const MAX_URL: usize = 2048;

/// Which URLs may be fetched, and which addresses connected to.
///
/// The default admits `http` and `https` to public addresses, on ports 80, 443 and those above 1023, without user
/// information: what a URL out of a certificate may need, and little for a forger to aim at. Ports below 1024 belong
/// to services (SSH, SMTP and so on) that no responder runs on. Everything beyond is named by the configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPolicy {
    private: bool,
    networks: Vec<IpNet>,
    hosts: Vec<String>,
    origins: Vec<Origin>,
}

/// Why an entry of the configuration does not say what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not a network.
    #[error("'{text}' is not a network such as 10.0.0.0/8, fd00::/8 or an address")]
    Network {
        /// The text as given.
        text: String,
    },
    /// Not a host.
    #[error("'{text}' is not the name of a host such as ocsp.example.org")]
    Host {
        /// The text as given.
        text: String,
    },
    /// Not a URL of HTTP.
    #[error("'{text}' is not a URL such as http://ocsp.example.org/: {problem}")]
    Url {
        /// The text as given.
        text: String,
        /// What is wrong with it.
        problem: UrlProblem,
    },
}

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

/// A URL that passed the policy, and how its addresses are to be treated.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) url: Url,
    pub(super) addresses: Addresses,
}

/// Whether the addresses of a name are checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Addresses {
    /// By the policy.
    Checked,
    /// The configuration vouches for this very origin.
    Vouched,
}

impl AddressPolicy {
    /// Public addresses only; the default.
    #[must_use]
    pub fn public_only() -> Self {
        Self::default()
    }

    /// Admits loopback, private and shared addresses as well. Link-local and metadata addresses stay closed unless a
    /// network names them.
    #[must_use]
    pub fn with_private(mut self) -> Self {
        self.private = true;
        self
    }

    /// Admits the addresses of a network, whatever kind they are: `10.0.0.0/8`, or one address.
    ///
    /// # Errors
    /// [`PolicyError::Network`].
    pub fn with_network(mut self, network: &str) -> Result<Self, PolicyError> {
        let parsed = network.parse().or_else(|_| network.parse::<IpAddr>().map(IpNet::from));
        self.networks.push(parsed.map_err(|_| PolicyError::Network { text: excerpt(network) })?);
        Ok(self)
    }

    /// Admits a host by its exact name, on any port and whatever its addresses are.
    ///
    /// # Errors
    /// [`PolicyError::Host`].
    pub fn with_host(mut self, host: &str) -> Result<Self, PolicyError> {
        let parsed = Host::parse(host).map_err(|_| PolicyError::Host { text: excerpt(host) })?;
        self.hosts.push(parsed.to_string());
        Ok(self)
    }

    /// Admits the scheme, host and port of a URL that the operator configured, whatever its addresses are. Other ports
    /// of the host stay as they were.
    ///
    /// # Errors
    /// [`PolicyError::Url`].
    pub fn with_url(mut self, url: &str) -> Result<Self, PolicyError> {
        let bad = |problem| PolicyError::Url { text: excerpt(url), problem };
        let parsed = parse(url).map_err(bad)?;
        self.origins.extend(origin(&parsed));
        Ok(self)
    }

    /// Whether an address may be connected to.
    ///
    /// # Errors
    /// The kind of an address that may not.
    pub fn check_address(&self, address: IpAddr) -> Result<(), AddressKind> {
        let kind = address_kind(address);
        let inner = match address {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => embedded_v4(address).map(IpAddr::V4),
        };
        let named = |network: &IpNet| {
            network.contains(&address) || inner.is_some_and(|inner| network.contains(&inner))
        };
        let allowed = match kind {
            AddressKind::Public => true,
            AddressKind::Loopback | AddressKind::Private | AddressKind::Shared => self.private,
            _ => false,
        };
        if allowed || self.networks.iter().any(named) { Ok(()) } else { Err(kind) }
    }

    /// Whether a host is admitted by name.
    pub(super) fn names_host(&self, host: &str) -> bool {
        self.hosts.iter().any(|named| named == host)
    }

    /// Reads a URL and checks what can be told without resolving its host. An address in place of a name is checked
    /// here, since no resolver will be asked about it.
    pub(super) fn check_url(&self, text: &str) -> Result<Target, HttpError> {
        let url = parse(text).map_err(|problem| HttpError::BadUrl { url: excerpt(text), problem })?;
        let vouched = origin(&url).is_some_and(|origin| self.origins.contains(&origin));
        let named = url.host_str().is_some_and(|host| self.names_host(host));
        if vouched || named {
            return Ok(Target { url, addresses: Addresses::Vouched });
        }
        let port = url.port_or_known_default().unwrap_or_default();
        if port < 1024 && port != 80 && port != 443 {
            let problem = UrlProblem::Port { port };
            return Err(HttpError::BadUrl { url: url.into(), problem });
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            _ => None,
        };
        if let Some(address) = literal
            && let Err(kind) = self.check_address(address)
        {
            return Err(HttpError::AddressRefused { url: url.into(), address, kind });
        }
        Ok(Target { url, addresses: Addresses::Checked })
    }
}

/// Reads a URL of HTTP; the fragment, which no server sees, is dropped.
fn parse(text: &str) -> Result<Url, UrlProblem> {
    if text.len() > MAX_URL {
        return Err(UrlProblem::TooLong { limit: MAX_URL });
    }
    let mut url = Url::parse(text).map_err(|error| UrlProblem::Malformed { reason: error.to_string() })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(UrlProblem::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(UrlProblem::UserInfo);
    }
    url.set_fragment(None);
    Ok(url)
}

fn origin(url: &Url) -> Option<Origin> {
    let (host, port) = (url.host_str()?.to_owned(), url.port_or_known_default()?);
    Some(Origin { scheme: url.scheme().to_owned(), host, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(policy: &AddressPolicy, url: &str) -> &'static str {
        policy.check_url(url).map_or_else(|error| error.code(), |_| "allowed")
    }

    #[test]
    fn a_url_of_a_certificate_leads_to_public_addresses_only() {
        let policy = AddressPolicy::public_only();
        for url in [
            "http://ocsp.example.org",
            "http://ocsp.example.org:8080/ca?x=y#z",
            "https://1.1.1.1/",
            "HTTP://OCSP.EXAMPLE.ORG/",
            "http://[2606:4700::1111]:2560/",
        ] {
            assert_eq!(code(&policy, url), "allowed", "{url}");
        }
        // The parser of URLs reads numbers as a resolver would: all of these are 127.0.0.1 or worse.
        for url in [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://0177.0.0.1/",
            "http://[::1]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://[2002:7f00:1::]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://10.0.0.1:8080/",
            "http://0.0.0.0/",
        ] {
            assert_eq!(code(&policy, url), "address_refused", "{url}");
        }
        let long = format!("http://ocsp.example.org/{}", "a".repeat(MAX_URL));
        for url in [
            "",
            "ocsp.example.org",
            "ldap://ldap.example.org/cn=x",
            "file:///etc/passwd",
            "ftp://ocsp.example.org/",
            "http://user@ocsp.example.org/",
            "http://:secret@ocsp.example.org/",
            "http://ocsp.example.org:22/",
            "http://ocsp.example.org:25/",
            "http:///",
            &long,
        ] {
            assert_eq!(code(&policy, url), "bad_url", "{url}");
        }
    }

    #[test]
    fn the_configuration_opens_exactly_what_it_names() {
        let policy = AddressPolicy::public_only().with_url("http://127.0.0.1:2560/ocsp").unwrap();
        assert_eq!(code(&policy, "http://127.0.0.1:2560/other"), "allowed");
        assert_eq!(code(&policy, "http://127.0.0.1:2561/"), "address_refused", "another port");
        assert_eq!(code(&policy, "https://127.0.0.1:2560/"), "address_refused", "another scheme");
        assert_eq!(code(&policy, "http://127.0.0.2:2560/"), "address_refused");

        let policy = AddressPolicy::public_only().with_host("OCSP.internal").unwrap();
        assert_eq!(code(&policy, "http://ocsp.internal:81/"), "allowed");
        assert!(policy.names_host("ocsp.internal") && !policy.names_host("internal"));

        let policy = AddressPolicy::public_only().with_network("10.1.0.0/16").unwrap();
        assert_eq!(code(&policy, "http://10.1.2.3/"), "allowed");
        assert_eq!(code(&policy, "http://[::ffff:10.1.2.3]/"), "allowed");
        assert_eq!(code(&policy, "http://10.2.2.3/"), "address_refused");

        let policy = AddressPolicy::public_only().with_private();
        for url in ["http://10.1.2.3/", "http://127.0.0.1/", "http://[fd12::1]/", "http://100.64.0.1/"] {
            assert_eq!(code(&policy, url), "allowed", "{url}");
        }
        for url in
            ["http://169.254.169.254/", "http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://224.0.0.1/"]
        {
            assert_eq!(code(&policy, url), "address_refused", "{url}");
        }
        let policy = policy.with_network("169.254.169.254").unwrap();
        assert_eq!(code(&policy, "http://169.254.169.254/"), "allowed");
    }

    #[test]
    fn a_mistake_in_the_configuration_is_named() {
        let policy = AddressPolicy::public_only;
        assert!(policy().with_network("10.0.0.0/33").unwrap_err().to_string().contains("10.0.0.0/33"));
        assert!(policy().with_host("a b").unwrap_err().to_string().contains("a b"));
        assert!(policy().with_url("ldap://x").unwrap_err().to_string().contains("only http"));
    }
}
