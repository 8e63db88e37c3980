//! Certificates: which are accepted, what they say, whose signatures they verify.

use revocache::pki::Certificate;
use revocache::service::jpki::{
    Accepted, AcceptedAuthority, Attributes, CertificateRefused, CertificateType, Finding, HashAlgorithm,
    PathError, Profile, SignedDigest, SignedDigestError, Unsupported,
};
use revocache::types::{Seconds, UnixTime};
use revocache_testkit::{Authority, CertificateBuilder, Extension, Key, KeyKind, Name, StringKind};

use crate::mock::{accepted, certificate, der, mock, sign};

#[test]
fn a_signature_certificate_tells_who_its_holder_is() {
    let asked = accepted().read(&der(certificate("makoto", 0)), UnixTime::now()).unwrap();
    assert_eq!(asked.certificate_type, CertificateType::CardDigitalSignature);
    let content = &asked.content;
    assert!(content.subject.starts_with("CN=") && content.subject.ends_with(",L=Chiyoda-ku,L=Tokyo-to,C=JP"));
    assert_eq!(
        content.crl_distribution_point,
        "CN=Chiyoda-ku CRLDP,OU=Tokyo-to,OU=CRL Distribution Points,OU=Mock for digital signature,O=REVOCACHE-MOCK,C=JP"
    );
    let attributes = content.attributes.as_ref().unwrap();
    assert_eq!(attributes.common_name.as_deref(), Some("吉田　誠"));
    assert_eq!(attributes.substitute_character_of_common_name.as_deref(), Some("1000"));
    assert_eq!(attributes.gender.as_deref(), Some("3"));
    assert_eq!(attributes.date_of_birth.as_deref(), Some("420010707"));
    assert_eq!(attributes.address.as_deref(), Some("東京都千代田区丸の内２－７－２"));
    assert_eq!(attributes.substitute_character_of_address.as_deref(), Some("000000000000000"));
    assert_eq!(content.not_after.since(content.not_before), 5 * 365 * 86_400);
}

#[test]
fn an_authentication_certificate_names_nobody() {
    let asked = accepted().read(&der(certificate("makoto", 1)), UnixTime::now()).unwrap();
    assert_eq!(asked.certificate_type, CertificateType::CardUserAuthentication);
    assert_eq!(asked.content.attributes, None);
    assert!(!asked.content.subject.contains("L="));
}

#[test]
fn the_order_of_issue_is_not_that_of_storage() {
    let read =
        |number| accepted().read(&der(certificate("hanako", number)), UnixTime::now()).unwrap().issue_order();
    assert!(read(2) > read(0));
}

#[test]
fn signatures_of_every_hash_verify_and_no_others() {
    let mine = certificate("taro", 0);
    let signer = accepted().read(&der(mine), UnixTime::now()).unwrap();
    let other = accepted().read(&der(certificate("hanako", 2)), UnixTime::now()).unwrap();
    let now = UnixTime::now();
    for hash in HashAlgorithm::ALL {
        let Some((digest, signature)) = sign(mine, hash.name(), b"a contract") else { return };
        let signed = SignedDigest::new(hash, digest.clone(), signature.clone()).unwrap();
        assert_eq!(signed.judge(&signer, now), Ok(Finding::Genuine), "{hash}");
        assert_eq!(signed.judge(&other, now), Ok(Finding::Mismatch), "{hash}");
        let mut changed = digest.clone();
        changed[0] ^= 1;
        let changed = SignedDigest::new(hash, changed, signature.clone()).unwrap();
        assert_eq!(changed.judge(&signer, now), Ok(Finding::Mismatch), "{hash}");
        assert_eq!(
            SignedDigest::new(hash, digest[1..].to_vec(), signature.clone()),
            Err(SignedDigestError::DigestLength { hash, found: digest.len() - 1 })
        );
        // Validity comes before the signature.
        let late = signer.content.not_after.plus(Seconds(1));
        assert_eq!(changed.judge(&signer, late), Ok(Finding::Expired), "{hash}");
        assert_eq!(signed.judge(&signer, signer.content.not_after), Ok(Finding::Genuine), "{hash}");
        let early = UnixTime::from_seconds(signer.content.not_before.seconds() - 1);
        assert_eq!(signed.judge(&signer, early), Ok(Finding::Expired), "{hash}");
    }
    let endless = SignedDigest::new(HashAlgorithm::Sha256, vec![0; 32], vec![0; 4096]);
    assert_eq!(endless, Err(SignedDigestError::SignatureTooLong { found: 4096 }));
    let empty = SignedDigest::new(HashAlgorithm::Sha256, vec![0; 32], Vec::new());
    assert_eq!(empty, Err(SignedDigestError::NoSignature));
}

/// 2024-06-01T00:00:00Z, in the validity of what the test kit makes.
const JUNE: UnixTime = UnixTime::from_seconds(1_717_200_000);
const POLICY: &str = "1.2.392.200149.8.5.1.1.20";

