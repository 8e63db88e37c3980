//! What a client learns of its server.

use super::error::ClientError;
use crate::types::{CrlNumber, UnixTime};
use crate::wire::InfoPage;

/// What a server has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// Name and version of the server program.
    pub server: String,
    /// The generation in force.
    pub generation: u64,
    /// When that generation was built.
    pub built_at: UnixTime,
    /// Its authorities.
    pub authorities: Vec<InfoAuthority>,
    /// Number of authorities, which a page has only some of.
    pub(super) total: u32,
}

/// An authority, and how old its CRLs are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InfoAuthority {
    /// Its name as text (RFC 4514).
    pub name: String,
    /// SHA-256 of the SubjectPublicKeyInfo of its first key.
    pub spki_sha256: Option<[u8; 32]>,
    /// Number of its CRLs in hand.
    pub crls: u64,
    /// Number of certificates that they list.
    pub entries: u64,
    /// The oldest `thisUpdate` of its CRLs.
    pub this_update: Option<UnixTime>,
    /// The earliest `nextUpdate` of its CRLs.
    pub next_update: Option<UnixTime>,
    /// The highest CRL number.
    pub crl_number: Option<CrlNumber>,
}

impl Info {
    pub(super) fn read(page: &InfoPage<'_>) -> Result<Self, ClientError> {
        let mut authorities = Vec::new();
        for authority in page.authorities() {
            let authority = authority?;
            authorities.push(InfoAuthority {
                name: authority.name.to_owned(),
                spki_sha256: authority.spki_sha256,
                crls: authority.crls,
                entries: authority.entries,
                this_update: authority.this_update,
                next_update: authority.next_update,
                crl_number: authority.crl_number,
            });
        }
        Ok(Self {
            server: page.head.server.to_owned(),
            generation: page.head.generation,
            built_at: page.head.built_at,
            authorities,
            total: page.head.authorities,
        })
    }
}
