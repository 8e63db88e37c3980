//! What one OCSP response costs: reading it, and the whole way from octets to a verified answer.
//!
//! `signature` is the check of one signature alone, the floor of every verification; a response of a delegate has two.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros define undocumented items; a benchmark may fail loudly"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use revocache::ocsp::{
    BasicResponse, DelegateStatus, Nonce, Question, ResponsePolicy, encode_request, get_path, verify_response,
};
use revocache::pki::{AlgorithmPolicy, Certificate, verify_message};
use revocache::types::{CertId, Serial, UnixTime};
use revocache_testkit::{Authority, CertState, Key, KeyKind, Name, OcspCertId, OcspResponse};

const SERIAL: [u8; 16] = [0x5a; 16];
/// Within the dates of the test kit's responses.
const AT: UnixTime = UnixTime::from_seconds(1_739_577_600);

fn response(ca: &Authority, delegate: Option<KeyKind>) -> Vec<u8> {
    let id = OcspCertId::new(ca, &SERIAL);
    match delegate {
        None => OcspResponse::by_key(&ca.key).answer(&id, CertState::Good).build(&ca.key),
        Some(kind) => {
            let (name, key) = (Name::new("Responder"), Key::new(kind));
            let certificate = ca.ocsp_delegate(&[0x44], &name, &key).ocsp_nocheck().build(ca);
            OcspResponse::by_key(&key).answer(&id, CertState::Good).certificate(&certificate).build(&key)
        }
    }
}

fn benches(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("ocsp");
    for (kind, label) in [(KeyKind::P256, "p256"), (KeyKind::Rsa, "rsa2048")] {
        let ca = Authority::root("Bench", kind);
        let issuer = Certificate::from_der(&ca.certificate).expect("the certificate is well-formed");
        let id = CertId::sha1(&issuer, &Serial::new(&SERIAL).expect("a serial"));
        let question = Question { id: &id, issuer: &issuer, nonce: None };
        let policy = ResponsePolicy::default();
        for (delegate, by) in [(None, "issuer"), (Some(kind), "delegate")] {
            let der = response(&ca, delegate);
            group.bench_function(format!("read/{label}/{by}"), |bench| {
                bench.iter(|| black_box(BasicResponse::read(black_box(&der)).expect("it is well-formed")));
            });
            group.bench_function(format!("verify/{label}/{by}"), |bench| {
                bench.iter(|| {
                    verify_response(black_box(&der), &question, AT, &policy, &|_| DelegateStatus::Good)
                        .expect("it is right")
                });
            });
        }
        let der = response(&ca, None);
        let read = BasicResponse::read(&der).expect("it is well-formed");
        let algorithm = read.signature_algorithm.known().expect("the algorithm is known");
        let allowed = AlgorithmPolicy::default();
        group.bench_function(format!("signature/{label}"), |bench| {
            bench.iter(|| {
                verify_message(algorithm, issuer.public_key(), read.signed, read.signature, &allowed)
                    .expect("it is right");
            });
        });
    }
    let ca = Authority::root("Bench", KeyKind::P256);
    let issuer = Certificate::from_der(&ca.certificate).expect("the certificate is well-formed");
    let serial = Serial::new(&SERIAL).expect("a serial");
    let nonce = Nonce::new(&[7; 32]).expect("a nonce");
    for (label, id) in
        [("sha1", CertId::sha1(&issuer, &serial)), ("sha256", CertId::sha256(&issuer, &serial))]
    {
        let ids = [id];
        group.bench_function(format!("encode_request/{label}"), |bench| {
            bench.iter(|| black_box(encode_request(black_box(&ids), Some(&nonce))));
        });
        let request = encode_request(&ids, None);
        group.bench_function(format!("get_path/{label}"), |bench| {
            bench.iter(|| black_box(get_path("http://ocsp.example", black_box(&request))));
        });
    }
    group.finish();
}

criterion_group!(ocsp, benches);
criterion_main!(ocsp);
