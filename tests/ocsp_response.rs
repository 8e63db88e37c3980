//! OCSP responses from the test kit: what is accepted is answered right, what is refused is refused for its reason.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod ocsp_support;

use std::collections::BTreeSet;

use ocsp_support::{Case, NEXT_UPDATE, NOW, SERIAL, THIS_UPDATE, time, with_one_too_many};
use revocache::ocsp::{Answer, BasicResponse, CertStatus, Nonce, NoncePolicy, OcspError};
use revocache::pki::AlgorithmPolicy;
use revocache::types::{CertId, ReasonCode, Revocation, Seconds, Serial};
use revocache_testkit::{
    Authority, CertState, Extension, IdHash, Key, KeyKind, OcspCertId, OcspResponse, Signature,
    SingleResponse, Time, der, oid,
};

const ACCEPTABLE_RESPONSES: &str = "1.3.6.1.5.5.7.48.1.4";
const CRL_REFERENCES: &str = "1.3.6.1.5.5.7.48.1.3";

#[test]
fn good_revoked_and_unknown_are_answers() {
    let case = Case::new(KeyKind::P256);
    let answer = |state| case.verify(&case.empty().answer(&case.cert_id(), state)).unwrap();
    let expected = |status| Answer {
        status,
        this_update: time(THIS_UPDATE),
        next_update: Some(time(NEXT_UPDATE)),
        produced_at: time(THIS_UPDATE),
    };
    assert_eq!(answer(CertState::Good), expected(CertStatus::Good));
    assert_eq!(answer(CertState::Unknown), expected(CertStatus::Unknown));
    for reason in ReasonCode::ALL {
        if reason == ReasonCode::RemoveFromCrl {
            continue;
        }
        let revocation = Revocation { revoked_at: time(1_700_000_000), reason, invalidity_date: None };
        let state = CertState::revoked(1_700_000_000, Some(reason.code()));
        assert_eq!(answer(state), expected(CertStatus::Revoked(revocation)));
    }
    let CertStatus::Revoked(revocation) = answer(CertState::revoked(1_700_000_000, None)).status else {
        panic!("revoked")
    };
    assert_eq!(revocation.reason, ReasonCode::Unspecified);
}

#[test]
fn every_usual_key_and_algorithm_counts() {
    for kind in KeyKind::ALL {
        let case = Case::new(kind);
        assert_eq!(case.verify(&case.good()).unwrap().status, CertStatus::Good, "{kind:?}");
    }
    let case = Case::new(KeyKind::Rsa);
    for signature in [Signature::RsaPssSha256, Signature::RsaPssSha512, Signature::RsaPkcs1Sha512] {
        assert!(case.verify(&case.good().signature(signature)).is_ok(), "{signature:?}");
    }
}

#[test]
fn responders_are_found_by_name_and_by_key() {
    let case = Case::new(KeyKind::P256);
    let by_key = OcspResponse::by_key(&case.ca.key).answer(&case.cert_id(), CertState::Good);
    assert!(case.verify(&by_key).is_ok());
    let with_issuer = case.good().certificate(&case.ca.certificate);
    assert!(case.verify(&with_issuer).is_ok(), "the issuer's own certificate may come along");
    let version = OcspResponse { version: Some(0), ..case.good() };
    assert!(case.verify(&version).is_ok(), "the default version may be written out");
}

