//! Writing, for those who have nothing newer, and for tests against `keytool`.

use aws_lc_rs::rand;

use super::protector::wrap;
use super::{DIGEST, MAGIC, PRIVATE_KEY, ProtectedKey, TRUSTED, VERSION_2, X509, store_digest, utf};
use crate::keystore::{ContainerError, KeyEntry, TrustedEntry};

/// Writes a Java KeyStore: keys under `key_password`, all of it under `password`. Names longer than the format allows
/// are an error.
///
/// # Errors
/// [`ContainerError::TooMany`] for a name beyond 65535 octets or a count beyond 2^32,
/// [`ContainerError::Malformed`] if the system gives no random octets.
pub fn write_jks(
    keys: &[KeyEntry],
    trusted: &[TrustedEntry],
    password: &str,
    key_password: &str,
    created_ms: u64,
) -> Result<Vec<u8>, ContainerError> {
    let mut out = MAGIC.to_vec();
    out.extend(VERSION_2.to_be_bytes());
    push_count(&mut out, keys.len() + trusted.len())?;
    for entry in keys {
        let mut salt = [0; DIGEST];
        rand::fill(&mut salt)
            .map_err(|_| ContainerError::malformed(super::FORMAT, "the system gives no random octets"))?;
        push_head(&mut out, PRIVATE_KEY, &entry.alias, created_ms)?;
        push(&mut out, &wrap(&ProtectedKey::protect(&entry.key, key_password, salt)))?;
        push_count(&mut out, entry.chain.len())?;
        for certificate in &entry.chain {
            push_certificate(&mut out, certificate.der())?;
        }
    }
    for entry in trusted {
        push_head(&mut out, TRUSTED, &entry.alias, created_ms)?;
        push_certificate(&mut out, entry.certificate.der())?;
    }
    let digest = store_digest(password, &out);
    out.extend(digest);
    Ok(out)
}

fn push_count(out: &mut Vec<u8>, count: usize) -> Result<(), ContainerError> {
    let limit = 0xffff_ffff;
    let count = u32::try_from(count).map_err(|_| ContainerError::TooMany { what: "entries", limit })?;
    out.extend(count.to_be_bytes());
    Ok(())
}

fn push(out: &mut Vec<u8>, octets: &[u8]) -> Result<(), ContainerError> {
    push_count(out, octets.len())?;
    out.extend_from_slice(octets);
    Ok(())
}

fn push_text(out: &mut Vec<u8>, text: &str) -> Result<(), ContainerError> {
    let octets = utf::encode(text);
    let length = u16::try_from(octets.len())
        .map_err(|_| ContainerError::TooMany { what: "octets of a name", limit: 65_535 })?;
    out.extend(length.to_be_bytes());
    out.extend(octets);
    Ok(())
}

fn push_head(out: &mut Vec<u8>, kind: u32, alias: &str, created_ms: u64) -> Result<(), ContainerError> {
    out.extend(kind.to_be_bytes());
    push_text(out, alias)?;
    out.extend(created_ms.to_be_bytes());
    Ok(())
}

fn push_certificate(out: &mut Vec<u8>, der: &[u8]) -> Result<(), ContainerError> {
    push_text(out, X509)?;
    push(out, der)
}
