//! Makes OCSP responses and times their verification, as `benches/compare_openssl_ocsp.sh` wants it.
//!
//! ```text
//! measure_ocsp make DIR      DIR/CASE/{ca.der,response.der} for each case
//! measure_ocsp run DIR/CASE  verifies, and prints one JSON line
//! ```
#![allow(clippy::expect_used, clippy::panic, reason = "a measuring program may fail loudly")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use revocache::ocsp::{DelegateStatus, Question, ResponsePolicy, verify_response};
use revocache::pki::Certificate;
use revocache::types::{CertId, Serial, UnixTime};
use revocache_testkit::{Authority, CertState, Key, KeyKind, Name, OcspCertId, OcspResponse, SingleResponse};

const SERIAL: [u8; 16] = [0x5a; 16];
/// Short rounds, and many: the best of them was not interrupted, even where other programs want the processor.
const ROUNDS: u32 = 400;
const VERIFICATIONS: u32 = 10;

fn make(folder: &Path) {
    let now = UnixTime::now().seconds();
    for (case, kind, delegated) in [
        ("p256_issuer", KeyKind::P256, false),
        ("p256_delegate", KeyKind::P256, true),
        ("rsa2048_issuer", KeyKind::Rsa, false),
        ("rsa2048_delegate", KeyKind::Rsa, true),
    ] {
        let ca = Authority::root("Bench", kind);
        let single = SingleResponse::new(OcspCertId::new(&ca, &SERIAL), CertState::Good);
        let single = single.updates(now - 60, Some(now + 86_400));
        let key = if delegated { Key::new(kind) } else { ca.key.clone() };
        let mut response = OcspResponse::by_key(&key).produced_at(now - 60).single(single);
        if delegated {
            let certificate =
                ca.ocsp_delegate(&[0x44], &Name::new("Responder"), &key).ocsp_nocheck().build(&ca);
            response = response.certificate(&certificate);
        }
        let folder = folder.join(case);
        fs::create_dir_all(&folder).expect("the folder can be made");
        fs::write(folder.join("ca.der"), &ca.certificate).expect("the folder can be written");
        fs::write(folder.join("response.der"), response.build(&key)).expect("the folder can be written");
    }
}

fn run(folder: &Path) {
    let read = |name: &str| fs::read(folder.join(name)).expect("made before");
    let issuer = Certificate::from_der(&read("ca.der")).expect("the certificate is well-formed");
    let response = read("response.der");
    let id = CertId::sha1(&issuer, &Serial::new(&SERIAL).expect("a serial"));
    let question = Question { id: &id, issuer: &issuer, nonce: None };
    let policy = ResponsePolicy::default();
    let at = UnixTime::now();
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let started = Instant::now();
        for _ in 0..VERIFICATIONS {
            verify_response(&response, &question, at, &policy, &|_| DelegateStatus::Good)
                .expect("it is right");
        }
        best = best.min(started.elapsed());
    }
    let micros = best.as_secs_f64() / f64::from(VERIFICATIONS) * 1e6;
    println!("{{\"who\":\"revocache\",\"octets\":{},\"whole_us\":{micros:.1}}}", response.len());
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", folder] => make(Path::new(folder)),
        ["run", folder] => run(Path::new(folder)),
        _ => panic!("usage: measure_ocsp make DIR | run DIR/CASE"),
    }
}
