//! The cache of answers: its bounds against a plain model, and its life over a restart.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod live_support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use live_support::*;
use proptest::prelude::*;
use revocache::live::{
    AnswerSource, CacheFileError, CacheSettings, Live, LiveAnswer, LiveParts, LiveSettings, LoadReport,
};
use revocache::ocsp::CertStatus;
use revocache_testkit::{Authority, CertState, Extension, KeyKind, OcspRequest, OcspResponse};
use tokio::time::{advance, sleep};

const SECOND: Duration = Duration::from_secs(1);
/// What an entry counts for beside its response, with serials of five octets.
const OVERHEAD: usize = 512 + 2 * 5;

/// The cache as anybody would write it: the least recently used first.
#[derive(Default)]
struct Model {
    entries: Vec<(u32, usize)>,
    max_entries: usize,
    max_octets: usize,
}

impl Model {
    fn ask(&mut self, serial: u32, response: usize) -> AnswerSource {
        if let Some(position) = self.entries.iter().position(|(known, _)| *known == serial) {
            let entry = self.entries.remove(position);
            self.entries.push(entry);
            return AnswerSource::Cache;
        }
        if response + OVERHEAD <= self.max_octets {
            self.entries.push((serial, response + OVERHEAD));
            while self.entries.len() > self.max_entries || self.octets() > self.max_octets {
                self.entries.remove(0);
            }
        }
        AnswerSource::Responder
    }

    fn octets(&self) -> usize {
        self.entries.iter().map(|(_, octets)| octets).sum()
    }
}

/// Responses of different sizes: the serial decides how much is padded.
fn padded(ca: &Authority, request: &OcspRequest) -> Vec<u8> {
    let serial = request.cert_ids[0].serial.last().copied().unwrap();
    let padding = Extension::new("1.3.6.1.4.1.55555.1", &vec![0; usize::from(serial % 5) * 300]);
    let response = OcspResponse::by_key(&ca.key).extension(padding);
    response.answering(request, START, Some(START + HOUR), |_| CertState::Good).build(&ca.key)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(64) })]

    #[test]
    fn the_bounds_hold_and_the_least_recently_used_goes(
        max_entries in 1_usize..8,
        max_octets in 500_usize..8_000,
        questions in proptest::collection::vec(0_u32..12, 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let cache = CacheSettings {
                max_entries: max_entries.try_into().unwrap(),
                max_octets,
                ..CacheSettings::default()
            };
            let world = World::with(LiveSettings { cache, ..LiveSettings::default() });
            let ca = Arc::clone(&world.ca);
            world.network.responder(URL, Duration::ZERO, move |request| {
                Reaction::Send(padded(&ca, &OcspRequest::read(&request.request).unwrap()))
            });
            let mut model = Model { max_entries, max_octets, ..Model::default() };
            for serial in questions {
                let answer = world.ask(serial).await.unwrap();
                // The order is kept to the second.
                advance(SECOND).await;
                prop_assert_eq!(answer.source, model.ask(serial, answer.response.len()));
                let stats = world.live.stats();
                prop_assert_eq!((stats.entries, stats.octets), (model.entries.len(), model.octets()));
                prop_assert!(stats.entries <= max_entries && stats.octets <= max_octets);
            }
            Ok(())
        })?;
    }
}

#[tokio::test(start_paused = true)]
async fn a_large_cache_is_spread_and_its_bounds_hold_in_total() {
    let cache = CacheSettings { max_entries: 4_096.try_into().unwrap(), ..CacheSettings::default() };
    let world = World::with(LiveSettings { cache, ..LiveSettings::default() });
    world.honest(Duration::ZERO, HOUR);
    for serial in 0..4_500 {
        world.ask(serial).await.unwrap();
    }
    let stats = world.live.stats();
    assert!((3_800..=4_096).contains(&stats.entries), "{}", stats.entries);
    assert_eq!(stats.evictions, 4_500 - stats.entries as u64);
}

/// One more process, with the same authority and the same file.
fn restarted(world: &World, file: &Path) -> (TestLive, LoadReport) {
    let parts = LiveParts { cache_file: Some(file.to_owned()), ..LiveParts::default() };
    let live = Live::new(LiveSettings::default(), Network::default(), world.clock.clone(), parts);
    let report = live.load();
    (live, report)
}

fn world_with_file(file: &Path) -> World {
    let parts = LiveParts { cache_file: Some(file.to_owned()), ..LiveParts::default() };
    World::with_parts(LiveSettings::default(), parts)
}

