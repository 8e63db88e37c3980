//! AlgorithmIdentifier (RFC 5280 section 4.1.1.2) with the parameters each signature algorithm demands.

use std::fmt;

use super::super::der::{DerError, Element, read_single, tag};
use super::super::oid;
use crate::types::SignatureAlgorithm;

/// The algorithm an AlgorithmIdentifier names: one that is understood, or a description of what is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AlgorithmId {
    /// An algorithm whose signatures can be verified.
    Known(SignatureAlgorithm),
    /// Another algorithm, or one with parameters that are not supported: its object identifier and why.
    Unsupported(String),
}

impl AlgorithmId {
    /// Reads a whole DER AlgorithmIdentifier.
    ///
    /// RSASSA-PKCS1-v1_5 goes with NULL (RFC 4055 section 5) or, as some software writes, no parameters; ECDSA (RFC
    /// 5758 section 3.2) and Ed25519 (RFC 8410 section 3) go with none; RSASSA-PSS with one hash in all places, a
    /// salt of its length and trailer 1. Anything else is unsupported.
    ///
    /// # Errors
    /// For malformed DER only.
    pub fn from_der(der: &[u8]) -> Result<Self, DerError> {
        Self::from_element(read_single(der, tag::SEQUENCE)?)
    }

    pub(crate) fn from_element(element: Element<'_>) -> Result<Self, DerError> {
        use SignatureAlgorithm as A;
        let mut reader = element.reader();
        let algorithm = reader.read(tag::OID)?.oid()?;
        let parameters = if reader.is_empty() { None } else { Some(reader.any()?) };
        reader.finish()?;
        let absent = parameters.is_none();
        let null = parameters.is_none_or(|parameters| parameters.raw == [tag::NULL, 0]);
        let (known, parameters_fit) = match algorithm {
            oid::RSA_SHA1 => (A::RsaPkcs1Sha1, null),
            oid::RSA_SHA256 => (A::RsaPkcs1Sha256, null),
            oid::RSA_SHA384 => (A::RsaPkcs1Sha384, null),
            oid::RSA_SHA512 => (A::RsaPkcs1Sha512, null),
            oid::ECDSA_SHA1 => (A::EcdsaSha1, absent),
            oid::ECDSA_SHA256 => (A::EcdsaSha256, absent),
            oid::ECDSA_SHA384 => (A::EcdsaSha384, absent),
            oid::ECDSA_SHA512 => (A::EcdsaSha512, absent),
            oid::ED25519 => (A::Ed25519, absent),
            oid::RSASSA_PSS => {
                return Ok(match pss_algorithm(parameters) {
                    Ok(known) => Self::Known(known),
                    Err(reason) => {
                        Self::Unsupported(format!("{} (RSASSA-PSS {reason})", oid::dotted(algorithm)))
                    }
                });
            }
            other => return Ok(Self::Unsupported(oid::dotted(other))),
        };
        Ok(if parameters_fit {
            Self::Known(known)
        } else {
            Self::Unsupported(format!("{} ({known} with parameters)", oid::dotted(algorithm)))
        })
    }

    /// The algorithm if it is understood.
    #[must_use]
    pub const fn known(&self) -> Option<SignatureAlgorithm> {
        match self {
            Self::Known(algorithm) => Some(*algorithm),
            Self::Unsupported(_) => None,
        }
    }
}

impl fmt::Display for AlgorithmId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(algorithm) => algorithm.fmt(f),
            Self::Unsupported(text) => f.write_str(text),
        }
    }
}

