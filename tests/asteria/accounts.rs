//! Logging in, sessions, roles, and what the audit log keeps of it.

use revocache::server::http::asteria::{Action, AsteriaSettings};
use revocache::service::accounts::{Role, hash_password};
use revocache::service::audit::AuditOutcome;
use revocache::store::AuditQuery;
use serde_json::json;
use std::sync::Arc;

use super::faulty::{Fault, Faulty};
use super::world::{COST, PASSWORD, World};

#[tokio::test]
async fn a_login_answers_as_the_manual_has_it() {
    let world = World::new().await;
    let form = "userName=/administrator&password=correct%20horse%20battery&getRole=true&timeout=5";
    let data = world.login(form).await.data();
    let session = data["sessionId"].as_str().unwrap();
    assert_eq!(session.len(), 32);
    assert!(session.bytes().all(|octet| matches!(octet, b'0'..=b'9' | b'A'..=b'F')), "{session}");
    assert_eq!(data["serverName"], "revocache");
    assert!(uuid::Uuid::parse_str(data["serverId"].as_str().unwrap()).is_ok());
    assert_eq!(data["role"], "administrator");
    // The root domain needs no slash, and the role is told only if it is asked for.
    let data = world.login("userName=operator&password=correct+horse+battery&getRole=false").await.data();
    assert!(data.get("role").is_none());
    assert_eq!(world.login("userName=operator").await.error(), (400, 2002));
    for wrong in ["timeout=0", "timeout=1441", "timeout=x", "getRole=yes"] {
        let form = format!("userName=operator&password=x&{wrong}");
        assert_eq!(world.login(&form).await.error(), (400, 2003), "{wrong}");
    }
    for wrong in ["userName=operator&password=wrong", "userName=nobody&password=x", "userName=//&password=x"]
    {
        let answer = world.login(wrong).await;
        assert_eq!(answer.error(), (403, 3002), "{wrong}");
        assert!(!answer.text().contains("nobody"));
    }
}

#[tokio::test]
async fn sessions_end_when_they_are_not_used() {
    let world = World::new().await;
    let form = format!("userName=operator&password={}&timeout=5", PASSWORD.replace(' ', "+"));
    let session = world.login(&form).await.data()["sessionId"].as_str().unwrap().to_owned();
    for _ in 0..3 {
        // Each call lets the time begin anew.
        world.clock.advance(299);
        assert_eq!(world.get_as(&session, "server/exist").await.status, 200);
    }
    world.clock.advance(300);
    assert_eq!(world.get_as(&session, "server/exist").await.error(), (403, 3001));
    world.clock.advance(-300);
    assert_eq!(world.get_as(&session, "server/exist").await.error(), (403, 3001));

    let session = world.log_in("operator").await;
    let request = axum::http::Request::post("/mcapi/auth/logout").header("X-As-SessionId", &session);
    let answer = world.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(answer.data(), json!({}));
    assert_eq!(world.get_as(&session, "server/exist").await.error(), (403, 3001));
    assert_eq!(world.get_as(&session.to_lowercase(), "server/exist").await.error(), (403, 3001));
}

/// What the command line changes counts at once.
#[tokio::test]
async fn changes_of_an_account_reach_its_sessions() {
    let world = World::new().await;
    let session = world.log_in("operator").await;
    let allowed = async || world.form_as(&session, "server/csr/download", "").await.error().1;
    assert_eq!(allowed().await, 2002);
    world.store.set_account_role("operator", Role::Developer.code()).await.unwrap();
    assert_eq!(allowed().await, 3003);
    let hash = hash_password("another password", COST).unwrap();
    world.store.set_account_password("operator", &hash).await.unwrap();
    assert_eq!(allowed().await, 3001);
    let session = world.log_in("developer").await;
    world.store.remove_account("developer").await.unwrap();
    assert_eq!(world.get_as(&session, "server/exist").await.error(), (403, 3001));
    // An account of the same name is another one.
    world.store.add_account("developer", &hash, Role::Administrator.code()).await.unwrap();
    assert_eq!(world.get_as(&session, "server/exist").await.error(), (403, 3001));
}

