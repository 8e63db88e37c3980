//! OCSP responses that somebody touched, and responses of every shape beside another reader.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod ocsp_support;

use der::{Decode, Encode};
use ocsp_support::{Case, NOW, THIS_UPDATE};
use proptest::prelude::*;
use revocache::ocsp::{Answer, BasicResponse, CertStatus, Nonce, ResponderId};
use revocache::types::UnixTime;
use revocache_testkit::{
    Authority, CertState, Extension, IdHash, Key, KeyKind, Name, OcspCertId, OcspResponse, SingleResponse,
};

/// Signed responses with the cases that judge them: by the issuer, by a delegate, with and without a nonce.
fn samples() -> Vec<(Case, Vec<u8>, Answer)> {
    let mut samples = Vec::new();
    for (kind, delegated, nonce) in [
        (KeyKind::P256, false, true),
        (KeyKind::Ed25519, false, false),
        (KeyKind::Rsa, false, false),
        (KeyKind::P256, true, false),
    ] {
        let mut case = Case::new(kind);
        let revoked = SingleResponse::new(case.cert_id(), CertState::revoked(1_700_000_000, Some(1)))
            .extension(Extension::invalidity_date(1_600_000_000));
        let other = OcspCertId::with(IdHash::Sha256, &case.ca, &[7]);
        let (mut response, mut key) = (case.empty(), case.ca.key.clone());
        if delegated {
            let name = Name::new("Responder");
            key = Key::new(kind);
            response = OcspResponse::by_name(&name)
                .certificate(&case.ca.ocsp_delegate(&[0x44], &name, &key).build(&case.ca));
        }
        response = response.single(revoked).answer(&other, CertState::Good);
        if nonce {
            case.nonce = Some(Nonce::new(&[0x5a; 32]).unwrap());
            response = response.nonce(&[0x5a; 32]);
        }
        let der = response.build(&key);
        let answer = case.verify_der(&der).unwrap();
        assert!(matches!(answer.status, CertStatus::Revoked(_)));
        samples.push((case, der, answer));
    }
    samples
}

/// Whatever a changed octet does, it does not make another answer: it is refused, or it stood outside what counts.
#[test]
fn no_changed_octet_makes_another_answer() {
    for (case, der, answer) in samples() {
        let mut accepted = 0;
        for position in 0..der.len() {
            for mask in [0x01, 0x02, 0x20, 0x80, 0xff] {
                let mut changed = der.clone();
                changed[position] ^= mask;
                if let Ok(found) = case.verify_der(&changed) {
                    assert_eq!(found, answer, "octet {position} with {mask:02x}");
                    accepted += 1;
                }
            }
        }
        // Every octet is signed, part of a signature, or framing.
        assert_eq!(accepted, 0, "{} octets", der.len());
    }
}

#[test]
fn no_part_is_taken_for_the_whole() {
    for (case, der, _) in samples() {
        for length in 0..der.len() {
            let error = case.verify_der(&der[..length]).unwrap_err();
            assert_eq!(error.code(), "malformed", "{length}: {error}");
        }
    }
}

/// The signed part of one response under the frame of another, and answers moved between them.
#[test]
fn parts_do_not_combine() {
    let case = Case::new(KeyKind::P256);
    let good = case.good().build(&case.ca.key);
    let revoked =
        case.empty().answer(&case.cert_id(), CertState::revoked(1_700_000_000, None)).build(&case.ca.key);
    for cut in 0..good.len().min(revoked.len()) {
        for spliced in [[&good[..cut], &revoked[cut..]].concat(), [&revoked[..cut], &good[cut..]].concat()] {
            if spliced != good && spliced != revoked {
                assert!(case.verify_der(&spliced).is_err(), "{cut}");
            }
        }
    }
}

/// An answer of last month replayed today.
#[test]
fn old_answers_do_not_come_back() {
    let case = Case::new(KeyKind::P256);
    let single = SingleResponse::new(case.cert_id(), CertState::Good);
    let month = 2_678_400;
    let old = case
        .empty()
        .produced_at(THIS_UPDATE - month)
        .single(single.clone().updates(THIS_UPDATE - month, Some(NOW - month)));
    case.assert_code(&old, "stale");
    let endless = case.empty().produced_at(NOW).single(single.updates(NOW - month, None));
    case.assert_code(&endless, "too_old");
}

fn state() -> impl Strategy<Value = CertState> {
    let code = prop::option::of(prop::sample::select(vec![0, 1, 2, 3, 4, 5, 6, 9, 10]));
    prop_oneof![
        Just(CertState::Good),
        Just(CertState::Unknown),
        (0..4_000_000_000_i64, code).prop_map(|(at, reason)| CertState::revoked(at, reason)),
    ]
}

fn single() -> impl Strategy<Value = SingleResponse> {
    let serial = prop::collection::vec(any::<u8>(), 1..=19).prop_map(|mut octets| {
        octets.insert(0, 1);
        octets
    });
    let date = 0..4_000_000_000_i64;
    (any::<bool>(), any::<u8>(), serial, state(), date.clone(), prop::option::of(date), any::<bool>())
        .prop_map(|(longer, hash, serial, state, this, next, extended)| {
            let function = if longer { IdHash::Sha256 } else { IdHash::Sha1 };
            let octets = if longer { 32 } else { 20 };
            let id = OcspCertId {
                algorithm: function.algorithm(),
                name_hash: vec![hash; octets],
                key_hash: vec![!hash; octets],
                serial,
            };
            let single = SingleResponse::new(id, state).updates(this, next);
            if extended { single.extension(Extension::new("1.2.3.4", &[5, 0])) } else { single }
        })
}

