//! The fetcher of the real network.

use super::fetcher::{CrlFetcher, CrlQuery, FetchFailure, FetchFuture, Fetched, Provenance};
use super::spec::{Place, Remote, SourceSpec};
use super::spool::SpoolWriter;
use crate::fetch::http::{
    self, AddressPolicy, DownloadLimits, HttpClient, HttpError, HttpSettings, HttpSetupError,
};

/// How the network is used.
#[derive(Debug, Clone, Default)]
pub struct NetworkSettings {
    /// HTTP, with the address policy for URLs that strangers named. Configured URLs are allowed beside it.
    pub http: HttpSettings,
    /// What one download may cost, over any protocol.
    pub limits: DownloadLimits,
}

/// Fetches over HTTP, and over LDAP where that is compiled in.
///
/// There are two clients: URLs that the operator configured may lead to private addresses, and a stranger who names
/// one of the same host must not profit from that.
#[derive(Debug)]
pub struct NetworkFetcher {
    operator: HttpClient,
    stranger: HttpClient,
    limits: DownloadLimits,
    #[cfg(feature = "ldap")]
    addresses: AddressPolicy,
    #[cfg(feature = "ldap")]
    connect_timeout: std::time::Duration,
}

impl NetworkFetcher {
    /// A fetcher for these sources.
    ///
    /// # Errors
    /// [`HttpSetupError`] if the HTTP client cannot be made.
    pub fn new(settings: &NetworkSettings, sources: &[SourceSpec]) -> Result<Self, HttpSetupError> {
        let stranger = HttpClient::new(&settings.http)?;
        let addresses = vouch_for(settings.http.addresses.clone(), sources);
        let operator = HttpClient::new(&HttpSettings { addresses, ..settings.http.clone() })?;
        Ok(Self {
            operator,
            stranger,
            limits: settings.limits,
            #[cfg(feature = "ldap")]
            addresses: settings.http.addresses.clone(),
            #[cfg(feature = "ldap")]
            connect_timeout: settings.http.connect_timeout,
        })
    }

    async fn over_http(&self, query: CrlQuery<'_>, spool: &mut SpoolWriter) -> Result<Fetched, FetchFailure> {
        let client = match query.provenance {
            Provenance::Operator => &self.operator,
            Provenance::Stranger => &self.stranger,
        };
        let url = query.remote.as_str();
        let answer = client.download_from(url, query.validators, &self.limits, query.caches).await?;
        let mut download = match answer {
            http::Fetched::NotModified => return Ok(Fetched::NotModified),
            http::Fetched::Document(download) => download,
        };
        while let Some(octets) = download.next().await? {
            let written = spool.write(&octets).await;
            written.map_err(|error| {
                FetchFailure::new("spool_failed", format!("cannot write the spool: {error}"))
            })?;
        }
        Ok(Fetched::Body { validators: download.validators().clone() })
    }
}

impl CrlFetcher for NetworkFetcher {
    fn fetch<'a>(&'a self, query: CrlQuery<'a>, spool: &'a mut SpoolWriter) -> FetchFuture<'a> {
        match query.remote {
            Remote::Http(_) => Box::pin(self.over_http(query, spool)),
            #[cfg(feature = "ldap")]
            Remote::Ldap(url) => Box::pin(super::directory::fetch(
                url,
                query.provenance,
                &self.addresses,
                &self.limits,
                self.connect_timeout,
                spool,
            )),
            #[cfg(not(feature = "ldap"))]
            Remote::Ldap(_) => Box::pin(async {
                let message = "this program was built without LDAP (cargo feature `ldap`)";
                Err(FetchFailure::new("ldap_unsupported", message))
            }),
        }
    }
}

impl From<HttpError> for FetchFailure {
    fn from(error: HttpError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// Allows the origins of configured URLs, whatever their addresses are.
fn vouch_for(policy: AddressPolicy, sources: &[SourceSpec]) -> AddressPolicy {
    let mirrors = sources.iter().filter_map(|source| match &source.place {
        Place::Mirrors(mirrors) if Provenance::from(source.origin) == Provenance::Operator => Some(mirrors),
        _ => None,
    });
    mirrors.flatten().fold(policy, |policy, remote| match remote {
        // It was parsed as a URL of HTTP already, so this cannot fail; if it did, it would not be vouched for.
        Remote::Http(url) => policy.clone().with_url(url.as_str()).unwrap_or(policy),
        Remote::Ldap(_) => policy,
    })
}
