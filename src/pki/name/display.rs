//! Showing names of which only the comparable form is left.

use super::super::general_name::URI;
use super::super::oid::dotted;
use super::DIRECTORY;
use super::text::{escape, short_name};
use crate::types::{NameKey, to_hex};

/// A name key as a person reads it: a URI as it is, a distinguished name in the order and style of RFC 4514 with its
/// values folded, anything else in hexadecimal.
#[must_use]
pub fn display_name_key(key: &NameKey) -> String {
    let shown = match key.octets() {
        [URI, uri @ ..] => std::str::from_utf8(uri).ok().map(str::to_owned),
        [DIRECTORY, rdns @ ..] => parts(rdns).map(|rdns| {
            let texts: Vec<String> = rdns.iter().rev().map(|rdn| relative_name(rdn)).collect();
            texts.join(",")
        }),
        _ => None,
    };
    shown.unwrap_or_else(|| format!("#{}", to_hex(key.octets())))
}

fn relative_name(rdn: &[u8]) -> String {
    let attributes: Vec<String> = parts(rdn).unwrap_or_default().into_iter().map(attribute).collect();
    attributes.join("+")
}

fn attribute(key: &[u8]) -> String {
    let Some((oid, value)) = part(key) else { return to_hex(key) };
    let name = short_name(oid).map_or_else(|| dotted(oid), str::to_owned);
    match value.split_first() {
        Some((0, text)) => format!("{name}={}", escape(&String::from_utf8_lossy(text))),
        _ => format!("{name}=#{}", to_hex(value.get(1..).unwrap_or_default())),
    }
}

/// The parts that stand one after the other, each behind its length.
fn parts(mut key: &[u8]) -> Option<Vec<&[u8]>> {
    let mut parts = Vec::new();
    while !key.is_empty() {
        let (first, rest) = part(key)?;
        parts.push(first);
        key = rest;
    }
    Some(parts)
}

fn part(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = key.split_first_chunk::<4>()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
}
