//! Lists in directories.

use std::time::Duration;

use url::Url;

use super::fetcher::{FetchFailure, Fetched, Provenance};
use super::spool::SpoolWriter;
use crate::fetch::http::{AddressPolicy, DownloadLimits, Validators};
use crate::fetch::ldap::{LdapAddresses, LdapError, search};

/// Fetches what the URL names. Directories have no validators; the digest of the body tells whether it is new.
pub(super) async fn fetch(
    url: &Url,
    provenance: Provenance,
    addresses: &AddressPolicy,
    limits: &DownloadLimits,
    connect_timeout: Duration,
    spool: &mut SpoolWriter,
) -> Result<Fetched, FetchFailure> {
    let addresses = match provenance {
        Provenance::Operator => LdapAddresses::Vouched,
        Provenance::Stranger => LdapAddresses::Checked(addresses),
    };
    let values = search(url, addresses, limits, connect_timeout).await?;
    let failed =
        |error: std::io::Error| FetchFailure::new("spool_failed", format!("cannot write the spool: {error}"));
    match values.as_slice() {
        [value] => spool.write(value).await.map_err(failed)?,
        // Several lists fit into one file only as PEM.
        values => {
            for value in values {
                spool.write(armoured(value).as_bytes()).await.map_err(failed)?;
            }
        }
    }
    Ok(Fetched::Body { validators: Validators::default() })
}

fn armoured(value: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(value);
    let mut pem = "-----BEGIN X509 CRL-----\n".to_owned();
    for (position, character) in text.chars().enumerate() {
        if position > 0 && position.is_multiple_of(64) {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END X509 CRL-----\n");
    pem
}

impl From<LdapError> for FetchFailure {
    fn from(error: LdapError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
