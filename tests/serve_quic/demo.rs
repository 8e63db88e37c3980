//! The tour for newcomers, which serves by itself.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{program, revocache};

#[test]
fn the_tour_stays_up_until_it_is_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().to_str().unwrap();
    let mut command = program();
    command.args(["demo", "--dir", dir, "--json", "--stay"]).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut text = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let told: Value = loop {
        assert_ne!(stdout.read_line(&mut text).unwrap(), 0, "it ended: {text}");
        if let Ok(told) = serde_json::from_str(&text) {
            break told;
        }
    };
    let over_network = &told["over_network"];
    assert_eq!(
        (&over_network["before"], &over_network["after"]),
        (&"good".into(), &"revoked".into()),
        "{told}"
    );
    assert_eq!(told["fallback"]["revoked"], "revoked", "{told}");
    // Either a C program was asked, or it is told what that would take.
    assert_ne!(told["in_c"]["answer"].is_null(), told["in_c"]["missing"].is_null(), "{told}");
    let server = over_network["quic"].as_str().unwrap();
    let fingerprint = over_network["fingerprint"].as_str().unwrap();
    let cert = format!("{dir}/watched.pem");
    let check = ["check", "--server", server, "--fingerprint", fingerprint, "--cert", &cert];
    let ran = revocache(check);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success() && child.wait().unwrap().success());
    // The server has ended with it.
    assert_eq!(revocache(check).code, Some(69));
}
