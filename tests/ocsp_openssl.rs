//! Responses of `openssl ocsp`, and what OpenSSL thinks of ours.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;
mod ocsp_support;

use std::fs;
use std::path::{Path, PathBuf};

use common::{openssl, with_paths};
use ocsp_support::{SERIAL, certificate};
use revocache::ocsp::{
    Answer, CertStatus, DelegateStatus, Nonce, NoncePolicy, OcspError, Question, ResponsePolicy,
    encode_request, verify_response,
};
use revocache::pki::Certificate;
use revocache::types::{CertId, ReasonCode, Seconds, Serial, UnixTime};
use revocache_testkit::{
    Authority, CertState, CertificateBuilder, IdHash, Key, KeyKind, Name, OcspCertId, OcspResponse,
    SingleResponse, oid, pem,
};
use tempfile::TempDir;

const GOOD: [u8; 3] = SERIAL;
const REVOKED: [u8; 2] = [0x00, 0xff];
const HELD: [u8; 2] = [0x12, 0x34];
const NOWHERE: [u8; 1] = [0x55];

/// The index of `openssl ca`: status, expiry, revocation with reason, serial, file, subject.
const INDEX: &str = "V\t331231235959Z\t\tD41D\tunknown\t/CN=good\n\
    R\t331231235959Z\t250115120000Z,keyCompromise\tFF\tunknown\t/CN=revoked\n\
    R\t331231235959Z\t250115130000Z,holdInstruction,holdInstructionReject\t1234\tunknown\t/CN=held\n";

/// A CA with `openssl ocsp` as its responder, offline: a request file in, a response file out.
struct Responder {
    folder: TempDir,
    issuer: Certificate,
    nonce: Option<Nonce>,
    at: UnixTime,
    policy: ResponsePolicy,
}

impl Responder {
    /// The responder is the CA itself, or a delegate.
    fn new(kind: KeyKind, delegate: Option<KeyKind>) -> Self {
        let ca = Authority::root("Issuer", kind);
        let folder = tempfile::tempdir().unwrap();
        let (signer, key) = match delegate {
            None => (ca.certificate.clone(), ca.key.clone()),
            Some(kind) => {
                let key = Key::new(kind);
                let builder = ca.ocsp_delegate(&[0x44], &Name::new("Responder"), &key).ocsp_nocheck();
                (builder.build(&ca), key)
            }
        };
        for (name, text) in [
            ("ca.pem", pem("CERTIFICATE", &ca.certificate)),
            ("signer.pem", pem("CERTIFICATE", &signer)),
            ("signer.key", pem("PRIVATE KEY", key.pkcs8())),
            ("index.txt", INDEX.to_owned()),
            ("index.txt.attr", "unique_subject = no\n".to_owned()),
        ] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let issuer = certificate(&ca.certificate);
        Self { folder, issuer, nonce: None, at: UnixTime::now(), policy: ResponsePolicy::default() }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The response to a request about these certificates; `None` without OpenSSL.
    fn respond(&self, ids: &[CertId], flags: &str) -> Option<Vec<u8>> {
        fs::write(self.file("request.der"), encode_request(ids, self.nonce.as_ref())).unwrap();
        let files = ["index.txt", "ca.pem", "signer.pem", "signer.key", "request.der", "response.der"];
        let [index, ca, signer, key, request, response] = files.map(|name| self.file(name));
        let paths: [(&str, &Path); 6] = [
            ("-index", &index),
            ("-CA", &ca),
            ("-rsigner", &signer),
            ("-rkey", &key),
            ("-reqin", &request),
            ("-respout", &response),
        ];
        let ran = openssl(with_paths(&format!("ocsp {flags}"), &paths))?;
        Some(fs::read(&response).unwrap_or_else(|error| panic!("{error}: {ran:?}")))
    }

    fn verify(&self, response: &[u8], id: &CertId) -> Result<Answer, OcspError> {
        let question = Question { id, issuer: &self.issuer, nonce: self.nonce.as_ref() };
        verify_response(response, &question, self.at, &self.policy, &|_| DelegateStatus::Good)
    }

    /// Asks about one certificate.
    fn ask(&self, serial: &[u8], flags: &str) -> Option<Result<Answer, OcspError>> {
        let id = CertId::sha1(&self.issuer, &Serial::new(serial).unwrap());
        Some(self.verify(&self.respond(std::slice::from_ref(&id), flags)?, &id))
    }
}

const DAY: &str = "-ndays 1";

fn state(answer: Answer) -> &'static str {
    match answer.status {
        CertStatus::Good => "good",
        CertStatus::Revoked(_) => "revoked",
        CertStatus::Unknown => "unknown",
    }
}

