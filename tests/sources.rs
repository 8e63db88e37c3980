//! Sources kept fresh, over a simulated network and under simulated time.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod sources_support;

use std::fs;
use std::time::Duration;

use revocache::ingest::source::{AuthorityPartitions, Offer, Origin, Place, Schedule};
use revocache::pki::Certificate;
use revocache_testkit::{Authority, DistributionPoint, Entry, IssuingDistributionPoint, KeyKind};
use sources_support::{HOUR, Reply, START, World, is_listed, list, mirrors, spec, spec_with};

const URL: &str = "http://crl.example.com/ca.crl";

/// What clients see while a server does everything a server can do.
#[tokio::test(start_paused = true)]
async fn the_last_good_list_stays_whatever_a_server_sends() {
    let world = World::new();
    let ca = &world.ca;
    let one = list(ca, 1, HOUR * 48);
    world.serve(URL, Reply::body(&one).etag("\"1\""));
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let handle = sources.handle();
    let generation = handle.reader().refreshed().unwrap().generation();
    assert!(is_listed(&handle, ca, 1) && !is_listed(&handle, ca, 2));

    let mut broken = list(ca, 2, HOUR * 48);
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let stranger = Authority::root("Stranger CA", KeyKind::P256);
    let older = ca.crl().number(0).updates(START - 7200, Some(START + 7200)).build(&ca.key);
    let steps = [
        ("unchanged", Reply::not_modified()),
        ("unchanged", Reply::body(&one).etag("\"other\"")),
        ("web_page", Reply::body(b"<!DOCTYPE html><title>Sign in</title>")),
        ("malformed", Reply::body(b"")),
        ("malformed", Reply::body(&one[..one.len() / 2])),
        ("rollback", Reply::body(&older)),
        ("bad_signature", Reply::body(&broken)),
        ("unknown_issuer", Reply::body(&list(&stranger, 9, HOUR * 48))),
        ("connect_failed", Reply::failure("connect_failed")),
    ];
    for (code, reply) in steps {
        world.serve(URL, reply);
        let before = world.status(&handle, "ca");
        tokio::time::sleep(Duration::from_secs(3700)).await;
        let status = world.status(&handle, "ca");
        let count = |status: &revocache::ingest::source::SourceStatus| {
            status.outcomes.get(code).copied().unwrap_or(0)
        };
        assert!(count(&status) > count(&before), "{code}: {status:?}");
        assert_eq!(status.lists.len(), 1, "{code}");
        assert_eq!(status.problem.as_ref().map(|it| it.code), (code != "unchanged").then_some(code));
        assert_eq!(handle.reader().refreshed().unwrap().generation(), generation, "{code}");
        assert!(is_listed(&handle, ca, 1) && !is_listed(&handle, ca, 2), "{code}");
    }
    let rollbacks = world.metric(&handle, "revocache_source_rollbacks", "ca");
    assert!(rollbacks >= 1.0, "{rollbacks}");

    world.serve(URL, Reply::body(&list(ca, 2, HOUR * 48)).etag("\"2\""));
    tokio::time::sleep(Duration::from_secs(3700)).await;
    assert!(is_listed(&handle, ca, 2));
    assert_eq!(world.status(&handle, "ca").failures, 0);
    assert_eq!(handle.reader().refreshed().unwrap().generation(), generation + 1);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn looks_come_at_half_of_what_is_left_and_failures_back_off() {
    let world = World::new();
    world.serve(URL, Reply::body(&list(&world.ca, 1, 8000)));
    let schedule = Schedule::new(Duration::from_secs(60), Duration::from_secs(3000));
    let mut sources = world.start(vec![spec_with("ca", Place::mirrors(&[URL]).unwrap(), schedule)]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    tokio::time::sleep(Duration::from_secs(7000)).await;
    // 8000 s are left: the maximum, then half of 5000, of 2500, of 1250, …
    let waits = world.waits(URL);
    let expected = [3000, 2500, 1250];
    for (wait, expected) in waits.iter().zip(expected) {
        assert!(wait.abs_diff(expected) <= 3, "{waits:?}");
    }
    world.serve(URL, Reply::failure("timeout"));
    tokio::time::sleep(Duration::from_secs(60_000)).await;
    let waits = world.waits(URL);
    let longest = waits.iter().max().unwrap();
    assert!(*longest <= 3001, "{waits:?}");
    let tail = &waits[waits.len() - 3..];
    assert!(tail.iter().all(|wait| wait.abs_diff(3000) <= 2), "{waits:?}");
    assert!(waits.windows(2).any(|pair| pair[1].abs_diff(2 * pair[0]) <= 2 && pair[0] >= 60), "{waits:?}");
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_next_mirror_is_asked_when_one_is_behind_or_gone() {
    let world = World::new();
    let (first, second, third) = ("http://a.example.com/", "http://b.example.com/", "http://c.example.com/");
    let (one, two) = (list(&world.ca, 1, HOUR * 48), list(&world.ca, 2, HOUR * 48));
    world.serve(first, Reply::failure("connect_failed"));
    world.serve(second, Reply::body(&two));
    world.serve(third, Reply::body(&one));
    let mut sources = world.start(vec![mirrors("ca", &[first, second, third])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let handle = sources.handle();
    assert!(is_listed(&handle, &world.ca, 2));
    assert_eq!(world.queries(third).len(), 0, "the second had it");

    // A mirror that is behind is told, and the one after it is asked.
    world.serve(first, Reply::body(&one));
    tokio::time::sleep(Duration::from_secs(4000)).await;
    let status = world.status(&handle, "ca");
    assert_eq!(status.problem.unwrap().code, "rollback");
    assert_eq!(status.mirrors[0].last, Some("rollback"));
    assert_eq!(status.mirrors[1].last, Some("unchanged"));
    assert_eq!(status.failures, 0, "the source as a whole is fine");

    // All have the same old list after its end: every one is asked.
    for url in [first, second, third] {
        world.serve(url, Reply::body(&two));
    }
    tokio::time::sleep(Duration::from_secs(49 * 3600)).await;
    let before = world.queries(third).len();
    tokio::time::sleep(Duration::from_secs(2 * 3600)).await;
    assert!(world.queries(third).len() > before);
    assert!((world.metric(&handle, "revocache_crl_stale", "") - 1.0).abs() < f64::EPSILON);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_source_that_hangs_holds_up_no_other() {
    let world = World::new();
    world.serve(URL, Reply::body(&list(&world.ca, 1, HOUR * 48)));
    world.serve("http://hangs.example.com/", Reply::hangs());
    let specs = vec![mirrors("hangs", &["http://hangs.example.com/"]), mirrors("ca", &[URL])];
    let mut sources = world.start(specs).await;
    assert!(!sources.first_looks(Duration::from_secs(60)).await);
    let handle = sources.handle();
    assert!(is_listed(&handle, &world.ca, 1));
    world.serve(URL, Reply::body(&list(&world.ca, 2, HOUR * 48)));
    let report = handle.refresh_now(Duration::from_secs(10)).await;
    assert_eq!((report.sources.len(), report.unfinished), (1, 1));
    assert_eq!(report.sources[0].outcome, "accepted");
    assert!(is_listed(&handle, &world.ca, 2));
    for round in 0..20 {
        let report = handle.refresh_now(Duration::from_secs(2)).await;
        assert_eq!((report.sources.len(), report.unfinished), (1, 1), "round {round}");
    }
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_emergency_refresh_goes_past_caches_and_back_off() {
    let world = World::new();
    world.serve(URL, Reply::failure("timeout"));
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    sources.first_looks(Duration::from_secs(60)).await;
    world.serve(URL, Reply::body(&list(&world.ca, 1, HOUR * 48)));
    let handle = sources.handle();
    let started = tokio::time::Instant::now();
    let report = handle.refresh_now(Duration::from_secs(10)).await;
    assert!(started.elapsed() < Duration::from_secs(2));
    assert_eq!((report.sources[0].outcome, report.generation), ("accepted", report.generation_before + 1));
    assert!(world.queries(URL).last().unwrap().past_caches);
    assert!(is_listed(&handle, &world.ca, 1));
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_arrives_together_is_built_together() {
    let world = World::new();
    let authorities: Vec<Authority> =
        (0..20).map(|number| Authority::root(&format!("CA {number}"), KeyKind::P256)).collect();
    let mut specs = Vec::new();
    for (number, ca) in authorities.iter().enumerate() {
        world.trust(ca);
        let url = format!("http://crl.example.com/{number}");
        world.serve(&url, Reply::body(&list(ca, 1, HOUR * 48)));
        specs.push(mirrors(&format!("ca {number}"), &[&url]));
    }
    let mut sources = world.start(specs).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let status = sources.handle().status();
    assert!(status.builds.published <= 3, "{} builds for 20 lists", status.builds.published);
    assert!(authorities.iter().all(|ca| is_listed(&sources.handle(), ca, 1)));
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_remembers_what_servers_said_while_the_index_has_it() {
    let world = World::new();
    world.serve(URL, Reply::body(&list(&world.ca, 1, HOUR * 48)).etag("\"one\""));
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let generation = sources.handle().status().builds.generation;
    sources.stop().await;

    world.serve(URL, Reply::not_modified());
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    assert_eq!(world.queries(URL).last().unwrap().etag.as_deref(), Some("\"one\""));
    let status = world.status(&sources.handle(), "ca");
    assert_eq!((status.lists.len(), status.problem), (1, None));
    assert_eq!(sources.handle().status().builds.generation, generation);
    sources.stop().await;

    fs::remove_dir_all(world.folder.path().join("index")).unwrap();
    world.serve(URL, Reply::body(&list(&world.ca, 1, HOUR * 48)).etag("\"one\""));
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    assert_eq!(world.queries(URL).last().unwrap().etag, None, "the index does not have it any more");
    assert!(is_listed(&sources.handle(), &world.ca, 1));
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn files_are_followed_and_a_bad_one_changes_nothing() {
    let world = World::new();
    let folder = world.folder.path().join("crls");
    fs::create_dir(&folder).unwrap();
    let other = Authority::root("Other CA", KeyKind::P256);
    world.trust(&other);
    fs::write(folder.join("a.crl"), list(&world.ca, 1, HOUR * 48)).unwrap();
    fs::write(folder.join("b.crl"), "not a CRL").unwrap();
    let place = Place::files(vec![folder.clone()]).unwrap();
    let mut sources = world.start(vec![spec("folder", place)]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let handle = sources.handle();
    assert!(is_listed(&handle, &world.ca, 1));
    let status = world.status(&handle, "folder");
    assert_eq!(status.problem.as_ref().unwrap().code, "malformed");
    assert!(status.problem.unwrap().place.ends_with("b.crl"));

    fs::write(folder.join("b.crl"), list(&other, 1, HOUR * 48)).unwrap();
    fs::write(folder.join(".new"), list(&world.ca, 2, HOUR * 48)).unwrap();
    fs::rename(folder.join(".new"), folder.join("a.crl")).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(is_listed(&handle, &world.ca, 2) && is_listed(&handle, &other, 1));
    assert_eq!(world.status(&handle, "folder").problem, None);
    let generation = handle.status().builds.generation;

    fs::remove_file(folder.join("a.crl")).unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(is_listed(&handle, &world.ca, 2), "a file that is gone takes nothing away");
    assert_eq!(handle.status().builds.generation, generation);
    fs::remove_dir_all(&folder).unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(world.status(&handle, "folder").problem.unwrap().code, "unreadable");
    assert!(is_listed(&handle, &other, 1));
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_new_issuer_gives_refused_lists_another_chance() {
    let world = World::new();
    let late = Authority::root("Late CA", KeyKind::P256);
    world.serve(URL, Reply::body(&list(&late, 1, HOUR * 48)));
    let mut sources = world.start(vec![mirrors("late", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let handle = sources.handle();
    assert_eq!(world.status(&handle, "late").problem.unwrap().code, "unknown_issuer");
    world.trust(&late);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(is_listed(&handle, &late, 1), "{:?}", world.status(&handle, "late"));

    // Certificates that cannot be read any more take nothing away and stop nothing.
    fs::remove_dir_all(world.folder.path().join("issuers")).unwrap();
    world.serve(URL, Reply::body(&list(&late, 2, HOUR * 48)));
    tokio::time::sleep(Duration::from_secs(4000)).await;
    assert!(is_listed(&handle, &late, 2));
    assert!(handle.status().builds.trust_problem.is_some());
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn distribution_points_of_signed_certificates_become_sources() {
    let world = World::new();
    let stranger = Authority::root_with(world.ca.name.clone(), revocache_testkit::Key::new(KeyKind::P256));
    let leaf = |issuer: &Authority, number: u8, url: &str| {
        let point = DistributionPoint::uri(url);
        let builder = issuer.leaf(&[number]).distribution_points(&[point]);
        Certificate::from_der(&builder.build(issuer)).unwrap()
    };
    world.serve(URL, Reply::body(&list(&world.ca, 5, HOUR * 48)));
    world.settings.lock().unwrap().max_found = 2;
    let sources = world.start(Vec::new()).await;
    let handle = sources.handle();
    assert_eq!(handle.offer(&leaf(&stranger, 1, "http://evil.example.com/")), Offer::Queued);
    assert_eq!(handle.offer(&leaf(&world.ca, 2, URL)), Offer::Queued);
    assert_eq!(handle.offer(&leaf(&world.ca, 3, URL)), Offer::Queued);
    assert_eq!(handle.offer(&leaf(&world.ca, 4, "file:///etc/passwd")), Offer::NothingToFetch);
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert!(is_listed(&handle, &world.ca, 5));
    assert_eq!(world.queries("http://evil.example.com/").len(), 0, "nobody known signed that certificate");
    assert_eq!(world.queries(URL).len(), 1);
    assert!(world.queries(URL)[0].is_strangers, "the URL came from a certificate");
    for number in 0..10 {
        handle.offer(&leaf(&world.ca, number, &format!("http://many.example.com/{number}")));
    }
    tokio::time::sleep(Duration::from_secs(10)).await;
    assert_eq!(handle.status().sources.len(), 2, "no more than the cap");
    sources.stop().await;

    // Found sources survive a restart.
    let sources = world.start(Vec::new()).await;
    assert_eq!(sources.handle().status().sources.len(), 2);
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn deltas_that_a_list_names_are_followed() {
    let world = World::new();
    let delta_url = "http://crl.example.com/delta.crl";
    let base = world
        .ca
        .crl()
        .number(10)
        .updates(START - 60, Some(START + HOUR * 48))
        .freshest(&[DistributionPoint::uri(delta_url)])
        .build(&world.ca.key);
    let delta = world
        .ca
        .crl()
        .number(11)
        .delta(10)
        .updates(START - 30, Some(START + HOUR))
        .entry(Entry::new(&[77]))
        .build(&world.ca.key);
    world.serve(URL, Reply::body(&base));
    world.serve(delta_url, Reply::body(&delta));
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let handle = sources.handle();
    assert!(is_listed(&handle, &world.ca, 77));
    let status = world.status(&handle, delta_url);
    assert_eq!((status.origin, status.lists[0].delta), (Origin::FreshestCrl.name(), true));
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_partition_is_told() {
    let world = World::new();
    let uris = ["http://crl.example.com/1.crl", "http://crl.example.com/2.crl"];
    let partition = |uri: &str| {
        let crl = world.ca.crl().number(1).updates(START - 60, Some(START + HOUR * 48));
        crl.scope(&IssuingDistributionPoint::uri(uri)).build(&world.ca.key)
    };
    world.settings.lock().unwrap().partitions = vec![AuthorityPartitions {
        issuer: Certificate::from_der(&world.ca.certificate).unwrap(),
        partitions: uris.map(str::to_owned).to_vec(),
    }];
    world.serve(uris[0], Reply::body(&partition(uris[0])));
    world.serve(uris[1], Reply::failure("timeout"));
    let mut sources = world.start(vec![mirrors("1", &uris[..1]), mirrors("2", &uris[1..])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let handle = sources.handle();
    let missing = handle.status().missing_partitions;
    assert_eq!((missing.len(), missing[0].required), (1, 2));
    assert_eq!(missing[0].missing, [uris[1]]);
    world.serve(uris[1], Reply::body(&partition(uris[1])));
    handle.refresh_now(Duration::from_secs(10)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(handle.status().missing_partitions.is_empty());
    sources.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_configuration_can_change_while_sources_run() {
    let world = World::new();
    let other = Authority::root("Other CA", KeyKind::P256);
    world.trust(&other);
    let other_url = "http://other.example.com/";
    world.serve(URL, Reply::body(&list(&world.ca, 1, HOUR * 48)));
    world.serve(other_url, Reply::body(&list(&other, 1, HOUR * 48)));
    let mut sources = world.start(vec![mirrors("ca", &[URL])]).await;
    assert!(sources.first_looks(Duration::from_secs(60)).await);
    let handle = sources.handle();
    let asked = world.queries(URL).len();
    let settings = world.settings.lock().unwrap().clone();
    handle.reconfigure(settings.clone(), vec![mirrors("ca", &[URL]), mirrors("other", &[other_url])]).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(is_listed(&handle, &other, 1));
    assert_eq!(world.queries(URL).len(), asked, "what is the same goes on undisturbed");
    handle.reconfigure(settings, vec![mirrors("other", &[other_url])]).await;
    tokio::time::sleep(Duration::from_secs(100_000)).await;
    assert_eq!(world.queries(URL).len(), asked);
    assert_eq!(handle.status().sources.len(), 1);
    assert!(is_listed(&handle, &world.ca, 1), "what a source gave stays");
    sources.stop().await;
}
