//! What the tests of `pki` share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use revocache::pki::PublicKey;
use revocache::pki::crl::{CrlError, CrlLimits, CrlReader, UnverifiedCrl};
use revocache::types::{ReasonCode, UnixTime};
use revocache_testkit::Key;

/// An entry that outlives the reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnedEntry {
    pub(crate) serial: String,
    pub(crate) revoked_at: i64,
    pub(crate) reason: ReasonCode,
    pub(crate) invalidity_date: Option<UnixTime>,
    pub(crate) certificate_issuer: Option<String>,
}

/// Reads a list to its end.
pub(crate) fn read_all(der: &[u8]) -> Result<(Vec<OwnedEntry>, UnverifiedCrl), CrlError> {
    read_from(der, CrlLimits::default())
}

pub(crate) fn read_from(
    input: impl std::io::Read,
    limits: CrlLimits,
) -> Result<(Vec<OwnedEntry>, UnverifiedCrl), CrlError> {
    let mut reader = CrlReader::new(input, limits)?;
    let mut entries = Vec::new();
    while let Some(entry) = reader.next_entry()? {
        entries.push(OwnedEntry {
            serial: entry.serial.to_string(),
            revoked_at: entry.revoked_at.seconds(),
            reason: entry.reason,
            invalidity_date: entry.invalidity_date,
            certificate_issuer: entry.certificate_issuer.map(|name| name.text().to_owned()),
        });
    }
    Ok((entries, reader.finish()?))
}

pub(crate) fn public(key: &Key) -> PublicKey {
    PublicKey::from_spki(&key.spki()).unwrap()
}

/// The folder of real CRLs and certificates; `None`, with a line saying so, where it is absent.
pub(crate) fn real_data(test: &str) -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/real");
    let folder = std::env::var_os("REVOCACHE_REAL_DATA").map_or(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    skipped(test, "no real CRLs here; set REVOCACHE_REAL_DATA to their folder");
    None
}

/// Says that a test did nothing, where the test runner does not swallow it.
fn skipped(test: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
}

/// The files of a folder, sorted by name.
pub(crate) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

/// Runs `openssl` on an input; `None`, with a line saying so, where the program is absent, `Some(Err)` if it fails.
pub(crate) fn openssl(test: &str, arguments: &[&str], input: &[u8]) -> Option<Result<String, String>> {
    let child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        skipped(test, "the openssl program is not installed");
        return None;
    };
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // From another thread, because openssl may answer before it has read everything.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Some(if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    })
}
