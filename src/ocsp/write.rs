//! A DER writer, as much as requests need.

use crate::pki::der::{count, tag};

/// Appends one element: tag, shortest length, content.
pub(super) fn push(der: &mut Vec<u8>, tag: u8, content: &[u8]) {
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
}

/// A SEQUENCE around parts that are already encoded.
pub(super) fn sequence(content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 4);
    push(&mut der, tag::SEQUENCE, content);
    der
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::der::read_single;

    #[test]
    fn lengths_are_the_shortest() {
        for (length, header) in [
            (0, &[0x30, 0][..]),
            (127, &[0x30, 127]),
            (128, &[0x30, 0x81, 128]),
            (255, &[0x30, 0x81, 255]),
            (256, &[0x30, 0x82, 1, 0]),
            (70_000, &[0x30, 0x83, 1, 0x11, 0x70]),
        ] {
            let der = sequence(&vec![7; length]);
            assert_eq!(&der[..header.len()], header);
            assert_eq!(read_single(&der, tag::SEQUENCE).unwrap().content.len(), length);
        }
    }
}