#[test]
fn either_hash_function_names_the_issuer() {
    let mut case = Case::new(KeyKind::P256);
    let sha256 = OcspCertId::with(IdHash::Sha256, &case.ca, &SERIAL);
    let (in_sha1, in_sha256) = (case.good(), case.empty().answer(&sha256, CertState::Good));
    for id in [case.id.clone(), CertId::sha256(&case.issuer, &Serial::new(&SERIAL).unwrap())] {
        case.id = id;
        assert!(case.verify(&in_sha1).is_ok());
        assert!(case.verify(&in_sha256).is_ok());
        for wrong in [
            OcspCertId { key_hash: vec![1; 32], ..sha256.clone() },
            OcspCertId { name_hash: vec![1; 32], ..sha256.clone() },
            OcspCertId { key_hash: vec![1; 20], ..case.cert_id() },
            OcspCertId { name_hash: vec![1; 20], ..case.cert_id() },
        ] {
            case.assert_code(&case.empty().answer(&wrong, CertState::Good), "other_issuer");
        }
    }
    // Parameters may be absent.
    let algorithm = der::sequence(&[der::oid(oid::SHA256)]);
    let bare = OcspCertId { algorithm, ..sha256.clone() };
    assert!(case.verify(&case.empty().answer(&bare, CertState::Good)).is_ok());
    for parameters in [&[5, 1, 0][..], &[0x30, 0], &[5, 0, 5, 0]] {
        let algorithm = der::sequence(&[der::oid(oid::SHA256), parameters.to_vec()]);
        let odd = OcspCertId { algorithm, ..sha256.clone() };
        case.assert_code(&case.empty().answer(&odd, CertState::Good), "malformed");
    }
    let other = OcspCertId { algorithm: der::sequence(&[der::oid("1.2.3")]), ..sha256.clone() };
    case.assert_code(&case.empty().answer(&other, CertState::Good), "unsupported_hash_function");
    let short = OcspCertId { key_hash: vec![1; 31], ..sha256 };
    case.assert_code(&case.empty().answer(&short, CertState::Good), "malformed");
}

#[test]
fn serials_are_numbers() {
    let case = Case::new(KeyKind::P256);
    let with = |serial: &[u8]| OcspCertId { serial: serial.to_vec(), ..case.cert_id() };
    assert!(case.verify(&case.empty().answer(&with(&[0, 0, 0xd4, 0x1d]), CertState::Good)).is_ok());
    for other in [&[0xd4, 0x1d][..], &[0x54, 0x1d], &[0x00, 0xd4, 0x1e]] {
        case.assert_code(&case.empty().answer(&with(other), CertState::Good), "other_serial");
    }
}

#[test]
fn extensions_of_an_answer_have_the_meaning_of_crl_entries() {
    let case = Case::new(KeyKind::P256);
    let revoked = |reason| SingleResponse::new(case.cert_id(), CertState::revoked(1_700_000_000, reason));
    let of = |single: SingleResponse| case.verify(&case.empty().single(single));
    let full = revoked(None)
        .extension(Extension::invalidity_date(1_600_000_000))
        .extension(Extension::reason(4))
        .extension(Extension::new(CRL_REFERENCES, &der::sequence(&[])));
    let expected = Revocation {
        revoked_at: time(1_700_000_000),
        reason: ReasonCode::Superseded,
        invalidity_date: Some(time(1_600_000_000)),
    };
    assert_eq!(of(full).unwrap().status, CertStatus::Revoked(expected));
    assert!(of(revoked(Some(4)).extension(Extension::reason(4))).is_ok());
    let contradiction = of(revoked(Some(1)).extension(Extension::reason(4))).unwrap_err();
    assert_eq!(contradiction.code(), "malformed");
    let critical = of(revoked(None).extension(Extension::critical(CRL_REFERENCES, &der::sequence(&[]))));
    assert!(
        matches!(critical.unwrap_err(), OcspError::UnsupportedCriticalExtension { oid } if oid == CRL_REFERENCES)
    );
    // Meaningless for a certificate that is good, and therefore not understood.
    let good = SingleResponse::new(case.cert_id(), CertState::Good);
    let critical = Extension { critical: Some(true), ..Extension::invalidity_date(1) };
    assert_eq!(of(good.clone().extension(critical)).unwrap_err().code(), "unsupported_critical_extension");
    assert!(of(good.extension(Extension::invalidity_date(1))).is_ok());
}

#[test]
fn refusals_of_the_responder_have_their_codes() {
    let case = Case::new(KeyKind::P256);
    for (status, code, fault) in [
        (1, "malformed_request", false),
        (2, "internal_error", true),
        (3, "try_later", true),
        (5, "sig_required", false),
        (6, "unauthorized", false),
    ] {
        let error = case.verify_der(&OcspResponse::refusal(status)).unwrap_err();
        assert_eq!((error.code(), error.is_responders_fault(), error.is_refusal()), (code, fault, true));
        // With responseBytes, which have no business there, it is still a refusal.
        let with_bytes = OcspResponse { status, ..case.good() };
        case.assert_code(&with_bytes, code);
    }
    for status in [4, 7, 0x80] {
        assert_eq!(case.verify_der(&OcspResponse::refusal(status)).unwrap_err().code(), "malformed");
    }
    let nothing = case.verify_der(&OcspResponse::refusal(0)).unwrap_err();
    assert_eq!((nothing.code(), nothing.is_refusal()), ("malformed", false));
}

