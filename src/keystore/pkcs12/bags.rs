//! Safe bags (RFC 7292 section 4.2): keys and certificates with their names.

use zeroize::Zeroizing;

use super::cipher::decrypt;
use super::{FORMAT, Password};
use crate::keystore::limits::Rounds;
use crate::keystore::{ContainerError, ContainerLimits, PrivateKey, oid};
use crate::pki::Certificate;
use crate::pki::der::{DerError, Element, Reader, cap, read_single, tag};

/// What stands beside the content of a bag.
#[derive(Debug, Default)]
pub(in crate::keystore) struct Attributes {
    pub(in crate::keystore) name: Option<String>,
    pub(in crate::keystore) local_key_id: Option<Vec<u8>>,
}

/// What a file holds, before keys and certificates are put together.
#[derive(Debug, Default)]
pub(super) struct Bags {
    pub(super) keys: Vec<(Attributes, PrivateKey)>,
    pub(super) certificates: Vec<(Attributes, Certificate)>,
}

/// What bags are opened with.
pub(super) struct Opening<'a> {
    /// The password of the file, then others that a key may have.
    pub(super) passwords: Vec<Password>,
    pub(super) limits: &'a ContainerLimits,
    pub(super) rounds: &'a mut Rounds,
}

impl Bags {
    /// Takes the bags of one SafeContents.
    pub(super) fn take(&mut self, contents: &[u8], opening: &mut Opening<'_>) -> Result<(), ContainerError> {
        let der = ContainerError::der(FORMAT);
        let mut reader = read_single(contents, tag::SEQUENCE).map_err(&der)?.reader();
        while !reader.is_empty() {
            let entries = self.keys.len() + self.certificates.len();
            cap(entries, opening.limits.entries, "entries", reader.offset())
                .map_err(|_| ContainerError::TooMany { what: "entries", limit: opening.limits.entries })?;
            let bag = reader.read(tag::SEQUENCE).map_err(&der)?;
            let (kind, value, attributes) = parts(bag).map_err(&der)?;
            match kind {
                oid::KEY_BAG => {
                    let key = bounded(value.raw, opening.limits)?;
                    self.keys.push((attributes, private_key(Zeroizing::new(key.to_vec()))?));
                }
                oid::SHROUDED_KEY_BAG => {
                    let key = unshroud(value, &attributes, opening)?;
                    self.keys.push((attributes, key));
                }
                oid::CERT_BAG => {
                    let position = self.certificates.len() + 1;
                    let certificate = certificate(value).map_err(&der)?;
                    // Certificates of other forms than X.509 (SDSI) are nothing to us.
                    if let Some(certificate) = certificate {
                        let certificate = Certificate::from_der(bounded(certificate, opening.limits)?)
                            .map_err(|source| ContainerError::Certificate { position, source })?;
                        self.certificates.push((attributes, certificate));
                    }
                }
                // CRLs and secrets of other programs are neither keys nor certificates.
                _ => {}
            }
        }
        Ok(())
    }
}

fn bounded<'a>(octets: &'a [u8], limits: &ContainerLimits) -> Result<&'a [u8], ContainerError> {
    if octets.len() <= limits.entry_octets {
        return Ok(octets);
    }
    Err(ContainerError::TooMany { what: "octets of one key or certificate", limit: limits.entry_octets })
}

fn parts(bag: Element<'_>) -> Result<(&[u8], Element<'_>, Attributes), DerError> {
    let mut reader = bag.reader();
    let kind = reader.read(tag::OID)?.oid()?;
    let mut wrapper = reader.read(tag::constructed(0))?.reader();
    let value = wrapper.any()?;
    wrapper.finish()?;
    let attributes = match reader.optional(tag::SET)? {
        Some(set) => read_attributes(set.reader())?,
        None => Attributes::default(),
    };
    reader.finish()?;
    Ok((kind, value, attributes))
}

fn read_attributes(mut reader: Reader<'_>) -> Result<Attributes, DerError> {
    let mut attributes = Attributes::default();
    while !reader.is_empty() {
        let mut attribute = reader.read(tag::SEQUENCE)?.reader();
        let kind = attribute.read(tag::OID)?.oid()?;
        let value = attribute.read(tag::SET)?.reader().any();
        match (kind, value) {
            (oid::FRIENDLY_NAME, Ok(value)) => attributes.name = bmp_text(value.content),
            (oid::LOCAL_KEY_ID, Ok(value)) => attributes.local_key_id = Some(value.content.to_vec()),
            // Others say nothing here, and may have no value.
            _ => {}
        }
    }
    Ok(attributes)
}

fn bmp_text(octets: &[u8]) -> Option<String> {
    let (pairs, rest) = octets.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().copied().map(u16::from_be_bytes).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

fn private_key(pkcs8: Zeroizing<Vec<u8>>) -> Result<PrivateKey, ContainerError> {
    PrivateKey::from_pkcs8(pkcs8).map_err(ContainerError::der(FORMAT))
}

fn unshroud(
    value: Element<'_>,
    attributes: &Attributes,
    opening: &mut Opening<'_>,
) -> Result<PrivateKey, ContainerError> {
    let read = || -> Result<_, DerError> {
        let mut reader = value.reader();
        let algorithm = reader.read(tag::SEQUENCE)?;
        let data = reader.read(tag::OCTET_STRING)?.content;
        reader.finish()?;
        Ok((algorithm, data))
    };
    let (algorithm, data) = read().map_err(ContainerError::der(FORMAT))?;
    let data = bounded(data, opening.limits)?;
    for password in &opening.passwords {
        let opened = match decrypt(algorithm, data, password, opening.rounds) {
            // Padding is right by chance once in 256 times.
            Ok(plain) => private_key(plain).ok(),
            Err(ContainerError::WrongPassword) => None,
            Err(other) => return Err(other),
        };
        if let Some(key) = opened {
            return Ok(key);
        }
    }
    Err(ContainerError::WrongKeyPassword { alias: attributes.name.clone().unwrap_or_default() })
}

/// The certificate of a CertBag; `None` if it is not X.509.
fn certificate(value: Element<'_>) -> Result<Option<&[u8]>, DerError> {
    let mut reader = value.reader();
    if reader.read(tag::OID)?.oid()? != oid::X509_CERTIFICATE {
        return Ok(None);
    }
    let mut wrapper = reader.read(tag::constructed(0))?.reader();
    let certificate = wrapper.read(tag::OCTET_STRING)?.content;
    wrapper.finish()?;
    reader.finish()?;
    Ok(Some(certificate))
}
