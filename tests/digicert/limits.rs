//! Rolling limits, by the clock.

use super::world::World;
use revocache::service::orders::Restriction;

#[tokio::test]
async fn more_than_a_hundred_in_five_seconds_is_request_limit_exceeded() {
    let world = World::new().await;
    for _ in 0..100 {
        assert_eq!(world.get("user/me").await.status, 200);
    }
    let reply = world.get("order/certificate/112211/validation").await;
    assert_eq!(reply.status, 429);
    assert_eq!(
        reply.body,
        "{\"errors\":[{\"code\":\"request_limit_exceeded\",\"message\":\"Service unavailable, please limit request volume\"}]}"
    );
    assert_eq!(reply.header("retry-after"), "5");
    let other = world.key_of(1, Restriction::None).await;
    assert_eq!(world.ask("GET", "user/me", &[("x-dc-devkey", &other)], "").await.status, 200, "another key");
    world.clock.forward(4);
    assert_eq!(world.get("user/me").await.error().1, "request_limit_exceeded");
    world.clock.forward(1);
    assert_eq!(world.get("user/me").await.status, 200);
}

#[tokio::test]
async fn more_than_a_thousand_in_three_minutes_is_request_limit_exceeded() {
    let world = World::new().await;
    for _ in 0..10 {
        for _ in 0..100 {
            assert_eq!(world.get("user/me").await.status, 200);
        }
        world.clock.forward(6);
    }
    let reply = world.get("user/me").await;
    assert_eq!((reply.error().0, reply.header("retry-after")), (429, "120"));
    world.clock.forward(119);
    assert_eq!(world.get("user/me").await.status, 429);
    world.clock.forward(1);
    assert_eq!(world.get("user/me").await.status, 200);
}

#[tokio::test]
async fn keys_cannot_be_tried_without_end() {
    let world = World::new().await;
    for number in 0..100 {
        let key = format!("{number:064}");
        assert_eq!(world.ask("GET", "user/me", &[("x-dc-devkey", &key)], "").await.status, 401);
    }
    let reply = world.ask("GET", "user/me", &[("x-dc-devkey", "one more")], "").await;
    assert_eq!(reply.error(), (429, "request_limit_exceeded".to_owned()));
    assert_eq!(world.get("user/me").await.status, 200, "whoever has a key is not in the way of those");
}
