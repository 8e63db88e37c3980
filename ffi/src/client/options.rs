//! How a server is reached, and how it is known.

use std::ffi::c_char;
use std::fs::{self, File};

use revocache::client::{ClientIdentity, ClientSettings, ServerTrust};
use revocache::pki::read_certificates;

use super::request::milliseconds;
use crate::boundary::{Structure, octets, path, text};
use crate::failure::{Failed, Failure};

/// In `flags`: questions are never sent as 0-RTT data. They then need a round trip more on a new connection, and whoever
/// sees them cannot send them to the server again.
pub const REVOCACHE_CLIENT_NO_EARLY_DATA: u32 = 1;

/// The octets of a fingerprint.
pub const REVOCACHE_FINGERPRINT_OCTETS: usize = 32;

/// The most connections of a client.
pub const REVOCACHE_MAX_CONNECTIONS: u32 = 64;

/// How a server is reached, and how it is known. Clear it, set `size` and either `ca_file` or `fingerprint`, then what
/// differs from the default. Nothing in it is kept behind the call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_client_options {
    /// sizeof(revocache_client_options).
    pub size: u32,
    /// Connections that are kept and used in turn, at most REVOCACHE_MAX_CONNECTIONS. 0: 1, which is enough for some
    /// hundred thousand questions a second.
    pub connections: u32,
    /// The longest that a call may take, in milliseconds. 0: 5,000.
    pub deadline_ms: u32,
    /// The longest that making a connection may take, in milliseconds. 0: 3,000.
    pub connect_timeout_ms: u32,
    /// Something is sent when a connection was silent for so many milliseconds, which keeps it open. 0: connections end
    /// when they are idle, and are made again.
    pub keep_alive_ms: u32,
    /// REVOCACHE_CLIENT_NO_EARLY_DATA or 0.
    pub flags: u32,
    /// A file of certificates (PEM or DER): the server's certificate must lead to one of them and be for its name.
    pub ca_file: *const c_char,
    /// Or SHA-256 of the server's certificate, REVOCACHE_FINGERPRINT_OCTETS octets; its name, dates and issuer do not
    /// matter then. `revocache serve` prints it when it is ready.
    pub fingerprint: *const u8,
    /// The name that the server's certificate must be for. NULL: the host it is reached by.
    pub server_name: *const c_char,
    /// A PEM file with the certificate to show to servers that ask for one, followed by those between it and its CA's.
    /// NULL: none is shown. It is read when the client connects first, and not again.
    pub certificate_file: *const c_char,
    /// A PEM file with its private key (PKCS#8, PKCS#1 or SEC1, not encrypted). NULL: it is in `certificate_file`.
    pub key_file: *const c_char,
}

