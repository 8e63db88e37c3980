//! Builds that die: by SIGKILL at any moment, by a full disk, by a folder that cannot be written.
//!
//! The promise under test: whatever happens to a publisher, readers keep getting right answers from a whole
//! generation, and the next publisher carries on.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::fs;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::disk::SmallDisk;
use common::{program, revocache, with_paths};
use revocache::pki::Certificate;
use revocache::policy::{Policy, check_serial, resolve_issuer};
use revocache::publish::{IndexFolder, IndexReader, MappedIndex};
use revocache::types::{Serial, Status, UnixTime};
use revocache_testkit::{Authority, Entry, KeyKind, Random};

const KILLS: u64 = 100;
const AT: &str = "2025-02-15T00:00:00Z";
/// Entries that every list has, so that a build takes long enough to be interrupted in the middle.
const BALLAST: u64 = 20_000;

/// The list number `number`: the ballast, and the serials 1 to `number`. So a generation's own CRL number tells
/// which serials it must list and which it must not.
fn list(ca: &Authority, ballast: &[Vec<u8>], number: u64) -> Vec<u8> {
    let counted = (1..=number).map(|serial| Entry::new(Serial::from_u64(serial).octets()).reason(4));
    let ballast = ballast.iter().map(|serial| Entry::new(serial));
    ca.crl()
        .number(number)
        .updates(1_738_368_000 + i64::try_from(number).unwrap(), Some(1_740_787_200))
        .entries(ballast.chain(counted))
        .build(&ca.key)
}

fn number_of(index: &MappedIndex) -> u64 {
    let (_, crl) = index.crls().next().expect("every generation has its list");
    let magnitude = crl.crl_number.expect("the lists are numbered");
    magnitude.magnitude().iter().fold(0, |number, octet| number << 8 | u64::from(*octet))
}

/// Asks a generation about serials around the border of what it lists.
fn assert_right_answers(index: &MappedIndex, issuer: &Certificate, ballast: &[Vec<u8>]) -> u64 {
    let at = UnixTime::parse_rfc3339(AT).unwrap();
    let authority = resolve_issuer(index, issuer);
    let number = number_of(index);
    let is_revoked = |serial: &Serial| {
        let verdict = check_serial(index, authority, serial.as_ref(), at, &Policy::default()).unwrap();
        assert!(!matches!(verdict.status, Status::Unknown(_)), "{verdict:?}");
        matches!(verdict.status, Status::Revoked(_))
    };
    for serial in [1, number / 2 + 1, number] {
        assert!(
            is_revoked(&Serial::from_u64(serial)),
            "generation with list {number} misses serial {serial}"
        );
    }
    for serial in [number + 1, number + 1000] {
        assert!(
            !is_revoked(&Serial::from_u64(serial)),
            "generation with list {number} lists serial {serial}"
        );
    }
    let some = &ballast[usize::try_from(number * 131).unwrap() % ballast.len()];
    assert!(is_revoked(&Serial::new(some).unwrap()));
    number
}

