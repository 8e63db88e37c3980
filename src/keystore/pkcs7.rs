//! PKCS#7 as a bag of certificates: SignedData without signers (RFC 5652 section 5, RFC 8551 section 3.8).
//!
//! Signatures inside, if there are any, are not looked at: nobody believes such a file for being signed, and its
//! certificates are judged one by one.

use super::ber::normalised;
use super::der::{element, explicit, integer, oid as identifier, sequence, set};
use super::{ContainerError, ContainerLimits, oid};
use crate::pki::Certificate;
use crate::pki::der::{DerError, Element, cap, read_single, tag};
use crate::pki::dotted;

const FORMAT: &str = "PKCS#7";

/// Reads the X.509 certificates of a SignedData, in the order of the file. BER as OpenSSL streams it is read as well.
///
/// # Errors
/// [`ContainerError`]; a file without certificates gives an empty list.
pub fn read_pkcs7(octets: &[u8], limits: &ContainerLimits) -> Result<Vec<Certificate>, ContainerError> {
    if octets.len() > limits.octets {
        return Err(ContainerError::TooMany { what: "octets", limit: limits.octets });
    }
    let der = normalised(octets, FORMAT)?;
    let mut found = Vec::new();
    for certificate in encoded(&der, limits)? {
        if certificate.len() > limits.entry_octets {
            let limit = limits.entry_octets;
            return Err(ContainerError::TooMany { what: "octets of one key or certificate", limit });
        }
        let position = found.len() + 1;
        found.push(
            Certificate::from_der(certificate)
                .map_err(|source| ContainerError::Certificate { position, source })?,
        );
    }
    Ok(found)
}

/// The encodings of the certificates.
fn encoded<'a>(der: &'a [u8], limits: &ContainerLimits) -> Result<Vec<&'a [u8]>, ContainerError> {
    let malformed = ContainerError::der(FORMAT);
    let outer = read_single(der, tag::SEQUENCE).map_err(&malformed)?;
    let mut info = outer.reader();
    let kind = info.read(tag::OID).and_then(|kind| kind.oid()).map_err(&malformed)?;
    if kind != oid::SIGNED_DATA {
        return Err(ContainerError::Unsupported {
            what: format!("PKCS#7 of kind {}", dotted(kind)),
            advice: "a file of certificates is a SignedData, as openssl crl2pkcs7 -nocrl makes it",
        });
    }
    let mut read = || -> Result<Option<Element<'a>>, DerError> {
        let mut wrapper = info.read(tag::constructed(0))?.reader();
        let mut data = wrapper.read(tag::SEQUENCE)?.reader();
        wrapper.finish()?;
        info.finish()?;
        data.read(tag::INTEGER)?;
        data.read(tag::SET)?;
        data.read(tag::SEQUENCE)?;
        let certificates = data.optional(tag::constructed(0))?;
        data.optional(tag::constructed(1))?;
        data.read(tag::SET)?;
        data.finish()?;
        Ok(certificates)
    };
    let mut found = Vec::new();
    let Some(certificates) = read().map_err(&malformed)? else { return Ok(found) };
    let mut reader = certificates.reader();
    while !reader.is_empty() {
        cap(found.len(), limits.entries, "entries", reader.offset())
            .map_err(|_| ContainerError::TooMany { what: "entries", limit: limits.entries })?;
        let choice = reader.any().map_err(&malformed)?;
        // The other choices are attribute certificates and forms that nobody writes.
        if choice.tag == tag::SEQUENCE {
            found.push(choice.raw);
        }
    }
    Ok(found)
}

/// Writes certificates, in their order.
#[must_use]
pub fn write_pkcs7(certificates: &[Certificate]) -> Vec<u8> {
    // DER would sort the SET; OpenSSL and Java keep the order, which is that of a path, and so do we.
    let octets: Vec<&[u8]> = certificates.iter().map(Certificate::der).collect();
    let data = sequence(&[
        &integer(1),
        &set(&[]),
        &sequence(&[&identifier(oid::DATA)]),
        &element(tag::constructed(0), &octets.concat()),
        &set(&[]),
    ]);
    sequence(&[&identifier(oid::SIGNED_DATA), &explicit(0, &[&data])])
}
