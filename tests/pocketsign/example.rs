//! `examples/pocketsign.sh` on a fresh server, once for each database.

use std::path::Path;
use std::process::Command;

use crate::common::skipped;

fn run(database: &str) -> Option<String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/pocketsign.sh");
    let ran = Command::new("bash")
        .arg(script)
        .arg(database)
        .env("REVOCACHE", env!("CARGO_BIN_EXE_revocache"))
        .env_remove("RUST_LOG")
        .output();
    let Ok(ran) = ran else {
        skipped("bash cannot be run");
        return None;
    };
    let text = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
    if let Some(why) = text.lines().find_map(|line| line.strip_prefix("SKIPPED: ")) {
        skipped(why);
        return None;
    }
    Some(text)
}

#[test]
fn all_operations_work_on_sqlite() {
    let Some(text) = run("sqlite") else { return };
    assert!(text.contains("== Version 1 on SQLite") && text.contains("== Version 2 on SQLite"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("14. ")).count(), 2);
}

#[test]
fn all_operations_work_on_postgresql() {
    let Some(text) = run("postgres") else { return };
    assert_eq!(text.lines().filter(|line| line.starts_with("14. ")).count(), 2, "{text}");
}