#[test]
fn a_build_killed_at_any_moment_leaves_a_whole_generation() {
    let folder = tempfile::tempdir().unwrap();
    let index = folder.path().join("index");
    let ca = Authority::root("Crashing CA", KeyKind::P256);
    let issuer = Certificate::from_der(&ca.certificate).unwrap();
    let mut random = Random::new(20_251_121);
    let ballast: Vec<Vec<u8>> = (0..BALLAST).map(|_| [vec![0x10], random.octets(15)].concat()).collect();
    let (ca_file, crl_file) = (folder.path().join("ca.cer"), folder.path().join("list.crl"));
    fs::write(&ca_file, &ca.certificate).unwrap();
    let arguments = with_paths(
        &format!("build --at {AT}"),
        &[("--index", &index), ("--issuer", &ca_file), ("--crl", &crl_file)],
    );

    fs::write(&crl_file, list(&ca, &ballast, 1)).unwrap();
    let started = Instant::now();
    assert_eq!(revocache(&arguments).code, Some(0));
    // Kills come up to this long after the start. It is adjusted on the way, so that about half come in time: how
    // long a build takes depends on what else the machine does.
    let mut window = started.elapsed();

    let stop = AtomicBool::new(false);
    let (answers, generations) = (AtomicU64::new(0), AtomicU64::new(0));
    let mut killed_before_publishing = 0;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let reader = IndexReader::open(IndexFolder::new(&index)).unwrap();
            let mut last = 0;
            while !stop.load(Ordering::Relaxed) {
                let snapshot = reader.refreshed().unwrap();
                let number = assert_right_answers(&snapshot, &issuer, &ballast);
                assert!(number >= last, "a reader went back from list {last} to {number}");
                generations.fetch_add(u64::from(number != last), Ordering::Relaxed);
                last = number;
                answers.fetch_add(1, Ordering::Relaxed);
            }
        });
        // The reader must stop, and the test fail, if anything below panics.
        let _stop = StopOnDrop(&stop);
        for round in 2..KILLS + 2 {
            let before = number_of(&IndexReader::open(IndexFolder::new(&index)).unwrap().current());
            fs::write(&crl_file, list(&ca, &ballast, round)).unwrap();
            let mut build =
                program().args(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            std::thread::sleep(
                window.mul_f64(f64::from(u32::try_from(random.below(1000)).unwrap()) / 1000.0),
            );
            build.kill().unwrap();
            build.wait().unwrap();
            let snapshot = IndexReader::open(IndexFolder::new(&index)).unwrap().current();
            snapshot.verify().unwrap();
            let after = assert_right_answers(&snapshot, &issuer, &ballast);
            assert!(
                after == before || after == round,
                "list {after} after killing the build of {round} over {before}"
            );
            killed_before_publishing += u64::from(after == before);
            window = window.mul_f64(if after == before { 1.1 } else { 0.9 });
        }
    });
    assert!(
        (1..KILLS).contains(&killed_before_publishing),
        "all {killed_before_publishing} kills came too late or too early to prove anything"
    );
    println!(
        "{KILLS} kills, {killed_before_publishing} before the publication; {} rounds of right answers over {} generations",
        answers.load(Ordering::Relaxed),
        generations.load(Ordering::Relaxed)
    );

    // The next build carries on, and what the dead ones left is gone.
    fs::write(&crl_file, list(&ca, &ballast, KILLS + 2)).unwrap();
    assert_eq!(revocache(&arguments).code, Some(0));
    let names: Vec<String> = fs::read_dir(&index)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(!names.iter().any(|name| name.ends_with(".tmp")), "{names:?}");
    assert!(names.iter().filter(|name| name.ends_with(".rvx")).count() <= 3, "{names:?}");
}

struct StopOnDrop<'a>(&'a AtomicBool);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_reader_sees_a_publication_within_milliseconds() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Authority::root("Quick CA", KeyKind::P256));
    let index = folder.path().join("index");
    let (ca_file, crl_file) = (folder.path().join("ca.cer"), folder.path().join("list.crl"));
    fs::write(&ca_file, &ca.certificate).unwrap();
    let arguments = with_paths(
        &format!("build --at {AT}"),
        &[("--index", &index), ("--issuer", &ca_file), ("--crl", &crl_file)],
    );
    fs::write(&crl_file, list(&ca, &[vec![0x70; 16]], 1)).unwrap();
    assert_eq!(revocache(&arguments).code, Some(0));
    let reader = IndexReader::open(IndexFolder::new(&index)).unwrap();
    let held = reader.current();
    fs::write(&crl_file, list(&ca, &[vec![0x70; 16]], 2)).unwrap();
    assert!(!reader.is_outdated());
    assert_eq!(revocache(&arguments).code, Some(0));
    let published = Instant::now();
    assert!(reader.is_outdated(), "one load tells");
    assert_eq!(number_of(&reader.refreshed().unwrap()), 2);
    assert!(published.elapsed() < Duration::from_millis(10), "{:?}", published.elapsed());
    assert_eq!(number_of(&held), 1, "who holds an old generation keeps it");
}

