//! CRLs from the test kit: what is accepted is read in full, what is refused is refused for the right reason.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod pki_support;

use pki_support::{public, read_all, read_from};
use revocache::pki::crl::{CrlError, CrlLimits, CrlReader, CrlVersion};
use revocache::pki::{AlgorithmPolicy, GeneralName as Gn, Name as ReadName, uri_key};
use revocache::types::{CrlNumber, KindScope, ReasonCode, ReasonSet, SignatureAlgorithm, UnixTime};
use revocache_testkit::{
    Authority, CrlBuilder, DistributionPoint, Entry, Extension, GeneralName, IssuingDistributionPoint,
    KeyKind, Name, Signature, StringKind, Time, der, oid,
};

fn authority() -> Authority {
    Authority::root("Issuer", KeyKind::P256)
}

/// Builds, reads, and gives the error, which must name an offset inside the file.
fn refusal(ca: &Authority, crl: &CrlBuilder) -> CrlError {
    let der = crl.build(&ca.key);
    let error = read_all(&der).map(|(entries, _)| entries).expect_err("the list must be refused");
    assert!(error.offset() <= u64::try_from(der.len()).unwrap(), "{error}");
    error
}

#[track_caller]
fn assert_malformed(ca: &Authority, crl: &CrlBuilder, reason: &str) {
    let error = refusal(ca, crl);
    assert_eq!(error.code(), "malformed", "{error}");
    assert!(error.to_string().contains(reason), "{error} should say: {reason}");
}

#[test]
fn a_list_with_everything_is_read_in_full() {
    let ca = authority();
    let scope = IssuingDistributionPoint {
        full_name: vec![
            GeneralName::uri("HTTP://CRL.example/A.crl"),
            GeneralName::Directory(Name::new("DP")),
        ],
        only_user: true,
        reasons: Some(0b110),
        indirect: true,
        ..IssuingDistributionPoint::default()
    };
    let other = Name::new("Other CA");
    let crl = ca
        .crl()
        .number(0x1234)
        .delta(0x1230)
        .scope(&scope)
        .freshest(&[DistributionPoint::uri("http://crl.example/delta.crl")])
        .expired_certs_on_crl(1_600_000_000)
        .extension(Extension::new("1.2.3.4.5", &[5, 0]))
        .extension(Extension::new(oid::ISSUER_ALT_NAME, &der::sequence(&[GeneralName::uri("urn:x").der()])))
        .extension(Extension::new(oid::AUTHORITY_INFO_ACCESS, &der::sequence(&[])))
        .entry(Entry::new(&[0x00, 0xff]).reason(1))
        .entry(Entry::new(&[0xff]).revoked_at(1_700_000_000))
        .entry(Entry::new(&[0x00, 0x00, 0x80]).reason(8).certificate_issuer(&other))
        .entry(Entry::new(&[0x7f]).invalidity_date(1_650_000_000).reason(6))
        .entry(Entry::new(&[0x02]).certificate_issuer(&ca.name))
        .entry(
            Entry::new(&[0x03])
                .revoked_at(Time::generalized(1_600_000_001))
                .extension(Extension::new(oid::HOLD_INSTRUCTION, &der::oid("1.2.840.10040.2.1")))
                .extension(Extension::new("1.2.3.4", &[4, 0])),
        );
    let built = crl.build(&ca.key);
    let (entries, unverified) = read_all(&built).unwrap();
    let facts = unverified.verify(&public(&ca.key), &AlgorithmPolicy::default()).unwrap().facts();

    let serials: Vec<&str> = entries.iter().map(|entry| entry.serial.as_str()).collect();
    assert_eq!(serials, ["00ff", "ff", "0080", "7f", "02", "03"]);
    let reasons: Vec<u8> = entries.iter().map(|entry| entry.reason.code()).collect();
    assert_eq!(reasons, [1, 0, 8, 6, 0, 0]);
    assert_eq!(entries[1].revoked_at, 1_700_000_000);
    assert_eq!(entries[5].revoked_at, 1_600_000_001);
    assert_eq!(entries[3].invalidity_date, Some(UnixTime::from_seconds(1_650_000_000)));
    // The certificate issuer stays in force until another one is named.
    let other = Some("CN=Other CA,O=Testkit,C=ZZ".to_owned());
    let issuers: Vec<_> = entries.iter().map(|entry| entry.certificate_issuer.clone()).collect();
    assert_eq!(issuers, [None, None, other.clone(), other, None, None]);

    assert_eq!(facts.this_update.seconds(), 1_738_368_000);
    assert_eq!(facts.next_update.unwrap().seconds(), 1_740_787_200);
    assert_eq!(facts.crl_number, Some(CrlNumber::from(0x1234)));
    assert_eq!(facts.base_crl_number, Some(CrlNumber::from(0x1230)));
    assert!(facts.is_delta() && facts.scope.indirect);
    assert_eq!(facts.scope.kinds, KindScope::User);
    assert_eq!(facts.scope.only_some_reasons, Some(ReasonSet::from_bits(0b110)));
    let directory = ReadName::from_der(&Name::new("dp").der()).unwrap();
    let mut names = vec![uri_key(b"http://crl.example/A.crl"), Gn::Directory(directory).key()];
    names.sort();
    assert_eq!(facts.scope.distribution_points, names);
    assert_eq!(facts.freshest_crl_uris, ["http://crl.example/delta.crl"]);
    assert_eq!(facts.expired_certs_on_crl, Some(UnixTime::from_seconds(1_600_000_000)));
    assert_eq!(facts.signature_algorithm, SignatureAlgorithm::EcdsaSha256);
    assert_eq!((facts.entries, facts.size), (6, u64::try_from(built.len()).unwrap()));
    assert_eq!(facts.signer_key, *public(&ca.key).spki_sha256());
    assert_eq!(facts.tbs_digest, revocache::pki::sha256(&crl.signed_part(Signature::EcdsaSha256)));
    let key_id = unverified.untrusted().extensions.authority_key_id.clone().unwrap().key_id;
    assert_eq!(key_id.as_deref(), Some(&*ca.key.key_id()));
}

