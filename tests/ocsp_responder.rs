//! The program against a real responder: `openssl ocsp`, started on loopback for each test.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use common::{openssl, revocache, with_paths};
use revocache_testkit::{Authority, CertificateBuilder, Key, KeyKind, Name, der};
use serde_json::Value;

/// A CA with three certificates (1 good, 2 revoked, 3 never told to the responder), and what `openssl ocsp` needs.
struct World {
    folder: tempfile::TempDir,
    ca: Authority,
}

/// `openssl ocsp` as a responder, until it is dropped.
struct Responder {
    process: Child,
    url: String,
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl World {
    fn new(kind: KeyKind) -> Self {
        let world =
            Self { folder: tempfile::tempdir().unwrap(), ca: Authority::root("Responder Test CA", kind) };
        world.write("ca.pem", der::pem("CERTIFICATE", &world.ca.certificate));
        world.write("ca.key", der::pem("PRIVATE KEY", world.ca.key.pkcs8()));
        for serial in [1, 2, 3] {
            let leaf = world.ca.leaf(&[serial]).build(&world.ca);
            world.write(&format!("{serial}.pem"), der::pem("CERTIFICATE", &leaf));
        }
        world.write(
            "index.txt",
            "V\t340101000000Z\t\t01\tunknown\t/CN=good\n\
             R\t340101000000Z\t240215103000Z,keyCompromise\t02\tunknown\t/CN=revoked\n",
        );
        world
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// A delegate for OCSP, as `signer.pem` and `signer.key`.
    fn delegate(&self, kind: KeyKind, change: impl FnOnce(CertificateBuilder) -> CertificateBuilder) {
        let key = Key::new(kind);
        let builder = self.ca.ocsp_delegate(&[0x44], &Name::new("Delegated Responder"), &key);
        self.write("signer.pem", der::pem("CERTIFICATE", &change(builder).build(&self.ca)));
        self.write("signer.key", der::pem("PRIVATE KEY", key.pkcs8()));
    }

    /// Starts the responder. `signer` is the stem of its certificate and key; `more` are further options.
    fn start(&self, signer: &str, more: &str) -> Option<Responder> {
        openssl(["version"])?;
        // OpenSSL cannot tell which port it was given, so one that was free a moment ago has to do.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let key = self.path(&format!("{signer}.key"));
        let certificate = self.path(&format!("{signer}.pem"));
        let arguments = with_paths(
            &format!("ocsp -port {port} {more}"),
            &[
                ("-index", &self.path("index.txt")),
                ("-CA", &self.path("ca.pem")),
                ("-rsigner", &certificate),
                ("-rkey", &key),
            ],
        );
        let mut process = Command::new("openssl")
            .args(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("aiting for OCSP client connections") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "openssl ocsp ended");
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Some(Responder { process, url: format!("http://127.0.0.1:{port}/") })
    }

    fn query(&self, responder: &Responder, serial: u8, more: &str) -> (Value, Option<i32>) {
        let certificate = self.path(&format!("{serial}.pem"));
        let paths: [(&str, &Path); 2] = [("--issuer", &self.path("ca.pem")), ("--cert", &certificate)];
        let words = format!("ocsp query --json --url {} {more}", responder.url);
        let ran = revocache(with_paths(&words, &paths));
        (ran.json(), ran.code)
    }
}

/// Good, revoked and unknown, whoever signs and however it is asked.
fn all_three(world: &World, responder: &Responder, more: &str) {
    let (good, code) = world.query(responder, 1, more);
    assert_eq!((good["status"].as_str(), code), (Some("good"), Some(0)), "{more}: {good}");
    assert!(good["this_update"].is_string() && good["revoked_at"].is_null(), "{good}");
    let (revoked, code) = world.query(responder, 2, more);
    assert_eq!((revoked["status"].as_str(), code), (Some("revoked"), Some(1)), "{more}: {revoked}");
    assert_eq!(revoked["revocation_reason"], "key_compromise");
    assert_eq!(revoked["revoked_at"], "2024-02-15T10:30:00Z");
    let (unknown, code) = world.query(responder, 3, more);
    assert_eq!((unknown["status"].as_str(), code), (Some("unknown"), Some(2)), "{more}: {unknown}");
}

#[test]
fn every_signer_and_every_way_to_ask() {
    for kind in [KeyKind::P256, KeyKind::Rsa] {
        let world = World::new(kind);
        let Some(responder) = world.start("ca", "-ndays 1") else { return };
        for more in ["", "--get", "--hash sha256", "--nonce none", "--nonce required"] {
            all_three(&world, &responder, more);
        }
        for signer in [KeyKind::P256, KeyKind::Rsa] {
            world.delegate(signer, CertificateBuilder::ocsp_nocheck);
            let responder = world.start("signer", "-ndays 1").unwrap();
            all_three(&world, &responder, "--nonce required");
            let by_key = world.start("signer", "-ndays 1 -resp_key_id").unwrap();
            all_three(&world, &by_key, "");
        }
    }
}

#[test]
fn each_refusal_has_its_code() {
    let world = World::new(KeyKind::P256);
    let refused = |responder: &Responder, more: &str, wanted: &str, exit: i32| {
        let (answer, code) = world.query(responder, 1, more);
        assert_eq!(answer["status"], "rejected", "{answer}");
        assert_eq!((answer["code"].as_str(), code), (Some(wanted), Some(exit)), "{answer}");
    };
    let Some(bad) = world.start("ca", "-ndays 1 -badsig") else { return };
    refused(&bad, "", "bad_signature", 65);

    let plain = world.start("ca", "-ndays 1").unwrap();
    refused(&plain, "--at 2124-01-01T00:00:00Z", "stale", 65);
    refused(&plain, "--at 2024-06-01T00:00:00Z", "not_yet_valid", 65);

    // Certificates that do not make a delegate.
    world.delegate(KeyKind::P256, |builder| builder.without("2.5.29.37"));
    refused(&world.start("signer", "-ndays 1").unwrap(), "", "delegate_without_ocsp_signing", 65);
    world.delegate(KeyKind::P256, |builder| builder.without("2.5.29.15").key_usage(&[5]));
    refused(&world.start("signer", "-ndays 1").unwrap(), "", "delegate_without_digital_signature", 65);
    let stranger = Authority::root("Responder Test CA", KeyKind::P256);
    world.write("stranger.pem", der::pem("CERTIFICATE", &stranger.certificate));
    world.write("stranger.key", der::pem("PRIVATE KEY", stranger.key.pkcs8()));
    let (answer, code) = world.query(&world.start("stranger", "-ndays 1").unwrap(), 1, "");
    assert_eq!((answer["status"].as_str(), code), (Some("rejected"), Some(65)), "{answer}");

    // A responder of another CA says that it does not answer for ours.
    let other = World::new(KeyKind::P256);
    let elsewhere = other.start("ca", "-ndays 1").unwrap();
    let (answer, _) = world.query(&elsewhere, 1, "");
    assert_ne!(answer["status"], "good", "{answer}");
}

#[test]
fn nobody_there_is_a_service_that_is_unavailable() {
    let world = World::new(KeyKind::P256);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/");
    let paths: [(&str, &Path); 2] = [("--issuer", &world.path("ca.pem")), ("--cert", &world.path("1.pem"))];
    let ran = revocache(with_paths(&format!("ocsp query --json --url {url}"), &paths));
    assert_eq!(ran.code, Some(69), "{ran:?}");
    assert_eq!(ran.json()["code"], "connect_failed");
    let without_url = revocache(with_paths("ocsp query --json", &paths));
    assert_eq!(without_url.code, Some(64), "{without_url:?}");
    assert!(without_url.stderr.contains("--url"), "{without_url:?}");
}

#[test]
fn a_saved_response_can_be_judged_again() {
    let world = World::new(KeyKind::P256);
    let Some(responder) = world.start("ca", "-ndays 1") else { return };
    let saved = world.path("answer.der");
    let (_, code) = world.query(&responder, 2, &format!("--save {}", saved.display()));
    assert_eq!(code, Some(1));
    let ca = world.path("ca.pem");
    let verify = |words: &str| {
        revocache(with_paths(
            &format!("ocsp verify --json {words}"),
            &[("--response", &saved), ("--issuer", &ca)],
        ))
    };
    let told = verify("--serial 02");
    assert_eq!((told.json()["status"].as_str(), told.code), (Some("revoked"), Some(1)), "{told:?}");
    assert_eq!(told.json()["revoked_at"], "2024-02-15T10:30:00Z");
    let other = verify("--serial 01");
    assert_eq!((other.json()["status"].as_str(), other.code), (Some("rejected"), Some(65)), "{other:?}");
    let late = verify("--serial 02 --at 2124-01-01T00:00:00Z");
    assert_eq!((late.json()["code"].as_str(), late.code), (Some("stale"), Some(65)), "{late:?}");
    world.write("answer.der", b"<html>Service unavailable</html>");
    let html = verify("--serial 02");
    assert_eq!((html.json()["code"].as_str(), html.code), (Some("malformed"), Some(65)), "{html:?}");
}

/// An index whose list of the CA is stale, and a question to it.
fn check(world: &World, words: &str) -> (Value, Option<i32>) {
    let index = world.path("index");
    if !index.exists() {
        let long_ago = world.ca.crl().number(1).build(&world.ca.key);
        world.write("old.crl", &long_ago);
        let paths: [(&str, &Path); 3] =
            [("--index", &index), ("--issuer", &world.path("ca.pem")), ("--crl", &world.path("old.crl"))];
        let built = revocache(with_paths("build --json", &paths));
        assert_eq!(built.code, Some(0), "{built:?}");
        assert_eq!(built.json()["crls"][0]["stale"], true);
    }
    let paths: [(&str, &Path); 2] = [("--index", &index), ("--issuer", &world.path("ca.pem"))];
    let ran = revocache(with_paths(&format!("check --json {words}"), &paths));
    (ran.json_lines().into_iter().last().unwrap_or_else(|| panic!("{ran:?}")), ran.code)
}

#[test]
fn a_stale_list_falls_back_to_the_responder() {
    let world = World::new(KeyKind::P256);
    let Some(responder) = world.start("ca", "-ndays 1") else { return };
    let cert = |number: u8| format!("--cert {}", world.path(&format!("{number}.pem")).display());
    let url = format!("--ocsp-url {}", responder.url);

    let (alone, code) = check(&world, &cert(1));
    assert_eq!(
        (alone["status"].as_str(), alone["cause"].as_str(), code),
        (Some("unknown"), Some("stale"), Some(2))
    );
    assert_eq!(alone["method"], "crl");

    let (good, code) = check(&world, &format!("{} {url}", cert(1)));
    assert_eq!(
        (good["status"].as_str(), good["method"].as_str(), code),
        (Some("good"), Some("ocsp"), Some(0)),
        "{good}"
    );
    assert!(good["this_update"].is_string() && good["crl_number"].is_null(), "{good}");
    assert_eq!(good["crl_cause"], "stale");

    let (revoked, code) = check(&world, &format!("{} {url}", cert(2)));
    assert_eq!((revoked["status"].as_str(), code), (Some("revoked"), Some(1)), "{revoked}");
    assert_eq!(revoked["revocation_reason"], "key_compromise");
    assert_eq!(revoked["revoked_at"], "2024-02-15T10:30:00Z");

    let (unknown, code) = check(&world, &format!("{} {url}", cert(3)));
    assert_eq!((unknown["cause"].as_str(), code), (Some("ocsp_unknown"), Some(2)), "{unknown}");

    // A serial alone can be asked too, where the responder is given.
    let (serial, _) = check(&world, &format!("--serial 02 {url} --method ocsp"));
    assert_eq!((serial["status"].as_str(), serial["method"].as_str()), (Some("revoked"), Some("ocsp")));
    let (nobody, _) = check(&world, "--serial 02 --method ocsp");
    assert_eq!(nobody["cause"], "ocsp_no_responder");
}

#[test]
fn what_a_responder_fails_to_say_is_told_apart() {
    let world = World::new(KeyKind::P256);
    let cert = format!("--cert {}", world.path("1.pem").display());
    let Some(bad) = world.start("ca", "-ndays 1 -badsig") else { return };
    let (refused, code) = check(&world, &format!("{cert} --ocsp-url {}", bad.url));
    assert_eq!((refused["cause"].as_str(), code), (Some("ocsp_refused"), Some(2)), "{refused}");
    assert!(refused["message"].as_str().unwrap().contains(&bad.url), "{refused}");
    let gone = bad.url.clone();
    drop(bad);
    let (unavailable, code) = check(&world, &format!("{cert} --ocsp-url {gone}"));
    assert_eq!((unavailable["cause"].as_str(), code), (Some("ocsp_unavailable"), Some(2)), "{unavailable}");
    // The first one is dead, the second answers.
    let good = world.start("ca", "-ndays 1").unwrap();
    let (answer, _) = check(&world, &format!("{cert} --ocsp-url {gone} {}", good.url));
    assert_eq!(answer["status"], "good", "{answer}");
}
