//! Writing: certificates encrypted as a whole, keys each by itself, and a code over everything, as OpenSSL 3 does.

use std::num::NonZeroU32;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::cipher::encrypt;
use super::{FORMAT, Password, mac};
use crate::keystore::der::{element, explicit, integer, octet_string, oid as identifier, sequence, set};
use crate::keystore::{ContainerError, KeyEntry, TrustedEntry, oid};
use crate::pki::der::tag;

/// Octets of a salt.
const SALT: usize = 16;
/// Octets of the number that ties a key to its certificate.
const LOCAL_KEY_ID: usize = 4;

/// How dear a guess at the password is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pkcs12Strength {
    /// Rounds of PBKDF2 for the encryption of each part. Default 600 000, which OWASP recommends; a fifth of a second.
    pub encryption: NonZeroU32,
    /// Rounds of the derivation for the code over the file. Default the same: the code tells a right guess as well as
    /// what it protects.
    pub mac: NonZeroU32,
}

impl Default for Pkcs12Strength {
    fn default() -> Self {
        let rounds = |rounds| NonZeroU32::new(rounds).unwrap_or(NonZeroU32::MIN);
        Self { encryption: rounds(600_000), mac: rounds(600_000) }
    }
}

/// Writes a PKCS#12 file under one password: PBES2 with AES-256-CBC and PBKDF2-HMAC-SHA256, a code by HMAC-SHA256.
/// Trusted certificates carry the attribute by which Java knows them.
///
/// # Errors
/// [`ContainerError::Malformed`] if the system gives no random octets.
pub fn write_pkcs12(
    keys: &[KeyEntry],
    trusted: &[TrustedEntry],
    password: &str,
    strength: Pkcs12Strength,
) -> Result<Vec<u8>, ContainerError> {
    let password = Password::new(password);
    let mut key_bags = Vec::new();
    let mut certificate_bags = Vec::new();
    for (number, entry) in (1_u32..).zip(keys) {
        let id = number.to_be_bytes();
        let (algorithm, data) = encrypt(entry.key.pkcs8(), &password, &salt()?, strength.encryption)?;
        let shrouded = sequence(&[&algorithm, &octet_string(&data)]);
        key_bags.push(bag(oid::SHROUDED_KEY_BAG, &shrouded, &[friendly_name(&entry.alias), key_id(id)]));
        for (position, certificate) in entry.chain.iter().enumerate() {
            // The name and the number tie a key to the first one alone.
            let attributes =
                if position == 0 { vec![friendly_name(&entry.alias), key_id(id)] } else { Vec::new() };
            certificate_bags.push(certificate_bag(certificate.der(), &attributes));
        }
    }
    for entry in trusted {
        let any = identifier(oid::ANY_EXTENDED_KEY_USAGE);
        let attributes = [friendly_name(&entry.alias), attribute(oid::ORACLE_TRUSTED_KEY_USAGE, &any)];
        certificate_bags.push(certificate_bag(entry.certificate.der(), &attributes));
    }
    let mut parts = Vec::new();
    if !certificate_bags.is_empty() {
        let contents = Zeroizing::new(sequence(&slices(&certificate_bags)));
        let (algorithm, data) = encrypt(&contents, &password, &salt()?, strength.encryption)?;
        let info = sequence(&[&identifier(oid::DATA), &algorithm, &element(tag::primitive(0), &data)]);
        let encrypted = sequence(&[&integer(0), &info]);
        parts.push(sequence(&[&identifier(oid::ENCRYPTED_DATA), &explicit(0, &[&encrypted])]));
    }
    if !key_bags.is_empty() {
        parts.push(data_info(&sequence(&slices(&key_bags))));
    }
    let safe = sequence(&slices(&parts));
    let mac = mac::write(&safe, &password, &salt()?, strength.mac.get());
    Ok(sequence(&[&integer(3), &data_info(&safe), &mac]))
}

fn salt() -> Result<[u8; SALT], ContainerError> {
    let mut salt = [0; SALT];
    rand::fill(&mut salt)
        .map_err(|_| ContainerError::malformed(FORMAT, "the system gives no random octets"))?;
    Ok(salt)
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

fn data_info(content: &[u8]) -> Vec<u8> {
    sequence(&[&identifier(oid::DATA), &explicit(0, &[&octet_string(content)])])
}

fn bag(kind: &[u8], value: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let (kind, value) = (identifier(kind), explicit(0, &[value]));
    if attributes.is_empty() {
        return sequence(&[&kind, &value]);
    }
    // DER wants the elements of a SET in the order of their octets.
    let mut attributes = attributes.to_vec();
    attributes.sort();
    sequence(&[&kind, &value, &set(&slices(&attributes))])
}

fn certificate_bag(certificate: &[u8], attributes: &[Vec<u8>]) -> Vec<u8> {
    let value = sequence(&[&identifier(oid::X509_CERTIFICATE), &explicit(0, &[&octet_string(certificate)])]);
    bag(oid::CERT_BAG, &value, attributes)
}

fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    sequence(&[&identifier(kind), &set(&[value])])
}

fn friendly_name(name: &str) -> Vec<u8> {
    const BMP_STRING: u8 = 0x1e;
    let octets: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
    attribute(oid::FRIENDLY_NAME, &element(BMP_STRING, &octets))
}

fn key_id(id: [u8; LOCAL_KEY_ID]) -> Vec<u8> {
    attribute(oid::LOCAL_KEY_ID, &octet_string(&id))
}
