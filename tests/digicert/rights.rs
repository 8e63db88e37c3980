//! Roles and restrictions.

use revocache::service::orders::Restriction;
use serde_json::json;

use super::world::World;

#[tokio::test]
async fn each_role_and_restriction_may_what_is_its() {
    let world = World::new().await;
    let (ok, no) = (200, 403);
    // Order info, list, check-dcv (of an order whose domain is approved), user/me.
    let cases = [
        (1, Restriction::None, [ok, ok, ok, ok]),
        (1, Restriction::Orders, [ok, ok, ok, ok]),
        (1, Restriction::OrdersDomainsOrganizations, [ok, ok, ok, ok]),
        (1, Restriction::ViewOnly, [ok, ok, no, ok]),
        (1, Restriction::UserManagement, [no, no, no, ok]),
        (3, Restriction::None, [ok, ok, no, ok]),
        (4, Restriction::None, [ok, ok, ok, ok]),
        (4, Restriction::UserManagement, [no, no, no, ok]),
        (5, Restriction::None, [ok, ok, ok, ok]),
        (5, Restriction::ViewOnly, [ok, ok, no, ok]),
    ];
    for (user, restriction, expected) in cases {
        let key = world.key_of(user, restriction).await;
        let headers = [("x-dc-devkey", key.as_str())];
        let mut found = [0; 4];
        for (place, (method, path)) in [
            ("GET", "order/certificate/112212/validation"),
            ("GET", "order/certificate"),
            ("PUT", "order/certificate/112212/check-dcv"),
            ("GET", "user/me"),
        ]
        .into_iter()
        .enumerate()
        {
            found[place] = world.ask(method, path, &headers, "").await.status.as_u16();
        }
        assert_eq!(found, expected, "user {user}, {restriction:?}");
    }
}

#[tokio::test]
async fn a_limited_user_has_only_their_own_orders() {
    let world = World::new().await;
    let key = world.key_of(2, Restriction::None).await;
    let headers = [("x-dc-devkey", key.as_str())];
    assert_eq!(world.ask("GET", "order/certificate/112213/validation", &headers, "").await.status, 200);
    for path in ["112211/validation", "112211", "0A1B2C", "AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12"] {
        let reply = world.ask("GET", &format!("order/certificate/{path}"), &headers, "").await;
        assert_eq!(reply.error(), (404, "not_found|order".to_owned()), "{path}");
    }
    let reply = world.ask("PUT", "order/certificate/112212/check-dcv", &headers, "").await;
    assert_eq!(reply.error().0, 404);
    let list = world.ask("GET", "order/certificate?user_id=1", &headers, "").await.json();
    assert_eq!((&list["page"]["total"], &list["orders"][0]["id"]), (&json!(1), &json!(112_213)));
    let changes = world.ask("GET", "order/certificate/status-changes", &headers, "").await.json();
    assert_eq!(changes["orders"], json!([{"order_id": 112_213, "certificate_id": 503, "status": "pending"}]));
}

#[tokio::test]
async fn user_me_tells_whose_key_it_is() {
    let world = World::new().await;
    let key = world.key_of(4, Restriction::UserManagement).await;
    let reply = world.ask("GET", "user/me", &[("x-dc-devkey", &key)], "").await;
    let expected = json!({
        "id": 4, "username": "man", "first_name": "man", "last_name": "Doe", "email": "man@example.com",
        "status": "active", "access_roles": [{"id": 4, "name": "Manager"}]
    });
    assert_eq!(reply.body, expected.to_string());
    // A change of role counts at once.
    let part = revocache::service::orders::Reference { kind: revocache::service::orders::Kind::User, id: 4 };
    world.registry.change(part, json!({"role": "limited_user"})).await.unwrap();
    let reply = world.ask("GET", "user/me", &[("x-dc-devkey", &key)], "").await;
    assert_eq!(reply.json()["access_roles"], json!([{"id": 2, "name": "Limited user"}]));
}