#[test]
fn openssl_answers_as_the_index_says() {
    use KeyKind::{P256, P384, Rsa};
    for (kind, delegate) in
        [(Rsa, None), (P256, None), (P384, None), (Rsa, Some(P256)), (P256, Some(Rsa)), (P256, Some(P256))]
    {
        let mut responder = Responder::new(kind, delegate);
        for nonce in [None, Some(Nonce::random().unwrap())] {
            responder.nonce = nonce;
            for flags in ["-ndays 1", "-ndays 1 -resp_key_id", "-nmin 5 -rmd sha384"] {
                let Some(good) = responder.ask(&GOOD, flags) else { return };
                let good = good.unwrap();
                assert_eq!(state(good), "good");
                assert!(good.next_update > Some(good.this_update) && good.produced_at >= good.this_update);
                let revoked = responder.ask(&REVOKED, flags).unwrap().unwrap();
                let CertStatus::Revoked(revocation) = revoked.status else { panic!("{revoked:?}") };
                assert_eq!(revocation.reason, ReasonCode::KeyCompromise);
                assert_eq!(revocation.revoked_at.to_string(), "2025-01-15T12:00:00Z");
                let held = responder.ask(&HELD, flags).unwrap().unwrap();
                assert!(
                    matches!(held.status, CertStatus::Revoked(held) if held.reason == ReasonCode::CertificateHold)
                );
                assert_eq!(state(responder.ask(&NOWHERE, flags).unwrap().unwrap()), "unknown");
            }
        }
    }
}

#[test]
fn openssl_answers_several_questions_and_sha256() {
    let responder = Responder::new(KeyKind::P256, None);
    let serial = |octets: &[u8]| Serial::new(octets).unwrap();
    let ids = [
        CertId::sha1(&responder.issuer, &serial(&GOOD)),
        CertId::sha256(&responder.issuer, &serial(&REVOKED)),
        CertId::sha1(&responder.issuer, &serial(&NOWHERE)),
    ];
    let Some(response) = responder.respond(&ids, DAY) else { return };
    let states: Vec<_> = ids.iter().map(|id| state(responder.verify(&response, id).unwrap())).collect();
    assert_eq!(states, ["good", "revoked", "unknown"]);
}

#[test]
fn what_openssl_does_wrong_on_request_is_refused() {
    for delegate in [None, Some(KeyKind::P256)] {
        for kind in [KeyKind::Rsa, KeyKind::P256] {
            let mut responder = Responder::new(kind, delegate);
            let code = |responder: &Responder, serial: &[u8], flags: &str| {
                responder.ask(serial, flags).map(|result| result.unwrap_err().code())
            };
            let Some(bad) = code(&responder, &GOOD, "-ndays 1 -badsig") else { return };
            assert_eq!(bad, "bad_signature");
            let sha1 = code(&responder, &GOOD, "-ndays 1 -rmd sha1").unwrap();
            assert_eq!(sha1, "unsupported_algorithm");
            // Half an hour later an answer of five minutes has expired.
            responder.at = UnixTime::now().plus(Seconds(1800));
            assert_eq!(code(&responder, &GOOD, "-nmin 5").unwrap(), "stale");
            // Without -ndays or -nmin there is no nextUpdate.
            assert_eq!(responder.ask(&GOOD, "").unwrap().unwrap().next_update, None);
            responder.policy.max_age = Seconds(60);
            assert_eq!(code(&responder, &GOOD, "").unwrap(), "too_old");
            responder.policy = ResponsePolicy::default();
            responder.at = UnixTime::from_seconds(UnixTime::now().seconds() - 3600);
            assert_eq!(code(&responder, &GOOD, DAY).unwrap(), "not_yet_valid");
            responder.at = UnixTime::now();
            if delegate.is_some() {
                let missing = code(&responder, &GOOD, "-ndays 1 -resp_no_certs").unwrap();
                assert_eq!(missing, "signer_not_found");
            }
            // A response to another question, and to a question with another nonce.
            let other = CertId::sha1(&responder.issuer, &Serial::new(&REVOKED).unwrap());
            let id = CertId::sha1(&responder.issuer, &Serial::new(&GOOD).unwrap());
            let response = responder.respond(&[other], DAY).unwrap();
            assert_eq!(responder.verify(&response, &id).unwrap_err().code(), "other_serial");
            responder.nonce = Some(Nonce::random().unwrap());
            responder.policy.nonce = NoncePolicy::Required;
            assert_eq!(responder.verify(&response, &id).unwrap_err().code(), "nonce_missing");
            let response = responder.respond(std::slice::from_ref(&id), DAY).unwrap();
            assert!(responder.verify(&response, &id).is_ok());
            responder.nonce = Some(Nonce::random().unwrap());
            assert_eq!(responder.verify(&response, &id).unwrap_err().code(), "nonce_mismatch");
        }
    }
}