#[test]
fn a_full_or_read_only_disk_leaves_the_previous_generation() {
    let Some(disk) = SmallDisk::new("1m") else { return };
    let (outside, ca) = (tempfile::tempdir().unwrap(), Authority::root("Cramped CA", KeyKind::P256));
    let index = disk.path().join("index");
    let (ca_file, crl_file) = (outside.path().join("ca.cer"), outside.path().join("list.crl"));
    fs::write(&ca_file, &ca.certificate).unwrap();
    let arguments = with_paths(
        &format!("build --at {AT}"),
        &[("--index", &index), ("--issuer", &ca_file), ("--crl", &crl_file)],
    );
    let issuer = Certificate::from_der(&ca.certificate).unwrap();
    let small: Vec<Vec<u8>> = vec![vec![0x70; 16]];
    fs::write(&crl_file, list(&ca, &small, 1)).unwrap();
    assert_eq!(revocache(&arguments).code, Some(0));

    let mut random = Random::new(1);
    let large: Vec<Vec<u8>> = (0..60_000).map(|_| [vec![0x10], random.octets(15)].concat()).collect();
    fs::write(&crl_file, list(&ca, &large, 2)).unwrap();
    let ran = revocache(&arguments);
    assert_eq!(ran.code, Some(74), "{ran:?}");
    assert!(ran.stderr.contains("cannot write"), "{}", ran.stderr);
    let still = || {
        assert_right_answers(&IndexReader::open(IndexFolder::new(&index)).unwrap().current(), &issuer, &small)
    };
    assert_eq!(still(), 1);
    assert!(!index.join("index.tmp").exists(), "a full disk gets its space back");

    disk.remount("ro");
    let ran = revocache(&arguments);
    assert_eq!(ran.code, Some(74), "{ran:?}");
    assert_eq!(still(), 1, "and a reader needs no right to write");

    disk.remount("rw,size=64m");
    assert_eq!(revocache(&arguments).code, Some(0));
    assert_eq!(
        assert_right_answers(
            &IndexReader::open(IndexFolder::new(&index)).unwrap().current(),
            &issuer,
            &large
        ),
        2
    );
}

/// Flips one bit, or cuts, or replaces, and tells what the program makes of it.
#[test]
fn a_damaged_index_is_an_error_or_still_right_and_never_a_wrong_good() {
    let (folder, ca) = (tempfile::tempdir().unwrap(), Authority::root("Damaged CA", KeyKind::P256));
    let index = folder.path().join("index");
    let (ca_file, crl_file) = (folder.path().join("ca.cer"), folder.path().join("list.crl"));
    fs::write(&ca_file, &ca.certificate).unwrap();
    let mut random = Random::new(7);
    let ballast: Vec<Vec<u8>> = (0..2000).map(|_| [vec![0x10], random.octets(15)].concat()).collect();
    fs::write(&crl_file, list(&ca, &ballast, 3)).unwrap();
    let build = with_paths(
        &format!("build --at {AT}"),
        &[("--index", &index), ("--issuer", &ca_file), ("--crl", &crl_file)],
    );
    assert_eq!(revocache(&build).code, Some(0));
    let file: PathBuf = IndexFolder::new(&index).index_path(revocache::publish::Generation(1));
    let whole = fs::read(&file).unwrap();
    let serial = Serial::new(&ballast[11]).unwrap().to_string();
    let mut check =
        with_paths(&format!("check --json --at {AT}"), &[("--index", &index), ("--issuer", &ca_file)]);
    check.extend(["--serial".into(), serial.into()]);
    let verify = with_paths("verify", &[("--index", &index)]);
    assert_eq!((revocache(&check).code, revocache(&verify).code), (Some(1), Some(0)));

    // The file must change under a new name: nothing may be written to one that is mapped.
    let replace = |content: &[u8]| {
        let beside = folder.path().join("changed");
        fs::write(&beside, content).unwrap();
        fs::rename(&beside, &file).unwrap();
    };
    let mut noticed = 0;
    for _ in 0..60 {
        let mut flipped = whole.clone();
        let octet = usize::try_from(random.below(u64::try_from(whole.len()).unwrap())).unwrap();
        flipped[octet] ^= 1 << random.below(8);
        replace(&flipped);
        let asked = revocache(&check).code;
        assert!(asked == Some(1) || asked == Some(65), "octet {octet}: exit code {asked:?}");
        assert_eq!(revocache(&verify).code, Some(65), "octet {octet}: verify sees every flipped bit");
        noticed += u32::from(asked == Some(65));
    }
    assert!(noticed > 0, "no flip was where the lookup went");
    for length in [0, 1, 63, 64, 4096, whole.len() / 2, whole.len() - 1] {
        replace(&whole[..length]);
        assert_ne!(revocache(&verify).code, Some(0), "cut to {length}");
        let code = revocache(&check).code;
        assert!(code == Some(65) || code == Some(74), "cut to {length}: exit code {code:?}");
    }
    replace(b"#!/bin/sh\necho an index of another kind, long enough to have a header of some sort in it\n");
    let ran = revocache(&verify);
    assert_eq!(ran.code, Some(65), "{ran:?}");

    // A damaged index is no reason to forget its high-water marks silently.
    assert_eq!(revocache(&build).code, Some(65));
    replace(&whole);
    fs::remove_file(index.join("control")).unwrap();
    assert_eq!(revocache(&check).code, Some(1), "without a control page the newest whole generation answers");
}
