//! BER into DER, as far as containers of other programs need it: indefinite lengths, lengths longer than necessary, and
//! strings in pieces (X.690 section 8). OpenSSL writes PKCS#7 so when it streams, Windows and NSS write PKCS#12 so.
//!
//! Only the framing is put right. Values stay as they are: what a reader of DER refuses then, it refuses still.

use std::borrow::Cow;

use super::ContainerError;
use super::der::element;
use crate::pki::der::{Reader, tag};

/// Elements inside elements; real containers have about ten levels, and strings in pieces add two.
const MAX_DEPTH: usize = 24;
/// Octets of tag and length that are looked at.
const MAX_LENGTH_OCTETS: usize = 8;
/// An element of constructed form.
const CONSTRUCTED: u8 = 0x20;
/// The end of an indefinite length.
const END: [u8; 2] = [0, 0];

/// The one element that `octets` are, with definite lengths in their shortest form. Octets that are fine are not
/// copied.
///
/// # Errors
/// [`ContainerError::Malformed`] for what is no BER either, and beyond 24 levels.
pub(super) fn normalised<'a>(
    octets: &'a [u8],
    format: &'static str,
) -> Result<Cow<'a, [u8]>, ContainerError> {
    if is_der(octets, MAX_DEPTH) {
        return Ok(Cow::Borrowed(octets));
    }
    let bad = |reason: &'static str| ContainerError::malformed(format, reason);
    let (der, rest) = rewrite(octets, MAX_DEPTH).map_err(bad)?;
    if rest.is_empty() { Ok(Cow::Owned(der)) } else { Err(bad("octets behind its end")) }
}

/// Whether every length down to the primitive values is as DER has it, and no string is in pieces.
fn is_der(octets: &[u8], depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1) else { return false };
    let mut reader = Reader::new(octets);
    while !reader.is_empty() {
        let Ok(element) = reader.any() else { return false };
        let pieces = element.tag == tag::OCTET_STRING | CONSTRUCTED;
        if pieces || (element.tag & CONSTRUCTED != 0 && !is_der(element.content, depth)) {
            return false;
        }
    }
    true
}

/// Rewrites the first element; what follows it is returned.
fn rewrite(octets: &[u8], depth: usize) -> Result<(Vec<u8>, &[u8]), &'static str> {
    const CUT_OFF: &str = "it ends inside an element";
    let depth = depth.checked_sub(1).ok_or("elements inside elements more than 24 levels deep")?;
    let (tag, rest) = octets.split_first().ok_or(CUT_OFF)?;
    if tag & 0x1f == 0x1f {
        return Err("a tag number above 30 has no place here");
    }
    let (first, rest) = rest.split_first().ok_or(CUT_OFF)?;
    let mut parts = Vec::new();
    let constructed = tag & CONSTRUCTED != 0;
    let rest = if *first == 0x80 {
        if !constructed {
            return Err("an indefinite length on a primitive value");
        }
        let mut rest = rest;
        loop {
            if let Some(rest) = rest.strip_prefix(&END) {
                break rest;
            }
            let (part, more) = rewrite(rest, depth)?;
            parts.push(part);
            rest = more;
        }
    } else {
        let (length, rest) = definite(*first, rest).ok_or(CUT_OFF)?;
        let (mut content, rest) = rest.split_at_checked(length).ok_or(CUT_OFF)?;
        if !constructed {
            return Ok((element(*tag, content), rest));
        }
        while !content.is_empty() {
            let (part, more) = rewrite(content, depth)?;
            parts.push(part);
            content = more;
        }
        rest
    };
    Ok((put_together(*tag, &parts)?, rest))
}

/// The length that begins with `first`.
fn definite(first: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    if first < 0x80 {
        return Some((usize::from(first), rest));
    }
    let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let octets = octets.get(zeros..).filter(|octets| octets.len() <= MAX_LENGTH_OCTETS)?;
    let length = octets.iter().fold(0_u64, |length, octet| length << 8 | u64::from(*octet));
    Some((usize::try_from(length).ok()?, rest))
}

/// One element of its parts. The pieces of an OCTET STRING become one. Under an implicit tag nobody can tell pieces from
/// the parts of a structure, so the reader that knows puts those together.
fn put_together(constructed: u8, parts: &[Vec<u8>]) -> Result<Vec<u8>, &'static str> {
    let all_strings = || parts.iter().all(|part| part.first() == Some(&tag::OCTET_STRING));
    let joined = |as_tag| {
        let mut content = Vec::new();
        for part in parts {
            let mut reader = Reader::new(part);
            content.extend_from_slice(reader.any().map_err(|_| "a string in pieces that are none")?.content);
        }
        Ok(element(as_tag, &content))
    };
    match constructed {
        // Constructed UNIVERSAL 4.
        pieces if pieces == tag::OCTET_STRING | CONSTRUCTED => {
            if all_strings() {
                joined(tag::OCTET_STRING)
            } else {
                Err("a string in pieces that are none")
            }
        }
        other => Ok(element(other, &parts.concat())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(octets: &[u8]) -> Option<Vec<u8>> {
        normalised(octets, "test").ok().map(Cow::into_owned)
    }

    #[test]
    fn what_is_fine_is_not_copied() {
        let octets = [0x30, 3, 2, 1, 5];
        assert!(matches!(normalised(&octets, "test"), Ok(Cow::Borrowed(_))));
    }

    #[test]
    fn lengths_become_definite_and_short() {
        assert_eq!(der(&[0x30, 0x80, 2, 1, 5, 0, 0]).unwrap(), [0x30, 3, 2, 1, 5]);
        assert_eq!(der(&[0x30, 0x82, 0, 3, 2, 1, 5]).unwrap(), [0x30, 3, 2, 1, 5]);
        assert_eq!(der(&[0x30, 0x80, 0xa0, 0x80, 2, 1, 5, 0, 0, 0, 0]).unwrap(), [0x30, 5, 0xa0, 3, 2, 1, 5]);
    }

    #[test]
    fn pieces_become_one_string() {
        assert_eq!(der(&[0x24, 0x80, 4, 1, 1, 4, 2, 2, 3, 0, 0]).unwrap(), [4, 3, 1, 2, 3]);
        assert_eq!(der(&[0x24, 4, 0x24, 2, 4, 0]).unwrap(), [4, 0]);
        assert_eq!(der(&[0x24, 3, 2, 1, 1]), None);
    }

    #[test]
    fn what_never_ends_is_refused() {
        for octets in [
            &[0x30, 0x80][..],
            &[0x30, 0x80, 2, 1],
            &[4, 0x80, 0, 0],
            &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            &[0x30, 0, 0],
        ] {
            assert_eq!(der(octets), None, "{octets:02x?}");
        }
        assert_eq!(der(&[0x30, 0x80].repeat(1000)), None);
    }
}