#[tokio::test(start_paused = true)]
async fn answers_survive_a_restart_and_are_verified_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ocsp-cache");
    let world = world_with_file(&file);
    assert!(world.live.load().problem.is_none(), "no file yet is no problem");
    world.fixed(START - HOUR, Some(START + HOUR), CertState::revoked(START - 2 * HOUR, Some(4)));
    let mut first = Vec::new();
    for serial in 0..10 {
        first.push(world.ask(serial).await.unwrap());
    }
    assert_eq!(world.live.save().await.unwrap(), 10);
    assert_eq!(world.live.save().await.unwrap(), 0, "nothing changed since");

    let (live, report) = restarted(&world, &file);
    assert_eq!((report.loaded, report.problem.is_none()), (10, true));
    for (serial, first) in (0..10).zip(&first) {
        // Its network knows no responder: what it answers comes from the file.
        let answer = live.ask(&world.question(serial)).await.unwrap();
        assert_eq!(
            (answer.source, answer.answer, &answer.response),
            (AnswerSource::Cache, first.answer, &first.response)
        );
    }
    assert_eq!(live.stats().upstream_requests, 0);

    // The same name and serials under another key: nothing in the file is about them.
    let impostor = Authority::root("Live CA", KeyKind::P256);
    let impostor =
        revocache::live::Issuer::new(revocache::pki::Certificate::from_der(&impostor.certificate).unwrap());
    let (live, _) = restarted(&world, &file);
    let question = revocache::live::LiveQuestion::new(&impostor, serial_of(1), world.question(1).urls());
    live.ask(&question).await.unwrap_err();

    // When its time is over, an answer from the file is over too.
    let (live, report) = restarted(&world, &file);
    assert_eq!(report.loaded, 10);
    advance(SECOND * (HOUR as u32 + 301)).await;
    live.ask(&world.question(1)).await.unwrap_err();
    let stats = live.stats();
    assert_eq!((stats.refused_from_file, stats.entries), (1, 9));
    // What was not asked for since is carried on; what has ended is left out.
    assert_eq!(live.save().await.unwrap(), 9);
}

#[tokio::test(start_paused = true)]
async fn the_refresher_saves_now_and_then_and_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ocsp-cache");
    let world = world_with_file(&file);
    world.honest(Duration::ZERO, 100 * HOUR);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let live = world.live.clone();
    let refresher = tokio::spawn(async move {
        live.run_refresher(async {
            let _ = stopped.await;
        })
        .await
    });
    world.ask(1).await.unwrap();
    sleep(100 * SECOND).await;
    assert!(!file.exists());
    sleep(250 * SECOND).await;
    assert_eq!(restarted(&world, &file).1.loaded, 1);
    world.ask(2).await.unwrap();
    drop(stop);
    refresher.await.unwrap().unwrap();
    assert_eq!(restarted(&world, &file).1.loaded, 2);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_says_its_answers_came_later_does_not_make_them_last_longer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ocsp-cache");
    let world = world_with_file(&file);
    world.fixed(START - HOUR, Some(START + 1_000 * HOUR), CertState::Good);
    world.ask(1).await.unwrap();
    world.live.save().await.unwrap();
    let mut forged = fs::read(&file).unwrap();
    forged[26..34].copy_from_slice(&i64::MAX.to_le_bytes());
    let body = forged.len() - 4;
    let sum = crc32fast::hash(&forged[..body]).to_le_bytes();
    forged[body..].copy_from_slice(&sum);
    fs::write(&file, &forged).unwrap();
    let (live, _) = restarted(&world, &file);
    live.ask(&world.question(1)).await.unwrap();
    advance(SECOND * 7 * 86_400).await;
    assert_eq!(live.cached(&world.question(1)), None, "seven days is the longest");
}

#[tokio::test(start_paused = true)]
async fn a_forger_who_asks_first_after_a_restart_does_not_decide_who_is_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ocsp-cache");
    let world = world_with_file(&file);
    world.honest(Duration::ZERO, HOUR);
    world.ask(1).await.unwrap();
    world.live.save().await.unwrap();
    let parts = LiveParts { cache_file: Some(file), ..LiveParts::default() };
    let live = Live::new(LiveSettings::default(), world.network.clone(), world.clock.clone(), parts);
    assert_eq!(live.load().loaded, 1);
    let refresher = live.clone();
    tokio::spawn(async move { refresher.run_refresher(std::future::pending()).await });
    live.ask(&world.question_at(1, &["http://forged.example/"])).await.unwrap();
    for _ in 0..HOUR {
        sleep(SECOND).await;
        live.ask(&world.question(1)).await.unwrap();
    }
    let asked = world.network.asked();
    assert_eq!(asked, [URL, "http://forged.example/", URL]);
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_written_is_reported_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let world = world_with_file(&folder.path().join("missing/ocsp-cache"));
    world.honest(Duration::ZERO, HOUR);
    world.ask(1).await.unwrap();
    let error = world.live.save().await.unwrap_err();
    assert!(error.to_string().contains("missing/ocsp-cache"), "{error}");
    assert_eq!(world.live.stats().failed_saves, 1);
    fs::create_dir(folder.path().join("missing")).unwrap();
    assert_eq!(world.live.save().await.unwrap(), 1, "tried again although nothing changed since");
    // A folder in its place cannot be read, which does not keep anybody from starting.
    let world = world_with_file(folder.path());
    assert!(matches!(world.live.load().problem, Some(CacheFileError::Io { .. })));
}

