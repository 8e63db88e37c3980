//! A DER writer: functions from contents to encodings, nothing more.

/// One element: tag, shortest length, content.
#[must_use]
pub fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut der = Vec::with_capacity(content.len() + 6);
    der.push(tag);
    der.extend(length(content.len()));
    der.extend_from_slice(content);
    der
}

/// The octets of a length in its shortest form.
#[must_use]
pub fn length(length: usize) -> Vec<u8> {
    if length < 0x80 {
        return vec![length as u8];
    }
    let octets: Vec<u8> = (length as u64).to_be_bytes().into_iter().skip_while(|octet| *octet == 0).collect();
    let mut der = vec![0x80 | octets.len() as u8];
    der.extend(octets);
    der
}

/// SEQUENCE of parts that are already encoded.
#[must_use]
pub fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

/// SET of parts that are already encoded, in the order given.
#[must_use]
pub fn set(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x31, &parts.concat())
}

/// INTEGER with exactly these content octets, right or wrong.
#[must_use]
pub fn integer_octets(octets: &[u8]) -> Vec<u8> {
    element(2, octets)
}

/// INTEGER of a number.
#[must_use]
pub fn integer(number: u64) -> Vec<u8> {
    integer_octets(&minimal(number))
}

/// Content octets of a number's INTEGER.
#[must_use]
pub fn minimal(number: u64) -> Vec<u8> {
    let mut octets = vec![0];
    octets.extend(number.to_be_bytes());
    while octets.len() > 1 && octets[0] == 0 && octets[1] < 0x80 {
        octets.remove(0);
    }
    octets
}

/// BOOLEAN.
#[must_use]
pub fn boolean(value: bool) -> Vec<u8> {
    element(1, &[if value { 0xff } else { 0x00 }])
}

/// OCTET STRING.
#[must_use]
pub fn octet_string(content: &[u8]) -> Vec<u8> {
    element(4, content)
}

/// BIT STRING of whole octets.
#[must_use]
pub fn bit_string(octets: &[u8]) -> Vec<u8> {
    element(3, &[&[0], octets].concat())
}

/// BIT STRING of named bits, trailing zeros left out, under any tag.
#[must_use]
pub fn named_bits(tag: u8, bits: u16) -> Vec<u8> {
    let Some(last) = (0..16).rev().find(|bit| bits >> bit & 1 == 1) else { return element(tag, &[0]) };
    let mut octets = vec![0; last / 8 + 1];
    for bit in 0..=last {
        octets[bit / 8] |= ((bits >> bit & 1) as u8) << (7 - bit % 8);
    }
    element(tag, &[&[(7 - last % 8) as u8], &*octets].concat())
}

/// OBJECT IDENTIFIER of dotted decimal text.
#[must_use]
pub fn oid(dotted: &str) -> Vec<u8> {
    let arcs: Vec<u64> = dotted.split('.').map(|arc| arc.parse().expect("arcs are numbers")).collect();
    let mut content = Vec::new();
    for arc in [&[arcs[0] * 40 + arcs[1]], &arcs[2..]].concat() {
        let groups = (1..10).find(|groups| arc >> (7 * groups) == 0).expect("arcs are small");
        for group in (0..groups).rev() {
            let more = if group == 0 { 0 } else { 0x80 };
            content.push((arc >> (7 * group)) as u8 & 0x7f | more);
        }
    }
    element(6, &content)
}

/// `[number] EXPLICIT`.
#[must_use]
pub fn explicit(number: u8, inner: &[u8]) -> Vec<u8> {
    element(0xa0 | number, inner)
}

/// `[number] IMPLICIT` of a primitive value: its content octets.
#[must_use]
pub fn implicit(number: u8, content: &[u8]) -> Vec<u8> {
    element(0x80 | number, content)
}

/// PEM with this label, 64 characters to the line.
#[must_use]
pub fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group
                .iter()
                .chain([0, 0].iter())
                .take(3)
                .fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet));
            for position in 0..4 {
                let character = ALPHABET[(bits >> (18 - 6 * position) & 63) as usize];
                text.push(if position > group.len() { '=' } else { character.into() });
            }
        }
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}
