//! Damaged, cut and slowly arriving lists; random lists read back; another parser's opinion.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod pki_support;

use std::io::Read;

use pki_support::{OwnedEntry, openssl, public, read_all, read_from};
use proptest::prelude::*;
use revocache::pki::AlgorithmPolicy;
use revocache::pki::crl::CrlLimits;
use revocache::types::{ReasonCode, SerialRef, UnixTime};
use revocache_testkit::{
    Authority, BulkCrl, CrlBuilder, Entry, IssuingDistributionPoint, KeyKind, Name, Time, bulk_crl,
};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

fn sample(kind: KeyKind) -> (Authority, Vec<u8>) {
    let ca = Authority::root("Sample", kind);
    let scope =
        IssuingDistributionPoint { indirect: true, ..IssuingDistributionPoint::uri("http://a.example/c") };
    let crl = ca
        .crl()
        .number(300)
        .scope(&scope)
        .entry(Entry::new(&[0x00, 0x9f, 0x01]).reason(1))
        .entry(Entry::new(&[0x12, 0x34]))
        .entry(
            Entry::new(&[0x13]).certificate_issuer(&Name::new("Elsewhere")).invalidity_date(1_700_000_000),
        );
    let der = crl.build(&ca.key);
    (ca, der)
}

/// Yields one octet at a time, as a bad connection may.
struct Trickle<'a>(&'a [u8]);

impl Read for Trickle<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let some = buffer.len().min(1);
        self.0.read(&mut buffer[..some])
    }
}

#[test]
fn every_truncation_is_an_error() {
    for kind in [KeyKind::P256, KeyKind::Ed25519] {
        let (_, der) = sample(kind);
        for length in 0..der.len() {
            let error = read_all(&der[..length]).map(|_| ()).unwrap_err();
            assert_eq!(error.code(), "malformed", "{length}: {error}");
            assert!(error.offset() <= u64::try_from(length).unwrap(), "{length}: {error}");
        }
    }
}

/// Every bit of a small list flipped: an error, or a signature that does not verify. A flip outside the signed part
/// can at most change the signature.
#[test]
fn a_flipped_bit_is_noticed() {
    for kind in KeyKind::ALL {
        let (ca, der) = sample(kind);
        let (entries, original) = read_all(&der).unwrap();
        let key = public(&ca.key);
        assert!(original.verify(&key, &AlgorithmPolicy::default()).is_ok());
        let mut read = 0;
        for position in 0..der.len() {
            for bit in 0..8 {
                let mut changed = der.clone();
                changed[position] ^= 1 << bit;
                let Ok((changed_entries, crl)) = read_all(&changed) else { continue };
                read += 1;
                let verified = crl.verify(&key, &AlgorithmPolicy::ALLOW_SHA1).is_ok();
                assert!(!verified, "{kind:?}: bit {bit} of octet {position} makes no difference");
                let _ = (changed_entries == entries, crl.untrusted());
            }
        }
        assert!(read > 500, "only {read} flips got past the reader");
    }
}

#[test]
fn octet_by_octet_is_the_same_as_at_once() {
    for kind in [KeyKind::P384, KeyKind::Ed25519] {
        let (ca, der) = sample(kind);
        let (entries, crl) = read_all(&der).unwrap();
        let (slow_entries, slow_crl) = read_from(Trickle(&der), CrlLimits::default()).unwrap();
        assert_eq!(entries, slow_entries);
        assert_eq!(crl.untrusted(), slow_crl.untrusted());
        let facts = |crl: &revocache::pki::crl::UnverifiedCrl| {
            crl.verify(&public(&ca.key), &AlgorithmPolicy::default()).unwrap().facts()
        };
        assert_eq!(facts(&crl), facts(&slow_crl));
    }
}

/// Larger than the window, so that it moves many times and cuts entries in two.
#[test]
fn a_large_list_is_read_in_full() {
    let ca = Authority::root("Large", KeyKind::P256);
    let bulk = BulkCrl { entries: 60_000, serial_octets: 16, reason_share: 70, seed: 7 };
    let der = bulk_crl(&ca, bulk);
    assert!(der.len() > 2_000_000);
    let (entries, crl) = read_all(&der).unwrap();
    let mut serials = Vec::new();
    bulk.serials(|serial| serials.push(SerialRef::new(serial).unwrap().to_string()));
    let read: Vec<_> = entries.iter().map(|entry| entry.serial.clone()).collect();
    assert_eq!(read, serials);
    let with_reason = entries.iter().filter(|entry| entry.reason != ReasonCode::Unspecified).count();
    assert!((41_000..43_000).contains(&with_reason), "{with_reason}");
    assert!(crl.verify(&public(&ca.key), &AlgorithmPolicy::default()).is_ok());
    assert_eq!(by_x509_parser(&der).unwrap().len(), entries.len());
}

/// Serial, date and reason of every entry, as x509-parser sees them.
fn by_x509_parser(der: &[u8]) -> Option<Vec<(Vec<u8>, i64, u8)>> {
    let (rest, crl) = CertificateRevocationList::from_der(der).ok()?;
    let entries = crl.iter_revoked_certificates().map(|entry| {
        let reason = entry.reason_code().map_or(0, |(_, reason)| reason.0);
        (entry.raw_serial().to_vec(), entry.revocation_date.timestamp(), reason)
    });
    rest.is_empty().then(|| entries.collect())
}

