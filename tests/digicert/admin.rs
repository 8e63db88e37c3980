//! The registry over HTTP.

use revocache::store::AuditQuery;
use serde_json::{Value, json};

use super::world::World;

#[tokio::test]
async fn only_operators_may() {
    let world = World::new().await;
    for headers in [&[][..], &[("authorization", "Bearer wrong")], &[("x-dc-devkey", world.key.as_str())]] {
        for (method, path) in
            [("GET", "keys"), ("POST", "import"), ("DELETE", "orders/112211"), ("GET", "x/1")]
        {
            let reply = world.ask_at(method, &format!("/admin/orders/{path}"), headers, "{}").await;
            assert_eq!(
                (reply.status.as_u16(), &reply.json()["code"]),
                (401, &json!("token_needed")),
                "{path}"
            );
        }
    }
    assert_eq!(world.get("order/certificate/112211").await.status, 200);
}

#[tokio::test]
async fn documents_are_imported_shown_changed_and_removed() {
    let world = World::new().await;
    let document = json!({"id": 77, "name": "New.Example", "method": "http-token"});
    let reply = world.admin("POST", "import?new=true", &json!({"domains": [document]})).await;
    assert_eq!(reply.json(), json!({"added": 1, "replaced": 0}));
    let again = world.admin("POST", "import?new=true", &json!({"domains": [document]})).await;
    assert_eq!((again.status.as_u16(), &again.json()["code"]), (409, &json!("exists")));
    let shown = world.admin("GET", "domains/77", &Value::Null).await.json();
    assert_eq!(shown["name"], "new.example");
    assert_eq!(shown["token"].as_str().unwrap().len(), 32);
    let changed = world.admin("PATCH", "domains/77", &json!({"method": "email", "token": null})).await.json();
    assert_eq!((&changed["method"], changed.get("token")), (&json!("email"), None));
    let other = world.admin("PATCH", "domains/77", &json!({"id": 78})).await;
    assert_eq!(other.status, 400, "{other:?}");
    let bad = world.admin("PATCH", "domains/77", &json!({"methd": "email"})).await;
    assert!(bad.status == 400 && bad.json()["message"].as_str().unwrap().contains("methd"), "{bad:?}");
    assert_eq!(world.admin("DELETE", "domains/77", &Value::Null).await.status, 204);
    assert_eq!(world.admin("DELETE", "domains/77", &Value::Null).await.status, 404);
    assert_eq!(world.admin("GET", "things/77", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn nothing_is_imported_if_one_document_is_wrong() {
    let world = World::new().await;
    let order = |organization: i64| {
        json!({"id": 900, "status": "pending", "date_created": "2019-01-01T00:00:00Z",
               "organization_id": organization, "certificate": {"id": 1},
               "product": {"name_id": "x", "name": "x", "validation_type": "ov"}})
    };
    let good = json!({"id": 78, "name": "good.example", "method": "email"});
    let reply = world.admin("POST", "import", &json!({"domains": [good], "orders": [order(31_337)]})).await;
    assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (409, &json!("missing")));
    assert!(reply.json()["message"].as_str().unwrap().contains("organization 31337"), "{reply:?}");
    assert_eq!(world.admin("GET", "domains/78", &Value::Null).await.status, 404);
    let organization = json!({"id": 31_337, "name": "Comes Along"});
    let reply = world
        .admin("POST", "import", &json!({"organizations": [organization], "orders": [order(31_337)]}))
        .await;
    assert_eq!(reply.json(), json!({"added": 2, "replaced": 0}));
}

#[tokio::test]
async fn what_is_needed_cannot_be_removed() {
    let world = World::new().await;
    for path in ["organizations/12345", "domains/1234", "users/1"] {
        let reply = world.admin("DELETE", path, &Value::Null).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["code"]), (409, &json!("needed")), "{path}");
    }
    // A user without orders who has a key.
    let key = world.admin("POST", "keys", &json!({"name": "k", "user_id": 3})).await.json();
    let reply = world.admin("DELETE", "users/3", &Value::Null).await;
    assert!(reply.json()["message"].as_str().unwrap().contains("1 of the API keys"), "{reply:?}");
    let path = format!("keys/{}", key["id"].as_str().unwrap());
    assert_eq!(world.admin("DELETE", &path, &Value::Null).await.status, 204);
    assert_eq!(world.admin("DELETE", "users/3", &Value::Null).await.status, 204);
}

