//! The library with the client: what it is made of, and programs in C and C++ against a real server and a real responder.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

#[path = "../../tests/support/mod.rs"]
mod support;

mod server;

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use revocache::pki::{Certificate, sha256};
use revocache_testkit::der;
use server::{Responder, Served, Site};
use support::{Link, World, compile, include, is_there, library, run, run_well, skipped};

/// A port of the loopback where nobody listens.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Writes the hashes of an authority's CertID into a folder.
fn write_hashes(folder: &Path, certificate: &[u8]) {
    let ca = Certificate::from_der(certificate).unwrap();
    fs::write(folder.join("name.sha256"), sha256(ca.subject().der())).unwrap();
    fs::write(folder.join("key.sha256"), ca.public_key().key_sha256()).unwrap();
}

/// Runs the program that asks, stops the server when it says so, and wants no failure.
fn ask_all(program: &Path, served: Served, site: &Site) {
    let closed = format!("127.0.0.1:{}", closed_port());
    let mut child = Command::new(program)
        .args([&served.address, &served.fingerprint, served.certificate.to_str().unwrap()])
        .args([site.folder.path().to_str().unwrap(), &closed])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    drop(served);
    if line == "stop the server\n" {
        child.stdin.take().unwrap().write_all(b"\n").unwrap();
    }
    assert!(child.wait().unwrap().success(), "{}", program.display());
}

#[test]
fn every_function_does_what_the_header_says() {
    let site = Site::new();
    write_hashes(site.folder.path(), &site.ca.certificate);
    let sanitized = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    for (compiler, link, flags) in
        [("cc", Link::Dynamic, &[][..]), ("cc", Link::Static, &sanitized), ("clang", Link::Dynamic, &[])]
    {
        let Some(program) = compile(compiler, "ffi/tests/c/client.c", link, flags, site.folder.path()) else {
            continue;
        };
        ask_all(&program, site.serve_to_known(), &site);
    }
}

#[test]
fn the_example_and_the_wrapper_answer() {
    let site = Site::new();
    let served = site.serve();
    let folder = site.folder.path();
    let Some(example) = compile("cc", "examples/c/client.c", Link::Dynamic, &[], folder) else { return };
    let certificate = served.certificate.to_str().unwrap().to_owned();
    for (known, name, code, text) in [
        (&served.fingerprint, "1.der", 0, "good (generation"),
        (&certificate, "7.der", 1, "revoked: key_compromise, since "),
        (&certificate, "foreign.der", 2, "unknown: authority_unknown"),
    ] {
        let output = run(&example, [&served.address, known, site.path(name).to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).starts_with(text), "{output:?}");
    }
    let output = run(&example, [&served.address, &"00".repeat(32), "x"]);
    assert_eq!(output.status.code(), Some(69), "{output:?}");
    for compiler in ["c++", "clang++"] {
        let flags = ["-std=c++17", "-fno-exceptions"];
        let Some(program) = compile(compiler, "ffi/tests/c/client.cpp", Link::Dynamic, &flags, folder) else {
            continue;
        };
        run_well(&program, [served.address.as_str(), &certificate, folder.to_str().unwrap()]);
    }
}

#[test]
fn what_the_lists_cannot_tell_a_responder_does() {
    let world = World::new();
    write_hashes(world.folder.path(), &world.ca.certificate);
    fs::write(world.path("ca.pem"), der::pem("CERTIFICATE", &world.ca.certificate)).unwrap();
    fs::write(world.path("ca.key"), der::pem("PRIVATE KEY", world.ca.key.pkcs8())).unwrap();
    fs::write(
        world.path("index.txt"),
        "V\t340101000000Z\t\t11223344\tunknown\t/CN=good\n\
         R\t340101000000Z\t240215103000Z,keyCompromise\t55667708\tunknown\t/CN=revoked\n",
    )
    .unwrap();
    let Some(responder) = Responder::start(world.folder.path()) else { return };
    let nobody = format!("http://127.0.0.1:{}/", closed_port());
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    let program = compile("cc", "ffi/tests/c/live.c", Link::Dynamic, &flags, world.folder.path());
    let Some(program) = program else { return };
    run_well(&program, [world.folder.path().to_str().unwrap(), &responder.url, &nobody]);
}

#[test]
fn it_has_the_functions_of_both_headers_and_no_others() {
    if !is_there("nm") {
        return;
    }
    let file = library(Link::Dynamic);
    let listing = Command::new("nm").args(["-D", "--defined-only"]).arg(&file).output().unwrap();
    let listing = String::from_utf8(listing.stdout).unwrap();
    let symbols: Vec<_> = listing.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    let [plain, client] = ["revocache.h", "revocache_client.h"]
        .map(|header| fs::read_to_string(include().join(header)).unwrap());
    let declared = |header: &str, symbol: &str| header.contains(&format!("{symbol}("));
    for symbol in &symbols {
        assert!(symbol.starts_with("revocache_"), "{symbol} is exported");
        assert!(declared(&plain, symbol) || declared(&client, symbol), "{symbol} is in no header");
    }
    let count = |header: &str| symbols.iter().filter(|symbol| declared(header, symbol)).count();
    assert!(count(&plain) > 20 && count(&client) > 14, "{listing}");
}

/// The fingerprint of a certificate, as another program tells it.
#[test]
fn the_fingerprint_is_that_of_other_programs() {
    let site = Site::new();
    let served = site.serve();
    if !is_there("openssl") {
        return;
    }
    let path: PathBuf = served.certificate.clone();
    let output = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).replace(':', "").to_lowercase();
    if !output.status.success() {
        skipped("openssl cannot read the certificate");
        return;
    }
    assert!(text.trim().ends_with(&served.fingerprint), "{text}");
}
