//! The certificate of an order: what was asked for, and what was issued.

use serde::{Deserialize, Serialize};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use super::ids::CertificateId;
use crate::pki::{Certificate, read_certificates, sha1};
use crate::types::{Serial, UnixTime, rfc3339, to_hex};

/// The most names of a certificate that are looked at.
const MAX_NAMES: usize = 1000;

/// What was asked for, or issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderCertificate {
    /// Its number.
    pub id: CertificateId,
    /// The name in its subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// Its DNS names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dns_names: Vec<String>,
    /// The units in its subject.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub organization_units: Vec<String>,
    /// Email addresses in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// The hash function of its signature: `sha256`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_hash: Option<String>,
    /// Bits of its key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_size: Option<u32>,
    /// The request (PEM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csr: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_platform: Option<ServerPlatform>,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub date_issued: Option<UnixTime>,
    /// From when it is valid.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub valid_from: Option<UnixTime>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub valid_till: Option<UnixTime>,
    /// SHA-1 of it, in upper-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbprint: Option<String>,
    /// Its serial number, in upper-case hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// The certificate itself (PEM), and behind it, if it is at hand, that of its issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
}

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerPlatform {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Why the certificate that comes with an order cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateProblem {
    /// It cannot be read.
    #[error("its pem holds no certificate that can be read: {reason}")]
    Unreadable {
        /// Why not.
        reason: String,
    },
    /// Something that is said of it is not so.
    #[error("its {field} is {said}, but the certificate has {found}")]
    Contradiction {
        /// The member.
        field: &'static str,
        /// What is said.
        said: String,
        /// What the certificate says.
        found: String,
    },
}

impl OrderCertificate {
    /// The certificate and that of its issuer, as far as they are given. What cannot be read is as good as not given: it
    /// was read when it came in.
    #[must_use]
    pub fn parsed(&self) -> Option<(Certificate, Option<Certificate>)> {
        let mut found = read_certificates(self.pem.as_ref()?.as_bytes()).ok()?.into_iter();
        Some((found.next()?, found.next()))
    }

    /// The name of whoever issued it: the common name, or all of the name if it has none.
    #[must_use]
    pub fn issuer_name(&self) -> Option<String> {
        let (certificate, _) = self.parsed()?;
        let (_, parsed) = X509Certificate::from_der(certificate.der()).ok()?;
        let common = parsed.issuer().iter_common_name().next().and_then(|name| name.as_str().ok());
        Some(common.map_or_else(|| certificate.issuer().text().to_owned(), str::to_owned))
    }

    /// Fills in what the certificate itself tells.
    ///
    /// # Errors
    /// [`CertificateProblem`] if it cannot be read, or if what is said of it contradicts it.
    pub fn complete(&mut self) -> Result<(), CertificateProblem> {
        self.thumbprint = self.thumbprint.take().map(|text| normalized(&text));
        self.serial_number = self.serial_number.take().map(|text| normalized_serial(&text));
        let Some(pem) = &self.pem else { return Ok(()) };
        let unreadable = |reason: String| CertificateProblem::Unreadable { reason };
        let found = read_certificates(pem.as_bytes()).map_err(|error| unreadable(error.to_string()))?;
        let first = found.first().ok_or_else(|| unreadable("there is none".to_owned()))?;
        let facts = Facts::of(first).ok_or_else(|| unreadable("it is malformed".to_owned()))?;
        agree("thumbprint", &mut self.thumbprint, facts.thumbprint)?;
        agree("serial_number", &mut self.serial_number, facts.serial_number)?;
        agree("common_name", &mut self.common_name, facts.common_name)?;
        agree_times("valid_from", &mut self.valid_from, first.not_before())?;
        agree_times("valid_till", &mut self.valid_till, first.not_after())?;
        self.date_issued.get_or_insert(first.not_before());
        if self.dns_names.is_empty() {
            self.dns_names = facts.dns_names;
        }
        if self.organization_units.is_empty() {
            self.organization_units = facts.organization_units;
        }
        self.key_size = self.key_size.or(facts.key_size);
        if self.signature_hash.is_none() {
            self.signature_hash = facts.signature_hash;
        }
        Ok(())
    }
}

/// A thumbprint as it is kept and looked for: upper-case hexadecimal digits without separators.
#[must_use]
pub(super) fn normalized(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    digits.to_ascii_uppercase()
}

/// A serial number as it is kept: without octets of zero in front, which some write and some do not.
#[must_use]
pub(super) fn normalized_serial(text: &str) -> String {
    let digits = normalized(text);
    let mut rest = digits.as_str();
    while let Some(shorter) = rest.strip_prefix("00").filter(|shorter| !shorter.is_empty()) {
        rest = shorter;
    }
    rest.to_owned()
}

/// What a certificate says of itself.
struct Facts {
    thumbprint: Option<String>,
    serial_number: Option<String>,
    common_name: Option<String>,
    dns_names: Vec<String>,
    organization_units: Vec<String>,
    key_size: Option<u32>,
    signature_hash: Option<String>,
}

impl Facts {
    fn of(certificate: &Certificate) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate.der()).ok()?;
        let subject = parsed.subject();
        let text = |attribute: &x509_parser::x509::AttributeTypeAndValue<'_>| {
            attribute.as_str().ok().map(str::to_owned)
        };
        let alternative = parsed.subject_alternative_name().ok().flatten();
        let names = alternative.iter().flat_map(|extension| &extension.value.general_names);
        let dns_names = names.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        });
        let bits = match parsed.public_key().parsed().ok()? {
            PublicKey::RSA(key) => Some(key.key_size()),
            PublicKey::EC(point) => Some(point.key_size()),
            _ => None,
        };
        let signature = x509_parser::objects::oid2sn(
            &parsed.signature_algorithm.algorithm,
            x509_parser::objects::oid_registry(),
        );
        Some(Self {
            thumbprint: Some(to_hex(&sha1(certificate.der())).to_uppercase()),
            serial_number: Some(serial_text(certificate.serial())),
            common_name: subject.iter_common_name().next().and_then(text),
            dns_names: dns_names.take(MAX_NAMES).collect(),
            organization_units: subject.iter_organizational_unit().filter_map(text).collect(),
            key_size: bits.and_then(|bits| u32::try_from(bits).ok()),
            signature_hash: signature.ok().and_then(hash_name),
        })
    }
}

