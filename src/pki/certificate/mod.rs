//! Public-key certificates (RFC 5280 section 4), as far as revocation depends on them.
//!
//! x509-parser and the reader of this crate both have to accept a certificate. The first knows the whole structure;
//! the second takes care that nothing is left over and that each field is found where the signature covers it.

mod extensions;
mod frame;
mod identity;
mod key_usage;
mod particulars;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use x509_parser::nom::Parser;
use x509_parser::prelude::X509CertificateParser;

pub use extensions::BasicConstraints;
use extensions::Extensions;
use frame::Frame;
pub use identity::OtherName;
pub use key_usage::{KeyUsage, KeyUsages};

use super::der::DerError;
use super::distribution_point::DistributionPoint;
use super::extension::AuthorityKeyId;
use super::name::Name;
use super::public_key::PublicKey;
use super::signature::{AlgorithmId, AlgorithmPolicy, SignatureError, verify_message};
use crate::types::{CertificateKind, Serial, UnixTime};

/// Why octets are not a certificate that can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// Not a certificate by RFC 5280, or one that contradicts itself.
    #[error("malformed certificate: {0}")]
    Malformed(#[from] DerError),
    /// x509-parser does not accept it.
    #[error("malformed certificate: {reason}")]
    Refused {
        /// What x509-parser says.
        reason: String,
    },
}

/// One certificate. Cloning is cheap.
#[derive(Clone)]
pub struct Certificate(Arc<Parts>);

struct Parts {
    der: Box<[u8]>,
    version: u8,
    /// Where in `der` the signed part is.
    signed: Range<usize>,
    /// Where in `der` the extensions are, one behind the other.
    extension_list: Range<usize>,
    signature: Box<[u8]>,
    signature_algorithm: AlgorithmId,
    serial: Serial,
    issuer: Name,
    subject: Name,
    not_before: UnixTime,
    not_after: UnixTime,
    public_key: PublicKey,
    extensions: Extensions,
}