#[test]
fn what_is_not_a_basic_response_is_refused() {
    let case = Case::new(KeyKind::P256);
    let other = OcspResponse { response_type: "1.2.3".to_owned(), ..case.good() };
    case.assert_code(&other, "unsupported_response_type");
    for broken in [
        OcspResponse { version: Some(1), ..case.good() },
        OcspResponse { responder: der::explicit(3, &[5, 0]), ..case.good() },
        OcspResponse { responder: der::explicit(2, &der::octet_string(&[1; 19])), ..case.good() },
        OcspResponse { raw_after_extensions: vec![5, 0], ..case.good() },
        OcspResponse { raw_after_certificates: vec![5, 0], ..case.good() },
        OcspResponse { raw_after_bytes: vec![5, 0], ..case.good() },
        OcspResponse { produced_at: Time::raw(&der::element(0x17, b"250201000000Z")), ..case.good() },
        OcspResponse { raw_signature: Some(der::element(3, &[1, 0xfe])), ..case.good() },
        OcspResponse { raw_signature: Some(vec![4, 1, 0]), ..case.good() },
        case.good().extension(Extension::new(oid::OCSP_NONCE, &[5, 0])),
        case.good().nonce(&[1; 16]).nonce(&[1; 16]),
        case.empty().answer(&case.cert_id(), CertState::Raw(der::implicit(0, &[1]))),
        case.empty().answer(&case.cert_id(), CertState::Raw(der::implicit(3, &[]))),
        case.empty().answer(&case.cert_id(), CertState::Raw(der::element(0xa2, &[]))),
        case.empty().answer(&case.cert_id(), CertState::Raw(der::element(0xa1, &[]))),
        case.empty().answer(&case.cert_id(), CertState::revoked(1, Some(7))),
        case.empty().answer(&case.cert_id(), CertState::revoked(1, Some(8))),
        case.empty().answer(&case.cert_id(), CertState::revoked(1, Some(11))),
        case.empty().answer(&OcspCertId { serial: vec![], ..case.cert_id() }, CertState::Good),
        case.empty().answer(&OcspCertId { serial: vec![1; 1025], ..case.cert_id() }, CertState::Good),
    ] {
        case.assert_code(&broken, "malformed");
    }
    let single = SingleResponse {
        next_update: Some(Time::raw(&der::element(0x18, b"20250301000000.5Z"))),
        ..SingleResponse::new(case.cert_id(), CertState::Good)
    };
    case.assert_code(&case.empty().single(single), "malformed");
    for html in [&b"<!DOCTYPE html><html><body>503</body></html>"[..], b"", b"{}", &[0x30, 0x80]] {
        let error = case.verify_der(html).unwrap_err();
        assert_eq!((error.code(), error.is_responders_fault()), ("malformed", true));
    }
    let mut trailing = case.good().build(&case.ca.key);
    trailing.push(0);
    assert_eq!(case.verify_der(&trailing).unwrap_err().code(), "malformed");
}

#[test]
fn nothing_stands_where_nothing_belongs() {
    let case = Case::new(KeyKind::Ed25519);
    let revoked = SingleResponse::new(case.cert_id(), CertState::revoked(1_700_000_000, Some(1)))
        .extension(Extension::invalidity_date(1_600_000_000));
    let good = SingleResponse::new(case.cert_id(), CertState::Good);
    let response = OcspResponse { version: Some(0), ..OcspResponse::by_key(&case.ca.key) }
        .single(revoked)
        .single(good)
        .nonce(&[1; 16])
        .certificate(&[0x30, 0]);
    let der = response.build(&case.ca.key);
    assert!(BasicResponse::read(&der).is_ok());
    let variants = with_one_too_many(&der);
    assert!(variants.len() > 20);
    let accepted: Vec<_> = variants.iter().filter_map(|der| BasicResponse::read(der).ok()).collect();
    // One has parameters to an algorithm that takes none. In the other it is in the certificate, which is not opened
    // unless it is the responder's.
    let [parameters, certificate] = &accepted[..] else { panic!("{accepted:?}") };
    assert_eq!(parameters.signature_algorithm.known(), None);
    assert_eq!(certificate.certificates, [[0x30, 2, 5, 0]]);
}