/// The hash function that the name of a signature algorithm speaks of.
fn hash_name(algorithm: &str) -> Option<String> {
    let lower = algorithm.to_ascii_lowercase();
    let known = ["sha256", "sha384", "sha512", "sha224", "sha1", "md5"];
    known.into_iter().find(|name| lower.contains(name)).map(str::to_owned)
}

fn serial_text(serial: &Serial) -> String {
    normalized_serial(&to_hex(serial.octets()))
}

/// Takes over what was found, unless something else was said.
fn agree(
    field: &'static str,
    said: &mut Option<String>,
    found: Option<String>,
) -> Result<(), CertificateProblem> {
    let Some(found) = found else { return Ok(()) };
    match said {
        Some(said) if *said != found => {
            Err(CertificateProblem::Contradiction { field, said: said.clone(), found })
        }
        _ => {
            *said = Some(found);
            Ok(())
        }
    }
}

fn agree_times(
    field: &'static str,
    said: &mut Option<UnixTime>,
    found: UnixTime,
) -> Result<(), CertificateProblem> {
    match said {
        Some(said) if *said != found => {
            Err(CertificateProblem::Contradiction { field, said: said.to_string(), found: found.to_string() })
        }
        _ => {
            *said = Some(found);
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_certificates_are_found_however_they_are_written() {
        assert_eq!(normalized("0a:1b 2c"), "0A1B2C");
        for text in ["0a1b", "00:0A:1B", "00000a1b"] {
            assert_eq!(normalized_serial(text), "0A1B", "{text}");
        }
        assert_eq!(normalized_serial("00"), "00");
        assert_eq!(hash_name("ecdsa-with-SHA384").as_deref(), Some("sha384"));
        assert_eq!(hash_name("RSA-SHA256").as_deref(), Some("sha256"));
        assert_eq!(hash_name("ed25519"), None);
    }
}
