//! The layers of the source tree: an import points down, or stays inside its module.
//!
//! The table below is the architecture. A module that is missing from it, or an import that points up, fails.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Each top-level module with its rank.
const RANKS: [(&str, u8); 20] = [
    ("types", 0),
    ("pki", 1),
    ("wire", 1),
    ("telemetry", 1),
    ("index", 2),
    ("ocsp", 2),
    ("policy", 3),
    ("publish", 3),
    ("fetch", 4),
    ("ingest", 5),
    ("keystore", 5),
    ("live", 5),
    ("store", 5),
    ("service", 6),
    ("client", 7),
    ("mock", 7),
    ("server", 7),
    ("config", 8),
    ("cli", 8),
    ("main", 9),
];

/// Imports between modules of one rank that are meant.
const SIDEWAYS: [(&str, &str); 1] = [("cli", "config")];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that a line of code names behind `crate::` or `revocache::`, including those in a braced list.
fn named_modules(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    for prefix in ["crate::", "revocache::"] {
        for (position, _) in text.match_indices(prefix) {
            let rest = &text[position + prefix.len()..];
            let word = |text: &str| -> String {
                text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            };
            match rest.strip_prefix('{') {
                None => modules.push(word(rest)),
                Some(list) => {
                    let mut depth = 0;
                    for item in list.split_inclusive([',', '{', '}']) {
                        if depth == 0 {
                            modules.push(word(item));
                        }
                        depth += i32::from(item.ends_with('{')) - i32::from(item.ends_with('}'));
                        if depth < 0 {
                            break;
                        }
                    }
                }
            }
        }
    }
    modules.retain(|module| !module.is_empty());
    modules
}

fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[test]
fn imports_point_down() {
    let ranks: BTreeMap<&str, u8> = RANKS.into();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut complaints = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).unwrap();
        let first = relative.iter().next().unwrap().to_str().unwrap();
        let own = first.strip_suffix(".rs").unwrap_or(first);
        if own == "lib" {
            continue;
        }
        let Some(rank) = ranks.get(own) else {
            complaints.push(format!("{}: module {own} has no rank", relative.display()));
            continue;
        };
        for target in named_modules(&without_comments(&fs::read_to_string(&file).unwrap())) {
            let down = match ranks.get(target.as_str()) {
                None => continue,
                Some(target_rank) => {
                    target_rank < rank || target == own || SIDEWAYS.contains(&(own, &target))
                }
            };
            if !down {
                complaints
                    .push(format!("{}: imports {target}, which is not below {own}", relative.display()));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn the_test_sees_what_it_should() {
    assert_eq!(named_modules("use crate::types::{Serial, hex::Hex};"), ["types"]);
    assert_eq!(named_modules("use crate::{index::{A, B}, pki, types::C};"), ["index", "pki", "types"]);
    assert_eq!(named_modules("revocache::cli::run()"), ["cli"]);
    assert_eq!(without_comments("// crate::cli\n//! crate::cli\nlet x;"), "let x;");
}

#[test]
fn unsafe_code_lives_in_one_place() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let with_unsafe: Vec<_> = files
        .iter()
        .filter(|file| without_comments(&fs::read_to_string(file).unwrap()).contains("unsafe "))
        .map(|file| file.strip_prefix(&root).unwrap().to_path_buf())
        .collect();
    assert_eq!(with_unsafe, [Path::new("publish/map.rs")]);
}
