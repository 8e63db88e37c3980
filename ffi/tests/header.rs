//! The committed headers are what the sources say, and C and C++ compilers take them.
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

use support::{WARNINGS, include, run_compiler};

/// The sources, in the order in which the header tells their story.
const SOURCES: [&str; 10] =
    ["version", "result", "failure", "index", "policy", "verdict", "issuer", "check", "batch", "facts"];

/// Those of the header of the client.
const CLIENT_SOURCES: [&str; 5] = ["request", "options", "connection", "check", "live"];

#[test]
fn the_committed_headers_are_current() {
    is_current("revocache.h", "cbindgen.toml", "src", &SOURCES);
    is_current("revocache_client.h", "cbindgen.client.toml", "src/client", &CLIENT_SOURCES);
}

fn is_current(header: &str, config: &str, folder: &str, sources: &[&str]) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(root.join(config)).unwrap();
    let builder = sources.iter().fold(cbindgen::Builder::new(), |builder, source| {
        builder.with_src(root.join(format!("{folder}/{source}.rs")))
    });
    let mut text = Vec::new();
    builder.with_config(config).generate().unwrap().write(&mut text);
    let path = include().join(header);
    if std::env::var_os("REVOCACHE_BLESS").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let committed = fs::read_to_string(path).unwrap_or_default();
    // Not assert_eq, which would print both.
    assert!(
        committed.as_bytes() == text,
        "include/{header} is out of date; write it anew with REVOCACHE_BLESS=1 cargo test -p revocache-ffi --test header"
    );
}

#[test]
fn every_exported_function_is_declared() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (header, folder, least) in [("revocache.h", "src", 20), ("revocache_client.h", "src/client", 14)] {
        let header = fs::read_to_string(include().join(header)).unwrap();
        let mut functions = 0;
        let files = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        for source in files.filter(|path| path.is_file()) {
            let text = fs::read_to_string(source).unwrap();
            for (at, _) in text.match_indices("#[unsafe(no_mangle)]") {
                let (_, rest) = text[at..].split_once("extern \"C\" fn ").unwrap();
                let name = &rest[..rest.find('(').unwrap()];
                assert!(header.contains(&format!("{name}(")), "{name} is not in the header");
                functions += 1;
            }
        }
        assert!(functions > least, "{folder}: {functions}");
    }
}

#[test]
fn compilers_take_the_headers_without_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let c = "#include \"revocache_client.h\"\nint main(void) { return (int)revocache_abi_version(); }\n";
    let cpp = "#include \"revocache_client.hpp\"\nint main() { return static_cast<int>(revocache::abi_version()); }\n";
    for (compilers, name, text, standards) in [
        (&["cc", "clang"], "uses_header.c", c, &["-std=c99", "-std=c11", "-std=c17"]),
        (&["c++", "clang++"], "uses_header.cpp", cpp, &["-std=c++17", "-std=c++20", "-std=c++2b"]),
        (&["c++", "clang++"], "c_header_in.cpp", c, &["-std=c++11", "-std=c++17", "-std=c++20"]),
    ] {
        let source = folder.path().join(name);
        fs::write(&source, text).unwrap();
        for (compiler, standard) in compilers.iter().flat_map(|c| standards.iter().map(move |s| (c, s))) {
            let strict = ["-Wconversion", "-Wshadow", "-fsyntax-only", "-fno-exceptions"];
            let arguments = WARNINGS.iter().chain(&strict[..if name.ends_with(".c") { 3 } else { 4 }]);
            run_compiler(compiler, arguments.copied().chain([*standard, source.to_str().unwrap()]));
        }
    }
}
