//! The daemon as a process, asked over QUIC by the program.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

#[path = "serve_quic/clients.rs"]
mod clients;
mod common;
#[path = "serve_quic/demo.rs"]
mod demo;
#[path = "serve_quic/load.rs"]
mod load;
#[path = "serve_quic/memory.rs"]
mod memory;
#[path = "serve_quic/numbers.rs"]
mod numbers;
mod quic_support;
mod serve_support;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use common::{Ran, real_data, revocache};
use revocache_testkit::{Authority, Entry, KeyKind};
use serve_support::Served;

/// Within the dates of the test kit's lists.
const AT: &str = "2025-02-15T00:00:00Z";

/// A daemon with this configuration, whose clock stands still.
fn start(folder: &Path, configuration: &str, at: &str) -> Served {
    let config = folder.join("revocache.toml");
    fs::write(&config, configuration).unwrap();
    Served::start(&folder.join("data"), &["--config", config.to_str().unwrap(), "--at", at])
}

fn check(daemon: &Served, arguments: &[&str]) -> Ran {
    let (address, fingerprint) = (text(daemon, "quic"), text(daemon, "fingerprint"));
    let server = ["check", "--json", "--server", address, "--fingerprint", fingerprint];
    revocache(server.iter().chain(arguments))
}

fn text<'d>(daemon: &'d Served, member: &str) -> &'d str {
    daemon.ready[member].as_str().unwrap()
}

/// A CA, a folder of its lists, and a configuration that watches it.
struct Site {
    folder: tempfile::TempDir,
    ca: Authority,
}

