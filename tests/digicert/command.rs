//! `revocache order` and a server beside it, as processes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::common::{Ran, revocache, skipped};
use crate::serve_support::{Served, request};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn order(&self, arguments: &[&str]) -> Ran {
        let data = self.data();
        let more = ["--data", data.to_str().unwrap(), "--at", "2019-06-01T00:00:00Z"];
        revocache([&["order"], arguments, &more[..]].concat())
    }

    fn done(&self, arguments: &[&str]) -> Ran {
        let ran = self.order(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    }

    fn import(&self) {
        let file = examples().join("digicert/orders.json");
        let ran = self.done(&["import", file.to_str().unwrap(), "--json"]);
        assert_eq!(ran.json(), json!({"added": 8, "replaced": 0}));
    }
}

#[test]
fn the_example_runs_as_it_says() {
    for needed in ["bash", "curl", "openssl"] {
        if Command::new(needed).arg("--version").output().is_err() {
            return skipped(&format!("examples/digicert.sh needs {needed}"));
        }
    }
    let script = examples().join("digicert.sh");
    let ran = Command::new("bash").arg(script).arg(env!("CARGO_BIN_EXE_revocache")).output().unwrap();
    let text = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{text}\n{}", String::from_utf8_lossy(&ran.stderr));
    assert!(text.ends_with("== Everything was as it should be\n"), "{text}");
}

#[test]
fn documents_are_kept_by_commands() {
    let folder = Folder::new();
    folder.import();
    let lines = folder.done(&["list", "--json"]).json_lines();
    assert_eq!(
        lines.iter().map(|line| line["id"].as_i64().unwrap()).collect::<Vec<_>>(),
        [112_211, 112_212, 112_213]
    );
    let text = folder.done(&["list", "--status", "pending"]).stdout;
    assert_eq!(
        text,
        "      112212  pending  ssl_ev_plus  example.com\n      112213  pending  ssl_dv_rapidssl  localhost\n"
    );
    let shown = folder.done(&["show", "organization", "12345", "--json"]).json();
    assert_eq!(shown["name"], "Example Organization");
    let changed = folder.done(&["set", "order", "112212", "{\"status\": \"issued\"}", "--json"]).json();
    assert_eq!(changed["status_last_updated"], "2019-06-01T00:00:00Z");
    // What is shown with everything it needs can be imported elsewhere.
    let bundle = folder.done(&["show", "order", "112211", "--all"]).stdout;
    let other = Folder::new();
    let file = other.file("bundle.json", &bundle);
    assert_eq!(other.done(&["import", &file, "--json"]).json(), json!({"added": 4, "replaced": 0}));
    folder.done(&["remove", "order", "112213"]);
    folder.done(&["remove", "domain", "1235", "--json"]);
    let token = folder.done(&["set", "domain", "1234", "{\"method\": \"dns-txt-token\"}", "--json"]).json();
    assert_eq!(token["token"].as_str().unwrap().len(), 32);
}

#[test]
fn what_goes_wrong_has_its_exit_code() {
    let folder = Folder::new();
    folder.import();
    let bad = folder.file("bad.json", "{\"orders\": [{\"id\": 1}]}");
    let doubled = folder.file("user.json", "{\"id\": 1, \"username\": \"x\"}");
    let none = folder.data().join("none.json").display().to_string();
    for (arguments, code, says) in [
        (&["import", &bad][..], 65, "order 1"),
        (&["import", &none], 74, "none.json"),
        (&["add", "user", &doubled], 65, "missing field"),
        (&["add", "thing", &doubled], 64, "none of user, organization, domain and order"),
        (&["show", "order", "7"], 65, "there is no order 7"),
        (&["set", "order", "112211", "{"], 64, "not JSON"),
        (&["set", "order", "112211", "{\"stats\": 1}"], 65, "stats"),
        (&["remove", "organization", "12345"], 65, "needs it"),
        (&["list", "--status", "happy"], 64, "pending"),
        (&["list", "user", "--status", "issued"], 64, "only orders"),
        (&["key", "add", "--user", "99", "--name", "x"], 65, "there is no user 99"),
        (&["key", "add", "--user", "1", "--name", "x", "--restriction", "all"], 64, "view-only (102)"),
        (&["key", "remove", "01234567-89ab-7def-8123-456789abcdef"], 65, "there is no API key"),
    ] {
        let ran = folder.order(arguments);
        assert_eq!(ran.code, Some(code), "{arguments:?}: {ran:?}");
        assert!(ran.stderr.contains(says) && ran.stdout.is_empty(), "{arguments:?}: {ran:?}");
    }
}

#[test]
fn a_running_server_takes_changes_over_and_shows_no_key() {
    let folder = Folder::new();
    let config = folder.file(
        "revocache.toml",
        "[digicert]\nenabled = true\n[http.digicert]\nprefix = \"/pki\"\n[log]\nlevel = \"trace\"\n",
    );
    let served = Served::start(&folder.data(), &["--config", &config, "--at", "2019-06-01T00:00:00Z"]);
    folder.import();
    let made =
        folder.done(&["key", "add", "--user", "2", "--name", "limited", "--restriction", "100", "--json"]);
    let key = made.json()["api_key"].as_str().unwrap().to_owned();
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let header = format!("X-DC-DEVKEY: {key}\r\n");
    let ask = |path: &str| request(served.http, "GET", &format!("/pki/services/v2/{path}"), &header);
    let (status, body) = ask("order/certificate/112213/validation");
    let document: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((status, &document["order_status"]), (200, &json!("pending")));
    folder.done(&["set", "order", "112213", "{\"status\": \"rejected\"}"]);
    assert!(ask("order/certificate/112213/validation").1.contains("rejected"));
    assert_eq!(ask("order/certificate/112211/validation").0, 404, "somebody else's");
    for path in ["nothing", "", "order/certificate/1/2/3"] {
        let (status, body) = ask(path);
        assert_eq!(status, 404);
        assert!(body.contains("not_found|route"), "{path}: {body}");
    }
    let (status, body) = request(served.http, "GET", "/services/v2/user/me", &header);
    assert!(status == 404 && !body.contains("not_found|route"), "not without the prefix: {body}");
    folder.done(&["key", "remove", &id]);
    assert_eq!(ask("user/me").0, 401);
    // Whoever is on this machine is an operator, unless a token is configured.
    assert_eq!(request(served.http, "GET", "/pki/admin/orders/keys", "").1, "{\"keys\":[]}");
    let page = request(served.http, "GET", "/pki/admin/orders/keys", "Origin: https://evil.example\r\n");
    assert_eq!(page.0, 403);
    assert!(!served.log().contains(&key), "a key in the log");
    served.stop();
}
