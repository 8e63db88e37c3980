//! The server as it runs: the example script, and another implementation of the scheme of protected parameters.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::common::{program, skipped};
use crate::world::{PASSWORD, World, certificate, pkcs12};

fn example(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[test]
fn the_example_shows_every_function_against_a_fresh_server() {
    for needed in ["bash", "curl", "openssl"] {
        if Command::new(needed).arg("--version").output().is_err() {
            return skipped(&format!("{needed} cannot be run, and the example needs it"));
        }
    }
    let ran = Command::new("bash").arg(example("cipher.sh")).arg(env!("CARGO_BIN_EXE_revocache")).output();
    let ran = ran.unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{shown}\n{}", String::from_utf8_lossy(&ran.stderr));
    for line in [
        "200 {\"message\":\"Створена сесія.\",\"ticketUuid\":",
        "the example of the documentation, field for field",
        "400 {\"message\":\"Сесія відсутня.\"}",
        "500 {\"message\":\"Помилка при отриманні інформації про сертифікат.\",\"failureCause\":\"Пароль",
        "\"failureCause\":\"Key-6.dat є пропрієтарним форматом",
        "== Everything was as it should be",
    ] {
        assert!(shown.contains(line), "{line} is not in\n{shown}");
    }
}

/// Runs something that prints the members of protected parameters, the parameters on its stdin.
fn members(command: &mut Command) -> Value {
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let parameters = json!({ "keyStorePassword": PASSWORD }).to_string();
    child.stdin.take().unwrap().write_all(parameters.as_bytes()).unwrap();
    let ran = child.wait_with_output().unwrap();
    assert!(ran.status.success(), "{ran:?}");
    serde_json::from_slice(&ran.stdout).unwrap()
}

/// The script for browsers has HPKE from nothing but WebCrypto; the program has it from its library.
#[tokio::test]
async fn parameters_are_protected_by_a_script_for_browsers_and_by_the_program() {
    let world = World::default();
    let certificate = certificate(&[0]);
    let ticket = world.ticket_with(&pkcs12(&[&[&certificate]])).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.json");
    let told = world.ask("GET", "/api/v1/protectedParameters/settings", "", Body::empty()).await;
    std::fs::write(&settings, &told.text).unwrap();
    let path = format!("/api/v1/ticket/{ticket}/keyStore/certificate/base64/signature");
    let expected = json!({ "base64Data": STANDARD.encode(&certificate) });

    let mut by_program = program();
    by_program.args(["cipher", "seal", "--json", "--ticket", &ticket, "--settings"]).arg(&settings);
    assert_eq!(world.put(&path, &members(&mut by_program)).await.json(), expected);

    if Command::new("node").arg("--version").output().is_err() {
        return skipped("node cannot be run, and the script for browsers needs it");
    }
    let mut by_script = Command::new("node");
    by_script.arg(example("cipher/seal.mjs")).arg(&settings).arg(&ticket);
    assert_eq!(world.put(&path, &members(&mut by_script)).await.json(), expected);
}

#[test]
fn the_program_refuses_what_it_cannot_seal_without_repeating_it() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.json");
    std::fs::write(&settings, "{}").unwrap();
    let parameters = folder.path().join("parameters.json");
    std::fs::write(&parameters, "secret").unwrap();
    let run = || {
        let words = "cipher seal --ticket 79343564-147f-4a2a-ac2a-182d7a55f802";
        crate::common::revocache(crate::common::with_paths(
            words,
            &[("--settings", &settings), ("--parameters", &parameters)],
        ))
    };
    let ran = run();
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(ran.stderr.contains("settings.json: missing field"), "{ran:?}");
    let keys = revocache::server::http::cipher::ProtectedKeys::new(revocache::types::Seconds(60));
    let told = keys.settings(&revocache::types::SystemClock).unwrap();
    std::fs::write(&settings, serde_json::to_string(&told).unwrap()).unwrap();
    let ran = run();
    assert_eq!(ran.code, Some(65), "{ran:?}");
    assert!(
        ran.stderr.contains("not a JSON object of parameters") && !ran.stderr.contains("secret\""),
        "{ran:?}"
    );
    std::fs::write(&parameters, "{}").unwrap();
    let ran = run();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("secretKey      B"), "{ran:?}");
}
