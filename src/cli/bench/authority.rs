//! Whose certificates are asked about.

use super::name;
use crate::client::{Client, InfoAuthority};
use crate::pki::Certificate;
use crate::types::CertIdHash;
use crate::wire::AuthorityRef;

/// Whose certificates are asked about.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    named: Named,
    /// For people; `None` for nobody's.
    pub(super) text: Option<String>,
}

#[derive(Debug, Clone)]
enum Named {
    Certificate(Certificate),
    NameAndKey {
        /// DER.
        name: Vec<u8>,
        spki_sha256: [u8; 32],
    },
    /// An authority that no server has: hashes of nothing.
    Nobody,
}

impl Authority {
    pub(super) fn of_certificate(certificate: Certificate) -> Self {
        Self { text: Some(certificate.subject().to_string()), named: Named::Certificate(certificate) }
    }

    /// The first authority of the server that has revoked anything, or else the first, among those that can be asked
    /// for by what it says of them. Nobody, if there is none or the server does not tell.
    pub(super) async fn first_of(client: &Client) -> Self {
        let authorities = client.info().await.map(|info| info.authorities).unwrap_or_default();
        let usable = |authority: &InfoAuthority| {
            let (name, spki_sha256) = (name::from_text(&authority.name)?, authority.spki_sha256?);
            Some(Self { named: Named::NameAndKey { name, spki_sha256 }, text: Some(authority.name.clone()) })
        };
        let (filled, empty): (Vec<_>, Vec<_>) =
            authorities.iter().partition(|authority| authority.entries > 0);
        filled.into_iter().chain(empty).find_map(usable).unwrap_or(Self { named: Named::Nobody, text: None })
    }

    pub(super) fn as_ref(&self) -> AuthorityRef<'_> {
        match &self.named {
            Named::Certificate(certificate) => AuthorityRef::Certificate(certificate.der()),
            Named::NameAndKey { name, spki_sha256 } => {
                AuthorityRef::NameAndKey { name, spki_sha256: *spki_sha256 }
            }
            Named::Nobody => AuthorityRef::CertId(CertIdHash::Sha256 { name: [0; 32], key: [0; 32] }),
        }
    }
}
