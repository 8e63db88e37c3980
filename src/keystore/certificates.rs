//! Files of certificates: X.509 and PKCS#7, each as PEM or DER.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::pkcs7::{read_pkcs7, write_pkcs7};
use super::{ContainerError, ContainerLimits};
use crate::pki::Certificate;
use crate::pki::der::{Reader, tag};
use crate::pki::pem::{Encoding, PemReader};

/// Characters in a line of PEM (RFC 7468 section 2).
const LINE: usize = 64;

/// What a file of certificates is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateFormat {
    /// The certificates themselves.
    X509,
    /// A SignedData around them.
    Pkcs7,
}

/// Reads the certificates of a file in any of the four forms, told apart by its first octets and labels. A DER file
/// of X.509 may hold several, one behind the other.
///
/// # Errors
/// [`ContainerError`]; [`ContainerError::Nothing`] if there is no certificate in it.
pub fn read_certificate_file(
    octets: &[u8],
    limits: &ContainerLimits,
) -> Result<Vec<Certificate>, ContainerError> {
    if octets.len() > limits.octets {
        return Err(ContainerError::TooMany { what: "octets", limit: limits.octets });
    }
    let found = match Encoding::detect(octets) {
        Encoding::Der if is_content_info(octets) => read_pkcs7(octets, limits)?,
        Encoding::Der => read_x509(octets, limits, 1)?,
        Encoding::Pem => read_pem(octets, limits)?,
    };
    match found.len() {
        0 => Err(ContainerError::Nothing { what: "certificate" }),
        length if length > limits.entries => {
            Err(ContainerError::TooMany { what: "entries", limit: limits.entries })
        }
        _ => Ok(found),
    }
}

fn read_pem(octets: &[u8], limits: &ContainerLimits) -> Result<Vec<Certificate>, ContainerError> {
    let malformed = |error: &dyn std::fmt::Display| ContainerError::malformed("PEM", error);
    let mut blocks = PemReader::new(octets);
    let mut found = Vec::new();
    while let Some(mut block) = blocks.next_block().map_err(|error| malformed(&error))? {
        if found.len() > limits.entries {
            break;
        }
        let label = block.label().to_owned();
        let mut der = Vec::new();
        match label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE" => {
                block.read_to_end(&mut der).map_err(|error| malformed(&error))?;
                found.extend(read_x509(&der, limits, found.len() + 1)?);
            }
            "PKCS7" | "PKCS #7 SIGNED DATA" | "CMS" => {
                block.read_to_end(&mut der).map_err(|error| malformed(&error))?;
                found.extend(read_pkcs7(&der, limits)?);
            }
            // Keys and requests beside certificates are nothing to us.
            _ => {}
        }
    }
    Ok(found)
}

fn read_x509(
    octets: &[u8],
    limits: &ContainerLimits,
    first: usize,
) -> Result<Vec<Certificate>, ContainerError> {
    let mut reader = Reader::new(octets);
    let mut found = Vec::new();
    while !reader.is_empty() && found.len() <= limits.entries {
        let element = reader.read(tag::SEQUENCE).map_err(ContainerError::der("X.509"))?;
        if element.raw.len() > limits.entry_octets {
            let limit = limits.entry_octets;
            return Err(ContainerError::TooMany { what: "octets of one key or certificate", limit });
        }
        let position = first + found.len();
        found.push(
            Certificate::from_der(element.raw)
                .map_err(|source| ContainerError::Certificate { position, source })?,
        );
    }
    Ok(found)
}

/// A ContentInfo begins with an identifier, a certificate with a SEQUENCE. Lengths may be those of BER.
fn is_content_info(octets: &[u8]) -> bool {
    let length = match octets.get(1) {
        Some(first @ 0x81..=0x88) => usize::from(first & 0x7f),
        _ => 0,
    };
    octets.first() == Some(&tag::SEQUENCE) && octets.get(2 + length) == Some(&tag::OID)
}

/// Certificates as one file in this format, in DER. X.509 holds one certificate a file: the first is written.
#[must_use]
pub fn to_der(certificates: &[Certificate], format: CertificateFormat) -> Vec<u8> {
    match format {
        CertificateFormat::X509 => {
            certificates.first().map(|certificate| certificate.der().to_vec()).unwrap_or_default()
        }
        CertificateFormat::Pkcs7 => write_pkcs7(certificates),
    }
}

/// One PEM block (RFC 7468).
#[must_use]
pub fn to_pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at_checked(LINE).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}
