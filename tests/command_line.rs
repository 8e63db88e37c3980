//! The command line's contract: flags, JSON members, codes and exit codes, and what bad input leads to.
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
use std::path::PathBuf;

use common::revocache;

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("index");
    (folder, index)
}

#[test]
fn usage_errors_exit_with_64_and_help_with_0() {
    let (_folder, index) = folder();
    let index = index.to_str().unwrap();
    for arguments in [
        &["frobnicate"][..],
        &["check", "--index", index],
        &["check", "--index", index, "--cert", "a", "--serial", "00"],
        &["check", "--index", index, "--serial", "00"],
        &["check", "--index", index, "--issuer", "a", "--serial", "xyz"],
        &["check", "--index", index, "--cert", "a", "--at", "yesterday"],
        &["check", "--index", index, "--cert", "a", "--method", "divination"],
        &["build"],
        &["build", "--index", index, "--keep", "0"],
        &["inspect"],
        &["inspect", "--crl", "a", "--cert", "b"],
    ] {
        let ran = revocache(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{arguments:?}: {ran:?}");
        assert!(!ran.stderr.is_empty());
    }
    for command in
        ["bench", "build", "check", "config", "demo", "diff", "inspect", "refresh", "serve", "verify"]
    {
        let ran = revocache([command, "--help"]);
        assert_eq!(ran.code, Some(0));
        assert!(ran.stdout.contains("Examples:"), "the help of {command} has no examples");
        assert!(ran.stdout.contains("--json"), "{command} has no --json");
    }
}

#[test]
fn what_is_missing_or_no_index_is_told_with_the_next_step() {
    let (folder, index) = folder();
    let certificate = folder.path().join("no.pem");
    let ran = revocache(["verify".as_ref(), "--index".as_ref(), index.as_os_str()]);
    assert_eq!(ran.code, Some(74), "{ran:?}");
    assert!(ran.stderr.contains("revocache build --index"), "{}", ran.stderr);
    let ran = revocache(["inspect".as_ref(), "--cert".as_ref(), certificate.as_os_str()]);
    assert_eq!(ran.code, Some(74), "{ran:?}");
    fs::write(&certificate, "not a certificate").unwrap();
    let ran = revocache(["inspect".as_ref(), "--cert".as_ref(), certificate.as_os_str()]);
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(ran.stderr.contains("no.pem"), "{}", ran.stderr);
    let ran = revocache(["inspect".as_ref(), "--crl".as_ref(), certificate.as_os_str()]);
    assert_eq!(ran.code, Some(65), "{ran:?}");
    let ran = revocache([
        "build".as_ref(),
        "--index".as_ref(),
        index.as_os_str(),
        "--crl".as_ref(),
        folder.path().join("none").as_os_str(),
    ]);
    assert_eq!(ran.code, Some(74), "{ran:?}");
    assert!(!index.exists(), "a build that cannot read its sources makes no index");
}
