//! Containers of keys, whichever format they come in.

use super::jks::{self, JksContent, read_jks};
use super::pkcs12::{Attributes, read_pkcs12};
use super::{ContainerError, ContainerLimits, PrivateKey};
use crate::keystore::keys::public_key_of;
use crate::pki::Certificate;

/// The formats of containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContainerFormat {
    /// PKCS#12 (RFC 7292).
    Pkcs12,
    /// Java KeyStore.
    Jks,
}

/// A private key with its certificates.
#[derive(Debug, Clone)]
pub struct KeyEntry {
    /// Its name in the container; may be empty.
    pub alias: String,
    /// The key.
    pub key: PrivateKey,
    /// Its certificate first, then those above it; empty if there are none.
    pub chain: Vec<Certificate>,
}

/// A certificate without a key.
#[derive(Debug, Clone)]
pub struct TrustedEntry {
    /// Its name in the container; may be empty.
    pub alias: String,
    /// The certificate.
    pub certificate: Certificate,
}

/// What a container holds.
#[derive(Debug)]
pub struct Container {
    /// The format it was in.
    pub format: ContainerFormat,
    /// Private keys, in the order of the file.
    pub keys: Vec<KeyEntry>,
    /// Certificates that belong to none of the keys.
    pub certificates: Vec<TrustedEntry>,
}

/// Reads a PKCS#12 file or a Java KeyStore, told apart by their first octets. Keys that the password of the file does
/// not open are tried with `key_passwords`.
///
/// # Errors
/// [`ContainerError`]; [`ContainerError::UnknownFormat`] for anything else.
pub fn read_container(
    octets: &[u8],
    password: &str,
    key_passwords: &[&str],
    limits: &ContainerLimits,
) -> Result<Container, ContainerError> {
    match octets {
        [0x30, ..] => read_pkcs12(octets, password, key_passwords, limits),
        _ if octets.starts_with(&jks::MAGIC) || octets.starts_with(&jks::MAGIC_JCEKS) => {
            from_jks(octets, password, key_passwords, limits)
        }
        _ => Err(ContainerError::UnknownFormat { expected: "PKCS#12 nor a Java KeyStore" }),
    }
}

fn from_jks(
    octets: &[u8],
    password: &str,
    key_passwords: &[&str],
    limits: &ContainerLimits,
) -> Result<Container, ContainerError> {
    let store = read_jks(octets, password, limits)?;
    let mut container =
        Container { format: ContainerFormat::Jks, keys: Vec::new(), certificates: Vec::new() };
    let mut position = 0;
    let mut certificate = |der: &[u8]| {
        position += 1;
        Certificate::from_der(der).map_err(|source| ContainerError::Certificate { position, source })
    };
    for entry in store.entries {
        match entry.content {
            JksContent::PrivateKey { key, chain } => {
                let mut opened = key.open(password);
                for other in key_passwords {
                    if matches!(opened, Err(ContainerError::WrongKeyPassword { .. })) {
                        opened = key.open(other);
                    }
                }
                let chain = chain.iter().map(|der| certificate(der)).collect::<Result<_, _>>()?;
                container.keys.push(KeyEntry { alias: entry.alias, key: opened?, chain });
            }
            JksContent::Trusted { certificate: der } => {
                let certificate = certificate(&der)?;
                container.certificates.push(TrustedEntry { alias: entry.alias, certificate });
            }
        }
    }
    Ok(container)
}

/// Gives each key of a PKCS#12 file its certificates: the one with its number, or with its public key, and above it
/// those that issued it, by name. Nothing is verified: what a file ties together is its author's claim.
pub(super) fn assemble(
    format: ContainerFormat,
    keys: Vec<(Attributes, PrivateKey)>,
    certificates: Vec<(Attributes, Certificate)>,
    limits: &ContainerLimits,
) -> Container {
    let mut used = vec![false; certificates.len()];
    let mut mark = |position: usize| {
        if let Some(used) = used.get_mut(position) {
            *used = true;
        }
    };
    let keys = keys
        .into_iter()
        .map(|(attributes, key)| {
            let by_number = |(other, _): &(Attributes, Certificate)| {
                attributes.local_key_id.is_some() && other.local_key_id == attributes.local_key_id
            };
            let public = public_key_of(&key);
            let by_key = |(_, certificate): &(Attributes, Certificate)| {
                public.as_deref() == Some(certificate.public_key().spki())
            };
            let own =
                certificates.iter().position(by_number).or_else(|| certificates.iter().position(by_key));
            let mut chain: Vec<Certificate> = Vec::new();
            let mut next = own;
            while let Some((position, (_, certificate))) =
                next.and_then(|position| Some((position, certificates.get(position)?)))
            {
                mark(position);
                chain.push(certificate.clone());
                if certificate.is_self_issued() || chain.len() >= limits.chain {
                    break;
                }
                next = certificates
                    .iter()
                    .position(|(_, above)| above.subject() == certificate.issuer() && !chain.contains(above));
            }
            KeyEntry { alias: attributes.name.unwrap_or_default(), key, chain }
        })
        .collect();
    let left = certificates.into_iter().zip(used).filter(|(_, used)| !used);
    let certificates = left
        .map(|((attributes, certificate), _)| TrustedEntry {
            alias: attributes.name.unwrap_or_default(),
            certificate,
        })
        .collect();
    Container { format, keys, certificates }
}
