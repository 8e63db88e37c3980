//! What the tests from outside share: running the program, running OpenSSL, finding the real CRLs.
#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "a test may fail loudly")]

pub mod disk;
pub mod world;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// What the program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: Option<i32>,
}

impl Ran {
    fn from(output: Output) -> Self {
        Self {
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
            code: output.status.code(),
        }
    }

    /// The only JSON document on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// One JSON document a line.
    pub fn json_lines(&self) -> Vec<Value> {
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

/// Says that something is not tested, where the test runner does not swallow it.
pub fn skipped(why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED: {why}");
}

/// The program, ready for more arguments.
pub fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_revocache"))
}

/// Runs the program to its end.
pub fn revocache<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(arguments: I) -> Ran {
    Ran::from(program().args(arguments).output().unwrap())
}

/// Runs `openssl`; `None`, visibly, where there is none.
pub fn openssl<I: IntoIterator<Item = S>, S: AsRef<std::ffi::OsStr>>(arguments: I) -> Option<Ran> {
    match Command::new("openssl").args(arguments).output() {
        Ok(output) => Some(Ran::from(output)),
        Err(error) => {
            skipped(&format!("the openssl program cannot be run ({error})"));
            None
        }
    }
}

/// Arguments from a line of words, and flags with paths behind it.
pub fn with_paths(words: &str, paths: &[(&str, &Path)]) -> Vec<std::ffi::OsString> {
    let words = words.split_whitespace().map(Into::into);
    words.chain(paths.iter().flat_map(|(flag, path)| [flag.into(), path.as_os_str().to_owned()])).collect()
}

/// The folder of real CRLs and certificates; `None`, visibly, where it is absent.
pub fn real_data() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/real");
    let folder = std::env::var_os("REVOCACHE_REAL_DATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(&format!("no real CRLs at {} (REVOCACHE_REAL_DATA names another folder)", folder.display()));
    None
}

/// The files of a folder, sorted.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// One entry as `openssl crl -text` prints it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpensslEntry {
    /// Magnitude in upper-case hexadecimal.
    pub serial: String,
    /// In RFC 3339.
    pub revoked_at: String,
    /// In snake case.
    pub reason: String,
}

/// The entries of a CRL (DER) by OpenSSL.
pub fn openssl_entries(crl: &Path) -> Option<Vec<OpensslEntry>> {
    let text = openssl(with_paths("crl -inform DER -noout -text", &[("-in", crl)]))?.stdout;
    let mut entries: Vec<OpensslEntry> = Vec::new();
    let mut lines = text.lines().map(str::trim);
    while let Some(line) = lines.next() {
        if let Some(serial) = line.strip_prefix("Serial Number: ") {
            let (serial, unspecified) = (serial.to_owned(), "unspecified".to_owned());
            entries.push(OpensslEntry { serial, revoked_at: String::new(), reason: unspecified });
        } else if let Some((date, entry)) = line.strip_prefix("Revocation Date: ").zip(entries.last_mut()) {
            entry.revoked_at = rfc3339(date);
        } else if line.starts_with("X509v3 CRL Reason Code") {
            let reason = lines.next().unwrap().to_lowercase().replace(' ', "_");
            entries.last_mut().unwrap().reason = reason;
        }
    }
    Some(entries)
}

/// `Jan 17 00:16:26 2024 GMT` as `2024-01-17T00:16:26Z`.
pub fn rfc3339(openssl_date: &str) -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = openssl_date.split_whitespace().collect();
    let [month, day, time, year, "GMT"] = parts[..] else { panic!("no date: {openssl_date}") };
    let month = MONTHS.iter().position(|name| *name == month).unwrap() + 1;
    format!("{year}-{month:02}-{:02}T{time}Z", day.parse::<u8>().unwrap())
}

/// SHA-1 of octets by OpenSSL, in upper-case hexadecimal.
pub fn openssl_digest(octets: &[u8]) -> Option<String> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    let ran =
        openssl(with_paths("dgst -sha1 -r", &[("", file.path())]).into_iter().filter(|it| !it.is_empty()))?;
    Some(ran.stdout.split_whitespace().next().unwrap().to_uppercase())
}