#[test]
fn a_name_relative_to_the_issuer_is_expanded() {
    let ca = authority();
    let full = ca.name.clone().rdn(oid::COMMON_NAME, StringKind::Utf8, "Part 1");
    let scope = IssuingDistributionPoint { relative_name: Some(full.clone()), ..Default::default() };
    let (_, crl) = read_all(&ca.crl().scope(&scope).build(&ca.key)).unwrap();
    let expected = ReadName::from_der(&full.der()).unwrap().key().clone();
    assert_eq!(crl.untrusted().extensions.scope.distribution_points, [expected]);
}

#[test]
fn small_lists_of_every_shape_are_accepted() {
    let ca = authority();
    for (what, crl, entries) in [
        ("no list of entries", ca.crl(), 0),
        ("an empty list of entries", CrlBuilder { empty_list: true, ..ca.crl() }, 0),
        ("an empty list in version 1", CrlBuilder { empty_list: true, ..ca.crl().version1() }, 0),
        ("version 1 with entries", ca.crl().version1().entry(Entry::new(&[1])), 1),
        ("no nextUpdate", ca.crl().updates(1_738_368_000, None), 0),
        (
            "GeneralizedTime throughout",
            ca.crl().updates(Time::generalized(1_738_368_000), Some(2_600_000_000)),
            0,
        ),
        ("a long serial", ca.crl().entry(Entry::new(&[0x55; 200])), 1),
        (
            "an entry of unusual size",
            ca.crl().entry(Entry::new(&[1]).extension(Extension::new("1.2.3", &[7; 9000]))),
            1,
        ),
        (
            "a FALSE that is written",
            ca.crl().extension(Extension { critical: Some(false), ..Extension::new("1.2.3", &[]) }),
            0,
        ),
    ] {
        let (read, crl) = read_all(&crl.build(&ca.key)).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read.len(), entries, "{what}");
        assert!(crl.verify(&public(&ca.key), &AlgorithmPolicy::default()).is_ok(), "{what}");
    }
    let (_, crl) = read_all(&ca.crl().version1().build(&ca.key)).unwrap();
    assert_eq!(crl.untrusted().header.version, CrlVersion::V1);
}

