//! Who a serial number belongs to: certificates grouped into authorities.
//!
//! A name alone does not tell: anybody may call a CA like another one. A key alone does not tell either: a CA rolls
//! its key over, or lets a separate key sign its CRLs, and stays the same CA. An [`Authority`] is a name together
//! with the keys that may speak for it, and two keys of one name are the same authority only if
//!
//! * one certified the other: a self-issued certificate for the one verifies with the other (RFC 5280 section 3.2),
//! * or both are certified by the same authority, which would not give one name to two,
//! * or neither's issuer is at hand, and their certificates agree on the issuer's name and key identifier.
//!
//! Everything else stays apart. Being apart costs an answer of "unknown" at worst; being together wrongly would let
//! one CA speak for another's certificates.

mod groups;
mod parents;

use std::collections::HashMap;

use super::certificate::Certificate;
use super::name::Name;
use super::public_key::PublicKey;
use super::signature::AlgorithmPolicy;
use crate::types::CertificateKind;
use groups::Groups;
use parents::Units;

/// Why a certificate is taken for an authority's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// The operator gave it. Without any anchor that is trust enough; with anchors it has to chain to one.
    Given,
    /// The operator gave it as a trust anchor, which needs no signature.
    Anchor,
}

/// A certificate that may be of an authority.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// The certificate.
    pub certificate: Certificate,
    /// Why it is considered.
    pub standing: Standing,
}

/// Why a certificate is not of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// It is no CA's and does not assert cRLSign.
    NotACrlIssuer,
    /// Anchors were given and it does not chain to one.
    NotTrusted,
}

impl Rejection {
    /// The reason as one word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::NotACrlIssuer => "not_a_crl_issuer",
            Self::NotTrusted => "not_trusted",
        }
    }
}

/// One key of an authority, with every certificate that gives it the authority's name.
#[derive(Debug, Clone)]
pub struct AuthorityKey {
    /// The key.
    pub key: PublicKey,
    /// The certificates; several where a CA is cross-certified.
    pub certificates: Vec<Certificate>,
    /// Whether one of them allows signing CRLs (RFC 5280 section 6.3.3 step f).
    pub may_sign_crls: bool,
}

/// A name and the keys that may speak for it.
#[derive(Debug, Clone)]
pub struct Authority {
    /// The name.
    pub name: Name,
    /// The keys, in the order their certificates were given.
    pub keys: Vec<AuthorityKey>,
}

/// Certificates grouped into authorities.
#[derive(Debug, Clone, Default)]
pub struct Authorities {
    /// The authorities, in the order their first certificates were given.
    pub authorities: Vec<Authority>,
    /// The certificates that are in none: their place in the input, and why.
    pub rejected: Vec<(usize, Rejection)>,
}

/// Whether a certificate is one of a CA or of a separate signer of CRLs: basicConstraints cA, or keyUsage cRLSign, or
/// self-issued and older than extensions.
#[must_use]
pub fn is_crl_issuer(certificate: &Certificate) -> bool {
    certificate.kind() == CertificateKind::Ca || certificate.asserts_crl_sign() || certificate.is_old_root()
}

/// Groups certificates into authorities.
///
/// Signatures between the certificates are verified under `policy`, each certificate against a bounded number of
/// keys. Validity dates play no part: a CRL outlives the certificates of its issuer.
#[must_use]
pub fn group_authorities(candidates: &[Candidate], policy: &AlgorithmPolicy) -> Authorities {
    let mut result = Authorities::default();
    let mut issuers = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        if is_crl_issuer(&candidate.certificate) {
            issuers.push(index);
        } else {
            result.rejected.push((index, Rejection::NotACrlIssuer));
        }
    }
    let chosen: Vec<&Candidate> = issuers.iter().filter_map(|index| candidates.get(*index)).collect();
    let units = Units::new(&chosen, policy);
    let trusted = units.chain_to_anchors(&chosen);
    for (index, trusted) in issuers.iter().zip(&trusted) {
        if !trusted {
            result.rejected.push((*index, Rejection::NotTrusted));
        }
    }
    result.rejected.sort_unstable_by_key(|(index, _)| *index);
    let groups = Groups::new(&units, &chosen, &trusted);
    result.authorities = collect(&units, groups, &chosen, &trusted);
    result
}

/// Tells for each candidate whether it is an anchor or chains to one by signatures of CAs that may sign certificates;
/// all do if there is no anchor. Only certificates of CRL issuers are considered as links of a chain.
#[must_use]
pub fn chains_to_anchor(candidates: &[Candidate], policy: &AlgorithmPolicy) -> Vec<bool> {
    let all: Vec<&Candidate> = candidates.iter().collect();
    Units::new(&all, policy).chain_to_anchors(&all)
}

/// Puts the certificates of each group together.
fn collect(units: &Units, mut groups: Groups, chosen: &[&Candidate], trusted: &[bool]) -> Vec<Authority> {
    let mut authorities: Vec<Authority> = Vec::new();
    let mut of_group: HashMap<usize, usize> = HashMap::new();
    let mut of_unit: HashMap<usize, (usize, usize)> = HashMap::new();
    let kept = chosen.iter().zip(trusted).enumerate().filter(|(_, (_, trusted))| **trusted);
    for (index, (candidate, _)) in kept {
        let certificate = &candidate.certificate;
        let unit = units.of_certificate(index);
        let group = *of_group.entry(groups.root(unit)).or_insert_with(|| {
            authorities.push(Authority { name: certificate.subject().clone(), keys: Vec::new() });
            authorities.len() - 1
        });
        let Some(authority) = authorities.get_mut(group) else { continue };
        let (_, key) = *of_unit.entry(unit).or_insert_with(|| {
            let key = certificate.public_key().clone();
            authority.keys.push(AuthorityKey { key, certificates: Vec::new(), may_sign_crls: false });
            (group, authority.keys.len() - 1)
        });
        if let Some(key) = authority.keys.get_mut(key)
            && !key.certificates.contains(certificate)
        {
            key.may_sign_crls |= certificate.may_sign_crls();
            key.certificates.push(certificate.clone());
        }
    }
    authorities
}
