//! From the text of a name (RFC 4514) back to DER, so that the authorities that a server tells of can be asked for.
//!
//! Text does not say which string type a value had. It does not matter: names are compared by RFC 5280 section 7.1,
//! where string types, letter case and spacing are the same.

use yasna::models::ObjectIdentifier;

use crate::pki::Name;
use crate::types::from_hex;

/// Relative names and attributes of one name.
const MOST: usize = 256;

/// The name in DER; `None` if the text is none, or would not come out as the same text again.
pub(super) fn from_text(text: &str) -> Option<Vec<u8>> {
    let mut relative_names = vec![vec![]];
    for (separator, part) in split(text)? {
        if separator == Some(',') {
            relative_names.push(vec![]);
        }
        relative_names.last_mut()?.push(Attribute::read(&part)?);
    }
    let der = yasna::construct_der(|writer| {
        writer.write_sequence(|writer| {
            // The text begins with the last.
            for relative_name in relative_names.iter().rev() {
                writer.next().write_set_of(|writer| {
                    for attribute in relative_name {
                        writer.next().write_sequence(|writer| attribute.write(writer));
                    }
                });
            }
        });
    });
    let same = Name::from_der(&der).is_ok_and(|name| name.to_string() == text);
    same.then_some(der)
}

/// A character of a text, and whether it was escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    Plain(char),
    /// An octet of UTF-8.
    Escaped(u8),
}

/// The attributes with the separator in front of each, unescaped.
fn split(text: &str) -> Option<Vec<(Option<char>, Vec<Piece>)>> {
    let mut parts = vec![(None, Vec::new())];
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        match character {
            '\\' => {
                let next = rest.next()?;
                let octet = match next.to_digit(16) {
                    Some(high) => u8::try_from(high * 16 + rest.next()?.to_digit(16)?).ok()?,
                    None => u8::try_from(next).ok().filter(u8::is_ascii)?,
                };
                parts.last_mut()?.1.push(Piece::Escaped(octet));
            }
            ',' | '+' if parts.len() < MOST => parts.push((Some(character), Vec::new())),
            ',' | '+' => return None,
            other => parts.last_mut()?.1.push(Piece::Plain(other)),
        }
    }
    Some(parts)
}

struct Attribute {
    oid: ObjectIdentifier,
    value: Value,
}

enum Value {
    Text(String),
    Der(Vec<u8>),
}

impl Attribute {
    fn read(part: &[Piece]) -> Option<Self> {
        let equals = part.iter().position(|piece| *piece == Piece::Plain('='))?;
        let (kind, value) = part.split_at_checked(equals)?;
        let (kind, value) = (plain(kind)?, value.get(1..)?);
        let oid = match OIDS.iter().find(|(name, _)| *name == kind) {
            Some((_, oid)) => (*oid).to_owned(),
            None => kind,
        };
        let oid: Option<Vec<u64>> = oid.split('.').map(|number| number.parse().ok()).collect();
        let value = match value.split_first() {
            Some((Piece::Plain('#'), hex)) => Value::Der(from_hex(&plain(hex)?).ok()?),
            _ => Value::Text(unescaped(value)?),
        };
        Some(Self { oid: ObjectIdentifier::new(oid.filter(|oid| is_encodable(oid))?), value })
    }

    fn write(&self, writer: &mut yasna::DERWriterSeq<'_>) {
        writer.next().write_oid(&self.oid);
        match &self.value {
            Value::Text(text) => writer.next().write_utf8_string(text),
            Value::Der(der) => writer.next().write_der(der),
        }
    }
}

/// Whether the arcs are those of an object identifier (X.660 section A.2); the writer takes no others.
fn is_encodable(oid: &[u64]) -> bool {
    match oid {
        [0 | 1, second, ..] => *second < 40,
        [2, second, ..] => u32::try_from(*second).is_ok(),
        _ => false,
    }
}

fn plain(pieces: &[Piece]) -> Option<String> {
    let character = |piece: &Piece| match piece {
        Piece::Plain(character) => Some(*character),
        Piece::Escaped(_) => None,
    };
    pieces.iter().map(character).collect()
}

fn unescaped(pieces: &[Piece]) -> Option<String> {
    let mut octets = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Plain(character) => {
                octets.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            }
            Piece::Escaped(octet) => octets.push(*octet),
        }
    }
    String::from_utf8(octets).ok()
}

/// The types that [`Name`] writes by name.
const OIDS: [(&str, &str); 28] = [
    ("CN", "2.5.4.3"),
    ("SN", "2.5.4.4"),
    ("serialNumber", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("title", "2.5.4.12"),
    ("description", "2.5.4.13"),
    ("businessCategory", "2.5.4.15"),
    ("postalCode", "2.5.4.17"),
    ("name", "2.5.4.41"),
    ("GN", "2.5.4.42"),
    ("initials", "2.5.4.43"),
    ("generationQualifier", "2.5.4.44"),
    ("x500UniqueIdentifier", "2.5.4.45"),
    ("dnQualifier", "2.5.4.46"),
    ("pseudonym", "2.5.4.65"),
    ("organizationIdentifier", "2.5.4.97"),
    ("emailAddress", "1.2.840.113549.1.9.1"),
    ("unstructuredName", "1.2.840.113549.1.9.2"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("jurisdictionL", "1.3.6.1.4.1.311.60.2.1.1"),
    ("jurisdictionST", "1.3.6.1.4.1.311.60.2.1.2"),
    ("jurisdictionC", "1.3.6.1.4.1.311.60.2.1.3"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for text in [
            "CN=Amazon Root CA 1,O=Amazon,C=US",
            "CN=a\\,b\\+c\\\\ \\\"x\\\"\\ ,OU=\\#1,O=x=y",
            "serialNumber=4+CN=M\u{fc}ller,DC=example,DC=org",
            "1.3.6.1.4.1.99999.1=#0c0161,CN=\\0a",
        ] {
            let der = from_text(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(Name::from_der(&der).unwrap().to_string(), text);
        }
        for (name, _) in OIDS {
            assert!(from_text(&format!("{name}=x")).is_some(), "{name}");
        }
        for text in
            ["", "x", "CN", "XX=1", "CN=a,", "CN=\\", "CN=\\a", "CN=#zz", "1=x", "CN=a;b", "9.9.9=#0500"]
        {
            assert!(from_text(text).is_none(), "{text}");
        }
    }
}