fn name(unit: &str) -> Name {
    Name::empty().rdn("2.5.4.6", StringKind::Printable, "JP").rdn("2.5.4.10", StringKind::Utf8, "JPKI").rdn(
        "2.5.4.11",
        StringKind::Utf8,
        unit,
    )
}

fn policies(policy: &str) -> Extension {
    use revocache_testkit::der::{oid, sequence};
    Extension::critical("2.5.29.32", &sequence(&[sequence(&[oid(policy)])]))
}

fn leaf(key: &Key) -> CertificateBuilder {
    CertificateBuilder::new(&[7], Name::new("holder"), key).key_usage(&[0, 1]).extension(policies(POLICY))
}

fn accepting(anchors: &[&Authority], intermediates: &[Vec<u8>]) -> Accepted {
    let read = |der: &[u8]| Certificate::from_der(der).unwrap();
    Accepted::new(vec![AcceptedAuthority {
        profile: Profile { attributes: Attributes::None, ..Profile::named("jpki-signature").unwrap() },
        anchors: anchors.iter().map(|anchor| read(&anchor.certificate)).collect(),
        intermediates: intermediates.iter().map(|der| read(der)).collect(),
    }])
}

fn refused(accepted: &Accepted, der: &[u8]) -> Unsupported {
    match accepted.read(der, JUNE) {
        Err(CertificateRefused::Unsupported(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn only_what_an_accepted_authority_issued_is_accepted() {
    let key = Key::new(KeyKind::P256);
    let root = Authority::root_with(name("JPKI for digital signature"), Key::new(KeyKind::P256));
    let accepted = accepting(&[&root], &[]);
    assert!(accepted.read(&leaf(&key).build(&root), JUNE).is_ok());

    let forger = Authority::root_with(root.name.clone(), Key::new(KeyKind::P256));
    let path = |error: Unsupported| match error {
        Unsupported::Path(error) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(path(refused(&accepted, &leaf(&key).build(&forger))), PathError::BadSignature { .. }));
    let stranger = Authority::root("Somebody", KeyKind::P256);
    assert!(matches!(refused(&accepted, &leaf(&key).build(&stranger)), Unsupported::Issuer { .. }));
    let policy = leaf(&key).without("2.5.29.32").extension(policies("1.2.392.200149.8.5.1.1.40"));
    assert_eq!(
        refused(&accepted, &policy.build(&root)),
        Unsupported::Policy { found: vec!["1.2.392.200149.8.5.1.1.40".to_owned()] }
    );
    let none = leaf(&key).without("2.5.29.32");
    assert_eq!(refused(&accepted, &none.build(&root)), Unsupported::Policy { found: Vec::new() });
    let critical = leaf(&key).extension(Extension::critical("1.2.3.4", &[5, 0]));
    assert_eq!(
        path(refused(&accepted, &critical.build(&root))),
        PathError::CriticalExtension { oid: "1.2.3.4".to_owned() }
    );
    let for_keys = leaf(&key).without("2.5.29.15").key_usage(&[2]);
    assert_eq!(path(refused(&accepted, &for_keys.build(&root))), PathError::NotForSignatures);
    // What is no certificate is something else than one that is not accepted.
    let mut cut = leaf(&key).build(&root);
    cut.pop();
    assert!(matches!(accepted.read(&cut, JUNE), Err(CertificateRefused::Invalid(_))));
    let broken = leaf(&key).without("2.5.29.32").extension(Extension::critical("2.5.29.32", &[5, 0]));
    assert!(matches!(accepted.read(&broken.build(&root), JUNE), Err(CertificateRefused::Invalid(_))));
}

#[test]
fn intermediates_have_to_be_cas_that_may_do_what_they_did() {
    let key = Key::new(KeyKind::P256);
    let root = Authority::root("Root", KeyKind::P256);
    let ca_name = name("JPKI for digital signature");
    let ca = root.intermediate_with(ca_name.clone(), Key::new(KeyKind::P256));
    let holder = leaf(&key).build(&ca);
    let accepted = accepting(&[&root], std::slice::from_ref(&ca.certificate));
    let read = accepted.read(&holder, JUNE).unwrap();
    assert_eq!(read.issuer.der(), ca.certificate);
    // An expired certificate is still one of its issuer, whose certificate has expired with it.
    let late = UnixTime::from_seconds(JUNE.seconds() + 20 * 365 * 86_400);
    assert!(accepted.read(&holder, late).is_ok());

    let reason = |intermediate: Vec<u8>| match refused(&accepting(&[&root], &[intermediate]), &holder) {
        Unsupported::Path(PathError::MayNotIssue { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let remade = |change: fn(CertificateBuilder) -> CertificateBuilder| {
        let builder = CertificateBuilder::new(&[9], ca_name.clone(), &ca.key);
        change(builder).build(&root)
    };
    assert!(reason(remade(|it| it.ca(false).key_usage(&[5]))).contains("not one of a CA"));
    assert!(reason(remade(|it| it.ca(true).key_usage(&[6]))).contains("may sign certificates"));
    let named = |it: CertificateBuilder| it.ca(true).extension(Extension::critical("2.5.29.30", &[0x30, 0]));
    assert!(reason(remade(named)).contains("critical extension"));
    let ended = |mut it: CertificateBuilder| {
        it.not_after = (JUNE.seconds() - 1).into();
        it.ca(true)
    };
    assert!(reason(remade(ended)).contains("validity"));
    // No path without the intermediate, and none through one that an anchor did not sign.
    let without = refused(&accepting(&[&root], &[]), &holder);
    assert!(matches!(without, Unsupported::Path(PathError::NoIssuer { .. })), "{without:?}");
    let other = Authority::root("Root", KeyKind::P256);
    let apart = refused(&accepting(&[&other], std::slice::from_ref(&ca.certificate)), &holder);
    assert!(matches!(apart, Unsupported::Path(PathError::BadSignature { .. })), "{apart:?}");
}

#[test]
fn the_length_of_a_path_is_limited_by_certificates_and_by_us() {
    use revocache_testkit::der::{boolean, integer, sequence};
    let key = Key::new(KeyKind::P256);
    let root = Authority::root("Root", KeyKind::P256);
    let limited = |length: u64| {
        let constraints = Extension::critical("2.5.29.19", &sequence(&[boolean(true), integer(length)]));
        let (name, key) = (Name::new("Middle"), Key::new(KeyKind::P256));
        let certificate =
            CertificateBuilder::new(&[5], name.clone(), &key).extension(constraints).build(&root);
        Authority { name, key, certificate }
    };
    for (length, fits) in [(0, false), (1, true)] {
        let middle = limited(length);
        let ca = middle.intermediate_with(name("JPKI for digital signature"), Key::new(KeyKind::P256));
        let holder = leaf(&key).build(&ca);
        let accepted = accepting(&[&root], &[ca.certificate.clone(), middle.certificate.clone()]);
        assert_eq!(accepted.read(&holder, JUNE).is_ok(), fits, "pathLenConstraint {length}");
    }
    // A circle of intermediates ends, and so does a crowd of one name.
    let one = Authority::root_with(name("JPKI for digital signature"), Key::new(KeyKind::P256));
    let circle = accepting(&[&root], std::slice::from_ref(&one.certificate));
    assert_eq!(refused(&circle, &leaf(&key).build(&one)), Unsupported::Path(PathError::TooLong));
    let crowd: Vec<Vec<u8>> = (0..40_u8)
        .map(|number| {
            CertificateBuilder::new(&[1, number], one.name.clone(), &Key::new(KeyKind::P256)).build(&root)
        })
        .collect();
    let crowded = accepting(&[&root], &crowd);
    assert_eq!(refused(&crowded, &leaf(&key).build(&one)), Unsupported::Path(PathError::TooLong));
}

#[test]
fn ecdsa_is_for_other_authorities() {
    use aws_digest::sha256;
    let root = Authority::root_with(name("JPKI for digital signature"), Key::new(KeyKind::Rsa));
    let accepted = accepting(&[&root], &[]);
    for kind in [KeyKind::P256, KeyKind::P521] {
        let key = Key::new(kind);
        let signer = accepted.read(&leaf(&key).build(&root), JUNE).unwrap();
        let signature = key.sign(revocache_testkit::Signature::EcdsaSha256, b"message");
        let signed = SignedDigest::new(HashAlgorithm::Sha256, sha256(b"message"), signature.clone()).unwrap();
        assert_eq!(signed.judge(&signer, JUNE), Ok(Finding::Genuine), "{kind:?}");
        let other = SignedDigest::new(HashAlgorithm::Sha256, sha256(b"another"), signature).unwrap();
        assert_eq!(other.judge(&signer, JUNE), Ok(Finding::Mismatch), "{kind:?}");
    }
    let key = Key::new(KeyKind::Ed25519);
    let signer = accepted.read(&leaf(&key).build(&root), JUNE).unwrap();
    let signed = SignedDigest::new(HashAlgorithm::Sha256, sha256(b"message"), vec![0; 64]).unwrap();
    assert!(matches!(signed.judge(&signer, JUNE), Err(Unsupported::Key { .. })));
}

mod aws_digest {
    pub fn sha256(message: &[u8]) -> Vec<u8> {
        revocache::pki::sha256(message).to_vec()
    }
}

#[test]
fn links_are_of_those_whom_the_link_source_knows() {
    let links = mock().links().unwrap();
    assert_eq!(links.len(), 10);
    assert!(links.iter().all(|(person, certificates)| person != "kazuo" && certificates.len() >= 2));
}
