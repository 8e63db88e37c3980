//! A `revocache serve` and an `openssl ocsp` on the loopback.
#![allow(unreachable_pub, reason = "a module of tests")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use revocache_testkit::{Authority, CertificateBuilder, Entry, Key, KeyKind, Name, der};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{is_there, libraries, repository};

/// Within the dates of the test kit's lists.
const AT: &str = "2025-02-15T00:00:00Z";

/// A CA that has revoked the certificate with the serial number 7, and one of a stranger.
pub struct Site {
    pub folder: TempDir,
    pub ca: Authority,
}

impl Site {
    pub fn new() -> Self {
        let site =
            Self { folder: tempfile::tempdir().unwrap(), ca: Authority::root("Served CA", KeyKind::P256) };
        fs::create_dir(site.path("lists")).unwrap();
        fs::write(site.path("ca.der"), &site.ca.certificate).unwrap();
        for serial in [1, 7] {
            fs::write(site.path(&format!("{serial}.der")), site.ca.leaf(&[serial]).build(&site.ca)).unwrap();
        }
        let stranger = Authority::root("Stranger", KeyKind::P256);
        fs::write(site.path("foreign.der"), stranger.leaf(&[1]).build(&stranger)).unwrap();
        let list = site.ca.crl().number(1).entries([Entry::new(&[7]).reason(1)]).build(&site.ca.key);
        fs::write(site.path("lists/ca.crl"), list).unwrap();
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Starts a server over the list.
    pub fn serve(&self) -> Served {
        self.serve_with("")
    }

    /// Starts one that wants to see a certificate of the CA, as `client.pem` with the key in `client.key` is.
    pub fn serve_to_known(&self) -> Served {
        let key = Key::new(KeyKind::P256);
        let certificate = CertificateBuilder::new(&[2], Name::new("a client"), &key).key_usage(&[0]);
        let certificate = der::pem("CERTIFICATE", &certificate.build(&self.ca));
        fs::write(self.path("client.pem"), certificate).unwrap();
        fs::write(self.path("client.key"), der::pem("PRIVATE KEY", key.pkcs8())).unwrap();
        let ca = self.path("ca.der");
        self.serve_with(&format!("[quic]\nclient_ca = [{ca:?}]\nclient_certificates = \"required\"\n"))
    }

    fn serve_with(&self, more: &str) -> Served {
        let config = self.path("revocache.toml");
        fs::write(
            &config,
            format!(
                "[trust]\nissuers = [{:?}]\n[[source]]\nname = \"lists\"\npaths = [{:?}]\n{more}",
                self.path("ca.der"),
                self.path("lists")
            ),
        )
        .unwrap();
        let data = self.path("data");
        let mut child = Command::new(program())
            .args(["serve", "--quic", "127.0.0.1:0", "--http", "127.0.0.1:0", "--at", AT, "--data"])
            .arg(&data)
            .arg("--config")
            .arg(&config)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.path("server.log")).unwrap())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let log = || fs::read_to_string(self.path("server.log")).unwrap();
        let ready: Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}\n{}", log()));
        let text = |member: &str| ready[member].as_str().unwrap().to_owned();
        let certificate = find(&data, "server.crt").unwrap_or_else(|| panic!("no certificate\n{}", log()));
        Served { child, address: text("quic"), fingerprint: text("fingerprint"), certificate }
    }
}

/// A running `revocache serve`, killed when dropped.
pub struct Served {
    child: Child,
    pub address: String,
    /// SHA-256 of its certificate, in hexadecimal.
    pub fingerprint: String,
    /// The certificate it has made for itself.
    pub certificate: PathBuf,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running `openssl ocsp`, killed when dropped.
pub struct Responder {
    child: Child,
    pub url: String,
}

impl Responder {
    /// Starts one for `ca.pem`, `ca.key` and `index.txt` of a folder; `None`, visibly, where there is no OpenSSL.
    pub fn start(folder: &Path) -> Option<Self> {
        if !is_there("openssl") {
            return None;
        }
        // OpenSSL cannot tell which port it was given, so one that was free a moment ago has to do.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("openssl")
            .current_dir(folder)
            .args(["ocsp", "-ndays", "1", "-index", "index.txt", "-CA", "ca.pem", "-rsigner", "ca.pem"])
            .args(["-rkey", "ca.key", "-port", &port.to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("aiting for OCSP client connections") {
            line.clear();
            assert_ne!(said.read_line(&mut line).unwrap(), 0, "openssl ocsp ended");
        }
        // What it says later must not fill the pipe.
        std::thread::spawn(move || std::io::copy(&mut said, &mut std::io::sink()));
        Some(Self { child, url: format!("http://127.0.0.1:{port}/") })
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The program, which belongs to another package: a test of the whole workspace has built it, one of this package alone has
/// to.
fn program() -> PathBuf {
    let program = libraries().parent().unwrap().join("revocache");
    if !program.exists() {
        let arguments = ["build", "--quiet", "--locked", "--package", "revocache", "--bin", "revocache"];
        let built = Command::new(env!("CARGO")).args(arguments).current_dir(repository()).status();
        assert!(built.unwrap().success(), "revocache cannot be built");
    }
    program
}

fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?.map(|entry| entry.unwrap().path());
    entries.into_iter().find_map(|path| match path.is_dir() {
        true => find(&path, name),
        false => path.ends_with(name).then_some(path),
    })
}
