//! PEM: several blocks, text around them, and what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

use std::io::{BufRead, BufReader, Read};

use revocache::pki::crl::{CrlLimits, CrlReader};
use revocache::pki::pem::{Encoding, PemError, PemReader};
use revocache_testkit::{Authority, BulkCrl, Entry, KeyKind, Random, bulk_crl, pem};

fn blocks(text: impl BufRead) -> Result<Vec<(String, Vec<u8>)>, PemError> {
    let mut reader = PemReader::new(text);
    let mut blocks = Vec::new();
    while let Some(mut block) = reader.next_block()? {
        let label = block.label().to_owned();
        let mut body = Vec::new();
        if let Err(error) = block.read_to_end(&mut body) {
            return Err(*error.into_inner().unwrap().downcast().unwrap());
        }
        blocks.push((label, body));
    }
    Ok(blocks)
}

#[test]
fn bodies_of_every_length_come_back() {
    let mut random = Random::new(1);
    for length in (0..200).chain([8190, 8191, 8192, 8193, 50_000]) {
        let body = random.octets(length);
        let text = pem("X509 CRL", &body);
        let expected = vec![("X509 CRL".to_owned(), body)];
        assert_eq!(blocks(text.as_bytes()).unwrap(), expected, "{length}");
        let windows = text.replace('\n', "\r\n");
        assert_eq!(blocks(BufReader::with_capacity(1, windows.as_bytes())).unwrap(), expected, "{length}");
        let one_line = text
            .replacen('\n', "@", 1)
            .replace('\n', "")
            .replacen('@', "\n", 1)
            .replace("-----END", "\n-----END");
        assert_eq!(blocks(one_line.as_bytes()).unwrap(), expected, "{length}");
    }
}

#[test]
fn blocks_stand_in_any_text() {
    let text = format!(
        "\u{feff}subject=CN = x\n\n  {}between - dashes --- and\n-----\n{}\ntrailing",
        pem("CERTIFICATE", &[1, 2, 3]),
        pem("X509 CRL", &[4])
    );
    let expected = [("CERTIFICATE".to_owned(), vec![1, 2, 3]), ("X509 CRL".to_owned(), vec![4])];
    assert_eq!(blocks(text.as_bytes()).unwrap(), expected);
    assert_eq!(blocks(&b""[..]).unwrap(), []);
    assert_eq!(blocks(&b"no block here"[..]).unwrap(), []);
    // A block that nobody reads is passed over, and still has to be well-formed.
    let mut reader = PemReader::new(text.as_bytes());
    assert_eq!(reader.next_block().unwrap().unwrap().label(), "CERTIFICATE");
    assert_eq!(reader.next_block().unwrap().unwrap().label(), "X509 CRL");
    assert!(reader.next_block().unwrap().is_none());
    let bad = text.replace("AQID", "AQI*");
    let mut reader = PemReader::new(bad.as_bytes());
    assert!(reader.next_block().unwrap().is_some());
    assert!(reader.next_block().is_err());
    assert!(reader.next_block().is_err(), "an error is not got over");
}

#[test]
fn what_is_not_strict_is_refused() {
    for (text, expected) in [
        ("-----BEGIN A-----\nAQI\n-----END A-----\n", "base64"),
        ("-----BEGIN A-----\nAQI=AQID\n-----END A-----\n", "base64"),
        ("-----BEGIN A-----\nAQ=\n-----END A-----\n", "base64"),
        ("-----BEGIN A-----\nAQ==\nAQ==\n-----END A-----\n", "base64"),
        ("-----BEGIN A-----\nAR==\n-----END A-----\n", "base64"),
        ("-----BEGIN A-----\nA_ID\n-----END A-----\n", "base64"),
        ("-----BEGIN A-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END A-----\n", "-----END A-----"),
        ("-----BEGIN A-----\nAQID\n-----END B-----\n", "-----END A-----"),
        ("-----BEGIN A-----\nAQID\n-----END A----\n", "-----END A-----"),
        ("-----BEGIN A-----\nAQID\n", "-----END A-----"),
        ("-----BEGIN A-----\nAQID", "-----END A-----"),
        ("-----BEGIN A--\nAQID\n-----END A-----\n", "-----BEGIN LABEL-----"),
        ("-----BEGIN A\u{1}-----\nAQID\n-----END A-----\n", "-----BEGIN LABEL-----"),
    ] {
        let error = blocks(text.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expected), "{text:?}: {error}");
    }
    // The padding ends the data also where it happens to end a piece that is decoded at once.
    for length in (6100..6200).chain([12_286, 12_287]) {
        let text = pem("A", &vec![7; length]);
        let goes_on = text.replace("-----END", "AQID\n-----END");
        assert_eq!(blocks(goes_on.as_bytes()).is_err(), text.contains('='), "{length}");
    }
    let long = format!("-----BEGIN {}-----\n", "A".repeat(1000));
    assert!(blocks(long.as_bytes()).is_err());
}

#[test]
fn the_encoding_is_told_by_the_first_octets() {
    let ca = Authority::root("Root", KeyKind::P256);
    assert_eq!(Encoding::detect(&ca.certificate), Encoding::Der);
    assert_eq!(Encoding::detect(&ca.certificate[..2]), Encoding::Der);
    for text in ["-----BEGIN X", "\u{feff}-----BEGIN", "\n\n ---", "Certificate:\n", "0123 text", "# comment"]
    {
        assert_eq!(Encoding::detect(text.as_bytes()), Encoding::Pem, "{text}");
    }
    assert_eq!(Encoding::detect(&[0, 1, 2]), Encoding::Der);
    assert_eq!(Encoding::detect(&[]), Encoding::Der);
}

/// A list in PEM goes through both readers without being held.
#[test]
fn a_list_is_read_out_of_its_block() {
    let ca = Authority::root("Root", KeyKind::P256);
    let bulk = bulk_crl(&ca, BulkCrl { entries: 20_000, serial_octets: 12, reason_share: 50, seed: 3 });
    let small = ca.crl().entry(Entry::new(&[1]));
    let text = format!("{}{}", pem("X509 CRL", &bulk), small.build_pem(&ca.key));
    let mut reader = PemReader::new(text.as_bytes());
    for expected in [20_000, 1] {
        let block = reader.next_block().unwrap().unwrap();
        let crl = CrlReader::new(block, CrlLimits::default()).unwrap().finish().unwrap();
        assert_eq!(crl.untrusted().entries, expected);
    }
    assert!(reader.next_block().unwrap().is_none());
}
