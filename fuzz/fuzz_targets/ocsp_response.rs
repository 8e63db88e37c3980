//! Responses: no panic; nothing unsigned is believed; x509-ocsp agrees. What can be read is signed as well, by the CA
//! of the seeds, so that what comes behind the signature is reached: an answer is then one of those in the response.
#![no_main]

use std::sync::LazyLock;

use der::Decode;
use libfuzzer_sys::fuzz_target;
use revocache::ocsp::{BasicResponse, DelegateStatus, Nonce, OcspError, Question, ResponsePolicy, verify_response};
use revocache::pki::Certificate;
use revocache::pki::der::Reader;
use revocache::types::{CertId, Serial, UnixTime};
use revocache_testkit::{Authority, Key, Name, OcspResponse, Signature, der as write, oid};

struct Known {
    ca: Authority,
    issuer: Certificate,
    ids: [CertId; 2],
    nonce: Nonce,
}

static KNOWN: LazyLock<Known> = LazyLock::new(|| {
    let ca = Authority::root_with(Name::new("Seed"), Key::ed25519(&[7; 32]));
    let issuer = Certificate::from_der(&ca.certificate).unwrap();
    let id = |serial: &[u8]| CertId::sha1(&issuer, &Serial::new(serial).unwrap());
    Known { ids: [id(&[0x00, 0xff]), id(&[0x12, 0x34])], nonce: Nonce::new(&[5; 16]).unwrap(), ca, issuer }
});

/// The same response data under the name and signature of the CA.
fn signed_by_ca(data: &[u8]) -> Vec<u8> {
    let outer = Reader::new(data).any().unwrap();
    let mut fields = outer.reader();
    let version = if fields.peek() == Some(0xa0) { fields.any().unwrap().raw } else { &[] };
    fields.any().unwrap();
    let rest = &outer.content[outer.content.len() - (data.len() as u64 - fields.offset()) as usize..];
    let responder = OcspResponse::by_key(&KNOWN.ca.key).responder;
    let signed = write::sequence(&[version.to_vec(), responder, rest.to_vec()]);
    let signature = write::bit_string(&KNOWN.ca.key.sign(Signature::Ed25519, &signed));
    let basic = write::sequence(&[signed, Signature::Ed25519.algorithm(), signature]);
    let bytes = write::sequence(&[write::oid(oid::OCSP_BASIC), write::octet_string(&basic)]);
    write::sequence(&[vec![0x0a, 1, 0], write::explicit(0, &bytes)])
}

fuzz_target!(|data: &[u8]| {
    let known = &*KNOWN;
    let at = UnixTime::from_seconds(1_739_577_600);
    let judge = |der: &[u8], id, nonce| {
        let question = Question { id, issuer: &known.issuer, nonce };
        verify_response(der, &question, at, &ResponsePolicy::default(), &|_| DelegateStatus::Good)
    };
    let response = match BasicResponse::read(data) {
        Ok(response) => response,
        Err(error) => {
            assert_eq!(judge(data, &known.ids[0], None).unwrap_err(), error);
            if let OcspError::Malformed(error) = error {
                assert!(error.offset <= data.len() as u64);
            }
            return;
        }
    };
    let _ = judge(data, &known.ids[0], None);
    let signed = signed_by_ca(response.signed);
    for id in &known.ids {
        for nonce in [None, Some(&known.nonce)] {
            let Ok(answer) = judge(&signed, id, nonce) else { continue };
            assert!(response.unsupported_critical.is_none());
            assert!(response.answers.iter().any(|found| {
                found.cert_id.serial == id.serial.as_ref()
                    && (found.status, found.this_update, found.next_update)
                        == (answer.status, answer.this_update, answer.next_update)
            }));
            assert!(response.answers.iter().all(|found| {
                found.cert_id.to_cert_id().as_ref() != Some(id) || found.this_update <= answer.this_update
            }));
        }
    }
    let Ok(outer) = x509_ocsp::OcspResponse::from_der(data) else { return };
    let Some(bytes) = outer.response_bytes else { return };
    let Ok(theirs) = x509_ocsp::BasicOcspResponse::from_der(bytes.response.as_bytes()) else { return };
    assert_eq!(theirs.tbs_response_data.responses.len(), response.answers.len());
    assert_eq!(theirs.signature.raw_bytes(), response.signature);
    for (their, own) in theirs.tbs_response_data.responses.iter().zip(&response.answers) {
        let seconds = |time: &x509_ocsp::OcspGeneralizedTime| time.0.to_unix_duration().as_secs() as i64;
        assert_eq!(seconds(&their.this_update), own.this_update.seconds());
        assert_eq!(their.next_update.as_ref().map(seconds), own.next_update.map(|time| time.seconds()));
    }
});