#[test]
fn every_reason_is_read_and_others_are_malformed() {
    let ca = authority();
    for code in 0..=255 {
        let crl = ca.crl().delta(1).entry(Entry::new(&[1]).reason(code));
        match ReasonCode::from_code(code) {
            Some(reason) => assert_eq!(read_all(&crl.build(&ca.key)).unwrap().0[0].reason, reason),
            None => assert_malformed(&ca, &crl, "reasonCode is one of"),
        }
    }
}

#[test]
fn malformed_entries_are_refused() {
    let ca = authority();
    let other = GeneralName::Directory(Name::new("Other"));
    let reason = |value: &[u8]| Extension::new(oid::REASON_CODE, value);
    let indirect = IssuingDistributionPoint { indirect: true, ..Default::default() };
    for (entry, why) in [
        (Entry::new(&[]), "serial number has at least one octet"),
        (Entry::new(&[1]).reason(1).reason(1), "same extension twice"),
        (Entry::new(&[1]).extension(reason(&[0x0a, 2, 0, 1])), "reasonCode"),
        (Entry::new(&[1]).extension(reason(&[0x0a, 0])), "reasonCode"),
        (Entry::new(&[1]).extension(reason(&[0x02, 1, 1])), "tag 0a expected"),
        (Entry::new(&[1]).extension(reason(&[0x0a, 1, 1, 5, 0])), "too many"),
        (
            Entry::new(&[1]).extension(Extension::new(oid::INVALIDITY_DATE, &Time::from(0).der())),
            "tag 18 expected",
        ),
        (Entry::new(&[1]).extension(Extension::certificate_issuer(&[])), "at least one name"),
        (
            Entry::new(&[1]).extension(Extension::certificate_issuer(&[GeneralName::uri("urn:x")])),
            "exactly one",
        ),
        (
            Entry::new(&[1]).extension(Extension::certificate_issuer(&[other.clone(), other.clone()])),
            "exactly one",
        ),
        (Entry::new(&[1]).extension(Extension::new(oid::HOLD_INSTRUCTION, &[5, 0])), "tag 06 expected"),
        (Entry::new(&[1]).revoked_at(Time::raw(&der::element(0x17, b"2502300000Z"))), "must be written"),
        (
            Entry::new(&[1]).revoked_at(Time::raw(&der::element(0x17, b"250230000000Z"))),
            "not in the calendar",
        ),
        (
            Entry::new(&[1]).revoked_at(Time::raw(&der::element(0x17, b"250130000000+0000"))),
            "must be written",
        ),
        (Entry::new(&[1]).revoked_at(Time::raw(&[5, 0])), "tag 17 expected"),
    ] {
        assert_malformed(&ca, &ca.crl().scope(&indirect).entry(entry), why);
    }
    for (raw, why) in [
        (der::sequence(&[der::integer(1)]), "is missing"),
        (der::sequence(&[der::integer(1), Time::from(0).der(), vec![5, 0]]), "too many"),
        (der::sequence(&[der::integer(1), Time::from(0).der(), der::sequence(&[]), vec![5, 0]]), "too many"),
        (vec![0x31, 0], "tag 30 expected"),
        (vec![0x30, 0x81, 0x03, 2, 1, 1], "shortest form"),
        (vec![0x30, 0x80, 0, 0], "indefinite"),
        (vec![0x30, 0x20, 2, 1, 1], "inside an element"),
    ] {
        assert_malformed(&ca, &CrlBuilder { raw_entries: Some(raw), ..ca.crl() }, why);
    }
}