#[tokio::test]
async fn keys_are_shown_once() {
    let world = World::new().await;
    let new = json!({"name": "monitoring", "user_id": 5, "restriction": "view_only"});
    let made = world.admin("POST", "keys", &new).await;
    assert_eq!(made.status, 201);
    let key = made.json()["api_key"].as_str().unwrap().to_owned();
    assert_eq!(world.ask("GET", "user/me", &[("x-dc-devkey", &key)], "").await.json()["id"], 5);
    let listed = world.admin("GET", "keys", &Value::Null).await;
    assert!(!listed.body.contains(&key) && listed.body.contains("monitoring"), "{listed:?}");
    assert!(!listed.body.contains("digest"), "{listed:?}");
    let nobody = world.admin("POST", "keys", &json!({"name": "x", "user_id": 99})).await;
    assert_eq!(nobody.status, 404);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(world.admin("DELETE", &format!("keys/{id}"), &Value::Null).await.status, 204);
    assert_eq!(world.ask("GET", "user/me", &[("x-dc-devkey", &key)], "").await.status, 401);
    assert_eq!(world.admin("DELETE", "keys/nonsense", &Value::Null).await.status, 404);
}

#[tokio::test]
async fn lists_go_by_pages() {
    let world = World::new().await;
    let ids = |reply: &super::world::Reply, kind: &str| -> Vec<i64> {
        reply.json()[kind].as_array().unwrap().iter().map(|it| it["id"].as_i64().unwrap()).collect()
    };
    let first = world.admin("GET", "orders?limit=3", &Value::Null).await;
    assert_eq!(ids(&first, "orders"), [112_211, 112_212, 112_213]);
    let rest = world.admin("GET", "orders?after=112213", &Value::Null).await;
    assert_eq!(ids(&rest, "orders"), [112_214]);
    // What is shown can be imported again.
    let users = world.admin("GET", "users", &Value::Null).await.json();
    assert_eq!(world.admin("POST", "import", &users).await.json(), json!({"added": 0, "replaced": 5}));
}

#[tokio::test]
async fn every_change_is_noted_with_whoever_made_it() {
    let world = World::new().await;
    let made = world.admin("POST", "keys", &json!({"name": "k", "user_id": 5})).await.json();
    let (id, key) = (made["id"].as_str().unwrap(), made["api_key"].as_str().unwrap());
    world.admin("PATCH", "orders/112212", &json!({"status": "rejected"})).await;
    world.admin("DELETE", "users/1", &Value::Null).await;
    world.admin("POST", "import", &json!({"orders": [{}]})).await;
    world.ask("PUT", "order/certificate/112212/check-dcv", &[("x-dc-devkey", key)], "").await;
    world.ask("PUT", "order/certificate/9/check-dcv", &[("x-dc-devkey", key)], "").await;
    let entries =
        world.store.audit_entries(AuditQuery { limit: 100, ..AuditQuery::default() }).await.unwrap();
    let by_key = format!("std, key {id}");
    let operator = || "admin token".to_owned();
    let expected = [
        (operator(), "order/key/add", format!("{id} of user 5"), 0),
        (operator(), "order/set", "order 112212".to_owned(), 0),
        (operator(), "order/remove", "user 1".to_owned(), 1),
        (operator(), "order/import", String::new(), 1),
        (by_key.clone(), "order/check-dcv", "order 112212".to_owned(), 0),
        (by_key, "order/check-dcv", "order 9".to_owned(), 1),
    ];
    let found: Vec<_> = entries.into_iter().rev().map(|entry| entry.entry).collect();
    for (found, (actor, action, target, outcome)) in found.iter().zip(&expected) {
        assert_eq!(
            (&found.actor, found.action.as_str(), &found.target),
            (actor, *action, target),
            "{found:?}"
        );
        assert_eq!((found.outcome, found.peer.as_deref()), (*outcome, Some("192.0.2.7")), "{found:?}");
        assert!(!format!("{found:?}").contains(key));
    }
    assert_eq!(found.len(), expected.len());
}