#[tokio::test]
async fn each_role_may_do_what_the_manual_says() {
    let world = World::with(AsteriaSettings::default(), Some(Arc::new(Faulty(Fault::Missing)))).await;
    for role in Role::ALL {
        let session = world.log_in(&role.to_string()).await;
        for action in Action::ALL {
            let looks = matches!(action, Action::Exist | Action::Show | Action::CaList | Action::CaShow);
            let exports = matches!(action, Action::CsrDownload | Action::Export);
            let may = match role {
                Role::Administrator => true,
                Role::Operator => looks || exports,
                Role::Developer => looks,
            };
            let function = format!("client/{}", action.path());
            let answer = if matches!(action, Action::Exist | Action::CaList | Action::CaShow) {
                world.get_as(&session, &function).await
            } else {
                world.form_as(&session, &function, "").await
            };
            let code = answer.error().1;
            assert_eq!(code == 3003, !may, "{role} {function}: {code}");
            assert_ne!(code, 3001);
        }
    }
}

#[tokio::test]
async fn who_guesses_waits() {
    let world = World::new().await;
    let guess = async |name: &str| world.login(&format!("userName={name}&password=guess")).await.error();
    for _ in 0..5 {
        assert_eq!(guess("operator").await, (403, 3002));
    }
    assert_eq!(guess("operator").await, (429, 3004));
    // The right password has to wait as well, or waiting would tell which one it is.
    let right = format!("userName=operator&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(world.login(&right).await.error(), (429, 3004));
    assert_eq!(guess("developer").await, (403, 3002));
    world.clock.advance(1);
    assert_eq!(world.login(&right).await.status, 200);
}

/// A wrong name must not be told from a wrong password by the time it takes.
#[tokio::test]
async fn a_wrong_name_costs_as_much_as_a_wrong_password() {
    let world = World::new().await;
    let median = async |name: &str| {
        let mut times = Vec::new();
        for _ in 0..4 {
            let begun = std::time::Instant::now();
            world.login(&format!("userName={name}&password=guess")).await;
            times.push(begun.elapsed());
        }
        times.sort();
        times[1]
    };
    let (known, unknown) = (median("operator").await, median("nobody").await);
    // Hashing dominates; what is ruled out is that it does not happen.
    assert!(unknown * 5 > known, "{unknown:?} against {known:?}");
}

#[tokio::test]
async fn the_audit_log_has_who_did_what() {
    let world = World::new().await;
    world.create("server").await;
    let developer = world.log_in("developer").await;
    world.form_as(&developer, "server/delete", "password=123456").await;
    world.form("server/ca/delete", "alias=none").await;
    world.login("userName=mallory&password=guess").await;
    let query = AuditQuery { limit: 100, ..AuditQuery::default() };
    let entries = world.store.audit_entries(query.clone()).await.unwrap();
    let told: Vec<(String, String, String, AuditOutcome, String)> = entries
        .iter()
        .map(|found| {
            let entry = found.entry.clone();
            assert_eq!(entry.peer.as_deref(), Some("192.0.2.7"));
            assert_eq!(entry.family, "asteria");
            (entry.actor, entry.action, entry.target, AuditOutcome::of_code(entry.outcome), entry.detail)
        })
        .collect();
    let row = |actor: &str, action: &str, target: &str, outcome, detail: &str| {
        (actor.to_owned(), action.to_owned(), target.to_owned(), outcome, detail.to_owned())
    };
    use AuditOutcome::{Done, Refused};
    assert_eq!(
        told,
        [
            row("mallory", "auth/login", "", Refused, "the user name or the password is wrong"),
            row("administrator", "certificate/server/ca/delete", "none", Refused, "4012"),
            row("developer", "certificate/server/delete", "", Refused, "3003"),
            row("developer", "auth/login", "", Done, ""),
            row("administrator", "certificate/server/create", "", Done, ""),
            row("administrator", "auth/login", "", Done, ""),
        ]
    );
    let of_one = AuditQuery { actor: Some("developer".to_owned()), limit: 1, ..query.clone() };
    let page = world.store.audit_entries(of_one.clone()).await.unwrap();
    assert_eq!(page[0].entry.action, "certificate/server/delete");
    let next = AuditQuery { before: Some(page[0].id), ..of_one };
    assert_eq!(world.store.audit_entries(next).await.unwrap()[0].entry.action, "auth/login");
    // Nobody changes it, not even by a statement.
    for sql in ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"] {
        let tried = world
            .store
            .write(sql, |connection, sql| Box::pin(async move { connection.execute(sql, &[]).await }))
            .await;
        assert!(tried.unwrap_err().to_string().contains("append-only"), "{sql}");
    }
    assert_eq!(world.store.audit_entries(query).await.unwrap().len(), 6);
}
