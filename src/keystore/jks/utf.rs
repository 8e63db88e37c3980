//! Java's modified UTF-8: NUL in two octets, characters beyond 16 bits as two surrogates of three octets each.

/// Reads a name; `None` for octets that Java would not have written.
pub(super) fn decode(octets: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, more)) = rest.split_first() {
        let continuation = |octet: &u8| (octet & 0xc0 == 0x80).then_some(u16::from(octet & 0x3f));
        let lead = u16::from(*first);
        rest = match (*first, more) {
            (0x01..=0x7f, more) => {
                units.push(lead);
                more
            }
            (0xc0..=0xdf, [second, more @ ..]) => {
                units.push((lead & 0x1f) << 6 | continuation(second)?);
                more
            }
            (0xe0..=0xef, [second, third, more @ ..]) => {
                units.push((lead & 0x0f) << 12 | continuation(second)? << 6 | continuation(third)?);
                more
            }
            _ => return None,
        };
    }
    String::from_utf16(&units).ok()
}

/// Writes a name.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        // The masks leave no more than the octet holds.
        let bits = |shift: u16, mask: u16| u8::try_from(unit >> shift & mask).unwrap_or(0);
        match unit {
            0x01..=0x7f => octets.push(bits(0, 0x7f)),
            0 | 0x80..=0x7ff => octets.extend([0xc0 | bits(6, 0x1f), 0x80 | bits(0, 0x3f)]),
            _ => octets.extend([0xe0 | bits(12, 0x0f), 0x80 | bits(6, 0x3f), 0x80 | bits(0, 0x3f)]),
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        for name in ["", "server", "ключ", "証明書", "a\0b", "🔑 key"] {
            let octets = encode(name);
            assert!(!octets.contains(&0), "{name}");
            assert_eq!(decode(&octets).as_deref(), Some(name));
        }
    }

    #[test]
    fn what_java_does_not_write_is_refused() {
        // NUL as it is, a lone continuation, an end within a character, four octets at once, half a pair.
        for octets in
            [&[0][..], &[0x80], &[0xc3], &[0xe3, 0x81], &[0xf0, 0x9f, 0x94, 0x91], &[0xed, 0xa0, 0x80]]
        {
            assert_eq!(decode(octets), None, "{octets:02x?}");
        }
    }
}