#[test]
fn malformed_extensions_of_the_list_are_refused() {
    let ca = authority();
    let idp =
        |scope: &IssuingDistributionPoint| Extension::critical(oid::ISSUING_DISTRIBUTION_POINT, &scope.der());
    let two_kinds = IssuingDistributionPoint { only_user: true, only_ca: true, ..Default::default() };
    let other_kinds = IssuingDistributionPoint { only_ca: true, only_attribute: true, ..Default::default() };
    for (extension, why) in [
        (Extension::new(oid::CRL_NUMBER, &der::integer_octets(&[0x80])), "negative"),
        (Extension::new(oid::CRL_NUMBER, &der::integer_octets(&[])), "at least one octet"),
        (Extension::new(oid::CRL_NUMBER, &der::integer_octets(&[1; 65])), "at most 64"),
        (Extension::new(oid::CRL_NUMBER, &[5, 0]), "tag 02 expected"),
        (Extension::critical(oid::DELTA_CRL_INDICATOR, &[2, 1, 0xff]), "negative"),
        (idp(&two_kinds), "one kind"),
        (idp(&other_kinds), "one kind"),
        (Extension::new(oid::ISSUING_DISTRIBUTION_POINT, &[0x30, 3, 0x81, 1, 1]), "BOOLEAN"),
        (Extension::new(oid::ISSUING_DISTRIBUTION_POINT, &[0x30, 2, 0x86, 0]), "too many"),
        (Extension::new(oid::ISSUING_DISTRIBUTION_POINT, &[0x30, 4, 0xa0, 2, 0xa0, 0]), "at least one name"),
        (
            Extension::new(oid::ISSUING_DISTRIBUTION_POINT, &[0x30, 4, 0xa0, 2, 0xa1, 0]),
            "at least one attribute",
        ),
        (Extension::new(oid::AUTHORITY_KEY_IDENTIFIER, &[4, 0]), "tag 30 expected"),
        (Extension::new(oid::FRESHEST_CRL, &[0x30, 0]), "at least one"),
        (Extension::new(oid::FRESHEST_CRL, &[0x30, 2, 0x30, 0]), "a name or a CRL issuer"),
        (Extension::new(oid::EXPIRED_CERTS_ON_CRL, &Time::from(0).der()), "tag 18 expected"),
    ] {
        let without_hint = CrlBuilder::new(ca.name.clone());
        assert_malformed(&ca, &without_hint.extension(extension), why);
    }
    assert_malformed(&ca, &ca.crl().number(1).number(2), "same extension twice");
    let unknown = Extension::new("1.2.3", &[]);
    assert_malformed(&ca, &ca.crl().extension(unknown.clone()).extension(unknown), "same extension twice");
}

#[test]
fn unknown_critical_extensions_are_refused_by_name() {
    let ca = authority();
    for extension in [
        Extension::critical("1.2.3.4", &[5, 0]),
        Extension::critical(oid::ISSUER_ALT_NAME, &der::sequence(&[GeneralName::uri("urn:x").der()])),
        Extension::critical(oid::AUTHORITY_INFO_ACCESS, &der::sequence(&[])),
        Extension::critical(oid::REASON_CODE, &[10, 1, 1]),
    ] {
        let error = refusal(&ca, &ca.crl().extension(extension.clone()));
        assert_eq!(error.code(), "unsupported_critical_extension", "{error}");
        assert!(error.to_string().contains(&format!("list extension {}", extension.oid)), "{error}");
    }
    for extension in [
        Extension::critical("1.2.3.4", &[]),
        Extension::critical(oid::HOLD_INSTRUCTION, &der::oid("1.2.840.10040.2.1")),
    ] {
        let error = refusal(&ca, &ca.crl().entry(Entry::new(&[1]).extension(extension.clone())));
        assert_eq!(error.code(), "unsupported_critical_extension", "{error}");
        assert!(error.to_string().contains(&format!("entry extension {}", extension.oid)), "{error}");
    }
}