#[test]
fn openssl_refuses_what_it_cannot_read() {
    let responder = Responder::new(KeyKind::P256, None);
    let id = CertId::sha1(&responder.issuer, &Serial::new(&GOOD).unwrap());
    let Some(response) = responder.respond(&[], DAY) else { return };
    assert_eq!(responder.verify(&response, &id).unwrap_err().code(), "malformed_request");
}

/// The same responses, judged by both: whatever OpenSSL refuses for its signer is refused here.
#[test]
fn openssl_and_this_crate_judge_signers_alike() {
    let folder = tempfile::tempdir().unwrap();
    let ca = Authority::root("Issuer", KeyKind::P256);
    let (name, key) = (Name::new("Responder"), Key::new(KeyKind::P256));
    let issuer = certificate(&ca.certificate);
    let now = UnixTime::now();
    let twin = Authority::root("Issuer", KeyKind::P256);
    let builder = || ca.ocsp_delegate(&[0x44], &name, &key).ocsp_nocheck();
    let expired = CertificateBuilder { not_after: (now.seconds() - 99_999).into(), ..builder() };
    let below = ca.intermediate("Below", KeyKind::P256);
    for (what, certificate, accepted) in [
        ("delegate", builder().build(&ca), true),
        ("without purpose", builder().without(oid::EXTENDED_KEY_USAGE).build(&ca), false),
        ("expired", expired.build(&ca), false),
        ("by a twin", builder().build(&twin), false),
        ("by one below", builder().build(&below), false),
    ] {
        let single = SingleResponse::new(OcspCertId::with(IdHash::Sha1, &ca, &GOOD), CertState::Good)
            .updates(now.seconds() - 60, Some(now.seconds() + 3600));
        let mut response = OcspResponse::by_name(&name)
            .produced_at(now.seconds() - 60)
            .single(single)
            .certificate(&certificate);
        if what == "by one below" {
            response = response.certificate(&below.certificate);
        }
        let der = response.build(&key);
        let (ca_file, response_file) = (folder.path().join("ca.pem"), folder.path().join("response.der"));
        fs::write(&ca_file, pem("CERTIFICATE", &ca.certificate)).unwrap();
        fs::write(&response_file, &der).unwrap();
        let paths: [(&str, &Path); 3] =
            [("-issuer", &ca_file), ("-CAfile", &ca_file), ("-respin", &response_file)];
        let mut arguments = with_paths("ocsp -no_nonce", &paths);
        arguments.extend(["-serial".into(), "0xd41d".into()]);
        let Some(ran) = openssl(arguments) else { return };
        let verified = ran.stderr.contains("Response verify OK");
        assert_eq!(verified, accepted, "{what}: {ran:?}");
        assert_eq!(verified, ran.stdout.contains("0xd41d: good") && !ran.stderr.contains("Failure"));
        let id = CertId::sha1(&issuer, &Serial::new(&GOOD).unwrap());
        let question = Question { id: &id, issuer: &issuer, nonce: None };
        let own =
            verify_response(&der, &question, now, &ResponsePolicy::default(), &|_| DelegateStatus::Good);
        assert_eq!(own.is_ok(), accepted, "{what}: {own:?}");
    }
}
