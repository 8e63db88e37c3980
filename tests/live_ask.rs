//! Live OCSP asked from outside, in a simulated network and simulated time.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod live_support;

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use live_support::*;
use revocache::fetch::http::{HttpError, RedirectProblem};
use revocache::live::{
    AnswerSource, CacheSettings, LiveError, LiveParts, LiveSettings, NonceUse, UpstreamSettings,
};
use revocache::ocsp::{CertStatus, DelegateStatus, NoncePolicy, ResponsePolicy};
use revocache::types::{ReasonCode, Seconds};
use revocache_testkit::{CertState, Key, KeyKind, Name, OcspRequest, OcspResponse};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn every_state_is_answered_once_and_then_kept_until_its_end() {
    let world = World::new();
    let ca = Arc::clone(&world.ca);
    world.network.responder(URL, 20 * MILLISECOND, move |request| {
        let state = |serial: &[u8]| match serial.last() {
            Some(1) => CertState::Good,
            Some(2) => CertState::revoked(START - HOUR, Some(1)),
            _ => CertState::Unknown,
        };
        Reaction::Send(signed(&ca, request, START - HOUR, Some(START + HOUR), state))
    });
    for serial in [1, 2, 3] {
        let first = world.ask(serial).await.unwrap();
        assert_eq!(first.source, AnswerSource::Responder);
        let again = world.ask(serial).await.unwrap();
        assert_eq!(again.source, AnswerSource::Cache);
        assert_eq!((again.answer, &again.response), (first.answer, &first.response));
        assert_eq!(first.answer.next_update.unwrap().seconds(), START + HOUR);
        match (serial, first.answer.status) {
            (1, CertStatus::Good) | (3, CertStatus::Unknown) => {}
            (2, CertStatus::Revoked(revocation)) => {
                assert_eq!(revocation.reason, ReasonCode::KeyCompromise);
                assert_eq!(revocation.revoked_at.seconds(), START - HOUR);
            }
            (_, status) => panic!("{serial}: {status:?}"),
        }
    }
    assert_eq!(world.network.count(), 3);
    // "Unknown" is kept for five minutes only, the others to the last second.
    advance(301 * SECOND).await;
    world.ask(3).await.unwrap();
    assert_eq!(world.network.count(), 4);
    advance(SECOND * (HOUR as u32 - 303)).await;
    world.ask(1).await.unwrap();
    world.ask(2).await.unwrap();
    assert_eq!(world.network.count(), 4);
    advance(2 * SECOND).await;
    assert_eq!(world.live.cached(&world.question(1)), None);
    let error = world.ask(1).await;
    assert_eq!(world.network.count(), 5, "{error:?}");
    let stats = world.live.stats();
    assert_eq!((stats.entries, stats.upstream_requests), (3, 5));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_who_ask_the_same_make_one_request() {
    let world = World::new();
    world.honest(200 * MILLISECOND, HOUR);
    let mut all = JoinSet::new();
    for _ in 0..1_000 {
        let (live, question) = (world.live.clone(), world.question(7));
        all.spawn(async move { live.ask(&question).await });
    }
    let answers = all.join_all().await;
    assert_eq!(answers.len(), 1_000);
    assert!(answers.iter().all(|answer| answer.as_ref().unwrap().answer.status == CertStatus::Good));
    assert_eq!(world.network.count(), 1);
    let stats = world.live.stats();
    println!(
        "1,000 concurrent questions: {} upstream request, {} joined",
        stats.upstream_requests, stats.joined
    );
    assert_eq!((stats.misses, stats.joined), (1_000, 999));
}

#[tokio::test(start_paused = true)]
async fn the_first_to_ask_may_give_up_and_so_may_everybody() {
    let world = World::new();
    world.honest(200 * MILLISECOND, HOUR);
    let (live, question) = (world.live.clone(), world.question(7));
    let first = tokio::spawn(async move { live.ask(&question).await });
    sleep(50 * MILLISECOND).await;
    let (live, question) = (world.live.clone(), world.question(7));
    let second = tokio::spawn(async move { live.ask(&question).await });
    settle().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    assert_eq!(second.await.unwrap().unwrap().answer.status, CertStatus::Good);
    assert_eq!(world.network.count(), 1);

    assert!(timeout(50 * MILLISECOND, world.ask(8)).await.is_err());
    sleep(SECOND).await;
    assert!(world.live.cached(&world.question(8)).is_some(), "the request went on and its answer was kept");
    assert_eq!(world.network.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_the_budget_and_a_dead_responder_leaves_time_for_the_next() {
    let world = World::new();
    world.network.dead("http://dead.example/");
    let started = Instant::now();
    let error = world.live.ask(&world.question_at(1, &["http://dead.example/"])).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), ("ocsp_unavailable", "timeout"));
    assert_eq!(error.url(), Some("http://dead.example/"));
    assert!(started.elapsed() <= 3 * SECOND, "{:?}", started.elapsed());
    assert!(started.elapsed() >= 2 * SECOND, "{:?}", started.elapsed());

    world.honest(SECOND, HOUR);
    let started = Instant::now();
    let question = world.question_at(2, &["http://dead.example/", URL]);
    assert_eq!(world.live.ask(&question).await.unwrap().answer.status, CertStatus::Good);
    assert!(started.elapsed() <= 3 * SECOND, "{:?}", started.elapsed());

    // However many there are, and whoever joins late.
    let many: Vec<String> = (0..20).map(|number| format!("http://dead.example/{number}")).collect();
    many.iter().for_each(|url| world.network.dead(url));
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (live, question) = (world.live.clone(), world.question_at(3, &many));
    let before = world.network.count();
    let early = tokio::spawn(async move { live.ask(&question).await });
    sleep(2 * SECOND).await;
    let started = Instant::now();
    world.live.ask(&world.question_at(3, &many)).await.unwrap_err();
    assert!(started.elapsed() <= SECOND, "who joins waits for what is left of the request");
    early.await.unwrap().unwrap_err();
    assert_eq!(world.network.count() - before, 8, "no more responders than that are tried");
}

/// What a responder sends, the code and detail it becomes, and for how many seconds the failure is remembered.
fn failures() -> Vec<(&'static str, Behaviour, &'static str, &'static str, u32)> {
    let fail = |error: HttpError| -> Behaviour { Arc::new(move |_| Reaction::Fail(error.clone())) };
    let send = |octets: &[u8]| -> Behaviour {
        let octets = octets.to_vec();
        Arc::new(move |_| Reaction::Send(octets.clone()))
    };
    let url = || URL.to_owned();
    let html = HttpError::ContentType { url: url(), found: "text/html".into(), expected: "x" };
    let refused = HttpError::AddressRefused {
        url: url(),
        address: "10.0.0.1".parse().unwrap(),
        kind: revocache::fetch::http::AddressKind::Private,
    };
    let around = HttpError::Redirect { url: url(), problem: RedirectProblem::TooMany { limit: 3 } };
    let drip = HttpError::Timeout { url: url(), limit: SECOND };
    vec![
        ("an HTML page", fail(html), "ocsp_unavailable", "content_type", 10),
        ("too much", fail(HttpError::TooLarge { url: url(), limit: 1 }), "ocsp_unavailable", "too_large", 10),
        ("a drip", fail(drip), "ocsp_unavailable", "timeout", 10),
        ("in circles", fail(around), "ocsp_unavailable", "redirect", 10),
        ("inwards", fail(refused), "ocsp_unavailable", "address_refused", 60),
        ("500", fail(HttpError::Status { url: url(), status: 500 }), "ocsp_unavailable", "http_status", 10),
        ("tryLater", send(&OcspResponse::refusal(3)), "ocsp_unavailable", "try_later", 10),
        ("internalError", send(&OcspResponse::refusal(2)), "ocsp_unavailable", "internal_error", 10),
        ("unauthorized", send(&OcspResponse::refusal(6)), "ocsp_unauthorized", "unauthorized", 600),
        ("malformedRequest", send(&OcspResponse::refusal(1)), "ocsp_refused", "malformed_request", 600),
        ("nothing", send(b""), "ocsp_refused", "malformed", 60),
        ("rubbish", send(b"<html>sorry</html>"), "ocsp_refused", "malformed", 60),
    ]
}

#[tokio::test(start_paused = true)]
async fn every_failure_has_its_code_and_is_remembered_as_long_as_its_cause_deserves() {
    for (what, behaviour, code, detail, seconds) in failures() {
        let world = World::new();
        world.network.responder(URL, Duration::ZERO, move |request| behaviour(request));
        let error = world.ask(1).await.unwrap_err();
        assert_eq!((error.code(), error.detail()), (code, detail), "{what}: {error}");
        assert_eq!(error.url(), Some(URL));
        advance(SECOND * (seconds - 1)).await;
        assert_eq!(world.ask(1).await.unwrap_err(), error, "{what}");
        assert_eq!((world.network.count(), world.live.stats().remembered_failures), (1, 1), "{what}");
        advance(SECOND).await;
        world.ask(1).await.unwrap_err();
        assert_eq!(world.network.count(), 2, "{what} is forgotten after {seconds} s");
        assert_eq!(world.live.stats().failures[detail], 2, "{what}");
        // As soon as the responder is well, everything is.
        advance(SECOND * seconds).await;
        world.honest(Duration::ZERO, HOUR);
        assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Good, "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_signed_but_wrong_is_refused_and_never_an_answer() {
    let other = revocache_testkit::Authority::root("Other CA", KeyKind::P256);
    type Make = Box<dyn Fn(&World, &OcspRequest) -> Vec<u8> + Send + Sync>;
    let cases: Vec<(&str, Make)> = vec![
        (
            "other_serial",
            Box::new(|world, request| {
                let mut request = request.clone();
                request.cert_ids[0].serial = vec![9];
                let response = OcspResponse::by_key(&world.ca.key);
                response
                    .answering(&request, START, Some(START + HOUR), |_| CertState::Good)
                    .build(&world.ca.key)
            }),
        ),
        (
            "bad_signature",
            Box::new(|world, request| {
                let mut response = OcspResponse::by_key(&world.ca.key);
                response.bad_signature = true;
                response
                    .answering(request, START, Some(START + HOUR), |_| CertState::Good)
                    .build(&world.ca.key)
            }),
        ),
        (
            "stale",
            Box::new(|world, request| {
                let response = OcspResponse::by_key(&world.ca.key);
                let (this, next) = (START - 2 * HOUR, START - HOUR);
                response.answering(request, this, Some(next), |_| CertState::Good).build(&world.ca.key)
            }),
        ),
        (
            "signer_not_found",
            Box::new(move |_, request| {
                let response = OcspResponse::by_key(&other.key);
                response.answering(request, START, Some(START + HOUR), |_| CertState::Good).build(&other.key)
            }),
        ),
    ];
    for (detail, make) in cases {
        let world = Arc::new(World::new());
        let inner = Arc::downgrade(&world);
        world.network.responder(URL, Duration::ZERO, move |request| {
            let request = OcspRequest::read(&request.request).unwrap();
            Reaction::Send(make(&inner.upgrade().unwrap(), &request))
        });
        let error = world.ask(1).await.unwrap_err();
        assert_eq!((error.code(), error.detail()), ("ocsp_refused", detail), "{error}");
        assert_eq!(world.live.cached(&world.question(1)), None);
        assert_eq!(world.live.last_known(&world.question(1)), None);
        assert_eq!(world.live.stats().entries, 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_forged_certificate_cannot_make_others_wait_or_fail() {
    let world = World::new();
    world.network.dead("http://forged.example/");
    world.honest(20 * MILLISECOND, HOUR);
    let (live, forged) = (world.live.clone(), world.question_at(1, &["http://forged.example/"]));
    let attack = tokio::spawn(async move { live.ask(&forged).await });
    settle().await;
    let started = Instant::now();
    assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Good);
    assert!(started.elapsed() < 100 * MILLISECOND, "it must not wait for the forger's responder");
    attack.await.unwrap().unwrap_err();

    let forged = world.question_at(2, &["http://forged.example/"]);
    world.live.ask(&forged).await.unwrap_err();
    assert_eq!(world.ask(2).await.unwrap().answer.status, CertStatus::Good, "nor be told of its failure");
    // A true answer is true for everybody, though.
    assert_eq!(world.live.ask(&forged).await.unwrap().source, AnswerSource::Cache);
}

#[tokio::test(start_paused = true)]
async fn an_older_answer_never_replaces_a_newer_one() {
    let world = World::new();
    world.fixed(START - HOUR, Some(START + HOUR), CertState::revoked(START - 2 * HOUR, Some(1)));
    assert!(matches!(world.ask(1).await.unwrap().answer.status, CertStatus::Revoked(_)));
    // The attacker replays what was signed before the revocation and is good for longer.
    world.fixed(START - 10 * HOUR, Some(START + 100 * HOUR), CertState::Good);
    advance(SECOND * (HOUR as u32 + 1)).await;
    let error = world.ask(1).await.unwrap_err();
    assert_eq!((error.code(), error.detail()), ("ocsp_refused", "replayed"), "{error}");
    let known = world.live.last_known(&world.question(1)).unwrap();
    assert!(matches!(known.answer.status, CertStatus::Revoked(_)), "what was revoked is still known to be");
    // A newer one is welcome.
    world.fixed(START + HOUR, Some(START + 2 * HOUR), CertState::Good);
    advance(61 * SECOND).await;
    assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Good);
    // Nobody saw a newer one of this certificate, so the old one counts: it is within its dates.
    world.fixed(START - 10 * HOUR, Some(START + 100 * HOUR), CertState::Good);
    assert_eq!(world.ask(2).await.unwrap().answer.status, CertStatus::Good);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_was_unknown_may_become_known_by_an_answer_signed_in_advance() {
    let world = World::new();
    world.fixed(START, Some(START + HOUR), CertState::Unknown);
    assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Unknown);
    world.fixed(START - HOUR, Some(START + HOUR), CertState::Good);
    advance(300 * SECOND).await;
    assert_eq!(world.ask(1).await.unwrap().answer.status, CertStatus::Good);
    // Not the other way round.
    world.fixed(START - 2 * HOUR, Some(START + 9 * HOUR), CertState::Unknown);
    advance(SECOND * HOUR as u32).await;
    assert_eq!(world.ask(1).await.unwrap_err().detail(), "replayed");
}

#[tokio::test(start_paused = true)]
async fn settings_that_mean_for_ever_are_taken_as_such() {
    let mut settings = LiveSettings { budget: Duration::MAX, ..LiveSettings::default() };
    settings.failures.unavailable = Duration::MAX;
    settings.breaker.first_pause = Duration::MAX;
    settings.breaker.longest_pause = Duration::MAX;
    let world = World::with(settings);
    for serial in [1, 1, 2, 3, 4, 5, 6] {
        assert_eq!(world.ask(serial).await.unwrap_err().code(), "ocsp_unavailable");
    }
    assert_eq!(world.network.count(), 5);
}

#[tokio::test(start_paused = true)]
async fn nonces_differ_and_must_come_back_if_that_is_wanted() {
    let strict = ResponsePolicy { nonce: NoncePolicy::Required, ..ResponsePolicy::default() };
    let settings = LiveSettings { nonce: NonceUse::Always, response: strict, ..LiveSettings::default() };
    let world = World::with(settings);
    world.honest(Duration::ZERO, HOUR);
    for serial in 0..10 {
        assert_eq!(world.ask(serial).await.unwrap().answer.status, CertStatus::Good);
    }
    let nonce = |request: &[u8]| OcspRequest::read(request).unwrap().nonce.unwrap();
    let nonces: HashSet<_> = world.network.requests().iter().map(|one| nonce(&one.request)).collect();
    assert_eq!(nonces.len(), 10);
    for (sends, detail) in [(None, "nonce_missing"), (Some(vec![7; 32]), "nonce_mismatch")] {
        let world = World::with(LiveSettings {
            nonce: NonceUse::Always,
            response: strict,
            ..LiveSettings::default()
        });
        let ca = Arc::clone(&world.ca);
        world.network.responder(URL, Duration::ZERO, move |request| {
            let mut request = OcspRequest::read(&request.request).unwrap();
            request.nonce.clone_from(&sends);
            let response = OcspResponse::by_key(&ca.key);
            let response = response.answering(&request, START, Some(START + HOUR), |_| CertState::Good);
            Reaction::Send(response.build(&ca.key))
        });
        assert_eq!(world.ask(1).await.unwrap_err().detail(), detail);
    }
}

#[tokio::test(start_paused = true)]
async fn the_state_of_a_delegate_is_asked_of_the_caller() {
    for (status, accepted) in [(DelegateStatus::Good, true), (DelegateStatus::Revoked, false)] {
        let parts = LiveParts { delegate: Arc::new(move |_| status), ..LiveParts::default() };
        let world = World::with_parts(LiveSettings::default(), parts);
        let key = Key::new(KeyKind::P256);
        let delegate = world.ca.ocsp_delegate(&[5], &Name::new("Responder"), &key).build(&world.ca);
        world.network.responder(URL, Duration::ZERO, move |request| {
            let request = OcspRequest::read(&request.request).unwrap();
            let response = OcspResponse::by_key(&key).certificate(&delegate);
            let response = response.answering(&request, START, Some(START + HOUR), |_| CertState::Good);
            Reaction::Send(response.build(&key))
        });
        match world.ask(1).await {
            Ok(answer) => assert!(accepted && answer.answer.status == CertStatus::Good),
            Err(error) => assert!(!accepted && error.detail() == "delegate_revoked", "{error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_under_way_are_limited_in_total_and_per_responder() {
    let count = |number| NonZeroUsize::new(number).unwrap();
    let upstream = UpstreamSettings {
        total: count(10),
        per_responder: count(4),
        questions: count(100),
        waiting_per_responder: 30,
        ..UpstreamSettings::default()
    };
    let world = World::with(LiveSettings { upstream, ..LiveSettings::default() });
    world.honest(100 * MILLISECOND, HOUR);
    let ask_all = async |serials: std::ops::Range<u32>, urls: &[&str]| {
        let mut all = JoinSet::new();
        for serial in serials {
            let (live, question) =
                (world.live.clone(), world.question_at(serial, &[urls[serial as usize % urls.len()]]));
            all.spawn(async move { live.ask(&question).await.map(drop) });
        }
        all.join_all().await
    };
    let outcomes = ask_all(0..34, &[URL]).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(world.network.most_under_way(), 4);
    // One too many to wait at this responder, and it fails at once.
    let outcomes = ask_all(100..160, &[URL]).await;
    let busy = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).map(LiveError::detail);
    assert_eq!(busy.collect::<Vec<_>>(), vec!["busy"; 26]);

    let urls: Vec<String> = (0..5).map(|number| format!("http://ocsp{number}.example/")).collect();
    for url in &urls {
        let (ca, clock) = (Arc::clone(&world.ca), world.clock.clone());
        world.network.responder(url, 100 * MILLISECOND, move |request| {
            let now = revocache::types::Clock::now(&clock).seconds();
            Reaction::Send(signed(&ca, request, now, Some(now + HOUR), |_| CertState::Good))
        });
    }
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let outcomes = ask_all(1_000..1_101, &urls).await;
    let failed: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!(failed, [LiveError::Overloaded { limit: 100 }]);
    assert_eq!(failed[0].code(), "ocsp_unavailable");
    assert_eq!(world.network.most_under_way(), 10);
}

#[tokio::test(start_paused = true)]
async fn without_a_responder_there_is_nobody_to_ask() {
    let world = World::new();
    let error = world.live.ask(&world.question_at(1, &[])).await.unwrap_err();
    assert_eq!(error, LiveError::NoResponder);
    assert_eq!((error.code(), error.url()), ("no_responder", None));
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_promises_too_much_or_too_little_is_kept_for_a_sensible_time() {
    let cache = CacheSettings { longest: Seconds(1_000), ..CacheSettings::default() };
    let world = World::with(LiveSettings { cache, ..LiveSettings::default() });
    world.fixed(START, Some(START + 1_000_000), CertState::Good);
    world.ask(1).await.unwrap();
    advance(999 * SECOND).await;
    world.ask(1).await.unwrap();
    assert_eq!(world.network.count(), 1);
    advance(SECOND).await;
    world.ask(1).await.unwrap();
    assert_eq!(world.network.count(), 2);

    // It ended a minute ago, which the skew allows. Not every single question may go out because of that.
    let world = World::new();
    world.fixed(START - HOUR, Some(START - 60), CertState::Good);
    for _ in 0..100 {
        world.ask(1).await.unwrap();
    }
    assert_eq!(world.network.count(), 1);
    advance(11 * SECOND).await;
    world.ask(1).await.unwrap();
    assert_eq!(world.network.count(), 2);
}
