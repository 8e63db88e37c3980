//! Names as text (RFC 4514).

use super::super::oid::dotted;
use super::Attribute;
use super::strings;
use crate::types::to_hex;

/// One relative name: its attributes joined by `+`.
pub(super) fn relative_name(attributes: &[Attribute<'_>]) -> String {
    let parts: Vec<String> = attributes.iter().map(attribute).collect();
    parts.join("+")
}

/// One attribute: its type and its value.
pub(super) fn attribute(attribute: &Attribute<'_>) -> String {
    let text = strings::decode(attribute.value.tag, attribute.value.content);
    match (short_name(attribute.oid), text) {
        (Some(name), Some(text)) => format!("{name}={}", escape(&text)),
        (Some(name), None) => format!("{name}=#{}", to_hex(attribute.value.raw)),
        // RFC 4514 section 2.4: a type without a name goes with a value in hexadecimal.
        (None, _) => format!("{}=#{}", dotted(attribute.oid), to_hex(attribute.value.raw)),
    }
}

/// RFC 4514 section 2.4. Controls are escaped as well, so that a name cannot break a line of a log or a terminal.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (position, character) in text.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            '#' if position == 0 => escaped.push_str("\\#"),
            ' ' if position == 0 || position == last => escaped.push_str("\\ "),
            control if control.is_control() => {
                let mut octets = [0; 4];
                for octet in control.encode_utf8(&mut octets).bytes() {
                    escaped.push('\\');
                    escaped.push_str(&to_hex(&[octet]));
                }
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// The names of RFC 4514 section 3, and for the other types that certificates use those that OpenSSL prints.
pub(super) fn short_name(oid: &[u8]) -> Option<&'static str> {
    const EMAIL_ADDRESS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x01];
    const UNSTRUCTURED_NAME: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x02];
    const USER_ID: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01];
    const DOMAIN_COMPONENT: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x19];
    const JURISDICTION: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x3c, 0x02, 0x01];
    if let [0x55, 0x04, attribute] = oid {
        return Some(match attribute {
            3 => "CN",
            4 => "SN",
            5 => "serialNumber",
            6 => "C",
            7 => "L",
            8 => "ST",
            9 => "STREET",
            10 => "O",
            11 => "OU",
            12 => "title",
            13 => "description",
            15 => "businessCategory",
            17 => "postalCode",
            41 => "name",
            42 => "GN",
            43 => "initials",
            44 => "generationQualifier",
            45 => "x500UniqueIdentifier",
            46 => "dnQualifier",
            65 => "pseudonym",
            97 => "organizationIdentifier",
            _ => return None,
        });
    }
    match oid {
        EMAIL_ADDRESS => Some("emailAddress"),
        UNSTRUCTURED_NAME => Some("unstructuredName"),
        USER_ID => Some("UID"),
        DOMAIN_COMPONENT => Some("DC"),
        [prefix @ .., last] if prefix == JURISDICTION => match last {
            1 => Some("jurisdictionL"),
            2 => Some("jurisdictionST"),
            3 => Some("jurisdictionC"),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_meaning_in_a_name_is_escaped() {
        for (text, escaped) in [
            ("Amazon Root CA 1", "Amazon Root CA 1"),
            ("a,b+c", "a\\,b\\+c"),
            (" x ", "\\ x\\ "),
            (" ", "\\ "),
            ("#1#", "\\#1#"),
            ("a\nb\u{0}\u{85}", "a\\0ab\\00\\c2\\85"),
            ("\"<>;\\", "\\\"\\<\\>\\;\\\\"),
            ("", ""),
        ] {
            assert_eq!(escape(text), escaped, "{text:?}");
        }
    }

    #[test]
    fn types_have_their_usual_names() {
        assert_eq!(short_name(&[0x55, 0x04, 0x61]), Some("organizationIdentifier"));
        assert_eq!(short_name(&[0x55, 0x04, 0x7f]), None);
        assert_eq!(short_name(&[0x55, 0x04]), None);
    }
}