impl Site {
    fn new() -> Self {
        let site =
            Self { folder: tempfile::tempdir().unwrap(), ca: Authority::root("Served CA", KeyKind::P256) };
        fs::create_dir(site.path("lists")).unwrap();
        fs::write(site.path("ca.cer"), &site.ca.certificate).unwrap();
        for serial in [1, 7] {
            fs::write(site.path(&format!("{serial}.cer")), site.ca.leaf(&[serial]).build(&site.ca)).unwrap();
        }
        site
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn publish(&self, number: u64, revoked: &[u8]) {
        let entries = revoked.iter().map(|serial| Entry::new(&[*serial]).reason(1));
        let list = self.ca.crl().number(number).entries(entries).build(&self.ca.key);
        fs::write(self.path("lists/new"), list).unwrap();
        fs::rename(self.path("lists/new"), self.path("lists/ca.crl")).unwrap();
    }

    fn start(&self) -> Served {
        self.start_with("")
    }

    /// With more of a configuration.
    fn start_with(&self, more: &str) -> Served {
        let configuration = format!(
            "{more}[trust]\nissuers = [{:?}]\n[sources]\npoll = \"100ms\"\ngather = \"0s\"\n[[source]]\nname = \"lists\"\npaths = [{:?}]\n",
            self.path("ca.cer"),
            self.path("lists")
        );
        start(self.folder.path(), &configuration, AT)
    }
}

#[test]
fn answers_over_quic_are_those_of_the_index() {
    let site = Site::new();
    site.publish(1, &[7]);
    let daemon = site.start();
    assert_eq!(text(&daemon, "fingerprint").len(), 64);
    let good = check(&daemon, &["--cert", &site.text("1.cer")]);
    assert_eq!((good.json()["status"].as_str(), good.code), (Some("good"), Some(0)), "{good:?}");
    let revoked = check(&daemon, &["--issuer", &site.text("ca.cer"), "--serial", "07", "01"]);
    let lines = revoked.json_lines();
    assert_eq!(lines[0]["revocation_reason"], "key_compromise");
    assert_eq!((lines[0]["crl_number"].as_str(), lines[1]["status"].as_str()), (Some("01"), Some("good")));
    assert_eq!(revoked.code, Some(1));
    // The same question to the index itself has the same answer.
    let index = site.path("data/index").display().to_string();
    let local = revocache(["check", "--json", "--at", AT, "--index", &index, "--cert", &site.text("1.cer")]);
    let (mut here, mut there) = (local.json(), good.json());
    // Whether it has expired is told by the clock of whoever asks.
    for answer in [&mut here, &mut there] {
        answer.as_object_mut().unwrap().remove("certificate_expired");
    }
    assert_eq!(here, there);
    // Nobody to ask by OCSP.
    let ocsp = check(&daemon, &["--cert", &site.text("1.cer"), "--method", "ocsp"]);
    assert_eq!(ocsp.json()["cause"], "ocsp_no_responder", "{ocsp:?}");
}

#[test]
fn a_server_that_cannot_be_believed_or_reached_is_unavailable() {
    let site = Site::new();
    site.publish(1, &[7]);
    let daemon = site.start();
    let (address, cert) = (text(&daemon, "quic").to_owned(), site.text("1.cer"));
    let wrong = "00".repeat(32);
    let ran = revocache(["check", "--server", &address, "--fingerprint", &wrong, "--cert", &cert]);
    assert_eq!(ran.code, Some(69), "{ran:?}");
    let by_root = site.text("data/tls/server.crt");
    if Path::new(&by_root).exists() {
        let ran = revocache(["check", "--server", &address, "--server-ca", &by_root, "--cert", &cert]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
    daemon.stop();
    let ran = revocache(["check", "--server", &address, "--fingerprint", &wrong, "--cert", &cert]);
    assert_eq!(ran.code, Some(69), "{ran:?}");
    let ran = revocache(["check", "--server", &address, "--cert", &cert]);
    assert_eq!(ran.code, Some(64), "{ran:?}");
}

#[test]
fn a_revocation_in_a_watched_folder_reaches_a_client() {
    let site = Site::new();
    site.publish(1, &[7]);
    let daemon = site.start();
    let status =
        || check(&daemon, &["--cert", &site.text("1.cer")]).json()["status"].as_str().unwrap().to_owned();
    assert_eq!(status(), "good");
    site.publish(2, &[1, 7]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while status() != "revoked" {
        assert!(Instant::now() < deadline, "the revocation never came");
    }
}

#[test]
fn a_stale_list_is_asked_at_the_configured_responder() {
    let site = Site::new();
    site.publish(1, &[7]);
    // Nobody answers there, and the answer says so: proof that the server asks.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let configuration = format!(
        "[trust]\nissuers = [{0:?}]\n[[source]]\nname = \"lists\"\npaths = [{1:?}]\n[[authority]]\ncertificate = {0:?}\n\
         ocsp_urls = [\"http://127.0.0.1:{port}/\"]\n",
        site.path("ca.cer"),
        site.path("lists")
    );
    let daemon = start(site.folder.path(), &configuration, "2026-01-01T00:00:00Z");
    let answer = check(&daemon, &["--cert", &site.text("1.cer")]).json();
    assert_eq!(
        (answer["cause"].as_str(), answer["method"].as_str()),
        (Some("ocsp_unavailable"), Some("ocsp"))
    );
    let listed = check(&daemon, &["--cert", &site.text("7.cer")]).json();
    assert_eq!((listed["status"].as_str(), listed["method"].as_str()), (Some("revoked"), Some("crl")));
    let by_list = check(&daemon, &["--cert", &site.text("1.cer"), "--method", "crl"]).json();
    assert_eq!(by_list["cause"], "stale");
}

#[test]
fn the_demonstration_certificates_of_a_public_ca() {
    let Some(real) = real_data() else { return };
    let folder = tempfile::tempdir().unwrap();
    let configuration = format!(
        "[trust]\nissuers = [{:?}, {:?}]\n[[source]]\nname = \"real\"\npaths = [{:?}]\n",
        fs::canonicalize(real.join("issuers")).unwrap(),
        fs::canonicalize(real.join("certs")).unwrap(),
        fs::canonicalize(real.join("crls")).unwrap()
    );
    let daemon = start(folder.path(), &configuration, "2025-02-25T00:00:00Z");
    for root in 1..=4 {
        for (kind, status) in [("valid", "good"), ("revoked", "revoked"), ("expired", "good")] {
            let name = format!("certs/amazon-{kind}.rootca{root}.demo.amazontrust.com.cer");
            let answer = check(&daemon, &["--cert", &real.join(&name).display().to_string()]).json();
            assert_eq!(answer["status"], status, "{name}: {answer}");
        }
    }
}
