//! Responders in trouble, and answers kept fresh, in simulated time.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod live_support;

use std::sync::Arc;
use std::time::Duration;

use live_support::*;
use revocache::fetch::http::HttpError;
use revocache::live::{BreakerState, FailureSettings, LiveParts, LiveSettings};
use revocache::ocsp::CertStatus;
use revocache_testkit::{CertState, OcspResponse};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const QUESTIONS: u32 = 10_000;

fn state(world: &World) -> BreakerState {
    world.live.stats().responders[0].state
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_questions_about_a_dead_responder_one_after_the_other() {
    let world = World::new();
    world.network.dead(URL);
    let started = Instant::now();
    for serial in 0..QUESTIONS {
        let asked = Instant::now();
        let error = world.ask(serial).await.unwrap_err();
        assert_eq!(error.code(), "ocsp_unavailable");
        assert!(asked.elapsed() <= 3 * SECOND);
    }
    let (added, attempts) = (started.elapsed(), world.network.count());
    println!(
        "{QUESTIONS} questions in a row, dead responder: {added:?} added in total, {attempts} upstream attempts"
    );
    // Five failures open the breaker, and all the rest passes within the first pause.
    assert_eq!(attempts, 5);
    assert!(added <= 15 * SECOND, "{added:?}");
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_questions_about_a_dead_responder_at_once_and_over_an_hour() {
    let world = World::new();
    world.network.dead(URL);
    let mut all = JoinSet::new();
    for serial in 0..QUESTIONS {
        let (live, question) = (world.live.clone(), world.question(serial));
        all.spawn(async move {
            let asked = Instant::now();
            live.ask(&question).await.unwrap_err();
            asked.elapsed()
        });
    }
    let waits = all.join_all().await;
    let (longest, total) = (waits.iter().max().unwrap(), waits.iter().sum::<Duration>());
    let (attempts, stats) = (world.network.count(), world.live.stats());
    println!(
        "{QUESTIONS} at once, dead responder: {longest:?} at most, {:?} on average, {attempts} upstream attempts, {:?}",
        total / QUESTIONS,
        stats.failures
    );
    assert!(*longest <= 3 * SECOND);
    assert_eq!(attempts, 8, "as many as may be under way");

    let world = World::new();
    world.network.dead(URL);
    let (mut added, pause) = (Duration::ZERO, SECOND * 3_600 / QUESTIONS);
    for serial in 0..QUESTIONS {
        let asked = Instant::now();
        world.ask(serial).await.unwrap_err();
        added += asked.elapsed();
        sleep(pause).await;
    }
    let attempts = world.network.count();
    println!(
        "{QUESTIONS} within an hour, dead responder: {added:?} added in total, {attempts} upstream attempts"
    );
    assert!(attempts <= 30, "{attempts}");
    assert!(added <= 100 * SECOND, "{added:?}");
}

#[tokio::test(start_paused = true)]
async fn a_responder_that_comes_back_is_found_by_one_question_at_a_time() {
    let world = World::new();
    world.network.dead(URL);
    for serial in 0..5 {
        world.ask(serial).await.unwrap_err();
    }
    assert_eq!(state(&world), BreakerState::Open);
    let started = Instant::now();
    let error = world.ask(5).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), ("ocsp_unavailable", "paused"), "{error}");
    assert_eq!(started.elapsed(), Duration::ZERO, "it costs nothing");

    // Still dead when the pause of five seconds is over: one tries, the others do not wait.
    advance(5 * SECOND).await;
    let (live, question) = (world.live.clone(), world.question(6));
    let probe = tokio::spawn(async move { live.ask(&question).await });
    sleep(MILLISECOND).await;
    assert_eq!(state(&world), BreakerState::HalfOpen);
    for serial in 7..20 {
        assert_eq!(world.ask(serial).await.unwrap_err().detail(), "paused");
    }
    assert_eq!(probe.await.unwrap().unwrap_err().detail(), "timeout");
    assert_eq!((state(&world), world.network.count()), (BreakerState::Open, 6));

    // Twice as long now; then it is well again.
    world.honest(20 * MILLISECOND, HOUR);
    advance(9 * SECOND).await;
    assert_eq!(world.ask(20).await.unwrap_err().detail(), "paused");
    advance(SECOND).await;
    assert_eq!(world.ask(21).await.unwrap().answer.status, CertStatus::Good);
    assert_eq!(state(&world), BreakerState::Closed);
    assert_eq!(
        world.ask(5).await.unwrap().answer.status,
        CertStatus::Good,
        "a pause is not remembered as a failure"
    );
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_turn_hear_at_once_that_it_is_pointless() {
    let world = World::new();
    world.network.responder(URL, 500 * MILLISECOND, |_| {
        Reaction::Fail(HttpError::Connect { url: URL.to_owned(), reason: "refused".into() })
    });
    let mut all = JoinSet::new();
    for serial in 0..1_000 {
        let (live, question) = (world.live.clone(), world.question(serial));
        all.spawn(async move {
            let asked = Instant::now();
            live.ask(&question).await.unwrap_err();
            asked.elapsed()
        });
    }
    let longest = all.join_all().await.into_iter().max().unwrap();
    assert!(longest <= 502 * MILLISECOND, "{longest:?}");
    assert_eq!(world.network.count(), 8);
}

#[tokio::test(start_paused = true)]
async fn what_a_question_may_be_to_blame_for_does_not_close_a_responder() {
    for reaction in ["unauthorized", "404", "refused"] {
        let world = World::new();
        world.network.responder(URL, Duration::ZERO, move |_| match reaction {
            "unauthorized" => Reaction::Send(OcspResponse::refusal(6)),
            "404" => Reaction::Fail(HttpError::Status { url: URL.to_owned(), status: 404 }),
            _ => Reaction::Fail(HttpError::AddressRefused {
                url: URL.to_owned(),
                address: "10.0.0.1".parse().unwrap(),
                kind: revocache::fetch::http::AddressKind::Private,
            }),
        });
        for serial in 0..100 {
            world.ask(serial).await.unwrap_err();
        }
        assert_eq!((state(&world), world.network.count()), (BreakerState::Closed, 100), "{reaction}");
        world.honest(Duration::ZERO, HOUR);
        world.ask(100).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_responder_in_trouble_does_not_hold_up_another() {
    let world = World::new();
    world.network.dead("http://dead.example/");
    world.honest(10 * MILLISECOND, HOUR);
    let mut all = JoinSet::new();
    for serial in 0..2_000 {
        let (live, question) = (world.live.clone(), world.question_at(serial, &["http://dead.example/"]));
        all.spawn(async move { live.ask(&question).await.map(drop) });
    }
    settle().await;
    let started = Instant::now();
    for serial in 5_000..5_050 {
        world.ask(serial).await.unwrap();
    }
    assert!(started.elapsed() < SECOND, "{:?}", started.elapsed());
    all.join_all().await;
    // And a question that names both is answered by the second one without delay, now that the first is known.
    let started = Instant::now();
    world.live.ask(&world.question_at(9_000, &["http://dead.example/", URL])).await.unwrap();
    assert!(started.elapsed() < 20 * MILLISECOND, "{:?}", started.elapsed());
}

/// A world whose refresher runs, with its stop.
fn refreshed(world: &World) -> tokio::sync::oneshot::Sender<()> {
    let (stop, stopped) = tokio::sync::oneshot::channel();
    let live = world.live.clone();
    tokio::spawn(async move {
        live.run_refresher(async {
            let _ = stopped.await;
        })
        .await
    });
    stop
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_often_is_asked_again_before_it_ends() {
    for (random, percent) in [(0, 80), (10, 90), (5, 85)] {
        let parts = LiveParts { random: Arc::new(Always(random)), ..LiveParts::default() };
        let world = World::with_parts(LiveSettings::default(), parts);
        world.honest(10 * MILLISECOND, HOUR);
        let _stop = refreshed(&world);
        let started = Instant::now();
        world.ask(1).await.unwrap();
        world.ask(2).await.unwrap();
        for _ in 0..3 {
            world.ask(1).await.unwrap();
        }
        sleep(SECOND * (HOUR as u32 + 100)).await;
        let times = world.network.times();
        assert_eq!(times.len(), 3, "the first was asked often, the second was not");
        let after = times[2].duration_since(started).as_secs();
        let due = HOUR as u64 * percent / 100;
        assert!((due..=due + 6).contains(&after), "{after} s instead of {due}");
        let before = world.network.count();
        assert!(world.live.cached(&world.question(1)).is_some(), "nobody had to wait");
        assert_eq!(world.live.cached(&world.question(2)), None);
        assert_eq!(world.network.count(), before);
        // Nobody asked for it since, so it ends in its turn.
        let stats = world.live.stats();
        assert_eq!((stats.refreshes, stats.failed_refreshes), (1, 0));
        sleep(SECOND * 2 * HOUR as u32).await;
        assert_eq!(world.network.count(), before);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_leaves_the_answer_and_is_tried_again_sparingly() {
    let world = World::new();
    world.honest(10 * MILLISECOND, HOUR);
    let stop = refreshed(&world);
    for _ in 0..5 {
        world.ask(1).await.unwrap();
    }
    world.network.responder(URL, Duration::ZERO, |_| Reaction::Send(OcspResponse::refusal(6)));
    for _ in 0..HOUR - 60 {
        sleep(SECOND).await;
        assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Good);
    }
    let stats = world.live.stats();
    assert!((3..=9).contains(&stats.failed_refreshes), "{stats:?}");
    assert_eq!(stats.failed_refreshes, stats.refreshes);
    assert_eq!(stats.remembered_failures, 0);
    // An older answer does not take the place of the one in hand either.
    world.fixed(START - 100 * HOUR, Some(START + 100 * HOUR), CertState::Unknown);
    sleep(30 * SECOND).await;
    assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Good);
    stop.send(()).unwrap();
    settle().await;
    let count = world.network.count();
    sleep(SECOND * HOUR as u32).await;
    assert_eq!(world.network.count(), count, "it was told to stop");
}

#[tokio::test(start_paused = true)]
async fn many_refreshes_come_a_few_at_a_time() {
    let world = World::new();
    world.honest(100 * MILLISECOND, HOUR);
    for serial in 0..400 {
        for _ in 0..4 {
            world.ask(serial).await.unwrap();
        }
    }
    let _stop = refreshed(&world);
    sleep(SECOND * (HOUR as u32 - 60)).await;
    assert_eq!(world.live.stats().refreshes, 400);
    assert_eq!(world.network.most_under_way(), 4);
    assert!((0..400).all(|serial| world.live.cached(&world.question(serial)).is_some()));
}

#[tokio::test(start_paused = true)]
async fn failures_are_not_remembered_where_that_is_switched_off() {
    let failures = FailureSettings { unavailable: Duration::ZERO, ..FailureSettings::default() };
    let world = World::with(LiveSettings { failures, ..LiveSettings::default() });
    for _ in 0..3 {
        world.ask(1).await.unwrap_err();
    }
    assert_eq!(world.network.count(), 3);
}
