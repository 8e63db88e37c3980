//! `revocache tenant`, `token` and `link`, beside whoever has the database open.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use revocache::pki::Certificate;
use revocache::service::tenants::Authenticator;
use revocache::store::{CertificateName, Store};
use revocache::types::{FixedClock, UnixTime, to_hex};
use revocache_testkit::{Authority, KeyKind};

use crate::common::{Ran, revocache, with_paths};
use crate::support::{clock, runtime, sqlite_in};

fn run(data: &Path, words: &str) -> Ran {
    revocache(with_paths(words, &[("--data", data)]))
}

#[test]
fn a_token_is_shown_once_and_lets_its_tenant_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    assert_eq!(run(&data, "tenant create acme --json").json()["id"], 1);
    let again = run(&data, "tenant create acme");
    assert_eq!(again.code, Some(64), "{again:?}");
    assert!(again.stderr.contains("'acme' already"), "{}", again.stderr);
    assert_eq!(run(&data, "token create --tenant nobody").code, Some(64));

    let made = run(&data, "token create --tenant acme --name backend --valid-for 1h --json").json();
    let token = made["token"].as_str().unwrap();
    let plain = run(&data, "token create --tenant acme");
    assert!(plain.stdout.starts_with("rvc_") && plain.stdout.trim() != token, "{plain:?}");

    // A server has the database open all the while.
    let mut settings = sqlite_in(&data);
    settings.location = revocache::store::Location::Sqlite(data.join("revocache.db"));
    runtime().block_on(async {
        let store = Store::open(&settings, clock()).await.unwrap();
        let tenant = store.tenant_named("acme").await.unwrap().unwrap().id;
        let door = Authenticator::new(store.clone(), Duration::ZERO);
        assert_eq!(door.authenticate(token).await.unwrap(), Some(tenant));
        for wrong in ["", "rvc_", &token[1..], &format!("{token}x"), "'; DROP TABLE tokens; --"] {
            assert_eq!(door.authenticate(wrong).await.unwrap(), None, "{wrong}");
        }
        assert_eq!(door.authenticate(&"x".repeat(1 << 20)).await.unwrap(), None);
        let listed = run(&data, "token list --tenant acme --json").json();
        assert_eq!(listed.as_array().unwrap().len(), 2);
        assert_eq!(listed[0]["name"], "backend");
        assert!(!listed.to_string().contains(token), "no listing shows a token");
        let file = fs::read(data.join("revocache.db")).unwrap();
        assert!(!file.windows(token.len()).any(|part| part == token.as_bytes()), "nor is it kept");

        let id = made["id"].as_str().unwrap();
        assert_eq!(run(&data, &format!("token revoke {id} --json")).json()["revoked"], true);
        assert_eq!(door.authenticate(token).await.unwrap(), None);
        assert_eq!(run(&data, "token revoke 00000000-0000-7000-8000-000000000000").code, Some(64));
        assert!(run(&data, "token list").stdout.contains("revoked since"));

        // The other one, an hour and more later.
        let made = run(&data, "token create --tenant acme --valid-for 1h --json").json();
        let token = made["token"].as_str().unwrap();
        assert_eq!(door.authenticate(token).await.unwrap(), Some(tenant));
        let later = UnixTime::from_seconds(UnixTime::now().seconds() + 3700);
        let store = Store::open(&settings, Arc::new(FixedClock(later))).await.unwrap();
        assert_eq!(Authenticator::new(store, Duration::ZERO).authenticate(token).await.unwrap(), None);
    });
    assert_eq!(run(&data, "tenant list --json").json()[0]["name"], "acme");
}

#[test]
fn links_come_from_certificates_and_from_lists() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let ca = Authority::root("Linking CA", KeyKind::P256);
    let issuer = data.join("ca.cer");
    fs::write(&issuer, &ca.certificate).unwrap();
    let name = CertificateName::of(&Certificate::from_der(&ca.certificate).unwrap());
    let hash = to_hex(&name.issuer_name_hash);

    let list = data.join("links.csv");
    fs::write(&list, format!("person,issuer_name_hash,serial\nA,{hash},0a\nA,{hash},0b\nB,{hash},0c\n"))
        .unwrap();
    let import = |more: &[(&str, &Path)]| {
        let mut paths = vec![("import", list.as_path()), ("--data", data)];
        paths.extend(more);
        revocache(
            with_paths("link --json", &[])
                .into_iter()
                .take(1)
                .chain(with_paths("", &paths))
                .chain(["--json".into()]),
        )
    };
    assert_eq!(import(&[]).json(), serde_json::json!({"read": 3, "changed": 3}));
    assert_eq!(import(&[]).json(), serde_json::json!({"read": 3, "changed": 0}));
    fs::write(&list, "serial,person\n0d,A\n0c,A\n").unwrap();
    let refused = import(&[]);
    assert_eq!(refused.code, Some(65), "{refused:?}");
    assert_eq!(import(&[("--issuer", &issuer)]).json()["changed"], 2);
    let listed = run(data, "link list --person A --json").json_lines();
    let serials: Vec<&str> = listed.iter().map(|link| link["serial"].as_str().unwrap()).collect();
    assert_eq!(serials, ["0a", "0b", "0d", "0c"], "in the order in which they were told");
    assert_eq!(run(data, "link list").stdout.lines().count(), 4);

    let ran = revocache(
        with_paths("link add --person ca --json", &[("--data", data)]).into_iter().chain([issuer.into()]),
    );
    assert_eq!(ran.json()["changed"], 1, "{ran:?}");
    runtime().block_on(async {
        let mut settings = sqlite_in(data);
        settings.location = revocache::store::Location::Sqlite(data.join("revocache.db"));
        let store = Store::open(&settings, clock()).await.unwrap();
        assert_eq!(store.linked_certificates(name.clone()).await.unwrap(), [name]);
    });
}