fn any_entry() -> impl Strategy<Value = Entry> {
    let serial = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 1..24),
        1 => prop::collection::vec(Just(0_u8), 1..6),
        1 => prop::collection::vec(any::<u8>(), 120..300),
    ];
    let reason = prop::option::of(prop_oneof![Just(0_u8), 1..=6_u8, 9..=10_u8]);
    (
        serial,
        0..4_000_000_000_i64,
        any::<bool>(),
        reason,
        prop::option::of(0..4_000_000_000_i64),
        any::<bool>(),
    )
        .prop_map(|(serial, date, generalized, reason, invalid, reason_first)| {
            let date = if generalized { Time::generalized(date) } else { date.into() };
            let mut entry = Entry::new(&serial).revoked_at(date);
            if reason_first {
                entry = reason.into_iter().fold(entry, Entry::reason);
            }
            entry = invalid.into_iter().fold(entry, Entry::invalidity_date);
            if !reason_first {
                entry = reason.into_iter().fold(entry, Entry::reason);
            }
            entry
        })
}

/// What the entry is meant to say.
fn meaning(entry: &Entry) -> OwnedEntry {
    let value =
        |oid: &str| entry.extensions.iter().find(|extension| extension.oid == oid).map(|found| &found.value);
    OwnedEntry {
        serial: SerialRef::new(&entry.serial).unwrap().to_string(),
        revoked_at: entry.revoked_at.seconds,
        reason: value("2.5.29.21")
            .map_or(ReasonCode::Unspecified, |value| ReasonCode::from_code(value[2]).unwrap()),
        invalidity_date: value("2.5.29.24").map(|value| {
            let text = String::from_utf8(value[2..].to_vec()).unwrap();
            let (date, clock) = (&text[..8], &text[8..14]);
            UnixTime::parse_rfc3339(&format!(
                "{}-{}-{}T{}:{}:{}Z",
                &date[..4],
                &date[4..6],
                &date[6..],
                &clock[..2],
                &clock[2..4],
                &clock[4..]
            ))
            .unwrap()
        }),
        certificate_issuer: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn random_lists_are_read_back(entries in prop::collection::vec(any_entry(), 0..40), number in any::<u64>()) {
        let ca = Authority::root("Random", KeyKind::P256);
        let der = ca.crl().number(number).entries(entries.clone()).build(&ca.key);
        let (read, crl) = read_all(&der).unwrap();
        let meant: Vec<_> = entries.iter().map(meaning).collect();
        prop_assert_eq!(&read, &meant);
        prop_assert_eq!(crl.untrusted().extensions.crl_number, Some(number.into()));
        prop_assert!(crl.verify(&public(&ca.key), &AlgorithmPolicy::default()).is_ok());
        let theirs = by_x509_parser(&der).expect("x509-parser accepts it");
        let ours: Vec<_> = entries.iter().zip(&meant)
            .map(|(entry, meant)| (entry.serial.clone(), meant.revoked_at, meant.reason.code()))
            .collect();
        prop_assert_eq!(ours, theirs);
    }

    #[test]
    fn random_octets_never_panic(octets in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read_all(&octets).is_err());
    }
}

/// OpenSSL agrees with the kit about what it makes, signature included.
#[test]
fn openssl_reads_and_verifies_what_the_kit_makes() {
    let test = "openssl_reads_and_verifies_what_the_kit_makes";
    for kind in KeyKind::ALL {
        let (ca, der) = sample(kind);
        let unique = format!("revocache-{}-{kind:?}.pem", std::process::id());
        let file = std::env::temp_dir().join(unique);
        std::fs::write(&file, revocache_testkit::pem("CERTIFICATE", &ca.certificate)).unwrap();
        let arguments = ["crl", "-inform", "DER", "-noout", "-text", "-CAfile", file.to_str().unwrap()];
        let output = openssl(test, &arguments, &der);
        let certificate = openssl(test, &["x509", "-inform", "DER", "-noout", "-text"], &ca.certificate);
        std::fs::remove_file(&file).unwrap();
        let (Some(output), Some(certificate)) = (output, certificate) else { return };
        let text = output.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        assert!(text.contains("Serial Number: 9F01") && text.contains("Key Compromise"), "{text}");
        assert!(text.contains("Indirect CRL") && text.contains("Elsewhere"), "{text}");
        assert!(certificate.unwrap().contains("CA:TRUE"));
    }
}

#[test]
fn an_entry_too_large_for_the_window_is_read() {
    let ca = Authority::root("Wide", KeyKind::P256);
    let wide = |serial: u8| {
        let filler = revocache_testkit::Extension::new("1.2.3", &vec![9; 600_000]);
        Entry::new(&[serial]).extension(filler)
    };
    let crl: CrlBuilder =
        ca.crl().entries([Entry::new(&[1]), wide(2), Entry::new(&[3]), wide(4), Entry::new(&[5])]);
    let limits = CrlLimits { max_entry: 1 << 20, ..CrlLimits::default() };
    let der = crl.build(&ca.key);
    let (entries, read) = read_from(Trickle(&der[..]), limits).unwrap();
    let serials: Vec<_> = entries.iter().map(|entry| entry.serial.as_str()).collect();
    assert_eq!(serials, ["01", "02", "03", "04", "05"]);
    assert!(read.verify(&public(&ca.key), &AlgorithmPolicy::default()).is_ok());
}
