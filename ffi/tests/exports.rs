//! What the library is made of: its symbols and what it links.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod support;

use std::process::Command;

use support::{include, is_there, libraries, repository};

fn printed(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).current_dir(repository()).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_shared_library_exports_the_header_and_nothing_else() {
    if !is_there("nm") {
        return;
    }
    let library = libraries().join("librevocache_ffi.so");
    let listing = printed("nm", &["-D", "--defined-only", library.to_str().unwrap()]);
    let header = std::fs::read_to_string(include().join("revocache.h")).unwrap();
    let symbols: Vec<_> = listing.lines().filter_map(|line| line.split_whitespace().nth(2)).collect();
    assert!(symbols.len() > 20, "{listing}");
    for symbol in symbols {
        assert!(symbol.starts_with("revocache_"), "{symbol} is exported");
        assert!(header.contains(&format!("{symbol}(")), "{symbol} is not in the header");
    }
}

#[test]
fn the_library_has_no_runtime_and_starts_no_threads() {
    if is_there("nm") {
        let library = libraries().join("librevocache_ffi.so");
        let imported = printed("nm", &["-D", "--undefined-only", library.to_str().unwrap()]);
        for forbidden in ["pthread_create", "socket", "connect", "epoll_create1", "fork"] {
            let calls = imported.lines().any(|line| {
                line.split_whitespace().last().and_then(|symbol| symbol.split('@').next()) == Some(forbidden)
            });
            assert!(!calls, "{forbidden} is called");
        }
    }
    if is_there("objdump") {
        let library = libraries().join("librevocache_ffi.so");
        let headers = printed("objdump", &["-p", library.to_str().unwrap()]);
        let needed: Vec<_> = headers.lines().filter_map(|line| line.trim().strip_prefix("NEEDED")).collect();
        assert!(!needed.is_empty(), "{headers}");
        for name in needed.iter().map(|name| name.trim()) {
            let is_usual = ["libc.", "libgcc_s.", "ld-linux"].iter().any(|usual| name.starts_with(usual));
            assert!(is_usual, "{name} is needed");
        }
    }
    let arguments = ["tree", "-p", "revocache-ffi", "-e", "normal", "--prefix", "none", "--offline"];
    let tree = printed(env!("CARGO"), &arguments);
    assert!(tree.contains("arc-swap"));
    for forbidden in ["tokio", "quinn", "rustls", "reqwest", "axum", "serde_json", "tracing"] {
        assert!(
            !tree.lines().any(|line| line.starts_with(&format!("{forbidden} "))),
            "{forbidden} is linked"
        );
    }
}
