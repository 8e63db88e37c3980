//! Certificates from the test kit, well-formed and not, and every signature algorithm on them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test may fail loudly"
)]

mod pki_support;

use pki_support::public;
use revocache::pki::{AlgorithmPolicy, Certificate, KeyKind as ReadKind, PublicKey, SignatureError, uri_key};
use revocache::types::{CertificateKind, ReasonSet};
use revocache_testkit::{
    Authority, CertificateBuilder, DistributionPoint, Extension, GeneralName, Key, KeyKind, Name, Signature,
    StringKind, der, oid,
};

fn read(der: &[u8]) -> Certificate {
    Certificate::from_der(der).unwrap_or_else(|error| panic!("{error}"))
}

fn key_of(name: &Name) -> revocache::types::NameKey {
    revocache::pki::Name::from_der(&name.der()).unwrap().key().clone()
}

#[test]
fn distribution_points_in_every_variant() {
    let ca = Authority::root("Issuer", KeyKind::P256);
    let other = Name::new("Other");
    let directory = |name: &Name| GeneralName::Directory(name.clone());
    let below = |name: &Name| name.clone().rdn(oid::COMMON_NAME, StringKind::Utf8, "Part 7");
    let points = [
        DistributionPoint {
            full_name: vec![
                GeneralName::uri("http://one.example/a.crl"),
                GeneralName::uri("ldap://Two.Example/cn=B?x"),
                directory(&other),
            ],
            ..DistributionPoint::default()
        },
        DistributionPoint { reasons: Some(0b10), ..DistributionPoint::uri("http://one.example/reason.crl") },
        DistributionPoint { crl_issuer: vec![directory(&other)], ..DistributionPoint::default() },
        DistributionPoint { relative_name: Some(below(&ca.name)), ..DistributionPoint::default() },
        DistributionPoint {
            relative_name: Some(below(&ca.name)),
            crl_issuer: vec![directory(&other)],
            ..DistributionPoint::default()
        },
    ];
    let leaf = read(
        &ca.leaf(&[0x00, 0x00, 0xff]).distribution_points(&points).ocsp("http://ocsp.example").build(&ca),
    );
    assert_eq!(leaf.serial().to_string(), "00ff");
    assert_eq!(leaf.ocsp_urls(), ["http://ocsp.example"]);
    let [full, reasons, issuer_only, relative, relative_to_other] = leaf.distribution_points() else {
        panic!("five distribution points")
    };
    assert_eq!(full.uris, ["http://one.example/a.crl", "ldap://Two.Example/cn=B?x"]);
    let expected = [
        uri_key(b"http://one.example/a.crl"),
        uri_key(b"LDAP://two.example/cn=B?x"),
        key_of(&Name::new("OTHER")),
    ];
    assert_eq!(full.names, expected);
    assert_eq!(reasons.reasons, Some(ReasonSet::from_bits(0b10)));
    assert_eq!((issuer_only.names.len(), issuer_only.crl_issuers.as_slice()), (0, &[key_of(&other)][..]));
    assert_eq!(relative.names, [key_of(&below(&ca.name))]);
    assert_eq!(relative_to_other.names, [key_of(&below(&other))]);
}

#[test]
fn kinds_and_usages() {
    let ca = Authority::root("Issuer", KeyKind::P256);
    let plain = || CertificateBuilder::new(&[5], Name::new("x"), &Key::new(KeyKind::P256));
    for (what, builder, kind, crls, certificates) in [
        ("nothing", plain(), CertificateKind::User, true, false),
        ("no CA", plain().ca(false), CertificateKind::User, true, false),
        ("CA", plain().ca(true), CertificateKind::Ca, true, true),
        ("CA for everything", plain().ca(true).key_usage(&[5, 6]), CertificateKind::Ca, true, true),
        ("CA for certificates", plain().ca(true).key_usage(&[5]), CertificateKind::Ca, false, true),
        ("CA for CRLs", plain().ca(true).key_usage(&[6]), CertificateKind::Ca, true, false),
        ("usage of two octets", plain().key_usage(&[0, 8]), CertificateKind::User, false, false),
        ("keyCertSign without CA", plain().key_usage(&[5]), CertificateKind::User, false, false),
    ] {
        let certificate = read(&builder.build(&ca));
        assert_eq!(certificate.kind(), kind, "{what}");
        assert_eq!(certificate.may_sign_crls(), crls, "{what}");
        assert_eq!(certificate.may_sign_certificates(), certificates, "{what}");
    }
}

