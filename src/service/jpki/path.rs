//! From a certificate to an anchor (RFC 5280 section 6.1, as far as these hierarchies use it).
//!
//! The libraries for paths at hand are made for TLS servers: rustls-webpki refuses the critical certificatePolicies that
//! every certificate of this kind has, as it does every critical extension it has no use for. So the path is checked
//! here, by the rules below and with the signatures of [`pki`](crate::pki), and whatever is not understood is refused:
//!
//! * names chain, and each signature verifies under the key of the certificate above (6.1.3 (a) 1 and 4),
//! * intermediates are in their validity (6.1.3 (a) 2), are CAs, may sign certificates, and keep to their
//!   pathLenConstraint (6.1.4 (k) to (n)),
//! * a critical extension that is not understood refuses the certificate it is in (6.1.4 (o), 6.1.5 (f)); name constraints
//!   and policy constraints are such. Policies themselves are matched by the profile,
//! * the certificate of the holder may sign messages, where it has a keyUsage.

use crate::pki::{AlgorithmPolicy, Certificate};
use crate::types::UnixTime;

/// Intermediates in one path. Hierarchies in use have none.
const MAX_DEPTH: usize = 4;
/// Signatures verified for one path, so that many certificates of one name cannot make a question expensive.
const MAX_SIGNATURES: usize = 32;

/// Why there is no path to an anchor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// Neither an anchor nor an intermediate has the name of an issuer on the way.
    #[error("no certificate of '{issuer}' is at hand")]
    NoIssuer {
        /// The name that is missing.
        issuer: String,
    },
    /// Certificates of the name are there, and none of their keys made the signature.
    #[error("its signature does not verify under a key of '{issuer}'")]
    BadSignature {
        /// The name of the issuer.
        issuer: String,
    },
    /// A certificate of the name made the signature and may not have.
    #[error("the certificate of '{issuer}' may not issue it: {reason}")]
    MayNotIssue {
        /// The name of the issuer.
        issuer: String,
        /// Why not.
        reason: &'static str,
    },
    /// A critical extension is not understood.
    #[error("its critical extension {oid} is not supported")]
    CriticalExtension {
        /// The extension in dotted decimal.
        oid: String,
    },
    /// Its keyUsage does not allow signatures of messages.
    #[error("its keyUsage does not allow digital signatures")]
    NotForSignatures,
    /// The path is longer, or has more branches, than is followed.
    #[error("more than {MAX_DEPTH} intermediates or {MAX_SIGNATURES} signatures would have to be verified")]
    TooLong,
}

/// The certificate of the issuer, if a path leads from it to an anchor.
pub(super) fn find_issuer(
    certificate: &Certificate,
    anchors: &[Certificate],
    intermediates: &[Certificate],
    at: UnixTime,
) -> Result<Certificate, PathError> {
    understood(certificate)?;
    if !certificate.may_sign_messages() {
        return Err(PathError::NotForSignatures);
    }
    let mut search = Search { anchors, intermediates, at, signatures: 0 };
    search.issuer_of(certificate, 0).cloned()
}

struct Search<'a> {
    anchors: &'a [Certificate],
    intermediates: &'a [Certificate],
    at: UnixTime,
    signatures: usize,
}

impl<'a> Search<'a> {
    /// The issuer of a certificate that has `below` CAs below it.
    fn issuer_of(&mut self, certificate: &Certificate, below: usize) -> Result<&'a Certificate, PathError> {
        let name = certificate.issuer();
        let issuer = || name.text().to_owned();
        let mut reason = PathError::NoIssuer { issuer: issuer() };
        for anchor in self.anchors.iter().filter(|anchor| anchor.subject() == name) {
            match self.signed(certificate, anchor)? {
                true => return Ok(anchor),
                false => reason = PathError::BadSignature { issuer: issuer() },
            }
        }
        if below > MAX_DEPTH {
            return Err(PathError::TooLong);
        }
        for intermediate in self.intermediates.iter().filter(|intermediate| intermediate.subject() == name) {
            if !self.signed(certificate, intermediate)? {
                reason = PathError::BadSignature { issuer: issuer() };
                continue;
            }
            let refused = self.may_issue(intermediate, below).map_or_else(
                || self.issuer_of(intermediate, below + 1).err(),
                |reason| Some(PathError::MayNotIssue { issuer: issuer(), reason }),
            );
            match refused {
                None => return Ok(intermediate),
                Some(PathError::TooLong) => return Err(PathError::TooLong),
                Some(refused) => reason = refused,
            }
        }
        Err(reason)
    }

    fn signed(&mut self, certificate: &Certificate, issuer: &Certificate) -> Result<bool, PathError> {
        self.signatures += 1;
        if self.signatures > MAX_SIGNATURES {
            return Err(PathError::TooLong);
        }
        Ok(certificate.verify_signed_by(issuer.public_key(), &AlgorithmPolicy::default()).is_ok())
    }

    /// Why an intermediate may not issue a certificate with `below` CAs below it.
    fn may_issue(&self, intermediate: &Certificate, below: usize) -> Option<&'static str> {
        let allowed = intermediate.basic_constraints().and_then(|constraints| constraints.path_length);
        if !(intermediate.not_before()..=intermediate.not_after()).contains(&self.at) {
            Some("it is not in its validity")
        } else if !intermediate.may_sign_certificates() {
            Some("it is not one of a CA that may sign certificates")
        } else if allowed.is_some_and(|allowed| usize::try_from(allowed).is_ok_and(|allowed| below > allowed))
        {
            Some("its pathLenConstraint does not allow so many CAs below it")
        } else if intermediate.unsupported_critical_extension().is_some() {
            Some("it has a critical extension that is not supported")
        } else {
            None
        }
    }
}

fn understood(certificate: &Certificate) -> Result<(), PathError> {
    match certificate.unsupported_critical_extension() {
        Some(oid) => Err(PathError::CriticalExtension { oid: oid.to_owned() }),
        None => Ok(()),
    }
}