#[test]
fn sizes_and_counts_are_capped() {
    let case = Case::new(KeyKind::P256);
    let large = case.good().extension(Extension::new("1.2.3", &der::octet_string(&vec![0; 300_000])));
    assert!(matches!(case.refused(&large), OcspError::TooLarge { octets } if octets > 300_000));
    let answers = |count: usize| OcspResponse {
        singles: vec![SingleResponse::new(case.cert_id(), CertState::Good); count],
        ..case.empty()
    };
    assert!(case.verify(&answers(1024)).is_ok());
    assert!(matches!(case.refused(&answers(1025)), OcspError::TooMany { what: "answers", limit: 1024 }));
    let certificates = |count| OcspResponse { certificates: vec![vec![0x30, 0]; count], ..case.good() };
    assert!(case.verify(&certificates(16)).is_ok());
    case.assert_code(&certificates(17), "limit_exceeded");
    let extensions = |count| {
        (0..count).fold(case.good(), |response, number| {
            response.extension(Extension::new(&format!("1.2.{number}"), &[5, 0]))
        })
    };
    assert!(case.verify(&extensions(32)).is_ok());
    case.assert_code(&extensions(33), "limit_exceeded");
}

#[test]
fn a_signature_is_by_the_issuers_key_over_these_octets() {
    for kind in KeyKind::ALL {
        let case = Case::new(kind);
        let flipped = OcspResponse { bad_signature: true, ..case.good() };
        case.assert_code(&flipped, "bad_signature");
        // The issuer's own certificate alongside is no delegate's, and makes no other refusal of it.
        case.assert_code(&flipped.certificate(&case.ca.certificate), "bad_signature");
        let stranger = Key::new(kind);
        assert_eq!(case.verify_by(&case.good(), &stranger).unwrap_err().code(), "bad_signature");
    }
    let mut case = Case::new(KeyKind::P256);
    let of_rsa = OcspResponse { raw_algorithm: Some(Signature::RsaPkcs1Sha256.algorithm()), ..case.good() };
    case.assert_code(&of_rsa, "bad_signature");
    let unheard = der::sequence(&[der::oid("1.2.3.4")]);
    case.assert_code(&OcspResponse { raw_algorithm: Some(unheard), ..case.good() }, "unsupported_algorithm");
    let sha1 = case.good().signature(Signature::EcdsaSha1);
    case.assert_code(&sha1, "unsupported_algorithm");
    case.policy.algorithms = AlgorithmPolicy::ALLOW_SHA1;
    assert!(case.verify(&sha1).is_ok());
}

#[test]
fn somebody_else_is_no_responder() {
    let case = Case::new(KeyKind::P256);
    // Another CA of the same name, under its own key: no answer about this one's certificates.
    let twin = Authority::root("Issuer", KeyKind::P256);
    assert_eq!(case.verify_by(&case.good(), &twin.key).unwrap_err().code(), "bad_signature");
    let by_key = OcspResponse::by_key(&twin.key)
        .answer(&case.cert_id(), CertState::Good)
        .certificate(&twin.certificate);
    assert_eq!(case.verify_by(&by_key, &twin.key).unwrap_err().code(), "delegate_without_ocsp_signing");
    let stranger = Authority::root("Stranger", KeyKind::P256);
    let response = OcspResponse::by_name(&stranger.name).answer(&case.cert_id(), CertState::Good);
    let error = case.verify_by(&response, &stranger.key).unwrap_err();
    assert!(matches!(&error, OcspError::SignerNotFound { responder } if responder.contains("Stranger")));
    let response = response.certificate(&stranger.certificate);
    assert_eq!(case.verify_by(&response, &stranger.key).unwrap_err().code(), "delegate_not_issued");
    let response = OcspResponse { certificates: vec![vec![0x30, 0]], ..response };
    assert_eq!(case.verify_by(&response, &stranger.key).unwrap_err().code(), "delegate_malformed");
}

