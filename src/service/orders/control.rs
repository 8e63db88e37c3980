//! Whether somebody controls a domain: the random value is where only they can put it.
//!
//! | method | place of the random value |
//! |---|---|
//! | `http-token` | a line of `http://DOMAIN/.well-known/pki-validation/fileauth.txt` |
//! | `http-token-dynamic` | a line of `http://DOMAIN/.well-known/pki-validation/TOKEN.txt` |
//! | `dns-txt-token` | a TXT record of the domain, or of `_dnsauth` below it |
//! | `dns-cname-token` | a CNAME record of `TOKEN` below the domain, or of `_dnsauth` to `TOKEN` below the target |
//! | `email` | somebody's mailbox: nothing to look at |
//!
//! The names come from whoever orders. Files are fetched by an [`HttpClient`] whose address policy decides where names
//! may lead, and no answer may be long or take long.

use std::time::Duration;

use super::domain::{ControlMethod, Domain};
use crate::fetch::dns::{DnsClient, DnsError};
use crate::fetch::http::{Document, Get, Got, HttpClient, HttpError, Validators};
use crate::types::UnixTime;

/// The folder of files (RFC 8615).
const FOLDER: &str = "/.well-known/pki-validation";
/// The file that has a fixed name.
const FILE: &str = "fileauth.txt";
/// The label below a domain at which records may be.
const LABEL: &str = "_dnsauth";

/// How it is looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlSettings {
    /// The port of web servers. Default 80; another one is for tests.
    pub http_port: u16,
    /// How long one file may take, redirects included. Default 10 s.
    pub timeout: Duration,
    /// The most octets of a file. Default 4 KiB.
    pub max_octets: u64,
    /// The name that CNAME records lead to. Default `dcv.digicert.com`.
    pub cname_target: String,
}

/// Looks for random values.
#[derive(Debug, Clone)]
pub struct ControlCheck {
    http: HttpClient,
    dns: DnsClient,
    settings: ControlSettings,
}

/// Why control is not shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotShown {
    /// The method is email, which is answered elsewhere.
    #[error("control over {domain} is shown by an answer to an email; nothing can be looked at")]
    ByEmail {
        /// The domain.
        domain: String,
    },
    /// There is no random value to look for.
    #[error("{domain} has no random value")]
    NoToken {
        /// The domain.
        domain: String,
    },
    /// The random value is too old.
    #[error("the random value of {domain} could be used until {ended}")]
    TokenEnded {
        /// The domain.
        domain: String,
        /// The first second at which it could not.
        ended: UnixTime,
    },
    /// The file could not be fetched. The message says no more than one word of why, for it goes to whoever ordered.
    #[error("{} cannot be fetched ({})", .0.url(), .0.code())]
    Http(HttpError),
    /// There is a file, without the random value.
    #[error("{url} has no line that is the random value")]
    NotInFile {
        /// The file.
        url: String,
    },
    /// DNS could not be asked.
    #[error("{0}")]
    Dns(DnsError),
    /// The records are not there.
    #[error("no {kind} record of {domain} or {LABEL}.{domain} has the random value")]
    NotInDns {
        /// The domain.
        domain: String,
        /// What kind of record.
        kind: &'static str,
    },
}

impl Default for ControlSettings {
    fn default() -> Self {
        Self {
            http_port: 80,
            timeout: Duration::from_secs(10),
            max_octets: 4096,
            cname_target: "dcv.digicert.com".to_owned(),
        }
    }
}

impl ControlCheck {
    /// Looks through these clients. The address policy of `http` should admit public addresses only.
    #[must_use]
    pub const fn new(http: HttpClient, dns: DnsClient, settings: ControlSettings) -> Self {
        Self { http, dns, settings }
    }

    /// Whether the random value of a domain is where its method says, at this time.
    ///
    /// # Errors
    /// [`NotShown`].
    pub async fn look(&self, domain: &Domain, at: UnixTime) -> Result<(), NotShown> {
        let name = || domain.name.clone();
        if !domain.method.needs_token() {
            return Err(NotShown::ByEmail { domain: name() });
        }
        let token = domain.token.as_deref().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| NotShown::NoToken { domain: name() })?;
        if let Some(ended) = domain.token_expires.filter(|end| *end <= at) {
            return Err(NotShown::TokenEnded { domain: name(), ended });
        }
        match domain.method {
            ControlMethod::Email => Err(NotShown::ByEmail { domain: name() }),
            ControlMethod::HttpToken => self.in_file(&domain.name, FILE, token).await,
            ControlMethod::HttpTokenDynamic => {
                self.in_file(&domain.name, &format!("{token}.txt"), token).await
            }
            ControlMethod::DnsTxtToken => self.in_texts(&domain.name, token).await,
            ControlMethod::DnsCnameToken => self.in_aliases(&domain.name, token).await,
        }
    }

    async fn in_file(&self, domain: &str, file: &str, token: &str) -> Result<(), NotShown> {
        let port = match self.settings.http_port {
            80 => String::new(),
            port => format!(":{port}"),
        };
        let url = format!("http://{domain}{port}{FOLDER}/{file}");
        let get = Get {
            url: &url,
            accept: "text/plain, */*;q=0.5",
            known: &Validators::default(),
            secret: None,
            max_octets: self.settings.max_octets,
            limit: self.settings.timeout,
        };
        let Got::Document(Document { body, .. }) = self.http.get(&get).await.map_err(NotShown::Http)? else {
            return Err(NotShown::NotInFile { url });
        };
        let is_it = |line: &[u8]| line.trim_ascii() == token.as_bytes();
        if body.split(|octet| *octet == b'\n').any(is_it) { Ok(()) } else { Err(NotShown::NotInFile { url }) }
    }

    async fn in_texts(&self, domain: &str, token: &str) -> Result<(), NotShown> {
        let places = [domain.to_owned(), format!("{LABEL}.{domain}")];
        let wanted = |text: &Vec<u8>| text.trim_ascii() == token.as_bytes();
        let mut failed = None;
        for place in places {
            match self.dns.texts(&place).await {
                Ok(texts) if texts.iter().any(wanted) => return Ok(()),
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.map_or(NotShown::NotInDns { domain: domain.to_owned(), kind: "TXT" }, NotShown::Dns))
    }

    async fn in_aliases(&self, domain: &str, token: &str) -> Result<(), NotShown> {
        let target = self.settings.cname_target.trim_end_matches('.').to_ascii_lowercase();
        let token = token.to_ascii_lowercase();
        let places = [
            (format!("{token}.{domain}"), target.clone()),
            (format!("{LABEL}.{domain}"), format!("{token}.{target}")),
        ];
        let mut failed = None;
        for (place, target) in places {
            match self.dns.aliases(&place).await {
                Ok(aliases) if aliases.contains(&target) => return Ok(()),
                Ok(_) => {}
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.map_or(NotShown::NotInDns { domain: domain.to_owned(), kind: "CNAME" }, NotShown::Dns))
    }
}