/// The algorithm of RSASSA-PSS-params (RFC 4055 section 3.1), or why it is not supported.
pub(crate) fn pss_algorithm(parameters: Option<Element<'_>>) -> Result<SignatureAlgorithm, &'static str> {
    const MALFORMED: &str = "with malformed parameters";
    // Whatever is left out has a default with SHA-1.
    const SHA1: &str = "with SHA-1";
    let parameters = parameters.ok_or(SHA1)?;
    if parameters.tag != tag::SEQUENCE {
        return Err(MALFORMED);
    }
    let mut reader = parameters.reader();
    let mut field = |number| -> Result<Option<Element<'_>>, &'static str> {
        let Some(wrapper) = reader.optional(tag::constructed(number)).map_err(|_| MALFORMED)? else {
            return Ok(None);
        };
        let mut inner = wrapper.reader();
        let element = inner.any().map_err(|_| MALFORMED)?;
        inner.finish().map_err(|_| MALFORMED)?;
        Ok(Some(element))
    };
    let (hash, mask, salt, trailer) = (field(0)?, field(1)?, field(2)?, field(3)?);
    reader.finish().map_err(|_| MALFORMED)?;
    let (algorithm, salt_length) = match algorithm_oid(hash.ok_or(SHA1)?).ok_or(MALFORMED)? {
        oid::SHA256 => (SignatureAlgorithm::RsaPssSha256, 32),
        oid::SHA384 => (SignatureAlgorithm::RsaPssSha384, 48),
        oid::SHA512 => (SignatureAlgorithm::RsaPssSha512, 64),
        _ => return Err("with another hash than SHA-256, SHA-384 or SHA-512"),
    };
    let mut mask = mask.ok_or(SHA1)?.reader();
    if mask.read(tag::OID).map_err(|_| MALFORMED)?.content != oid::MGF1 {
        return Err("with another mask generation than MGF1");
    }
    let mask_hash = mask.read(tag::SEQUENCE).map_err(|_| MALFORMED)?;
    mask.finish().map_err(|_| MALFORMED)?;
    if algorithm_oid(mask_hash) != hash.and_then(algorithm_oid) {
        return Err("with different hashes for message and mask");
    }
    let integer = |element: Element<'_>| element.tag == tag::INTEGER && element.content == [salt_length];
    if !salt.is_some_and(integer) {
        return Err("with a salt that is not as long as the hash");
    }
    if trailer.is_some_and(|trailer| trailer.raw != [tag::INTEGER, 1, 1]) {
        return Err("with another trailer than 1");
    }
    Ok(algorithm)
}

/// The object identifier of a hash AlgorithmIdentifier, whose parameters are NULL or absent (RFC 4055 section 2.1).
fn algorithm_oid(element: Element<'_>) -> Option<&[u8]> {
    if element.tag != tag::SEQUENCE {
        return None;
    }
    let mut reader = element.reader();
    let oid = reader.read(tag::OID).ok()?.content;
    if !reader.is_empty() && reader.any().ok()?.raw != [tag::NULL, 0] {
        return None;
    }
    reader.finish().ok()?;
    Some(oid)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        let mut der = vec![tag, u8::try_from(content.len()).unwrap()];
        assert!(content.len() < 0x80);
        der.extend(content);
        der
    }

    fn identifier(oid: &[u8], parameters: &[u8]) -> AlgorithmId {
        AlgorithmId::from_der(&wrap(0x30, &[&wrap(6, &[oid]), parameters])).unwrap()
    }

    fn pss(hash: &[u8], mask_hash: &[u8], salt: u8, trailer: Option<u8>) -> AlgorithmId {
        let hash = wrap(0x30, &[&wrap(6, &[hash]), &[5, 0]]);
        let mask = wrap(0x30, &[&wrap(6, &[oid::MGF1]), &wrap(0x30, &[&wrap(6, &[mask_hash])])]);
        let trailer = trailer.map(|trailer| wrap(0xa3, &[&[2, 1, trailer]])).unwrap_or_default();
        let fields = [wrap(0xa0, &[&hash]), wrap(0xa1, &[&mask]), wrap(0xa2, &[&[2, 1, salt]]), trailer];
        identifier(oid::RSASSA_PSS, &wrap(0x30, &fields.each_ref().map(Vec::as_slice)))
    }

    #[test]
    fn parameters_are_part_of_the_algorithm() {
        use SignatureAlgorithm as A;
        assert_eq!(identifier(oid::RSA_SHA256, &[5, 0]).known(), Some(A::RsaPkcs1Sha256));
        assert_eq!(identifier(oid::RSA_SHA256, &[]).known(), Some(A::RsaPkcs1Sha256));
        assert_eq!(identifier(oid::RSA_SHA256, &[0x30, 0]).known(), None);
        assert_eq!(identifier(oid::ECDSA_SHA512, &[]).known(), Some(A::EcdsaSha512));
        assert_eq!(identifier(oid::ECDSA_SHA512, &[5, 0]).known(), None);
        assert_eq!(identifier(oid::ED25519, &[]).known(), Some(A::Ed25519));
        assert_eq!(identifier(&[0x2a, 3], &[]), AlgorithmId::Unsupported("1.2.3".to_owned()));
        assert!(AlgorithmId::from_der(&wrap(0x30, &[&wrap(6, &[oid::ED25519]), &[5, 0], &[5, 0]])).is_err());
    }

    #[test]
    fn pss_has_one_hash_and_a_salt_of_its_length() {
        use SignatureAlgorithm as A;
        assert_eq!(pss(oid::SHA256, oid::SHA256, 32, None).known(), Some(A::RsaPssSha256));
        assert_eq!(pss(oid::SHA384, oid::SHA384, 48, Some(1)).known(), Some(A::RsaPssSha384));
        assert_eq!(pss(oid::SHA512, oid::SHA512, 64, None).known(), Some(A::RsaPssSha512));
        for (id, reason) in [
            (pss(oid::SHA256, oid::SHA384, 32, None), "different hashes"),
            (pss(oid::SHA256, oid::SHA256, 20, None), "salt"),
            (pss(oid::SHA256, oid::SHA256, 32, Some(2)), "trailer"),
            (pss(&[0x2a, 3], &[0x2a, 3], 32, None), "another hash"),
            (identifier(oid::RSASSA_PSS, &[0x30, 0]), "SHA-1"),
            (identifier(oid::RSASSA_PSS, &[]), "SHA-1"),
            (identifier(oid::RSASSA_PSS, &[5, 0]), "malformed"),
        ] {
            assert!(id.known().is_none() && id.to_string().contains(reason), "{id}: {reason}");
        }
    }
}
