//! Certificates.

use crate::authority::Authority;
use crate::crl::Extension;
use crate::der::{
    bit_string, boolean, element, explicit, implicit, integer, integer_octets, named_bits, octet_string, oid,
    sequence,
};
use crate::key::{Key, Signature};
use crate::name::{GeneralName, Name};
use crate::oid as known;
use crate::time::Time;

/// One distribution point of a certificate.
#[derive(Debug, Clone, Default)]
pub struct DistributionPoint {
    /// fullName, left out when empty.
    pub full_name: Vec<GeneralName>,
    /// nameRelativeToCRLIssuer: the last relative name of this name.
    pub relative_name: Option<Name>,
    /// reasons, bit n being named bit n.
    pub reasons: Option<u16>,
    /// cRLIssuer, left out when empty.
    pub crl_issuer: Vec<GeneralName>,
}

impl DistributionPoint {
    /// A distribution point with one URI.
    #[must_use]
    pub fn uri(uri: &str) -> Self {
        Self { full_name: vec![GeneralName::uri(uri)], ..Self::default() }
    }

    /// The encoding.
    #[must_use]
    pub fn der(&self) -> Vec<u8> {
        let mut parts = Vec::new();
        if let Some(name) = distribution_point_name(&self.full_name, self.relative_name.as_ref()) {
            parts.push(explicit(0, &name));
        }
        if let Some(reasons) = self.reasons {
            parts.push(named_bits(0x81, reasons));
        }
        if !self.crl_issuer.is_empty() {
            parts.push(element(0xa2, &GeneralName::all(&self.crl_issuer)));
        }
        sequence(&parts)
    }
}

/// DistributionPointName.
pub(crate) fn distribution_point_name(full: &[GeneralName], relative: Option<&Name>) -> Option<Vec<u8>> {
    if let Some(name) = relative {
        return Some(element(0xa1, &name.last_rdn()));
    }
    (!full.is_empty()).then(|| element(0xa0, &GeneralName::all(full)))
}

/// A certificate under construction. Every field can be set directly; the methods are short forms.
#[derive(Debug, Clone)]
pub struct CertificateBuilder {
    /// Content octets of the serial number, verbatim.
    pub serial: Vec<u8>,
    /// Issuer; the issuing authority's name if `None`.
    pub issuer: Option<Name>,
    /// Subject.
    pub subject: Name,
    /// notBefore.
    pub not_before: Time,
    /// notAfter.
    pub not_after: Time,
    /// The DER SubjectPublicKeyInfo.
    pub spki: Vec<u8>,
    /// Signature algorithm; the usual one of the issuing key if `None`.
    pub signature: Option<Signature>,
    /// An algorithm that the kit cannot sign with (AlgorithmIdentifier) and what is to stand where the signature does,
    /// in place of a signature.
    pub foreign_signature: Option<(Vec<u8>, Vec<u8>)>,
    /// authorityKeyIdentifier with the issuing key's identifier.
    pub authority_key_id: bool,
    /// Version 1 if false; the extensions are then left out.
    pub version3: bool,
    /// Extensions, in order.
    pub extensions: Vec<Extension>,
}

impl CertificateBuilder {
    /// A certificate for this subject and key, with a subjectKeyIdentifier.
    #[must_use]
    pub fn new(serial: &[u8], subject: Name, key: &Key) -> Self {
        Self {
            serial: serial.to_vec(),
            issuer: None,
            subject,
            not_before: crate::authority::NOT_BEFORE.into(),
            not_after: crate::authority::NOT_AFTER.into(),
            spki: key.spki(),
            signature: None,
            foreign_signature: None,
            authority_key_id: true,
            version3: true,
            extensions: vec![Extension::new(known::SUBJECT_KEY_IDENTIFIER, &octet_string(&key.key_id()))],
        }
    }

    /// basicConstraints.
    #[must_use]
    pub fn ca(self, ca: bool) -> Self {
        let value = sequence(&if ca { vec![boolean(true)] } else { vec![] });
        self.extension(Extension::critical(known::BASIC_CONSTRAINTS, &value))
    }

    /// keyUsage with these named bits: 5 is keyCertSign, 6 is cRLSign.
    #[must_use]
    pub fn key_usage(self, bits: &[u8]) -> Self {
        let bits = bits.iter().fold(0, |bits, bit| bits | 1 << bit);
        self.extension(Extension::critical(known::KEY_USAGE, &named_bits(3, bits)))
    }

    /// cRLDistributionPoints.
    #[must_use]
    pub fn distribution_points(self, points: &[DistributionPoint]) -> Self {
        let value = sequence(&points.iter().map(DistributionPoint::der).collect::<Vec<_>>());
        self.extension(Extension::new(known::CRL_DISTRIBUTION_POINTS, &value))
    }

    /// authorityInfoAccess with an OCSP responder.
    #[must_use]
    pub fn ocsp(self, uri: &str) -> Self {
        let value = sequence(&[sequence(&[oid(known::AD_OCSP), implicit(6, uri.as_bytes())])]);
        self.extension(Extension::new(known::AUTHORITY_INFO_ACCESS, &value))
    }

    /// Appends an extension.
    #[must_use]
    pub fn extension(mut self, extension: Extension) -> Self {
        self.extensions.push(extension);
        self
    }

    /// Removes an extension.
    #[must_use]
    pub fn without(mut self, oid: &str) -> Self {
        self.extensions.retain(|extension| extension.oid != oid);
        self
    }

    /// Signs with another algorithm than the usual one.
    #[must_use]
    pub fn signature(mut self, signature: Signature) -> Self {
        self.signature = Some(signature);
        self
    }

    /// The certificate, signed by an authority.
    #[must_use]
    pub fn build(&self, issuer: &Authority) -> Vec<u8> {
        self.build_with(&issuer.name, &issuer.key)
    }

    /// The certificate, signed by a key in the name of somebody.
    #[must_use]
    pub fn build_with(&self, issuer: &Name, key: &Key) -> Vec<u8> {
        let signature = self.signature.unwrap_or(key.kind().usual_signature());
        let mut extensions: Vec<Vec<u8>> = self.extensions.iter().map(Extension::der).collect();
        if self.authority_key_id {
            let value = sequence(&[implicit(0, &key.key_id())]);
            extensions.push(Extension::new(known::AUTHORITY_KEY_IDENTIFIER, &value).der());
        }
        let algorithm = match &self.foreign_signature {
            Some((algorithm, _)) => algorithm.clone(),
            None => signature.algorithm(),
        };
        let mut parts = vec![
            integer_octets(&self.serial),
            algorithm.clone(),
            self.issuer.as_ref().unwrap_or(issuer).der(),
            sequence(&[self.not_before.der(), self.not_after.der()]),
            self.subject.der(),
            self.spki.clone(),
        ];
        if self.version3 {
            parts.insert(0, explicit(0, &integer(2)));
            if !extensions.is_empty() {
                parts.push(explicit(3, &sequence(&extensions)));
            }
        }
        let signed = sequence(&parts);
        let octets = match &self.foreign_signature {
            Some((_, octets)) => octets.clone(),
            None => key.sign(signature, &signed),
        };
        sequence(&[signed, algorithm, bit_string(&octets)])
    }
}
