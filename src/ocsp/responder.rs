//! Who signed a response, and whether the issuer lets them (RFC 6960 sections 3.2 and 4.2.2).
//!
//! Two may answer for a certificate: its issuer, with the key that issued it, and a delegate whose certificate that
//! same key signed for the purpose. Certificates in the response are outside the signature and prove nothing by
//! being there; each is a candidate until the issuer's signature makes it more.

use std::fmt;

use super::error::OcspError;
use super::response::BasicResponse;
use super::verify::{DelegateStatus, ResponsePolicy};
use crate::pki::der::{DerError, Element, tag};
use crate::pki::{
    AlgorithmId, Certificate, CertificateError, Name, PublicKey, SignatureError, verify_message,
};
use crate::types::{UnixTime, to_hex};

/// ResponderID (RFC 6960 section 4.2.1): a claim about who signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResponderId<'a> {
    /// By the subject of its certificate.
    ByName(Name),
    /// By SHA-1 of its key.
    ByKey(&'a [u8; 20]),
}

impl<'a> ResponderId<'a> {
    /// Reads `[1] EXPLICIT Name` or `[2] EXPLICIT KeyHash`.
    pub(super) fn read(element: Element<'a>) -> Result<Self, DerError> {
        const BY_NAME: u8 = tag::constructed(1);
        const BY_KEY: u8 = tag::constructed(2);
        let mut inner = element.reader();
        let id = match element.tag {
            BY_NAME => Self::ByName(Name::from_element(inner.read(tag::SEQUENCE)?)?),
            BY_KEY => {
                let hash = inner.read(tag::OCTET_STRING)?;
                Self::ByKey(hash.content.try_into().map_err(|_| hash.broken("a key hash has 20 octets"))?)
            }
            _ => return Err(element.broken("a responder is named by its name [1] or its key [2]")),
        };
        inner.finish()?;
        Ok(id)
    }

    /// Whether this certificate is of the responder named.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        match self {
            Self::ByName(name) => name == certificate.subject(),
            Self::ByKey(hash) => *hash == certificate.public_key().key_sha1(),
        }
    }
}

impl fmt::Display for ResponderId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByName(name) => name.fmt(f),
            Self::ByKey(hash) => write!(f, "the key with SHA-1 {}", to_hex(*hash)),
        }
    }
}

/// Demands that the issuer, or a delegate of it, signed the response.
pub(super) fn check_signer(
    response: &BasicResponse<'_>,
    issuer: &Certificate,
    at: UnixTime,
    policy: &ResponsePolicy,
    delegate: &dyn Fn(&Certificate) -> DelegateStatus,
) -> Result<(), OcspError> {
    let mut refusal = None;
    if response.responder.names(issuer) {
        match check_signature(response, issuer.public_key(), policy) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = Some(error),
        }
    }
    // A delegate may have the name of its issuer, so a signature that is not the issuer's may still be a delegate's.
    let mut unreadable: Option<CertificateError> = None;
    for der in &response.certificates {
        let candidate = match Certificate::from_der(der) {
            Ok(candidate) if response.responder.names(&candidate) => candidate,
            Ok(_) => continue,
            Err(error) => {
                unreadable = Some(error);
                continue;
            }
        };
        // The issuer's own certificate, which some responders send along, was judged above.
        if candidate.public_key() == issuer.public_key() {
            continue;
        }
        match check_delegate(response, &candidate, issuer, at, policy, delegate) {
            Ok(()) => return Ok(()),
            Err(error) => refusal = Some(error),
        }
    }
    Err(refusal.unwrap_or_else(|| match unreadable {
        Some(error) => OcspError::DelegateMalformed(error),
        None => OcspError::SignerNotFound { responder: response.responder.to_string() },
    }))
}

/// Demands that the issuer made this certificate for signing responses, that it is valid, and that its key signed.
fn check_delegate(
    response: &BasicResponse<'_>,
    candidate: &Certificate,
    issuer: &Certificate,
    at: UnixTime,
    policy: &ResponsePolicy,
    delegate: &dyn Fn(&Certificate) -> DelegateStatus,
) -> Result<(), OcspError> {
    let responder = || candidate.subject().to_string();
    if candidate.issuer() != issuer.subject() {
        return Err(OcspError::DelegateNotIssued {
            responder: responder(),
            issuer: candidate.issuer().to_string(),
        });
    }
    if !candidate.asserts_ocsp_signing() {
        return Err(OcspError::DelegateWithoutOcspSigning { responder: responder() });
    }
    if !candidate.may_sign_messages() {
        return Err(OcspError::DelegateWithoutDigitalSignature { responder: responder() });
    }
    if let Some(oid) = candidate.unsupported_critical_extension() {
        return Err(OcspError::DelegateUnsupportedCriticalExtension {
            responder: responder(),
            oid: oid.to_owned(),
        });
    }
    if candidate.not_before() > at.plus(policy.skew) {
        return Err(OcspError::DelegateNotYetValid {
            responder: responder(),
            not_before: candidate.not_before(),
        });
    }
    if candidate.not_after().plus(policy.skew) < at {
        return Err(OcspError::DelegateExpired { responder: responder(), not_after: candidate.not_after() });
    }
    candidate
        .verify_signed_by(issuer.public_key(), &policy.algorithms)
        .map_err(|source| OcspError::DelegateBadSignature { responder: responder(), source })?;
    check_signature(response, candidate.public_key(), policy)?;
    // Last, because looking it up may cost more than everything before.
    if !candidate.has_ocsp_nocheck() && delegate(candidate) == DelegateStatus::Revoked {
        return Err(OcspError::DelegateRevoked {
            responder: responder(),
            serial: candidate.serial().clone(),
        });
    }
    Ok(())
}

fn check_signature(
    response: &BasicResponse<'_>,
    key: &PublicKey,
    policy: &ResponsePolicy,
) -> Result<(), OcspError> {
    let result = match &response.signature_algorithm {
        AlgorithmId::Known(algorithm) => {
            verify_message(*algorithm, key, response.signed, response.signature, &policy.algorithms)
        }
        AlgorithmId::Unsupported(algorithm) => {
            Err(SignatureError::UnsupportedAlgorithm { algorithm: algorithm.clone() })
        }
    };
    result.map_err(OcspError::Signature)
}