/// A certificate whose revocation-relevant extensions cannot be read must not look like one without them.
#[test]
fn malformed_extensions_are_errors() {
    let ca = Authority::root("Issuer", KeyKind::P256);
    let two_issuers = DistributionPoint {
        relative_name: Some(Name::new("x")),
        crl_issuer: vec![GeneralName::Directory(Name::new("a")), GeneralName::Directory(Name::new("b"))],
        ..DistributionPoint::default()
    };
    for (oid, value, why) in [
        (oid::CRL_DISTRIBUTION_POINTS, vec![0x30, 0], "at least one"),
        (oid::CRL_DISTRIBUTION_POINTS, vec![0x30, 2, 0x30, 0], "a name or a CRL issuer"),
        (oid::CRL_DISTRIBUTION_POINTS, vec![4, 0], "tag 30 expected"),
        (oid::CRL_DISTRIBUTION_POINTS, vec![0x30, 4, 0x30, 2, 0x85, 0], "too many"),
        (oid::CRL_DISTRIBUTION_POINTS, der::sequence(&[two_issuers.der()]), "exactly one"),
        (
            oid::CRL_DISTRIBUTION_POINTS,
            [der::sequence(&[DistributionPoint::uri("x").der()]), vec![5, 0]].concat(),
            "too many",
        ),
        (oid::KEY_USAGE, vec![3, 0], "BIT STRING"),
        (oid::KEY_USAGE, vec![4, 1, 6], "tag 03 expected"),
        (oid::BASIC_CONSTRAINTS, vec![0x30, 3, 1, 1, 1], "BOOLEAN"),
        (oid::BASIC_CONSTRAINTS, vec![0x30, 2, 5, 0], "too many"),
        (oid::BASIC_CONSTRAINTS, vec![0x30, 3, 2, 1, 0xff], "negative"),
        (oid::AUTHORITY_KEY_IDENTIFIER, vec![5, 0], "tag 30 expected"),
        (oid::AUTHORITY_INFO_ACCESS, vec![0x30, 2, 5, 0], "tag 30 expected"),
        (oid::FRESHEST_CRL, vec![0x30, 0], "at least one"),
    ] {
        let builder =
            CertificateBuilder::new(&[5], Name::new("x"), &ca.key).extension(Extension::new(oid, &value));
        let builder = CertificateBuilder { authority_key_id: false, ..builder };
        let error = Certificate::from_der(&builder.build(&ca)).unwrap_err().to_string();
        assert!(error.contains(why) && error.contains("at octet"), "{oid}: {error} should say: {why}");
    }
    let twice = CertificateBuilder::new(&[5], Name::new("x"), &ca.key).ca(true).ca(false).build(&ca);
    assert!(Certificate::from_der(&twice).unwrap_err().to_string().contains("twice"));
}

#[test]
fn nothing_is_left_over_and_nothing_is_missing() {
    let ca = Authority::root("Issuer", KeyKind::Rsa);
    for rest in [&[0][..], b"\n", &[5, 0]] {
        assert!(Certificate::from_der(&[&ca.certificate, rest].concat()).is_err());
    }
    // Inside the outermost SEQUENCE, behind the signature, where no signature covers it.
    let content = ca.certificate[4..].to_vec();
    assert_eq!(der::sequence(std::slice::from_ref(&content)), ca.certificate);
    let error = Certificate::from_der(&der::sequence(&[content, vec![5, 0]])).unwrap_err().to_string();
    assert!(error.contains("too many"), "{error}");
    let algorithm = Signature::RsaPkcs1Sha256.algorithm();
    let outer = ca.certificate.windows(algorithm.len()).rposition(|window| window == algorithm).unwrap();
    let mut changed = ca.certificate.clone();
    changed[outer..outer + algorithm.len()].copy_from_slice(&Signature::RsaPkcs1Sha384.algorithm());
    let error = Certificate::from_der(&changed).unwrap_err().to_string();
    assert!(error.contains("differ"), "{error}");
    for length in 0..ca.certificate.len() {
        assert!(Certificate::from_der(&ca.certificate[..length]).is_err(), "{length}");
    }
    let empty = CertificateBuilder::new(&[], Name::new("x"), &ca.key).build(&ca);
    assert!(Certificate::from_der(&empty).is_err());
}

#[test]
fn a_flipped_bit_is_noticed() {
    let ca = Authority::root("Issuer", KeyKind::Ed25519);
    let key = public(&ca.key);
    assert!(read(&ca.certificate).verify_signed_by(&key, &AlgorithmPolicy::default()).is_ok());
    for position in 0..ca.certificate.len() {
        for bit in 0..8 {
            let mut changed = ca.certificate.clone();
            changed[position] ^= 1 << bit;
            let Ok(certificate) = Certificate::from_der(&changed) else { continue };
            let verified = certificate.verify_signed_by(&key, &AlgorithmPolicy::default());
            assert!(verified.is_err(), "bit {bit} of octet {position}");
        }
    }
}