#[test]
fn a_nonce_that_was_sent_comes_back() {
    let mut case = Case::new(KeyKind::P256);
    assert!(case.verify(&case.good().nonce(&[7; 32])).is_ok(), "a nonce nobody sent says nothing");
    case.nonce = Some(Nonce::new(&[7; 32]).unwrap());
    assert!(case.verify(&case.good().nonce(&[7; 32])).is_ok());
    for other in [&[8; 32][..], &[7; 31], &[7; 33], &[]] {
        case.assert_code(&case.good().nonce(other), "nonce_mismatch");
    }
    assert!(case.verify(&case.good()).is_ok());
    case.policy.nonce = NoncePolicy::Required;
    case.assert_code(&case.good(), "nonce_missing");
    assert!(case.verify(&case.good().nonce(&[7; 32])).is_ok());
    case.nonce = None;
    assert!(case.verify(&case.good()).is_ok(), "where none was sent none is required");
}

#[test]
fn critical_extensions_of_the_response_are_understood_or_refused() {
    let case = Case::new(KeyKind::P256);
    let value = der::sequence(&[der::oid(oid::OCSP_BASIC)]);
    assert!(case.verify(&case.good().extension(Extension::new(ACCEPTABLE_RESPONSES, &value))).is_ok());
    let critical = case.good().extension(Extension::critical(ACCEPTABLE_RESPONSES, &value));
    case.assert_code(&critical, "unsupported_critical_extension");
    let nonce = Extension { critical: Some(true), ..Extension::ocsp_nonce(&[1; 32]) };
    assert!(case.verify(&case.good().extension(nonce)).is_ok());
}

#[test]
fn the_newest_answer_about_the_certificate_counts() {
    let case = Case::new(KeyKind::P256);
    let other = OcspCertId { serial: vec![9], ..case.cert_id() };
    let single = |state, this| SingleResponse::new(case.cert_id(), state).updates(this, Some(NEXT_UPDATE));
    let revoked = || CertState::revoked(1_700_000_000, Some(1));
    let (old, new) = (THIS_UPDATE - 9, THIS_UPDATE);
    for singles in [
        vec![single(CertState::Good, old), single(revoked(), new)],
        vec![single(revoked(), new), single(CertState::Good, old)],
        vec![
            SingleResponse::new(other.clone(), CertState::Good),
            single(CertState::Good, old),
            single(revoked(), new),
            single(revoked(), new),
        ],
    ] {
        let answer = case.verify(&OcspResponse { singles, ..case.empty() }).unwrap();
        assert!(matches!(answer.status, CertStatus::Revoked(_)));
    }
    for singles in [
        vec![single(CertState::Good, new), single(revoked(), new)],
        vec![single(CertState::Unknown, new), single(CertState::Good, new)],
        vec![single(revoked(), new), single(CertState::revoked(1_700_000_001, Some(1)), new)],
        vec![single(CertState::Good, new), single(CertState::Good, new).updates(new, None)],
    ] {
        case.assert_code(&OcspResponse { singles, ..case.empty() }, "contradictory");
    }
    let unknown = Extension::critical("1.2.3", &[5, 0]);
    for singles in [
        vec![single(CertState::Good, new).extension(unknown.clone()), single(CertState::Good, new)],
        vec![single(CertState::Good, new), single(CertState::Good, new).extension(unknown.clone())],
    ] {
        case.assert_code(&OcspResponse { singles, ..case.empty() }, "unsupported_critical_extension");
    }
    // What is said of other certificates does not matter.
    let others = OcspResponse {
        singles: vec![
            SingleResponse::new(other.clone(), CertState::Good).extension(unknown),
            SingleResponse::new(other, revoked()),
            single(CertState::Good, new),
        ],
        ..case.empty()
    };
    assert_eq!(case.verify(&others).unwrap().status, CertStatus::Good);
    case.assert_code(&case.empty(), "no_answer");
}

