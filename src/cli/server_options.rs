//! Which server a command asks, and how it knows it.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;

use clap::Args;
use rustls::pki_types::CertificateDer;

use super::certificates;
use super::error::CliError;
use crate::client::{Client, ClientError, ClientSettings, ServerTrust};
use crate::types::from_hex;

/// The flags that name a server. A command that cannot do without says so by an `ArgGroup` over `server`.
#[derive(Debug, Args)]
pub(super) struct ServerOptions {
    /// Server to ask over QUIC
    #[arg(long, value_name = "HOST:PORT", value_parser = ServerAddress::parse)]
    server: Option<ServerAddress>,
    /// Certificates that the server's certificate must lead to (DER or PEM); it must be for HOST
    #[arg(long, value_name = "FILE", requires = "server", conflicts_with = "fingerprint")]
    server_ca: Option<PathBuf>,
    /// SHA-256 of the server's certificate, as `serve` prints it; HOST is not compared then
    #[arg(long, value_name = "HEX", requires = "server", value_parser = parse_fingerprint)]
    fingerprint: Option<Fingerprint>,
}

/// HOST:PORT as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ServerAddress {
    /// Without the brackets of an IPv6 address.
    host: String,
    port: u16,
}

impl ServerAddress {
    fn parse(text: &str) -> Result<Self, String> {
        const FORM: &str = "HOST:PORT is expected, such as 127.0.0.1:4433, [::1]:4433 or crl.example:4433";
        let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or(FORM)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // Without brackets nobody can tell the port from the last part of an IPv6 address.
        if host.is_empty() || bare.is_none() && host.contains(':') {
            return Err(FORM.to_owned());
        }
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }
}

/// An alias keeps clap from taking the array for a list of values.
type Fingerprint = [u8; 32];

fn parse_fingerprint(text: &str) -> Result<Fingerprint, String> {
    let octets = from_hex(text).map_err(|error| error.to_string())?;
    <[u8; 32]>::try_from(octets.as_slice())
        .map_err(|_| format!("{} octets where a SHA-256 has 32 (64 hexadecimal digits)", octets.len()))
}

/// A server that can be connected to.
#[derive(Debug, Clone)]
pub(super) struct Server {
    /// As many as its name has; never none.
    addresses: Vec<SocketAddr>,
    /// What its certificate must be for, with [`ServerTrust::Roots`].
    name: String,
    trust: ServerTrust,
    /// Where the roots are from.
    roots: Option<PathBuf>,
}

impl ServerOptions {
    /// The server that was named, with its addresses looked up; `None` without `--server`. This may wait for the
    /// system's name service.
    ///
    /// # Errors
    /// Usage, if nothing says how to know the server; data, for bad root certificates; unavailable, for a name
    /// without an address.
    pub(super) fn server(&self) -> Result<Option<Server>, CliError> {
        let Some(ServerAddress { host, port }) = &self.server else { return Ok(None) };
        let trust = match (&self.server_ca, self.fingerprint) {
            (Some(path), _) => {
                let roots = certificates::load(path)?;
                let owned = |der: &[u8]| CertificateDer::from(der.to_vec());
                ServerTrust::Roots(roots.iter().map(|root| owned(root.der())).collect())
            }
            (None, Some(fingerprint)) => ServerTrust::Fingerprint(fingerprint),
            (None, None) => {
                return Err(CliError::Usage(
                    "--server needs --fingerprint HEX (which `revocache serve` prints when it is ready) or \
                     --server-ca FILE"
                        .to_owned(),
                ));
            }
        };
        let unknown = |reason: String| CliError::Unavailable(format!("no address of {host}: {reason}"));
        let addresses: Vec<SocketAddr> =
            (host.as_str(), *port).to_socket_addrs().map_err(|error| unknown(error.to_string()))?.collect();
        if addresses.is_empty() {
            return Err(unknown("its name has none".to_owned()));
        }
        Ok(Some(Server { addresses, name: host.clone(), trust, roots: self.server_ca.clone() }))
    }
}

impl Server {
    /// Connects to the first address that answers, and tells which. Within a Tokio runtime only.
    ///
    /// # Errors
    /// Unavailable, naming the last address tried; data, for root certificates that cannot be used.
    pub(super) async fn connect(&self, settings: ClientSettings) -> Result<(Client, SocketAddr), CliError> {
        let settings = self.named(settings);
        let mut failed = None;
        for address in &self.addresses {
            match Client::connect(*address, self.trust.clone(), settings.clone()).await {
                Ok(client) => return Ok((client, *address)),
                Err(error) => failed = Some(error),
            }
        }
        Err(match (failed, &self.roots) {
            (Some(ClientError::Setup { reason }), Some(path)) => CliError::data(path, reason),
            (Some(error), _) => CliError::Unavailable(error.to_string()),
            (None, _) => CliError::Unavailable(format!("no address of {}", self.name)),
        })
    }

    /// Settings in which the server has its name.
    pub(super) fn named(&self, settings: ClientSettings) -> ClientSettings {
        ClientSettings { server_name: Some(self.name.clone()), ..settings }
    }

    /// How the server is known.
    pub(super) fn trust(&self) -> &ServerTrust {
        &self.trust
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_and_port_are_told_apart() {
        for (text, host, port) in [
            ("127.0.0.1:4433", "127.0.0.1", 4433),
            ("crl.example:1", "crl.example", 1),
            ("[::1]:65535", "::1", 65535),
        ] {
            assert_eq!(ServerAddress::parse(text), Ok(ServerAddress { host: host.to_owned(), port }));
        }
        for text in ["", "host", ":1", "host:", "host:0", "host:65536", "::1:4433", "[::1]", "[::1:5"] {
            assert!(ServerAddress::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_fingerprint_has_32_octets() {
        assert_eq!(parse_fingerprint(&"A5".repeat(32)), Ok([0xa5; 32]));
        assert_eq!(parse_fingerprint(&["a5"; 32].join(":")), Ok([0xa5; 32]));
        assert!(parse_fingerprint(&"a5".repeat(31)).is_err());
        assert!(parse_fingerprint("x").is_err());
    }
}
