//! Another server behind us: what it says is remembered, confirmed, told while it fails; and it cannot hurt.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode, header};
use revocache::fetch::gate::BreakerSettings;
use revocache::service::orders::{DeskSettings, Lists, OrderUpstreamSettings, Precedence, Restriction};
use revocache::types::Seconds;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::world::{Plan, Reply, World};

const KEY: &str = "THE-KEY-OF-THE-OPERATOR";
const PATH: &str = "order/certificate/555/validation";

/// How the other server behaves.
#[derive(Debug, Clone)]
enum Mood {
    Says { etag: &'static str, document: Value },
    Status(u16),
    Page,
    Huge,
    Silent,
    Redirect(String),
}

#[derive(Debug, Clone)]
struct Other {
    mood: Arc<Mutex<Mood>>,
    /// Paths with queries, and whether the key came along.
    asked: Arc<Mutex<Vec<(String, bool)>>>,
    confirmed: Arc<AtomicUsize>,
    base: String,
}

impl Other {
    async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/services/v2", listener.local_addr().unwrap());
        let other =
            Self { mood: Arc::new(Mutex::new(mood)), asked: Arc::default(), confirmed: Arc::default(), base };
        let router = Router::new().fallback(answer).with_state(other.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        other
    }

    fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn settings(&self) -> OrderUpstreamSettings {
        let key = OrderUpstreamSettings::key_header(KEY).unwrap();
        OrderUpstreamSettings {
            timeout: Duration::from_millis(500),
            breaker: BreakerSettings {
                threshold: NonZeroU32::new(100).unwrap(),
                ..BreakerSettings::default()
            },
            ..OrderUpstreamSettings::new(self.base.parse().unwrap(), key)
        }
    }

