//! Every documented error, by its code.

use revocache::service::orders::Restriction;

use super::world::World;

fn is(reply: &super::world::Reply, status: u16, code: &str) {
    assert_eq!(reply.error(), (status, code.to_owned()));
}

#[tokio::test]
async fn no_key_or_a_wrong_one_is_access_denied_invalid_api_key() {
    let world = World::new().await;
    let wrong = "F".repeat(64);
    let long = "A".repeat(5000);
    let lower = world.key.to_lowercase();
    for headers in [
        &[][..],
        &[("x-dc-devkey", "")],
        &[("x-dc-devkey", wrong.as_str())],
        &[("x-dc-devkey", lower.as_str())],
        &[("x-dc-devkey", long.as_str())],
        &[("authorization", world.key.as_str())],
    ] {
        for path in ["order/certificate/112211/validation", "user/me", "nothing/here"] {
            is(&world.ask("GET", path, headers, "").await, 401, "access_denied|invalid_api_key");
        }
    }
    let keys = world.registry.keys().await.unwrap();
    world.registry.remove_key(keys[0].id).await.unwrap();
    is(&world.get("user/me").await, 401, "access_denied|invalid_api_key");
}

#[tokio::test]
async fn an_unknown_order_is_not_found_order() {
    let world = World::new().await;
    for id in ["999999", "0", "-1", "112211x", "1e3", "%20", "99999999999999999999", "%FF", "112211%2F1"] {
        for path in [format!("order/certificate/{id}/validation"), format!("order/certificate/{id}")] {
            is(&world.get(&path).await, 404, "not_found|order");
        }
        let path = format!("order/certificate/{id}/check-dcv");
        is(&world.put(&path, "").await, 404, "not_found|order");
    }
    // Thumbprints and serial numbers are for order info alone.
    is(&world.get("order/certificate/0A1B2C/validation").await, 404, "not_found|order");
}

#[tokio::test]
async fn an_unknown_route_or_method_is_not_found_route() {
    let world = World::new().await;
    for path in [
        "",
        "order",
        "order/certificate/112211/validation/",
        "order/certificate/112211/validation/x",
        "order/certificate/112211/revoke",
        "Order/certificate/112211",
        "user/7",
        "certificate/1",
    ] {
        let reply = world.get(path).await;
        assert_eq!(reply.status, 404, "{path}: {reply:?}");
        is(&reply, 404, "not_found|route");
    }
    for (method, path) in [
        ("POST", "order/certificate/112211/validation"),
        ("DELETE", "order/certificate/112211"),
        ("GET", "order/certificate/112211/check-dcv"),
        ("PUT", "user/me"),
        ("PATCH", "order/certificate"),
    ] {
        let reply = world.ask(method, path, &[("x-dc-devkey", &world.key)], "").await;
        is(&reply, 404, "not_found|route");
        assert!(reply.body.contains("The specified route was not found."));
    }
}

#[tokio::test]
async fn a_forbidden_action_is_access_denied_missing_permission() {
    let world = World::new().await;
    let viewer = world.key_of(1, Restriction::ViewOnly).await;
    let headers = [("x-dc-devkey", viewer.as_str())];
    let reply = world.ask("PUT", "order/certificate/112213/check-dcv", &headers, "").await;
    is(&reply, 403, "access_denied|missing_permission");
    // Permission comes before whether there is such an order, so that nobody learns of it without.
    let reply = world.ask("PUT", "order/certificate/999/check-dcv", &headers, "").await;
    is(&reply, 403, "access_denied|missing_permission");
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_bad_request_format() {
    let world = World::new().await;
    let large = format!("{{\"dns_names_validations\": [\"{}\"]}}", "a".repeat(70_000));
    let many = serde_json::json!({"dns_names_validations": vec!["a.example.com"; 1001]}).to_string();
    for body in [
        "{",
        "[]",
        "7",
        "{\"dns_names_validations\": \"a\"}",
        "{\"dns_names_validations\": [1]}",
        "{\"dns_names_validations\": [\"other.example\"]}",
        &large,
        &many,
    ] {
        is(&world.put("order/certificate/112213/check-dcv", body).await, 400, "bad_request_format");
    }
    let headers = [("x-dc-devkey", world.key.as_str()), ("content-type", "application/xml")];
    for body in ["<a>", "{}", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>&b;</a>"] {
        let reply = world.ask("PUT", "order/certificate/112213/check-dcv", &headers, body).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.body.contains("<code>bad_request_format</code>"), "{reply:?}");
    }
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_is_bad_request_format() {
    let world = World::new().await;
    for query in ["limit=x", "offset=-1", "sort=luck", "filters[status]=odd", "filters[date_created]=never"] {
        let reply = world.get(&format!("order/certificate?{query}")).await;
        is(&reply, 400, "bad_request_format");
    }
}

#[tokio::test]
async fn a_get_with_a_body_ignores_it() {
    let world = World::new().await;
    let headers = [("x-dc-devkey", world.key.as_str()), ("content-type", "application/json")];
    let reply = world.ask("GET", "order/certificate/112211/validation", &headers, "{not json").await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_head_is_answered_like_a_get() {
    let world = World::new().await;
    let headers = [("x-dc-devkey", world.key.as_str())];
    let reply = world.ask("HEAD", "order/certificate/112211/validation", &headers, "").await;
    assert_eq!((reply.status.as_u16(), reply.body.as_str()), (200, ""));
}
