//! Finding the authority that a question is about.
//!
//! A name alone is not an authority: two CAs of one name and different keys are two. A certificate tells more than
//! its issuer's name, first by its authority key identifier and in the end by its signature.

use crate::index::{Authority, AuthorityId, Index};
use crate::pki::Certificate;
#[cfg(feature = "signatures")]
use crate::pki::{AlgorithmPolicy, PublicKey};

/// The authority whose certificate `issuer` is: the one of its name and with its key; `None` if the index has none.
#[must_use]
pub fn resolve_issuer<B: AsRef<[u8]>>(index: &Index<B>, issuer: &Certificate) -> Option<AuthorityId> {
    let name = issuer.subject().key().octets();
    index
        .authorities_with_key(issuer.public_key().spki_sha256())
        .find(|authority| authority.name_octets() == name)
        .map(|authority| authority.id())
}

/// The authority that issued `certificate`; `None` if the index does not have it.
///
/// Candidates have the issuer's name. Where the certificate has an authority key identifier and one candidate alone
/// knows a key of that identifier, it is that one. Where this cannot tell, the signature does: an authority that did
/// not sign the certificate is not its issuer, even if it is the only one of the name.
#[must_use]
pub fn resolve_certificate<B: AsRef<[u8]>>(
    index: &Index<B>,
    certificate: &Certificate,
) -> Option<AuthorityId> {
    let named = || index.authorities_named(certificate.issuer().key());
    let identifier = certificate.authority_key_id().and_then(|id| id.key_id.as_deref());
    let by_identifier = identifier.and_then(|wanted| {
        let mut holders = named().filter(|authority| has_key_id(authority, wanted));
        // An identifier that two authorities share decides nothing.
        holders.next().filter(|_| holders.next().is_none())
    });
    let by_signature = || named().find(|authority| signed(authority, certificate));
    by_identifier.or_else(by_signature).map(|authority| authority.id())
}

fn has_key_id(authority: &Authority<'_>, wanted: &[u8]) -> bool {
    authority.keys().any(|key| key.key_ids().any(|id| id == wanted))
}

#[cfg(feature = "signatures")]
fn signed(authority: &Authority<'_>, certificate: &Certificate) -> bool {
    // This tells issuers apart and vouches for nothing, so an old certificate's SHA-1 is good enough.
    let mut keys = authority.keys().filter_map(|key| PublicKey::from_spki(key.spki).ok());
    keys.any(|key| certificate.verify_signed_by(&key, &AlgorithmPolicy::ALLOW_SHA1).is_ok())
}

/// Without signatures nobody is known to have signed it, and the authority stays unknown.
#[cfg(not(feature = "signatures"))]
fn signed(_: &Authority<'_>, _: &Certificate) -> bool {
    false
}
