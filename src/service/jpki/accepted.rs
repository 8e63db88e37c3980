//! Whose certificates are accepted, and reading one.

use super::certificate::IdentityCertificate;
use super::content::CertificateContent;
use super::path::{PathError, find_issuer};
use super::profile::Profile;
use crate::pki::{Certificate, CertificateError};
use crate::types::UnixTime;

/// An authority whose certificates are accepted.
#[derive(Debug, Clone)]
pub struct AcceptedAuthority {
    /// What its certificates look like.
    pub profile: Profile,
    /// Its certificates, or those of the roots it is below: name and key are trusted, dates and constraints play no part
    /// (RFC 5280 section 6.1.1 (d)).
    pub anchors: Vec<Certificate>,
    /// Certificates between an anchor and those of holders; none in a hierarchy of one tier.
    pub intermediates: Vec<Certificate>,
}

/// The authorities whose certificates are accepted.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    authorities: Vec<AcceptedAuthority>,
}

/// Why a certificate that can be read is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// No accepted authority is named like its issuer.
    #[error("its issuer '{issuer}' is no accepted authority")]
    Issuer {
        /// The issuer as RFC 4514 writes it.
        issuer: String,
    },
    /// The issuer is accepted and the policy is not.
    #[error("it has none of the accepted policies; it has {found:?}")]
    Policy {
        /// Its policies in dotted decimal.
        found: Vec<String>,
    },
    /// It is not issued by the authority it names.
    #[error("it does not chain to an accepted authority: {0}")]
    Path(#[from] PathError),
    /// Its key cannot verify signatures here.
    #[error("its key cannot be used: {reason}")]
    Key {
        /// Why not.
        reason: String,
    },
}

/// Why octets are not an accepted certificate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateRefused {
    /// They are no certificate.
    #[error("the certificate cannot be read: {0}")]
    Invalid(#[from] CertificateError),
    /// They are one, and it is not accepted.
    #[error("the certificate is not supported: {0}")]
    Unsupported(#[from] Unsupported),
}

impl Accepted {
    /// These authorities, in the order in which they are tried.
    #[must_use]
    pub const fn new(authorities: Vec<AcceptedAuthority>) -> Self {
        Self { authorities }
    }

    /// The authorities.
    #[must_use]
    pub fn authorities(&self) -> &[AcceptedAuthority] {
        &self.authorities
    }

    /// Reads a DER certificate that an accepted authority issued. Whether it is in its validity is not asked.
    ///
    /// Intermediate certificates have to be valid at `at`, or in the certificate's validity if that is over or has not
    /// begun: an expired certificate is still one of its issuer.
    ///
    /// # Errors
    /// [`CertificateRefused`].
    pub fn read(&self, der: &[u8], at: UnixTime) -> Result<IdentityCertificate, CertificateRefused> {
        let certificate = Certificate::from_der(der)?;
        let malformed = |error| CertificateRefused::Invalid(CertificateError::Malformed(error));
        let policies = certificate.policies().map_err(malformed)?;
        let issuer_attributes = certificate.issuer().attribute_texts();
        let mut reason = Unsupported::Issuer { issuer: certificate.issuer().text().to_owned() };
        for authority in &self.authorities {
            let profile = &authority.profile;
            if !profile.issuer.iter().all(|attribute| issuer_attributes.contains(attribute)) {
                continue;
            }
            if !profile.policies.is_empty()
                && !profile.policies.iter().any(|policy| policies.contains(policy))
            {
                reason = Unsupported::Policy { found: policies.clone() };
                continue;
            }
            let at =
                at.clamp(certificate.not_before(), certificate.not_after().max(certificate.not_before()));
            match find_issuer(&certificate, &authority.anchors, &authority.intermediates, at) {
                Ok(issuer) => {
                    let content =
                        CertificateContent::read(&certificate, profile.attributes).map_err(malformed)?;
                    let certificate_type = profile.certificate_type;
                    return Ok(IdentityCertificate { certificate, issuer, certificate_type, content });
                }
                Err(error) => reason = Unsupported::Path(error),
            }
        }
        Err(reason.into())
    }
}