#[test]
fn every_algorithm_verifies_with_the_keys_it_goes_with() {
    use KeyKind as K;
    use Signature as S;
    let fits = |signature: S, kind: K| match signature {
        S::Ed25519 => kind == K::Ed25519,
        S::EcdsaSha1 => matches!(kind, K::P256 | K::P521),
        S::EcdsaSha256 | S::EcdsaSha384 | S::EcdsaSha512 => matches!(kind, K::P256 | K::P384 | K::P521),
        _ => kind == K::Rsa,
    };
    let keys = K::ALL.map(Key::new);
    let others = K::ALL.map(Key::new);
    for signature in [
        S::RsaPkcs1Sha1,
        S::RsaPkcs1Sha256,
        S::RsaPkcs1Sha384,
        S::RsaPkcs1Sha512,
        S::RsaPssSha256,
        S::RsaPssSha384,
        S::RsaPssSha512,
        S::EcdsaSha1,
        S::EcdsaSha256,
        S::EcdsaSha384,
        S::EcdsaSha512,
        S::Ed25519,
    ] {
        for (key, other) in keys.iter().zip(&others) {
            let name = Name::new("Self");
            let built = Authority::builder(&[1], &name, key).signature(signature).build_with(&name, key);
            let certificate = read(&built);
            let verify = |key: &Key, policy| certificate.verify_signed_by(&public(key), &policy);
            let what = format!("{signature:?} with {:?}", key.kind());
            let sha1 = matches!(signature, S::RsaPkcs1Sha1 | S::EcdsaSha1);
            let strict = verify(key, AlgorithmPolicy::default());
            if sha1 {
                assert!(matches!(strict, Err(SignatureError::NotAllowed { .. })), "{what}: {strict:?}");
            }
            let allowed = verify(key, AlgorithmPolicy::ALLOW_SHA1);
            if fits(signature, key.kind()) {
                assert_eq!(allowed, Ok(()), "{what}");
                assert_eq!(
                    verify(other, AlgorithmPolicy::ALLOW_SHA1),
                    Err(SignatureError::BadSignature),
                    "{what}"
                );
            } else {
                assert!(matches!(allowed, Err(SignatureError::KeyDoesNotFit { .. })), "{what}: {allowed:?}");
            }
        }
    }
}

#[test]
fn digests_of_keys_are_those_of_ocsp() {
    let key = Key::new(KeyKind::P384);
    let read = public(&key);
    assert_eq!(*read.kind(), ReadKind::P384);
    assert_eq!(read.spki(), key.spki());
    assert_eq!(*read.spki_sha256(), revocache::pki::sha256(&key.spki()));
    assert_eq!(*read.key_sha256(), revocache::pki::sha256(key.public_octets()));
    assert_eq!(read.key_sha1().to_vec(), key.key_id());
}

#[test]
fn keys_of_other_kinds_are_read_and_verify_nothing() {
    let spki =
        |algorithm: &[Vec<u8>], key: &[u8]| der::sequence(&[der::sequence(algorithm), der::bit_string(key)]);
    let small_rsa =
        der::sequence(&[der::integer_octets(&[&[0, 0xc0][..], &[1; 127]].concat()), der::integer(65_537)]);
    let pss = Signature::RsaPssSha384.algorithm();
    let rsa = Key::new(KeyKind::Rsa);
    for (spki, kind) in [
        (spki(&[der::oid("1.2.3")], &[1]), "unsupported (1.2.3)"),
        (
            spki(&[der::oid("1.2.840.10045.2.1"), der::oid("1.3.132.0.10")], &[4]),
            "unsupported (1.3.132.0.10)",
        ),
        (spki(&[der::oid("1.2.840.10045.2.1"), der::sequence(&[])], &[4]), "unsupported (1.2.840.10045.2.1)"),
        (spki(&[der::oid("1.2.840.113549.1.1.1"), vec![5, 0]], &small_rsa), "RSA of 1024 bits"),
        (der::sequence(&[pss, der::bit_string(rsa.public_octets())]), "RSASSA-PSS of 2048 bits"),
    ] {
        let key = PublicKey::from_spki(&spki).unwrap();
        assert_eq!(key.kind().to_string(), kind);
        let error = revocache::pki::verify_message(
            revocache::types::SignatureAlgorithm::RsaPkcs1Sha256,
            &key,
            b"message",
            b"signature",
            &AlgorithmPolicy::default(),
        );
        assert!(matches!(error, Err(SignatureError::KeyDoesNotFit { .. })), "{kind}: {error:?}");
    }
    assert!(PublicKey::from_spki(&[0x30, 0]).is_err());
}

/// A key for RSASSA-PSS with SHA-384 verifies that and nothing else.
#[test]
fn a_pss_key_is_limited_to_its_parameters() {
    use revocache::types::SignatureAlgorithm as A;
    let rsa = Key::new(KeyKind::Rsa);
    let spki = der::sequence(&[Signature::RsaPssSha384.algorithm(), der::bit_string(rsa.public_octets())]);
    let key = PublicKey::from_spki(&spki).unwrap();
    let verify = |algorithm, signature| {
        let signed = rsa.sign(signature, b"message");
        revocache::pki::verify_message(algorithm, &key, b"message", &signed, &AlgorithmPolicy::default())
    };
    assert_eq!(verify(A::RsaPssSha384, Signature::RsaPssSha384), Ok(()));
    assert!(matches!(
        verify(A::RsaPssSha256, Signature::RsaPssSha256),
        Err(SignatureError::KeyDoesNotFit { .. })
    ));
    assert!(matches!(
        verify(A::RsaPkcs1Sha384, Signature::RsaPkcs1Sha384),
        Err(SignatureError::KeyDoesNotFit { .. })
    ));
}
