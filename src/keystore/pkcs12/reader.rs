//! Reading.

use super::bags::{Bags, Opening};
use super::cipher::decrypt;
use super::{FORMAT, Password, mac};
use crate::keystore::ber::normalised;
use crate::keystore::container::{Container, ContainerFormat, assemble};
use crate::keystore::limits::Rounds;
use crate::keystore::{ContainerError, ContainerLimits, oid};
use crate::pki::der::{DerError, Element, read_single, tag};
use crate::pki::dotted;

/// Reads a PKCS#12 file. `key_passwords` are tried for keys that the password of the file does not open.
///
/// A file without a code over it is read as well (`openssl pkcs12 -nomac`): what is encrypted in it then tells whether
/// the password is right.
///
/// # Errors
/// [`ContainerError`].
pub fn read_pkcs12(
    octets: &[u8],
    password: &str,
    key_passwords: &[&str],
    limits: &ContainerLimits,
) -> Result<Container, ContainerError> {
    if octets.len() > limits.octets {
        return Err(ContainerError::TooMany { what: "octets", limit: limits.octets });
    }
    let octets = normalised(octets, FORMAT)?;
    let mut rounds = Rounds::new(limits);
    let Frame { safe, mac } = Frame::read(&octets).map_err(ContainerError::der(FORMAT))?;
    let mut password = Password::new(password);
    if let Some(mac) = mac {
        password = mac::verify(mac, safe, password, &mut rounds)?;
    }
    let mut passwords = vec![password];
    passwords.extend(key_passwords.iter().map(|password| Password::new(password)));
    let mut opening = Opening { passwords, limits, rounds: &mut rounds };
    // Inside the string, which normalisation has not looked into.
    let safe = normalised(safe, FORMAT)?;
    let mut parts = read_single(&safe, tag::SEQUENCE).map_err(ContainerError::der(FORMAT))?.reader();
    let mut bags = Bags::default();
    while !parts.is_empty() {
        let part = parts.read(tag::SEQUENCE).map_err(ContainerError::der(FORMAT))?;
        take_part(part, &mut bags, &mut opening)?;
    }
    Ok(assemble(ContainerFormat::Pkcs12, bags.keys, bags.certificates, limits))
}

/// Takes the bags of one ContentInfo.
fn take_part(part: Element<'_>, bags: &mut Bags, opening: &mut Opening<'_>) -> Result<(), ContainerError> {
    let der = ContainerError::der(FORMAT);
    let (kind, content) = content_info(part).map_err(&der)?;
    match kind {
        oid::DATA => {
            let contents = content.reader().read(tag::OCTET_STRING).map_err(&der)?.content;
            bags.take(&normalised(contents, FORMAT)?, opening)
        }
        oid::ENCRYPTED_DATA => {
            let (algorithm, data) = encrypted(content).map_err(&der)?;
            let mut plain = Err(ContainerError::WrongPassword);
            if let Some(password) = opening.passwords.first() {
                plain = decrypt(algorithm, &data, password, opening.rounds);
            }
            let plain = plain?;
            bags.take(&normalised(&plain, FORMAT)?, opening)
        }
        other => Err(ContainerError::Unsupported {
            what: format!("a part of kind {}", dotted(other)),
            advice: "only parts under a password are, not those for the holder of a key",
        }),
    }
}

/// PFX (RFC 7292 section 4).
struct Frame<'a> {
    /// AuthenticatedSafe, what the code is over.
    safe: &'a [u8],
    mac: Option<Element<'a>>,
}

impl<'a> Frame<'a> {
    fn read(octets: &'a [u8]) -> Result<Self, DerError> {
        let mut pfx = read_single(octets, tag::SEQUENCE)?.reader();
        let version = pfx.read(tag::INTEGER)?;
        if version.content != [3] {
            return Err(version.broken("the version of PKCS#12 is 3"));
        }
        let outer = pfx.read(tag::SEQUENCE)?;
        let (kind, content) = content_info(outer)?;
        if kind != oid::DATA {
            return Err(outer.broken("signed PKCS#12, for the holder of a key, is not read"));
        }
        let safe = content.reader().read(tag::OCTET_STRING)?.content;
        let mac = pfx.optional(tag::SEQUENCE)?;
        pfx.finish()?;
        Ok(Self { safe, mac })
    }
}

/// The kind of a ContentInfo, and the `[0]` around its content.
pub(in crate::keystore) fn content_info(element: Element<'_>) -> Result<(&[u8], Element<'_>), DerError> {
    let mut reader = element.reader();
    let kind = reader.read(tag::OID)?.oid()?;
    let content = reader.read(tag::constructed(0))?;
    reader.finish()?;
    Ok((kind, content))
}

/// The algorithm and the octets of an EncryptedData (RFC 5652 section 8).
fn encrypted(content: Element<'_>) -> Result<(Element<'_>, Vec<u8>), DerError> {
    let mut data = content.reader().read(tag::SEQUENCE)?.reader();
    data.read(tag::INTEGER)?;
    let info = data.read(tag::SEQUENCE)?;
    let mut reader = info.reader();
    reader.read(tag::OID)?;
    let algorithm = reader.read(tag::SEQUENCE)?;
    let content = match reader.peek() {
        Some(found) if found == tag::primitive(0) => reader.any()?.content.to_vec(),
        // In pieces, as programs write that stream.
        Some(found) if found == tag::constructed(0) => {
            let mut pieces = reader.any()?.reader();
            let mut joined = Vec::new();
            while !pieces.is_empty() {
                joined.extend_from_slice(pieces.read(tag::OCTET_STRING)?.content);
            }
            joined
        }
        _ => return Err(info.broken("encrypted content is missing")),
    };
    reader.finish()?;
    Ok((algorithm, content))
}
