//! The string types of ASN.1 as Unicode, the first step of RFC 4518 (section 2.1).

use std::borrow::Cow;

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const VISIBLE_STRING: u8 = 0x1a;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

/// The text of a string value; `None` for a value that is no string, or none of its announced type.
///
/// Certificates in use have Latin letters and characters such as `@` and `*` in the types of seven bits. Those are
/// read as Latin 1, which agrees with ASCII where they keep to their alphabet; TeletexString is read the same way,
/// as everybody does.
pub(super) fn decode(tag: u8, content: &[u8]) -> Option<Cow<'_, str>> {
    match tag {
        UTF8_STRING => std::str::from_utf8(content).ok().map(Cow::Borrowed),
        PRINTABLE_STRING | IA5_STRING | NUMERIC_STRING | VISIBLE_STRING | TELETEX_STRING => {
            Some(if content.is_ascii() {
                Cow::Borrowed(std::str::from_utf8(content).ok()?)
            } else {
                Cow::Owned(content.iter().copied().map(char::from).collect())
            })
        }
        BMP_STRING => {
            let (units, []) = content.as_chunks::<2>() else { return None };
            // BMPString has no surrogates by definition; pairs of them are what Windows writes, and are unambiguous.
            let text: Result<String, _> =
                char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit))).collect();
            text.ok().map(Cow::Owned)
        }
        UNIVERSAL_STRING => {
            let (units, []) = content.as_chunks::<4>() else { return None };
            let text: Option<String> =
                units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect();
            text.map(Cow::Owned)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_gives_the_same_text() {
        for (tag, content) in [
            (UTF8_STRING, &b"\xc3\x84b"[..]),
            (TELETEX_STRING, b"\xc4b"),
            (BMP_STRING, b"\0\xc4\0b"),
            (UNIVERSAL_STRING, b"\0\0\0\xc4\0\0\0b"),
        ] {
            assert_eq!(decode(tag, content).as_deref(), Some("Äb"), "{tag:02x}");
        }
        for tag in [UTF8_STRING, NUMERIC_STRING, PRINTABLE_STRING, TELETEX_STRING, IA5_STRING, VISIBLE_STRING]
        {
            assert_eq!(decode(tag, b"1 2").as_deref(), Some("1 2"), "{tag:02x}");
        }
    }

    #[test]
    fn what_is_no_string_of_its_type_is_no_text() {
        assert_eq!(decode(UTF8_STRING, b"\xff"), None);
        assert_eq!(decode(BMP_STRING, b"\0a\0"), None);
        assert_eq!(decode(BMP_STRING, b"\xd8\0"), None);
        assert_eq!(decode(UNIVERSAL_STRING, b"\0\0\0"), None);
        assert_eq!(decode(UNIVERSAL_STRING, b"\0\x11\0\0"), None);
        assert_eq!(decode(0x02, b"a"), None);
    }
}