#[test]
fn contradictions_are_refused() {
    let ca = authority();
    let other = Name::new("Other");
    let foreign = Entry::new(&[1]).certificate_issuer(&other);
    assert_malformed(&ca, &ca.crl().entry(foreign.clone()), "not indirect");
    let direct = IssuingDistributionPoint { only_user: true, ..Default::default() };
    assert_malformed(&ca, &ca.crl().scope(&direct).entry(foreign.clone()), "not indirect");
    let own = Entry::new(&[1]).certificate_issuer(&ca.name);
    assert!(
        read_all(&ca.crl().entry(own).build(&ca.key)).is_ok(),
        "naming the list's own issuer changes nothing"
    );

    assert_malformed(&ca, &ca.crl().entry(Entry::new(&[1]).reason(8)), "removeFromCRL");
    assert!(read_all(&ca.crl().delta(1).entry(Entry::new(&[1]).reason(8)).build(&ca.key)).is_ok());

    let version1 = ca.crl().version1();
    assert_malformed(&ca, &version1.clone().number(1), "without version 2");
    assert_malformed(&ca, &version1.entry(Entry::new(&[1]).reason(1)), "without version 2");
    for version in [0, 2, 3, 255] {
        assert_malformed(&ca, &CrlBuilder { version: Some(version), ..ca.crl() }, "version");
    }
    assert_malformed(&ca, &CrlBuilder { issuer: Name::empty(), ..ca.crl() }, "issuer of a list has a name");
    let inner = Some(Signature::EcdsaSha384.algorithm());
    assert_malformed(&ca, &CrlBuilder { raw_inner_algorithm: inner, ..ca.crl() }, "differ");
    let outer = Some(Signature::EcdsaSha384.algorithm());
    assert_malformed(&ca, &CrlBuilder { raw_outer_algorithm: outer, ..ca.crl() }, "differ");
}

#[test]
fn nothing_may_be_left_over_anywhere() {
    let ca = authority();
    assert_malformed(&ca, &CrlBuilder { raw_after_extensions: vec![5, 0], ..ca.crl() }, "signed part");
    assert_malformed(
        &ca,
        &CrlBuilder { raw_after_signature: vec![5, 0], ..ca.crl() },
        "follows the signature",
    );
    assert_malformed(&ca, &CrlBuilder { raw_signature: Some(vec![3, 1, 1]), ..ca.crl() }, "BIT STRING");
    assert_malformed(&ca, &CrlBuilder { raw_signature: Some(vec![3, 2, 1, 0]), ..ca.crl() }, "BIT STRING");
    for rest in [&b"\n"[..], b"\0", b"\x30\x00"] {
        let der = [&ca.crl().build(&ca.key), rest].concat();
        let error = read_all(&der).map(|_| ()).unwrap_err();
        assert!(error.to_string().contains("something follows the list"), "{error}");
        assert_eq!(error.offset(), u64::try_from(der.len() - rest.len()).unwrap());
    }
}

#[test]
fn limits_are_kept_and_named() {
    let ca = authority();
    let list = |count: u8| (0..count).map(|serial| Entry::new(&[serial]));
    let big_entry = Entry::new(&[1]).extension(Extension::new("1.2.3", &[0; 5000]));
    let many = (0..40)
        .fold(Entry::new(&[1]), |entry, arc| entry.extension(Extension::new(&format!("1.2.{arc}"), &[])));
    let limits = CrlLimits::default();
    for (crl, limits, name) in [
        (ca.crl(), CrlLimits { max_size: 100, ..limits }, "max_size"),
        (ca.crl().entries(list(5)), CrlLimits { max_entries: 4, ..limits }, "max_entries"),
        (ca.crl().entry(big_entry), CrlLimits { max_entry: 4096, ..limits }, "max_entry"),
        (ca.crl().entry(many), limits, "max_entry_extensions"),
        (
            ca.crl().extension(Extension::new("1.2.3", &[0; 5000])),
            CrlLimits { max_block: 4096, ..limits },
            "max_block",
        ),
        (ca.crl().entry(Entry::new(&[0x55; 1025])), limits, "MAX_SERIAL_OCTETS"),
    ] {
        let der = crl.build(&ca.key);
        let error = read_from(&*der, limits).map(|_| ()).unwrap_err();
        assert_eq!(error.code(), "limit_exceeded", "{error}");
        assert!(error.to_string().contains(&format!("limit {name} = ")), "{error}");
    }
    let names = vec![GeneralName::uri("urn:x"); 1025];
    let crowded = IssuingDistributionPoint { full_name: names, ..Default::default() };
    let long_name = (0..257).fold(Name::empty(), |name, _| name.rdn(oid::COMMON_NAME, StringKind::Utf8, "x"));
    for crl in [ca.crl().scope(&crowded), CrlBuilder { issuer: long_name, ..ca.crl() }] {
        let error = refusal(&ca, &crl);
        assert_eq!(error.code(), "limit_exceeded", "{error}");
    }
    let exact = ca.crl().entries(list(5)).build(&ca.key);
    assert!(read_from(&*exact, CrlLimits { max_entries: 5, ..limits }).is_ok());
    let size = u64::try_from(exact.len()).unwrap();
    assert!(read_from(&*exact, CrlLimits { max_size: size, ..limits }).is_ok());
    assert!(read_from(&*exact, CrlLimits { max_size: size - 1, ..limits }).is_err());

    let held = Authority::root("Ed", KeyKind::Ed25519);
    let der = held.crl().entries(list(100)).build(&held.key);
    let error = read_from(&*der, CrlLimits { max_held_message: 1000, ..limits }).map(|_| ()).unwrap_err();
    assert!(error.to_string().contains("max_held_message"), "{error}");
}

