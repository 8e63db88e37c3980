//! Programs in C and C++ against the library: what the compiler says, what they print, what they leave behind.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use revocache::pki::{Certificate, sha1, sha256};
use support::{AT, Link, World, compile, is_there, run, run_well, skipped};

/// A world with the hashes of the authority's CertID beside it.
fn world() -> World {
    let world = World::new();
    let ca = Certificate::from_der(&world.ca.certificate).unwrap();
    for (name, hash) in [
        ("name.sha1", sha1(ca.subject().der()).to_vec()),
        ("key.sha1", ca.public_key().key_sha1().to_vec()),
        ("name.sha256", sha256(ca.subject().der()).to_vec()),
        ("key.sha256", ca.public_key().key_sha256().to_vec()),
    ] {
        fs::write(world.path(name), hash).unwrap();
    }
    world
}

fn arguments(world: &World) -> [String; 2] {
    [world.folder.path().to_str().unwrap().to_owned(), AT.to_string()]
}

#[test]
fn every_function_does_what_the_header_says() {
    let world = world();
    for (compiler, link) in [("cc", Link::Dynamic), ("cc", Link::Static), ("clang", Link::Dynamic)] {
        let source = "ffi/tests/c/conformance.c";
        if let Some(program) = compile(compiler, source, link, &[], world.folder.path()) {
            run_well(&program, arguments(&world));
        }
    }
}

#[test]
fn sanitizers_find_nothing() {
    let world = world();
    let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    for link in [Link::Dynamic, Link::Static] {
        for source in ["ffi/tests/c/conformance.c", "examples/c/check.c"] {
            let program = compile("cc", source, link, &flags, world.folder.path()).unwrap();
            let symbols = Command::new("nm").arg(&program).output().unwrap().stdout;
            assert!(String::from_utf8_lossy(&symbols).contains("__asan_init"), "built without the sanitizer");
            if source.contains("conformance") {
                run_well(&program, arguments(&world));
            } else {
                let output = run(&program, [world.index(), world.path("revoked.der"), world.path("ca.der")]);
                assert_eq!(output.status.code(), Some(1), "{output:?}");
            }
        }
    }
}

#[test]
fn valgrind_finds_nothing() {
    let world = world();
    if !is_there("valgrind") {
        return;
    }
    let program =
        compile("cc", "ffi/tests/c/conformance.c", Link::Dynamic, &[], world.folder.path()).unwrap();
    let options =
        ["--error-exitcode=9", "--leak-check=full", "--errors-for-leak-kinds=definite,indirect", "-q"];
    let output =
        Command::new("valgrind").args(options).arg(&program).args(arguments(&world)).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn checks_allocate_nothing() {
    let world = world();
    for link in [Link::Dynamic, Link::Static] {
        let flags = ["-DCOUNT_ALLOCATIONS"];
        let program = compile("cc", "ffi/tests/c/quiet.c", link, &flags, world.folder.path()).unwrap();
        let printed = run_well(&program, arguments(&world));
        assert!(!printed.contains("so far: 0\n"), "nothing was counted: {printed}");
        assert!(printed.contains("new thread: 0 wrong, 0 allocations"), "{printed}");
    }
}

#[test]
fn checks_make_no_system_call() {
    let world = world();
    if !is_there("strace") {
        return;
    }
    let program = compile("cc", "ffi/tests/c/quiet.c", Link::Dynamic, &[], world.folder.path()).unwrap();
    let trace = world.path("trace");
    let traced = Command::new("strace")
        .arg("-f")
        .arg("-o")
        .arg(&trace)
        .arg(&program)
        .args(arguments(&world))
        .output()
        .unwrap();
    if !traced.status.success() {
        skipped(&format!("strace may not trace here: {}", String::from_utf8_lossy(&traced.stderr)));
        return;
    }
    let trace = fs::read_to_string(trace).unwrap();
    assert!(trace.contains("openat("), "the trace has system calls");
    let mut marks = 0;
    let mut lines = trace.lines();
    while let Some(begin) = lines.find(|line| line.contains("\"BEGIN")) {
        let thread = begin.split(' ').next().unwrap();
        let own: Vec<_> =
            lines.by_ref().filter(|line| line.split(' ').next() == Some(thread)).take(1).collect();
        assert!(own[0].contains("\"END"), "a check made a system call: {own:?}");
        marks += 1;
    }
    assert_eq!(marks, 2);
}

#[test]
fn the_examples_answer() {
    let world = world();
    for link in [Link::Dynamic, Link::Static] {
        let check = compile("cc", "examples/c/check.c", link, &[], world.folder.path()).unwrap();
        let ask =
            |certificate: &str| run(&check, [world.index(), world.path(certificate), world.path("ca.der")]);
        let revoked = ask("revoked.der");
        assert_eq!(revoked.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&revoked.stdout).starts_with("revoked: key_compromise"));
        // The lists of this world are of the past.
        assert_eq!(ask("good.der").status.code(), Some(2));
        assert_eq!(ask("foreign.der").status.code(), Some(65));
        assert_eq!(run(&check, [Path::new("/nonexistent"), Path::new("x")]).status.code(), Some(74));
        assert_eq!(run(&check, [""; 0]).status.code(), Some(64));
    }
    for compiler in ["c++", "clang++"] {
        for (link, standard) in [(Link::Dynamic, "-std=c++17"), (Link::Static, "-std=c++20")] {
            let flags = [standard, "-fno-exceptions"];
            let folder = world.folder.path();
            let Some(chain) = compile(compiler, "examples/cpp/check.cpp", link, &flags, folder) else {
                continue;
            };
            let files = ["revoked.der", "ca.der", "root.der"].map(|name| world.path(name));
            let output = run(&chain, [world.index()].iter().chain(&files));
            assert_eq!(output.status.code(), Some(1), "{output:?}");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(text.contains("2 revoked certificates of 2 authorities"), "{text}");
            assert!(text.contains("certificate 0, key_compromise, since 1737000000"), "{text}");
        }
    }
    let fresh = World::with_next_update(4_102_444_800);
    let check = compile("cc", "examples/c/check.c", Link::Dynamic, &[], fresh.folder.path()).unwrap();
    let good = run_well(&check, [fresh.index(), fresh.path("good.der"), fresh.path("ca.der")]);
    assert!(good.starts_with("good\n") && good.contains("2100-01-01T00:00:00Z"), "{good}");
}
