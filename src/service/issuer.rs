//! Finding the issuer's certificate, whose name and key an OCSP question is made of.

use super::named::AuthorityName;
use super::question::Question;
use crate::index::{AuthorityId, Index};
use crate::pki::{AlgorithmPolicy, Certificate};
use crate::types::CertIdHash;

/// The issuer's certificate: the one that came with the question, or else one that the index has for the authority.
pub(super) fn issuer_certificate<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: Option<AuthorityId>,
    question: &Question,
) -> Option<Certificate> {
    match question {
        Question::Serial { issuer, .. } | Question::Certificate { issuer: Some(issuer), .. } => {
            Some(issuer.clone())
        }
        Question::Certificate { certificate, issuer: None } => {
            let mut candidates = certificates(index, authority?);
            // One alone needs no proof: were it the wrong one, the responder's answer would not fit the question.
            let first = candidates.next()?;
            let signed = |candidate: &Certificate| {
                candidate.subject() == certificate.issuer()
                    && certificate
                        .verify_signed_by(candidate.public_key(), &AlgorithmPolicy::ALLOW_SHA1)
                        .is_ok()
            };
            let mut others = candidates.peekable();
            if others.peek().is_none() || signed(&first) { Some(first) } else { others.find(signed) }
        }
        Question::CertId(id) => by_hashes(index, authority?, &id.issuer),
        Question::Named { authority: named, .. } => match named.name() {
            AuthorityName::Certificate(certificate) => Some(certificate.clone()),
            AuthorityName::CertId(hashes) => by_hashes(index, authority?, hashes),
            AuthorityName::NameAndKey { spki_sha256, .. } => certificates(index, authority?)
                .find(|candidate| candidate.public_key().spki_sha256() == spki_sha256),
        },
    }
}

fn by_hashes<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: AuthorityId,
    hashes: &CertIdHash,
) -> Option<Certificate> {
    certificates(index, authority).find(|candidate| match hashes {
        CertIdHash::Sha1 { .. } => CertIdHash::sha1(candidate) == *hashes,
        CertIdHash::Sha256 { .. } => CertIdHash::sha256(candidate) == *hashes,
    })
}

/// The certificates of an authority that issue certificates, not those of its separate CRL signers.
fn certificates<B: AsRef<[u8]>>(
    index: &Index<B>,
    authority: AuthorityId,
) -> impl Iterator<Item = Certificate> {
    index
        .authority(authority)
        .into_iter()
        .flat_map(|authority| authority.keys())
        .flat_map(|key| key.certificates())
        .filter_map(|der| Certificate::from_der(der).ok())
        .filter(Certificate::may_sign_certificates)
}