/// A length says four gigabytes and more; nothing is allocated for it.
#[test]
fn announced_lengths_cost_nothing() {
    for der in [
        &[0x30, 0x88, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
        &[0x30, 0x88, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[
            0x30, 0x84, 0x3f, 0xff, 0xff, 0x00, 0x30, 0x84, 0x3f, 0xff, 0xfe, 0xf0, 0x30, 0x84, 0x3f, 0xff,
            0xfe, 0x00,
        ],
    ] {
        assert_eq!(read_all(der).map(|_| ()).unwrap_err().code(), "limit_exceeded", "{der:02x?}");
    }
}

#[test]
fn an_unknown_algorithm_is_read_and_never_verifies() {
    let ca = authority();
    let algorithm = der::sequence(&[der::oid("1.2.840.113549.1.1.4"), vec![5, 0]]);
    let crl = CrlBuilder {
        raw_inner_algorithm: Some(algorithm.clone()),
        raw_outer_algorithm: Some(algorithm),
        ..ca.crl().entry(Entry::new(&[1]))
    };
    let built = crl.build(&ca.key);
    let reader = CrlReader::new(&*built, CrlLimits::default()).unwrap();
    let error = reader.header().supported_algorithm().unwrap_err();
    assert_eq!(error.code(), "unsupported_algorithm");
    assert!(error.to_string().contains("1.2.840.113549.1.1.4") && error.offset() > 0, "{error}");
    let (entries, crl) = read_all(&built).unwrap();
    assert_eq!(entries.len(), 1);
    let error = crl.verify(&public(&ca.key), &AlgorithmPolicy::ALLOW_SHA1).unwrap_err();
    assert_eq!(error.code(), "unsupported_algorithm");
}

#[test]
fn finishing_early_still_judges_every_entry() {
    let ca = authority();
    let bad = ca.crl().entries([Entry::new(&[1]), Entry::new(&[2]).reason(7)]).build(&ca.key);
    let reader = CrlReader::new(&*bad, CrlLimits::default()).unwrap();
    assert_eq!(reader.finish().map(|_| ()).unwrap_err().code(), "malformed");
    let mut reader = CrlReader::new(&*bad, CrlLimits::default()).unwrap();
    assert!(reader.next_entry().unwrap().is_some());
    assert!(reader.next_entry().is_err());
    assert!(reader.next_entry().is_err(), "an error is not got over");
    assert!(reader.finish().is_err());
}

#[test]
fn reading_errors_are_no_verdict_on_the_list() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::other("the disk is gone"))
        }
    }
    let error = CrlReader::new(Failing, CrlLimits::default()).map(|_| ()).unwrap_err();
    assert_eq!(error.code(), "io");
    assert!(error.to_string().contains("the disk is gone"));
}
