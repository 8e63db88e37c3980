//! A folder with an index, built and asked by the program.

use std::ffi::OsStr;
use std::path::PathBuf;

use serde_json::Value;

use super::{Ran, revocache};

/// Within the dates of the test kit's lists, 2025-02-01 to 2025-03-01.
pub const AT: &str = "2025-02-15T00:00:00Z";
pub const DAY: i64 = 86_400;
/// 2025-02-01T00:00:00Z.
pub const FEBRUARY: i64 = 1_738_368_000;

/// A folder with an index, and files to put beside it.
pub struct World {
    folder: tempfile::TempDir,
}

impl World {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn run(&self, command: &str, arguments: &[&OsStr]) -> Ran {
        let index = self.path("index");
        let mut all: Vec<&OsStr> =
            vec![command.as_ref(), "--index".as_ref(), index.as_os_str(), "--json".as_ref()];
        all.extend(arguments);
        revocache(all)
    }

    /// Builds with the given certificates and CRLs at [`AT`].
    pub fn build_with(&self, issuers: &[&[u8]], crls: &[&[u8]], extra: &[&str]) -> Ran {
        let mut arguments: Vec<PathBuf> = vec!["--at".into(), AT.into()];
        for (number, issuer) in issuers.iter().enumerate() {
            arguments.extend(["--issuer".into(), self.file(&format!("issuer{number}.cer"), issuer)]);
        }
        for (number, crl) in crls.iter().enumerate() {
            arguments.extend(["--crl".into(), self.file(&format!("list{number}.crl"), crl)]);
        }
        arguments.extend(extra.iter().map(PathBuf::from));
        self.run("build", &arguments.iter().map(|path| path.as_os_str()).collect::<Vec<_>>())
    }

    /// Builds, and tells the code of each CRL.
    pub fn build(&self, issuers: &[&[u8]], crls: &[&[u8]]) -> Vec<String> {
        let ran = self.build_with(issuers, crls, &[]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        codes(&ran.json())
    }

    pub fn check_certificate(&self, certificate: &[u8]) -> Value {
        let path = self.file("asked.cer", certificate);
        answer(&self.run("check", &["--at".as_ref(), AT.as_ref(), "--cert".as_ref(), path.as_os_str()]))
    }

    pub fn check_serial(&self, issuer: &[u8], serial: &str, at: &str) -> Value {
        let path = self.file("asked-issuer.cer", issuer);
        let serial = ["--at", at, "--serial", serial].map(OsStr::new);
        let issuer = ["--issuer".as_ref(), path.as_os_str()];
        answer(&self.run("check", &[&serial[..], &issuer[..]].concat()))
    }
}

pub fn codes(report: &Value) -> Vec<String> {
    report["crls"].as_array().unwrap().iter().map(|crl| crl["code"].as_str().unwrap().to_owned()).collect()
}

/// The answer, after checking that it agrees with the exit code and with itself.
pub fn answer(ran: &Ran) -> Value {
    let json = ran.json();
    let expected = match json["status"].as_str().unwrap() {
        "good" => 0,
        "revoked" => 1,
        "unknown" => 2,
        other => panic!("status {other}"),
    };
    assert_eq!(ran.code, Some(expected), "{ran:?}");
    assert_eq!(json["cause"].is_string(), json["status"] == "unknown", "{json}");
    assert_eq!(json["revoked_at"].is_string(), json["status"] == "revoked", "{json}");
    assert_eq!(json["revocation_reason"].is_string(), json["status"] == "revoked", "{json}");
    json
}

pub fn status(answer: &Value) -> String {
    match answer["cause"].as_str() {
        Some(cause) => format!("unknown {cause}"),
        None => answer["status"].as_str().unwrap().to_owned(),
    }
}
