//! Makes the table of error codes out of the tests that show them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use revocache::server::http::asteria::{Action, Code, MissingStatus};

/// The lines of the list in `codes.rs`: test, action, code.
fn tested() -> BTreeMap<(String, String), String> {
    let lines = include_str!("codes.rs").lines().skip_while(|line| !line.starts_with("codes! {"));
    let mut tested = BTreeMap::new();
    for line in lines.skip(1).take_while(|line| *line != "}").filter(|line| !line.is_empty()) {
        let (name, rest) = line.trim().split_once(": ").unwrap();
        let mut words = rest.split(", ");
        let (action, code) = (words.next().unwrap(), words.next().unwrap());
        // A test is called what it tests.
        assert!(name.ends_with(&code[1..]), "{line}");
        tested.insert((action.to_owned(), code.to_owned()), format!("codes::{name}"));
    }
    tested
}

fn row(text: &mut String, action: Action, code: Code, test: &str) {
    let status = code.status(MissingStatus::Forbidden);
    let _ = writeln!(
        text,
        "| `{}` | {} | {} | {} | `{test}` |",
        action.path(),
        code.number(),
        status.as_u16(),
        code.meaning()
    );
}

/// `REVOCACHE_BLESS=1 cargo test --test asteria table` writes the table anew.
#[test]
fn every_documented_code_has_a_test_and_a_row() {
    let mut tested = tested();
    let mut text = "# Error codes of the ASTERIA API, and the tests that show them\n\n\
                    Made by `REVOCACHE_BLESS=1 cargo test --test asteria table` out of `tests/asteria/codes.rs`; do \
                    not edit. Each test asks both\n`server/…` and `client/…`. The codes are those that the manual \
                    lists for each function, in its order; what else there is, is in\n[asteria.md](asteria.md).\n\n\
                    | function | code | HTTP | meaning | test |\n|---|---|---|---|---|\n"
        .to_owned();
    for action in Action::ALL {
        for code in action.documented() {
            let test = tested.remove(&(format!("{action:?}"), format!("{code:?}")));
            let test = test.unwrap_or_else(|| panic!("no test of {action:?} {code:?}"));
            row(&mut text, action, *code, &test);
        }
    }
    assert!(tested.is_empty(), "tests of what is not documented: {tested:?}");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/asteria-errors.md");
    if std::env::var_os("REVOCACHE_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "run it with REVOCACHE_BLESS=1");
}