#[test]
fn times_are_held_against_the_clock_with_some_skew() {
    let mut case = Case::new(KeyKind::P256);
    let skew = i64::from(case.policy.skew.0);
    let (this, next) = (THIS_UPDATE, NEXT_UPDATE);
    let dated = |case: &Case, produced: i64, this: i64, next: Option<i64>| {
        let single = SingleResponse::new(case.cert_id(), CertState::Good).updates(this, next);
        case.empty().produced_at(produced).single(single)
    };
    for (at, code) in [
        (this - skew - 1, Some("not_yet_valid")),
        (this - skew, None),
        (next, None),
        (next + skew - 1, None),
        (next + skew, Some("stale")),
    ] {
        case.at = time(at);
        assert_eq!(case.verify(&case.good()).err().map(|error| error.code()), code, "{at}");
    }
    case.at = time(NOW);
    for (produced, this, next, code) in [
        (NOW, NOW, Some(NOW - 1), "next_update_before_this_update"),
        (NOW + skew + 1, this, Some(next), "produced_in_future"),
        (this - skew - 1, this, Some(next), "produced_before_this_update"),
        (NOW, NOW - 86_400 - skew - 1, None, "too_old"),
    ] {
        case.assert_code(&dated(&case, produced, this, next), code);
    }
    for (produced, this, next) in [
        (NOW, NOW, Some(NOW)),
        (NOW + skew, this, Some(next)),
        (this - skew, this, Some(next)),
        (NOW, NOW - 86_400 - skew, None),
    ] {
        assert!(case.verify(&dated(&case, produced, this, next)).is_ok(), "{produced} {this} {next:?}");
    }
    case.policy.max_age = Seconds(0);
    case.policy.skew = Seconds(0);
    assert!(case.verify(&dated(&case, NOW, NOW, None)).is_ok());
    case.assert_code(&dated(&case, NOW, NOW - 1, None), "too_old");
}

#[test]
fn a_question_is_about_a_certificate_of_its_issuer() {
    let mut case = Case::new(KeyKind::P256);
    let other = Case::of(Authority::root("Other", KeyKind::P256));
    case.id = other.id;
    let error = case.refused(&case.good());
    assert_eq!((error.code(), error.is_responders_fault()), ("question_mismatch", false));
}

#[test]
fn codes_are_words_and_no_two_refusals_share_one() {
    let text = || "x".to_owned();
    let (this_update, at) = (time(1), time(2));
    let all = [
        OcspError::MalformedRequest,
        OcspError::InternalError,
        OcspError::TryLater,
        OcspError::SigRequired,
        OcspError::Unauthorized,
        OcspError::TooLarge { octets: 1 },
        OcspError::UnsupportedResponseType { oid: text() },
        OcspError::UnsupportedCriticalExtension { oid: text() },
        OcspError::SignerNotFound { responder: text() },
        OcspError::DelegateNotIssued { responder: text(), issuer: text() },
        OcspError::DelegateWithoutOcspSigning { responder: text() },
        OcspError::DelegateWithoutDigitalSignature { responder: text() },
        OcspError::DelegateUnsupportedCriticalExtension { responder: text(), oid: text() },
        OcspError::DelegateNotYetValid { responder: text(), not_before: at },
        OcspError::DelegateExpired { responder: text(), not_after: at },
        OcspError::DelegateRevoked { responder: text(), serial: Serial::from_u64(1) },
        OcspError::NoAnswer,
        OcspError::OtherIssuer,
        OcspError::OtherSerial { asked: Serial::from_u64(1), found: Serial::from_u64(2) },
        OcspError::UnsupportedHashFunction { oid: text() },
        OcspError::Contradictory { this_update },
        OcspError::NextUpdateBeforeThisUpdate { this_update, next_update: at },
        OcspError::NotYetValid { this_update },
        OcspError::Stale { next_update: at },
        OcspError::TooOld { this_update, max_age: Seconds(1) },
        OcspError::ProducedInFuture { produced_at: at },
        OcspError::ProducedBeforeThisUpdate { produced_at: at, this_update },
        OcspError::NonceMissing,
        OcspError::NonceMismatch,
        OcspError::QuestionMismatch,
    ];
    let codes: BTreeSet<_> = all.iter().map(OcspError::code).collect();
    assert_eq!(codes.len(), all.len());
    assert!(
        codes
            .iter()
            .all(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()))
    );
}