impl Certificate {
    /// Reads a DER certificate, which `der` is as a whole.
    ///
    /// # Errors
    /// [`CertificateError`], also for malformed extensions that revocation depends on: a certificate whose
    /// distribution points cannot be read must not look like one that has none.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        // The frame comes first because it tells where the fault is.
        let frame = Frame::read(der)?;
        let refused = |reason: String| CertificateError::Refused { reason };
        // Extensions are read by this crate alone, so x509-parser need not look into them.
        let (rest, parsed) = X509CertificateParser::new()
            .with_deep_parse_extensions(false)
            .parse(der)
            .map_err(|error| refused(error.to_string()))?;
        let parsed = parsed.tbs_certificate;
        let same = parsed.as_ref() == frame.signed.raw && parsed.raw_serial() == frame.serial.content;
        if !rest.is_empty() || !same {
            return Err(refused("x509-parser reads it differently".to_owned()));
        }
        let issuer = Name::from_element(frame.issuer)?;
        let serial = Serial::new(frame.serial.content)
            .map_err(|error| refused(format!("its serial number is unusable: {error}")))?;
        let extensions = Extensions::read(frame.extensions, &issuer)?;
        let range = |offset: u64, length: usize| {
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            start..start.saturating_add(length)
        };
        let list = frame.extensions.map(|list| range(list.content_offset(), list.content.len()));
        Ok(Self(Arc::new(Parts {
            der: der.into(),
            version: frame.version,
            signed: range(frame.signed.offset, frame.signed.raw.len()),
            extension_list: list.unwrap_or_default(),
            signature: frame.signature.into(),
            signature_algorithm: AlgorithmId::from_element(frame.algorithm)?,
            serial,
            subject: Name::from_element(frame.subject)?,
            issuer,
            not_before: frame.not_before,
            not_after: frame.not_after,
            public_key: frame.public_key,
            extensions,
        })))
    }

    /// The DER encoding.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The version, 1 to 3 (RFC 5280 section 4.1.2.1, which counts from 0).
    #[must_use]
    pub fn version(&self) -> u8 {
        self.0.version
    }

    /// The serial number (RFC 5280 section 4.1.2.2).
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.0.serial
    }

    /// Who issued it.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Whom it is about; empty for some end-entity certificates.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// The subject's key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// `notBefore`.
    #[must_use]
    pub fn not_before(&self) -> UnixTime {
        self.0.not_before
    }

    /// `notAfter`.
    #[must_use]
    pub fn not_after(&self) -> UnixTime {
        self.0.not_after
    }

    /// The algorithm of its signature.
    #[must_use]
    pub fn signature_algorithm(&self) -> &AlgorithmId {
        &self.0.signature_algorithm
    }

    /// Whether a CRL counts it among CA certificates: basicConstraints with cA TRUE, nothing else (RFC 5280 section
    /// 6.3.3 step b).
    #[must_use]
    pub fn kind(&self) -> CertificateKind {
        match self.0.extensions.basic_constraints {
            Some(BasicConstraints { ca: true, .. }) => CertificateKind::Ca,
            _ => CertificateKind::User,
        }
    }

    /// `basicConstraints` (RFC 5280 section 4.2.1.9), if there is one.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.0.extensions.basic_constraints
    }

    /// `keyUsage` (RFC 5280 section 4.2.1.3), if there is one.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsages> {
        self.0.extensions.key_usage
    }

    /// Whether keyUsage asserts cRLSign, or there is no keyUsage (RFC 5280 sections 4.2.1.3 and 6.3.3 step f).
    #[must_use]
    pub fn may_sign_crls(&self) -> bool {
        self.0.extensions.key_usage.is_none_or(|usage| usage.contains(KeyUsage::CrlSign))
    }

    /// Whether keyUsage is there and asserts cRLSign: the mark of a separate signer of CRLs.
    #[must_use]
    pub fn asserts_crl_sign(&self) -> bool {
        self.0.extensions.key_usage.is_some_and(|usage| usage.contains(KeyUsage::CrlSign))
    }

    /// Whether it is a CA's and keyUsage asserts keyCertSign, or there is no keyUsage. A version 1 certificate that
    /// is self-issued counts as a CA's, as old roots are.
    #[must_use]
    pub fn may_sign_certificates(&self) -> bool {
        let ca = self.kind() == CertificateKind::Ca || self.is_old_root();
        ca && self.0.extensions.key_usage.is_none_or(|usage| usage.contains(KeyUsage::KeyCertSign))
    }

    /// Whether it is self-issued and has no extensions, as roots were before extensions existed.
    #[must_use]
    pub fn is_old_root(&self) -> bool {
        !self.0.extensions.any && self.is_self_issued()
    }

    /// Whether subject and issuer are the same name (RFC 5280 section 3.2). Its signature may still be by another
    /// key of that name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.0.subject == self.0.issuer
    }

    /// `subjectKeyIdentifier` (RFC 5280 section 4.2.1.2).
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.extensions.subject_key_id.as_deref()
    }

    /// `authorityKeyIdentifier` (RFC 5280 section 4.2.1.1).
    #[must_use]
    pub fn authority_key_id(&self) -> Option<&AuthorityKeyId> {
        self.0.extensions.authority_key_id.as_ref()
    }

    /// `cRLDistributionPoints` (RFC 5280 section 4.2.1.13), empty without the extension.
    #[must_use]
    pub fn distribution_points(&self) -> &[DistributionPoint] {
        &self.0.extensions.distribution_points
    }

    /// `freshestCRL` (RFC 5280 section 4.2.1.15), empty without the extension.
    #[must_use]
    pub fn freshest_crl(&self) -> &[DistributionPoint] {
        &self.0.extensions.freshest_crl
    }

    /// URIs of OCSP responders in authorityInfoAccess (RFC 5280 section 4.2.2.1).
    #[must_use]
    pub fn ocsp_urls(&self) -> &[String] {
        &self.0.extensions.ocsp_urls
    }

    /// Whether extKeyUsage lists id-kp-OCSPSigning: its issuer lets it answer in its place (RFC 6960 section 4.2.2.2).
    /// anyExtendedKeyUsage is not enough.
    #[must_use]
    pub fn asserts_ocsp_signing(&self) -> bool {
        self.0.extensions.ocsp_signing
    }

    /// Whether its issuer says that its own revocation need not be looked up (`id-pkix-ocsp-nocheck`, RFC 6960
    /// section 4.2.2.2.1).
    #[must_use]
    pub fn has_ocsp_nocheck(&self) -> bool {
        self.0.extensions.ocsp_nocheck
    }

    /// Whether keyUsage asserts digitalSignature, or there is no keyUsage (RFC 5280 section 4.2.1.3).
    #[must_use]
    pub fn may_sign_messages(&self) -> bool {
        self.0.extensions.key_usage.is_none_or(|usage| usage.contains(KeyUsage::DigitalSignature))
    }

    /// The first critical extension that is not understood here, in dotted decimal. Whoever believes the certificate
    /// has to refuse it then (RFC 5280 section 4.2); to ask whether it is revoked does no harm.
    #[must_use]
    pub fn unsupported_critical_extension(&self) -> Option<&str> {
        self.0.extensions.unsupported_critical.as_deref()
    }

    /// Checks that `key` signed it. Says nothing about whether the key's holder may sign certificates.
    ///
    /// # Errors
    /// [`SignatureError`].
    pub fn verify_signed_by(&self, key: &PublicKey, policy: &AlgorithmPolicy) -> Result<(), SignatureError> {
        match &self.0.signature_algorithm {
            AlgorithmId::Known(algorithm) => {
                let signed = self.0.der.get(self.0.signed.clone()).unwrap_or_default();
                verify_message(*algorithm, key, signed, &self.0.signature, policy)
            }
            AlgorithmId::Unsupported(algorithm) => {
                Err(SignatureError::UnsupportedAlgorithm { algorithm: algorithm.clone() })
            }
        }
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.0.der == other.0.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} issued by {}, serial {})", self.subject(), self.issuer(), self.serial())
    }
}