// SAFETY: repr(C), begins with its size, six u32 and five pointers without padding on machines of 32 and 64 bits; any
// octets make a pointer, which is followed only where the caller promises what is behind it.
unsafe impl Structure for revocache_client_options {
    const NAME: &'static str = "revocache_client_options";
    // Up to `server_name`.
    const LEAST: usize = 24 + 3 * size_of::<usize>();

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

/// Where a server is.
pub(super) struct Place {
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
}

impl Place {
    /// Reads HOST:PORT.
    ///
    /// # Safety
    /// As [`text`].
    pub(super) unsafe fn read(server: *const c_char) -> Result<Self, Failed> {
        const WHAT: &str = "the server";
        // SAFETY: passed on.
        let given = unsafe { text(server, WHAT) }?;
        let wrong = || Failure::Setup {
            what: WHAT,
            reason: format!(
                "'{given}' is not HOST:PORT, such as 127.0.0.1:4433, [::1]:4433 or crl.example:4433"
            ),
        };
        let (host, port) = given.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        // Without brackets nobody can tell the port from the last part of an IPv6 address.
        if host.is_empty() || bare.is_none() && host.contains(':') {
            return Err(wrong().into());
        }
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }
}

impl revocache_client_options {
    /// # Safety
    /// Its strings end with NUL, and its fingerprint has its octets.
    pub(super) unsafe fn settings(&self, place: &Place) -> Result<ClientSettings, Failed> {
        let defaults = ClientSettings::default();
        let server_name = if self.server_name.is_null() {
            place.host.clone()
        } else {
            // SAFETY: passed on.
            unsafe { text(self.server_name, "server_name") }?.to_owned()
        };
        let connections = match self.connections {
            0 => defaults.connections,
            found if found <= REVOCACHE_MAX_CONNECTIONS => usize::try_from(found).unwrap_or(1),
            found => return Err(Failure::Value { what: "connections", found, allowed: "0 to 64" }.into()),
        };
        let early_data = match self.flags {
            0 => true,
            REVOCACHE_CLIENT_NO_EARLY_DATA => false,
            found => return Err(Failure::Value { what: "flags", found, allowed: "0 or 1" }.into()),
        };
        Ok(ClientSettings {
            server_name: Some(server_name),
            connections,
            deadline: milliseconds(self.deadline_ms).unwrap_or(defaults.deadline),
            connect_timeout: milliseconds(self.connect_timeout_ms).unwrap_or(defaults.connect_timeout),
            keep_alive: milliseconds(self.keep_alive_ms),
            early_data,
            // SAFETY: passed on.
            identity: unsafe { self.identity() }?,
            ..defaults
        })
    }

    /// # Safety
    /// As [`Self::settings`].
    unsafe fn identity(&self) -> Result<Option<ClientIdentity>, Failed> {
        if self.certificate_file.is_null() {
            if self.key_file.is_null() {
                return Ok(None);
            }
            let reason = "a key without certificate_file is of no use".to_owned();
            return Err(Failure::Setup { what: "key_file", reason }.into());
        }
        let read = |file: *const c_char, action: &'static str| {
            // SAFETY: passed on.
            let contents = fs::read(unsafe { path(file) }?);
            contents.map_err(|source| Failed::from(Failure::Io { action, source }))
        };
        let certificates = read(self.certificate_file, "read certificate_file")?;
        let identity = if self.key_file.is_null() {
            ClientIdentity::from_pem(&certificates, &certificates)
        } else {
            ClientIdentity::from_pem(&certificates, &read(self.key_file, "read key_file")?)
        };
        Ok(Some(identity?))
    }

    /// # Safety
    /// As [`Self::settings`].
    pub(super) unsafe fn trust(&self) -> Result<ServerTrust, Failed> {
        const EITHER: &str = "ca_file or fingerprint";
        match (self.ca_file.is_null(), self.fingerprint.is_null()) {
            (true, true) => Err(Failure::Null { what: EITHER }.into()),
            (false, false) => {
                let reason = "set one of the two, not both".to_owned();
                Err(Failure::Setup { what: EITHER, reason }.into())
            }
            (true, false) => {
                let (pointer, length) = (self.fingerprint, REVOCACHE_FINGERPRINT_OCTETS);
                // SAFETY: passed on.
                let given = unsafe { octets(pointer, length, length, "fingerprint") }?;
                let wrong = |_| Failure::Null { what: "fingerprint" };
                Ok(ServerTrust::Fingerprint(given.try_into().map_err(wrong)?))
            }
            (false, true) => {
                // SAFETY: passed on.
                let path = unsafe { path(self.ca_file) }?;
                let file =
                    File::open(path).map_err(|source| Failure::Io { action: "open ca_file", source })?;
                let unusable = |reason: String| Failure::Setup {
                    what: "ca_file",
                    reason: format!("{}: {reason}", path.display()),
                };
                let roots = read_certificates(file).map_err(|error| unusable(error.to_string()))?;
                if roots.is_empty() {
                    return Err(unusable("no certificate in this file".to_owned()).into());
                }
                Ok(ServerTrust::roots(roots.iter().map(|root| root.der().to_vec())))
            }
        }
    }
}