/// Every answer is the true one, whatever the file was.
async fn assert_true_or_none(world: &World, file: &Path, truth: &LiveAnswer, what: &str) -> bool {
    let (live, report) = restarted(world, file);
    match live.ask(&world.question(1)).await {
        Ok(answer) => {
            assert_eq!(answer.source, AnswerSource::Cache, "{what}");
            assert_eq!(answer.answer, truth.answer, "{what}");
            true
        }
        Err(error) => {
            assert_eq!(error.detail(), "host_not_found", "{what}: {error}");
            assert!(
                report.problem.is_some() || live.stats().refused_from_file == 1 || report.loaded == 1,
                "{what}"
            );
            false
        }
    }
}

#[tokio::test(start_paused = true)]
async fn no_damage_to_the_file_ever_gives_an_answer_that_does_not_verify() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ocsp-cache");
    let world = world_with_file(&file);
    world.fixed(START - HOUR, Some(START + HOUR), CertState::revoked(START - 2 * HOUR, Some(4)));
    let truth = world.ask(1).await.unwrap();
    assert!(matches!(truth.answer.status, CertStatus::Revoked(_)));
    world.live.save().await.unwrap();
    let whole = fs::read(&file).unwrap();
    assert!(assert_true_or_none(&world, &file, &truth, "undamaged").await);

    // When it came is not signed, and only decides how long it is kept within its dates; the last four are the sum.
    let unsigned = |position| (26..34).contains(&position) || position >= whole.len() - 4;
    let mut forgeries = 0;
    for position in 0..whole.len() {
        fs::write(&file, &whole[..position]).unwrap();
        assert!(!assert_true_or_none(&world, &file, &truth, &format!("cut off at {position}")).await);
        for flip in [0x01, 0xff] {
            let mut damaged = whole.clone();
            damaged[position] ^= flip;
            fs::write(&file, &damaged).unwrap();
            let what = format!("octet {position} ^ {flip:02x}");
            assert!(!assert_true_or_none(&world, &file, &truth, &what).await, "{what}");
            // The same by somebody who knows how to make the checksum right.
            let body = damaged.len() - 4;
            let sum = crc32fast::hash(&damaged[..body]).to_le_bytes();
            damaged[body..].copy_from_slice(&sum);
            fs::write(&file, &damaged).unwrap();
            let answered = assert_true_or_none(&world, &file, &truth, &format!("forged {what}")).await;
            assert!(!answered || unsigned(position), "{what}");
            forgeries += 1;
        }
    }
    println!("{} octets, {forgeries} forgeries with a right checksum", whole.len());

    for foreign in [&b""[..], b"\x89rvocsp\n", &[0; 4096], b"not a cache"] {
        fs::write(&file, foreign).unwrap();
        let (_, report) = restarted(&world, &file);
        let problem = report.problem.unwrap().to_string();
        assert!(problem.contains("ocsp-cache"), "{problem}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_response_put_into_the_file_for_another_serial_or_authority_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("ocsp-cache");
    let world = world_with_file(&file);
    world.fixed(START - HOUR, Some(START + HOUR), CertState::Good);
    world.ask(2).await.unwrap();
    world.live.save().await.unwrap();
    // "Good" for serial 2, relabelled as the answer for serial 1.
    let mut forged = fs::read(&file).unwrap();
    let (from, to) = (serial_of(2), serial_of(1));
    let place = forged.windows(5).position(|window| window == from.octets()).unwrap();
    forged[place..place + 5].copy_from_slice(to.octets());
    let body = forged.len() - 4;
    let sum = crc32fast::hash(&forged[..body]).to_le_bytes();
    forged[body..].copy_from_slice(&sum);
    fs::write(&file, &forged).unwrap();
    let (live, report) = restarted(&world, &file);
    assert_eq!((report.loaded, report.problem.is_none()), (1, true));
    assert_eq!(live.ask(&world.question(1)).await.unwrap_err().detail(), "host_not_found");
    assert_eq!(live.stats().refused_from_file, 1);
}
