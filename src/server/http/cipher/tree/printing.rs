//! How values are written: octets as pairs of digits, values of names with quotes.

use crate::pki::{Name, NameAttribute};

/// How a value of a name is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NameValues {
    /// In quotes where it has a character that has a meaning in a name (RFC 1779 section 2.3), as Java prints names.
    #[default]
    Quoted,
    /// As [`NameValues::Quoted`], cut off before the first comma, as the service does that clients know: it splits a
    /// name at commas without regard to quotes.
    Cut,
    /// As it is in the certificate.
    Plain,
}

/// Octets as `0A FF`.
pub(super) fn hex_pairs(octets: &[u8]) -> String {
    let pairs: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    pairs.join(" ")
}

/// The values of an attribute of a name; several are joined by a comma. `None` without the attribute.
pub(super) fn value_of(name: &Name, oid: &str, style: NameValues) -> Option<String> {
    let attributes = name.attributes();
    let values: Vec<String> =
        attributes.iter().filter(|it| it.oid() == oid).map(|attribute| printed(attribute, style)).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The serial number that a name has (2.5.4.5): an identifier in hexadecimal as pairs, any other as it is.
///
/// Identifiers of the service are 8 octets, written as 16 digits. Numbers of persons are decimal and shorter, so that
/// decimal digits alone mean an identifier only at that length.
pub(super) fn serial_of(name: &Name, style: NameValues) -> Option<String> {
    const SERIAL_NUMBER: &str = "2.5.4.5";
    const IDENTIFIER_DIGITS: usize = 16;
    let attributes = name.attributes();
    let attribute = attributes.iter().find(|attribute| attribute.oid() == SERIAL_NUMBER)?;
    let Some(text) = attribute.text() else { return Some(hex_pairs(attribute.content())) };
    let has_letter = text.chars().any(|character| character.is_ascii_alphabetic());
    let is_identifier = text.len() == IDENTIFIER_DIGITS || has_letter && text.len() > 2;
    let octets = crate::types::from_hex(&text).ok().filter(|_| text.chars().all(|c| c.is_ascii_hexdigit()));
    Some(match octets {
        Some(octets) if is_identifier => hex_pairs(&octets),
        _ => quoted(&text, style),
    })
}

fn printed(attribute: &NameAttribute<'_>, style: NameValues) -> String {
    attribute.text().map_or_else(|| hex_pairs(attribute.content()), |text| quoted(&text, style))
}

/// A value by RFC 1779 section 2.3: in quotes if it has a special character, begins or ends with a space, or has two of
/// them in a row; quotes and backslashes in it then stand behind a backslash.
fn quoted(text: &str, style: NameValues) -> String {
    const SPECIAL: [char; 10] = [',', '+', '=', '\n', '<', '>', '#', ';', '\\', '"'];
    let needs_quotes =
        text.contains(SPECIAL) || text.contains("  ") || text.starts_with(' ') || text.ends_with(' ');
    if style == NameValues::Plain || !needs_quotes {
        return text.to_owned();
    }
    let printed = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
    match (style, printed.split_once(',')) {
        (NameValues::Cut, Some((before, _))) => before.to_owned(),
        _ => printed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_java_prints_them() {
        for (value, printed) in [
            ("Харківська", "Харківська"),
            ("ТОВ \"Сайфер БІС\"", "\"ТОВ \\\"Сайфер БІС\\\"\""),
            ("пр. Науки, 40", "\"пр. Науки, 40\""),
            ("a\\b", "\"a\\\\b\""),
            (" a", "\" a\""),
            ("a  b", "\"a  b\""),
            ("test@cipher.com", "test@cipher.com"),
            ("", ""),
        ] {
            assert_eq!(quoted(value, NameValues::Quoted), printed);
            assert_eq!(quoted(value, NameValues::Plain), value);
        }
        assert_eq!(quoted("пр. Науки, 40", NameValues::Cut), "\"пр. Науки");
        assert_eq!(quoted("ТОВ \"Сайфер БІС\"", NameValues::Cut), "\"ТОВ \\\"Сайфер БІС\\\"\"");
    }

    #[test]
    fn octets_are_upper_case_pairs() {
        assert_eq!(hex_pairs(&[0x0a, 0xff, 0x00]), "0A FF 00");
        assert_eq!(hex_pairs(&[]), "");
    }
}