    async fn world(&self) -> World {
        World::with(Plan { upstream: Some(self.settings()), ..Plan::default() }).await
    }
}

async fn answer(State(other): State<Other>, request: Request) -> Response<Body> {
    let path = request.uri().path_and_query().unwrap().to_string();
    let has_key = request.headers().get("x-dc-devkey").is_some_and(|value| value == KEY);
    other.asked.lock().unwrap().push((path, has_key));
    let mood = other.mood.lock().unwrap().clone();
    let response = Response::builder();
    match mood {
        Mood::Says { etag, document } => {
            let known = request.headers().get(header::IF_NONE_MATCH);
            if known.is_some_and(|known| known == etag) {
                other.confirmed.fetch_add(1, Ordering::SeqCst);
                return response.status(304).header(header::ETAG, etag).body(Body::empty()).unwrap();
            }
            let response =
                response.header(header::ETAG, etag).header(header::CONTENT_TYPE, "application/json");
            response.body(Body::from(document.to_string())).unwrap()
        }
        Mood::Status(status) => response.status(status).body(Body::from("{\"errors\": []}")).unwrap(),
        Mood::Page => response.body(Body::from("<html>please sign in</html>")).unwrap(),
        Mood::Huge => response.body(Body::from(format!("{{\"a\": \"{}\"}}", "a".repeat(2 << 20)))).unwrap(),
        Mood::Silent => std::future::pending().await,
        Mood::Redirect(url) => {
            response.status(StatusCode::FOUND).header(header::LOCATION, url).body(Body::empty()).unwrap()
        }
    }
}

fn says(etag: &'static str, status: &str) -> Mood {
    let document = json!({
        "order_id": "555", "order_status": status,
        "organization_validations": [{"type": "ov", "status": "active", "validated_until": "2019-06-01T00:10:00+00:00"}],
        "dns_name_validations": []
    });
    Mood::Says { etag, document }
}

fn status(reply: &Reply) -> String {
    assert_eq!(reply.status, 200, "{reply:?}");
    reply.json()["order_status"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn an_answer_counts_for_a_while_and_is_then_asked_for_by_its_etag() {
    let other = Other::start(says("\"one\"", "pending")).await;
    let world = other.world().await;
    let first = world.get(PATH).await;
    assert_eq!((status(&first), first.header("age")), ("pending".to_owned(), "0"));
    assert_eq!(first.header("cache-status"), "revocache; fwd=miss; stored");
    assert_eq!(*other.asked.lock().unwrap(), [(format!("/services/v2/{PATH}"), true)]);

    world.clock.forward(59);
    let second = world.get(PATH).await;
    assert_eq!((second.header("age"), second.header("cache-status")), ("59", "revocache; hit"));
    assert_eq!(other.asked(), 1);

    world.clock.forward(1);
    let third = world.get(PATH).await;
    assert_eq!((status(&third), third.header("age")), ("pending".to_owned(), "0"));
    assert_eq!(third.header("cache-status"), "revocache; fwd=stale; fwd-status=304");
    assert_eq!((other.asked(), other.confirmed.load(Ordering::SeqCst)), (2, 1));

    other.set(says("\"two\"", "issued"));
    world.clock.forward(60);
    assert_eq!(status(&world.get(PATH).await), "issued");
    let xml = world.get_with(PATH, &[("accept", "application/xml")]).await;
    assert!(xml.body.contains("<order_status>issued</order_status>"), "{xml:?}");
    assert_eq!(other.asked(), 3);
    assert_eq!(world.get("order/certificate/555").await.status, 200);
    assert_eq!(other.asked.lock().unwrap()[3].0, "/services/v2/order/certificate/555");
    world.get(&format!("{PATH}?include_risk_check=true&more=1")).await;
    assert_eq!(other.asked.lock().unwrap()[4].0, format!("/services/v2/{PATH}?include_risk_check=true"));
}

#[tokio::test]
async fn while_the_other_server_fails_the_last_answer_is_told_with_its_age() {
    let other = Other::start(says("\"one\"", "issued")).await;
    let world = other.world().await;
    assert_eq!(status(&world.get(PATH).await), "issued");
    for mood in [
        Mood::Status(500),
        Mood::Status(503),
        Mood::Status(429),
        Mood::Page,
        Mood::Huge,
        Mood::Silent,
        Mood::Status(401),
    ] {
        other.set(mood.clone());
        world.clock.forward(100);
        let reply = world.get(PATH).await;
        assert_eq!(status(&reply), "issued", "{mood:?}");
        assert_eq!(reply.header("cache-status"), "revocache; hit; detail=stale-if-error");
    }
    let reply = world.get(PATH).await;
    assert_eq!(reply.header("age"), "700");
    // What it said has ended meanwhile, which needs nobody to say so.
    assert_eq!(reply.json()["organization_validations"][0]["status"], "pending");
    // After a day it is too old to be told.
    world.clock.forward(86_400);
    let reply = world.get(PATH).await;
    assert_eq!(reply.error(), (503, "service_unavailable|upstream".to_owned()));
    other.set(says("\"one\"", "issued"));
    assert_eq!(status(&world.get(PATH).await), "issued");
}

#[tokio::test]
async fn without_an_answer_in_hand_a_failure_is_told_and_shows_nothing_of_the_key() {
    let other = Other::start(Mood::Status(500)).await;
    let world = other.world().await;
    for mood in
        [Mood::Status(500), Mood::Page, Mood::Huge, Mood::Status(401), Mood::Status(403), Mood::Silent]
    {
        other.set(mood.clone());
        let started = Instant::now();
        let reply = world.get(PATH).await;
        assert_eq!(reply.error(), (503, "service_unavailable|upstream".to_owned()), "{mood:?}");
        assert!(!reply.body.contains(KEY) && !reply.body.contains("127.0.0.1"), "{reply:?}");
        assert!(started.elapsed() < Duration::from_secs(3), "{mood:?}: {:?}", started.elapsed());
    }
    assert!(!format!("{:?}", other.settings()).contains(KEY));
}

#[tokio::test]
async fn an_order_that_the_other_server_does_not_know_is_asked_for_less_often() {
    let other = Other::start(Mood::Status(404)).await;
    let world = other.world().await;
    for _ in 0..3 {
        assert_eq!(world.get(PATH).await.error(), (404, "not_found|order".to_owned()));
    }
    assert_eq!(other.asked(), 1);
    other.set(says("\"one\"", "pending"));
    world.clock.forward(29);
    assert_eq!(world.get(PATH).await.status, 404);
    world.clock.forward(1);
    assert_eq!(status(&world.get(PATH).await), "pending");
}

#[tokio::test]
async fn everybody_who_asks_the_same_waits_for_one_request() {
    let other = Other::start(Mood::Silent).await;
    let world = Arc::new(other.world().await);
    let asking: Vec<_> = (0..20)
        .map(|_| {
            let world = Arc::clone(&world);
            tokio::spawn(async move { world.get(PATH).await.status.as_u16() })
        })
        .collect();
    for asked in asking {
        assert_eq!(asked.await.unwrap(), 503);
    }
    assert_eq!(other.asked(), 1);
}

#[tokio::test]
async fn a_server_that_keeps_failing_is_left_alone() {
    let other = Other::start(Mood::Status(500)).await;
    let breaker = BreakerSettings {
        threshold: NonZeroU32::new(3).unwrap(),
        first_pause: Duration::from_secs(60),
        ..BreakerSettings::default()
    };
    let upstream = OrderUpstreamSettings { breaker, ..other.settings() };
    let world = World::with(Plan { upstream: Some(upstream), ..Plan::default() }).await;
    for id in 1..10 {
        let reply = world.get(&format!("order/certificate/{id}/validation")).await;
        assert_eq!(reply.error().0, 503);
        let wait: u64 = reply.header("retry-after").parse().unwrap_or(0);
        assert_eq!((30..=61).contains(&wait), id > 3, "{id}: {wait}");
    }
    assert_eq!(other.asked(), 3);
}

#[tokio::test]
async fn a_server_that_is_gone_is_as_good_as_one_that_fails() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let key = OrderUpstreamSettings::key_header(KEY).unwrap();
    let upstream = OrderUpstreamSettings::new(base.parse().unwrap(), key);
    let world = World::with(Plan { upstream: Some(upstream), ..Plan::default() }).await;
    assert_eq!(world.get(PATH).await.error(), (503, "service_unavailable|upstream".to_owned()));
    assert_eq!(world.get("order/certificate/112211/validation").await.status, 200);
}

#[tokio::test]
async fn the_key_goes_to_nobody_else() {
    let thief = Other::start(says("\"x\"", "issued")).await;
    let other = Other::start(Mood::Redirect(format!("{}/{PATH}", thief.base))).await;
    let world = other.world().await;
    world.get(PATH).await;
    assert_eq!(other.asked.lock().unwrap()[0], (format!("/services/v2/{PATH}"), true));
    assert_eq!(*thief.asked.lock().unwrap(), [(format!("/services/v2/{PATH}"), false)]);
}

#[tokio::test]
async fn local_orders_win_unless_the_operator_wants_it_otherwise() {
    let other = Other::start(says("\"one\"", "rejected")).await;
    let local = "order/certificate/112211/validation";
    let world = other.world().await;
    assert_eq!(status(&world.get(local).await), "issued");
    assert_eq!(other.asked(), 0);

    let desk = DeskSettings { precedence: Precedence::Upstream, ..DeskSettings::default() };
    let world = World::with(Plan { upstream: Some(other.settings()), desk, ..Plan::default() }).await;
    assert_eq!(status(&world.get(local).await), "rejected");
    other.set(Mood::Status(404));
    assert_eq!(status(&world.get("order/certificate/112212/validation").await), "pending");
    other.set(Mood::Status(500));
    assert_eq!(status(&world.get("order/certificate/112213/validation").await), "pending");
}

#[tokio::test]
async fn a_limited_user_sees_nothing_of_the_other_server() {
    let other = Other::start(says("\"one\"", "issued")).await;
    let world = other.world().await;
    let key = world.key_of(2, Restriction::None).await;
    // Neither an order that only the other server has, nor one here of somebody else.
    for id in [555, 112_211] {
        let path = format!("order/certificate/{id}/validation");
        let reply = world.ask("GET", &path, &[("x-dc-devkey", &key)], "").await;
        assert_eq!(reply.error(), (404, "not_found|order".to_owned()));
    }
    assert_eq!(other.asked(), 0);
}

#[tokio::test]
async fn lists_can_be_those_of_the_other_server() {
    let listed = Mood::Says { etag: "\"l\"", document: json!({"orders": [], "page": {"total": 0}}) };
    let other = Other::start(listed).await;
    let desk = DeskSettings { lists: Lists::Upstream, ..DeskSettings::default() };
    let world = World::with(Plan { upstream: Some(other.settings()), desk, ..Plan::default() }).await;
    let reply = world.get("order/certificate?offset=5&junk=1&limit=2&filters[status]=issued").await;
    assert_eq!(reply.json(), json!({"orders": [], "page": {"total": 0}}));
    world.get("order/certificate?limit=2&filters[status]=issued&offset=5").await;
    assert_eq!(other.asked(), 1, "one question however it is spelt");
    let asked = other.asked.lock().unwrap()[0].0.clone();
    assert_eq!(asked, "/services/v2/order/certificate?filters%5Bstatus%5D=issued&limit=2&offset=5");
    let world = other.world().await;
    assert_eq!(world.get("order/certificate").await.json()["page"]["total"], 4, "the registry's by default");
}

#[tokio::test]
async fn what_is_remembered_is_bounded() {
    let other = Other::start(says("\"one\"", "issued")).await;
    let upstream = OrderUpstreamSettings {
        max_entries: 5.try_into().unwrap(),
        max_octets: 4096,
        ttl: Seconds(1000),
        ..other.settings()
    };
    let world = World::with(Plan { upstream: Some(upstream), ..Plan::default() }).await;
    for id in (1..=6).chain([6, 5, 4, 3, 2, 1]) {
        assert_eq!(world.get(&format!("order/certificate/{id}/validation")).await.status, 200);
    }
    assert_eq!(other.asked(), 7, "only the oldest was forgotten");
}
