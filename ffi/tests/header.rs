//! The committed header is what the sources say, and a C compiler takes it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

fn header() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../include/revocache.h")
}

#[test]
fn the_committed_header_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).unwrap();
    let generated =
        cbindgen::Builder::new().with_src(root.join("src/lib.rs")).with_config(config).generate().unwrap();
    let mut text = Vec::new();
    generated.write(&mut text);
    if std::env::var_os("REVOCACHE_BLESS").is_some() {
        fs::write(header(), &text).unwrap();
    }
    let committed = fs::read_to_string(header()).unwrap_or_default();
    assert_eq!(
        committed,
        String::from_utf8(text).unwrap(),
        "include/revocache.h is out of date; write it anew with REVOCACHE_BLESS=1 cargo test -p revocache-ffi --test header"
    );
}

#[test]
fn c_and_cpp_compilers_take_the_header_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    for (compiler, extension, standard) in [("cc", "c", "-std=c99"), ("c++", "cpp", "-std=c++17")] {
        let source = folder.path().join(format!("uses_header.{extension}"));
        fs::write(
            &source,
            "#include \"revocache.h\"\nint main(void) { return (int)revocache_abi_version(); }\n",
        )
        .unwrap();
        let compiled = Command::new(compiler)
            .args([standard, "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-I"])
            .arg(header().parent().unwrap())
            .arg(&source)
            .status();
        match compiled {
            Ok(status) => assert!(status.success(), "{compiler} does not take the header"),
            // Not by eprintln, which the test runner swallows: a skip has to be seen.
            Err(error) => writeln!(std::io::stderr(), "SKIPPED: {compiler} cannot be run ({error})").unwrap(),
        }
    }
}
