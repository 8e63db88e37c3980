//! Writing DER: each function makes one whole element.

use crate::pki::der::{count, tag};

/// One element: tag, shortest length, content.
pub(super) fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 6);
    der.push(tag);
    match u8::try_from(content.len()) {
        Ok(length @ ..0x80) => der.push(length),
        _ => {
            let octets = count(content.len()).to_be_bytes();
            let significant = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
            let octets = octets.get(significant..).unwrap_or_default();
            // One to eight octets.
            der.push(0x80 | u8::try_from(octets.len()).unwrap_or_default());
            der.extend_from_slice(octets);
        }
    }
    der.extend_from_slice(content);
    der
}

fn joined(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    element(tag, &parts.concat())
}

/// A SEQUENCE around elements.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    joined(tag::SEQUENCE, parts)
}

/// A SET around elements; the caller sees to their order.
pub(super) fn set(parts: &[&[u8]]) -> Vec<u8> {
    joined(tag::SET, parts)
}

/// An explicit `[number]` around elements.
pub(super) fn explicit(number: u8, parts: &[&[u8]]) -> Vec<u8> {
    joined(tag::constructed(number), parts)
}

/// An OBJECT IDENTIFIER of these content octets.
pub(super) fn oid(content: &[u8]) -> Vec<u8> {
    element(tag::OID, content)
}

/// An OCTET STRING.
pub(super) fn octet_string(content: &[u8]) -> Vec<u8> {
    element(tag::OCTET_STRING, content)
}

/// NULL.
pub(super) fn null() -> Vec<u8> {
    element(tag::NULL, &[])
}

/// An INTEGER that is not negative.
pub(super) fn integer(number: u64) -> Vec<u8> {
    let octets = number.to_be_bytes();
    let significant = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len() - 1);
    let octets = octets.get(significant..).unwrap_or_default();
    let mut content = Vec::with_capacity(9);
    if octets.first().is_some_and(|first| *first >= 0x80) {
        content.push(0);
    }
    content.extend_from_slice(octets);
    element(tag::INTEGER, &content)
}