/// What both readers say of one certificate.
#[derive(Debug, PartialEq)]
struct SaidOfOne {
    cert_id: Vec<u8>,
    revoked: Option<(i64, u8)>,
    unknown: bool,
    this_update: i64,
    next_update: Option<i64>,
}

/// What both readers say of a response.
#[derive(Debug, PartialEq)]
struct Said {
    responder: Vec<u8>,
    produced_at: i64,
    answers: Vec<SaidOfOne>,
    nonce: Option<Vec<u8>>,
    signed: Vec<u8>,
    signature: Vec<u8>,
    certificates: usize,
}

fn own(der: &[u8]) -> Option<Said> {
    let response = BasicResponse::read(der).ok()?;
    Some(Said {
        responder: match &response.responder {
            ResponderId::ByName(name) => name.der().to_vec(),
            ResponderId::ByKey(hash) => hash.to_vec(),
        },
        produced_at: response.produced_at.seconds(),
        answers: response
            .answers
            .iter()
            .map(|answer| {
                let revoked = match answer.status {
                    CertStatus::Revoked(revocation) => {
                        Some((revocation.revoked_at.seconds(), revocation.reason.code()))
                    }
                    _ => None,
                };
                SaidOfOne {
                    cert_id: answer.cert_id.raw.to_vec(),
                    revoked,
                    unknown: answer.status == CertStatus::Unknown,
                    this_update: answer.this_update.seconds(),
                    next_update: answer.next_update.map(UnixTime::seconds),
                }
            })
            .collect(),
        nonce: response.nonce.map(<[u8]>::to_vec),
        signed: response.signed.to_vec(),
        signature: response.signature.to_vec(),
        certificates: response.certificates.len(),
    })
}

fn theirs(der: &[u8]) -> Option<Said> {
    use x509_ocsp::{BasicOcspResponse, CertStatus, OcspResponse, ResponderId};
    let outer = OcspResponse::from_der(der).ok()?;
    let basic = BasicOcspResponse::from_der(outer.response_bytes?.response.as_bytes()).ok()?;
    let data = &basic.tbs_response_data;
    let seconds = |time: &x509_ocsp::OcspGeneralizedTime| time.0.to_unix_duration().as_secs() as i64;
    Some(Said {
        responder: match &data.responder_id {
            ResponderId::ByName(name) => name.to_der().unwrap(),
            ResponderId::ByKey(hash) => hash.as_bytes().to_vec(),
        },
        produced_at: seconds(&data.produced_at),
        answers: data
            .responses
            .iter()
            .map(|answer| {
                let revoked = match &answer.cert_status {
                    CertStatus::Revoked(info) => {
                        let reason = info.revocation_reason.map_or(0, |reason| reason as u8);
                        Some((seconds(&info.revocation_time), reason))
                    }
                    _ => None,
                };
                SaidOfOne {
                    cert_id: answer.cert_id.to_der().unwrap(),
                    revoked,
                    unknown: matches!(answer.cert_status, CertStatus::Unknown(_)),
                    this_update: seconds(&answer.this_update),
                    next_update: answer.next_update.as_ref().map(seconds),
                }
            })
            .collect(),
        nonce: basic.nonce().map(|nonce| nonce.0.as_bytes().to_vec()),
        signed: data.to_der().unwrap(),
        signature: basic.signature.raw_bytes().to_vec(),
        certificates: basic.certs.map_or(0, |certificates| certificates.len()),
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// x509-ocsp, whose types were made from the ASN.1, says the same of every response.
    #[test]
    fn x509_ocsp_reads_the_same(
        singles in prop::collection::vec(single(), 0..5),
        by_key in any::<bool>(),
        nonce in prop::option::of(prop::collection::vec(any::<u8>(), 1..=128)),
        extended in any::<bool>(),
        certificates in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..20),
    ) {
        let ca = Authority::root("Issuer", KeyKind::Ed25519);
        let mut response =
            if by_key { OcspResponse::by_key(&ca.key) } else { OcspResponse::by_name(&ca.name) };
        response.singles = singles;
        if let Some(nonce) = &nonce {
            response = response.nonce(nonce);
        }
        if extended {
            response = response.extension(Extension::new("1.2.3.4", &[5, 0]));
        }
        response.certificates = vec![ca.certificate.clone(); certificates];
        let der = response.build(&ca.key);
        let said = own(&der);
        prop_assert!(said.is_some());
        prop_assert_eq!(said, theirs(&der));
        // The same with an octet changed: where both read it, they agree.
        for (position, octet) in changes {
            let mut changed = der.clone();
            let position = position.index(changed.len());
            changed[position] = octet;
            if let (Some(own), Some(theirs)) = (own(&changed), theirs(&changed)) {
                prop_assert_eq!(own, theirs);
            }
        }
    }
}
