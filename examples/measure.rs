//! Measures the whole job in one process, to be put beside another program's figures for the same list.
//!
//! ```text
//! measure make ENTRIES DIR     writes DIR/list.crl, ca.der, present.txt and absent.txt
//! measure run DIR              builds DIR/index from them and asks it; prints one JSON line
//! ```
//!
//! `benches/compare_openssl.sh` runs both, and OpenSSL over the same files.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::as_conversions,
    reason = "a measuring program may fail loudly"
)]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Instant;

use revocache::index::Table;
use revocache::ingest::{BuildRequest, Rejections, Rollbacks, Silent, build};
use revocache::pki::{AlgorithmPolicy, Certificate, read_certificates};
use revocache::policy::{AuthorityView, Policy, check_serial, resolve_issuer};
use revocache::publish::{IndexFolder, IndexReader};
use revocache::types::{SerialRef, Status, UnixTime, from_hex};
use revocache_testkit::{Authority, BulkCrl, KeyKind, Random, bulk_crl};

/// About the octets of the buckets of a million entries.
const BUCKETS: usize = 3_556_000;
/// Octets of every serial.
const OCTETS: usize = 16;
/// Questions of each kind; more than fit the caches.
const QUESTIONS: usize = 300_000;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        ["make", entries, directory] => {
            make(entries.parse().expect("a number of entries"), Path::new(directory));
        }
        ["run", directory] => run(Path::new(directory)),
        _ => {
            eprintln!("usage: measure make ENTRIES DIR | measure run DIR");
            std::process::exit(64);
        }
    }
}

fn make(entries: u64, directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let ca = Authority::root("Measured CA", KeyKind::P256);
    let bulk = BulkCrl { entries, serial_octets: OCTETS as u8, reason_share: 70, seed: 1 };
    fs::write(directory.join("list.crl"), bulk_crl(&ca, bulk)).unwrap();
    fs::write(directory.join("ca.der"), &ca.certificate).unwrap();
    // Every so-many-th serial of the list, in random order: uniform over the list.
    let step = entries.div_ceil(QUESTIONS as u64).max(1);
    let mut present: Vec<Vec<u8>> = Vec::new();
    let mut number = 0;
    bulk.serials(|serial| {
        if number % step == 0 {
            present.push(serial.to_vec());
        }
        number += 1;
    });
    let mut random = Random::new(2);
    for place in (1..present.len()).rev() {
        present.swap(place, random.below(place as u64 + 1) as usize);
    }
    let absent: Vec<Vec<u8>> = (0..QUESTIONS)
        .map(|_| {
            let mut serial = random.octets(OCTETS);
            serial[0] = serial[0] & 0x7f | 1;
            serial
        })
        .collect();
    for (name, serials) in [("present.txt", &present), ("absent.txt", &absent)] {
        let mut text = String::new();
        for serial in serials {
            for octet in serial {
                write!(text, "{octet:02X}").unwrap();
            }
            text.push('\n');
        }
        fs::write(directory.join(name), text).unwrap();
    }
}

fn run(directory: &Path) {
    // Side by side in one buffer, as a host has them that asks many: the questions must not be the cache misses.
    let octets = |name: &str| -> Vec<[u8; OCTETS]> {
        let text = fs::read_to_string(directory.join(name)).unwrap();
        text.lines().map(|line| from_hex(line).unwrap().try_into().unwrap()).collect()
    };
    let folder = IndexFolder::new(directory.join("index"));
    let at = UnixTime::parse_rfc3339("2025-02-15T00:00:00Z").unwrap();
    let request = BuildRequest {
        folder: folder.clone(),
        anchors: Vec::new(),
        issuers: vec![directory.join("ca.der")],
        crls: vec![directory.join("list.crl")],
        at,
        rejections: Rejections::PublishNothing,
        rollbacks: Rollbacks::Refused,
        algorithms: AlgorithmPolicy::default(),
        keep: NonZeroUsize::MIN,
    };
    let before = peak_anonymous_mib();
    let started = Instant::now();
    let report = build(&request, &Silent).unwrap();
    let built = started.elapsed();
    assert!(report.published, "{:?}", report.crls);
    let build_memory = peak_anonymous_mib() - before;

    let (present, absent) = (octets("present.txt"), octets("absent.txt"));
    let (present, absent) = (views(&present), views(&absent));
    let certificate = fs::read(directory.join("ca.der")).unwrap();
    let issuer: Certificate = read_certificates(certificate.as_slice()).unwrap().remove(0);
    let opening = Instant::now();
    let index = IndexReader::open(folder).unwrap().current();
    let authority = resolve_issuer(&*index, &issuer);
    let first = check_serial(&*index, authority, absent[0], at, &Policy::default()).unwrap();
    let first_answer = opening.elapsed();
    assert_eq!(first.status, Status::Good);

    let table = index.table(authority.unwrap(), None).unwrap();
    let (positive, hits) = time(&table, &present);
    let (negative, false_hits) = time(&table, &absent);
    let (positive_batch, _) = time_batches(&table, &present);
    let (negative_batch, _) = time_batches(&table, &absent);
    let view = AuthorityView::new(&*index, authority.unwrap(), Policy::default());
    let verdict = time_verdicts(|serial| view.check_serial(serial, at).unwrap(), &absent);
    assert_eq!((hits, false_hits), (present.len(), 0));
    let file: &[u8] = index.bytes().as_ref();
    let (near_line, far_line) = (time_lines(&file[file.len() / 2..], BUCKETS), time_lines(file, usize::MAX));
    println!(
        "{{\"who\":\"revocache\",\"build_ms\":{:.1},\"open_us\":{:.0},\"first_answer_ms\":{:.1},\"positive_ns\":{positive:.1},\
         \"negative_ns\":{negative:.1},\"positive_batch64_ns\":{positive_batch:.1},\"negative_batch64_ns\":{negative_batch:.1},\
         \"verdict_ns\":{verdict:.1},\"line_of_buckets_ns\":{near_line:.1},\"line_of_file_ns\":{far_line:.1},\"hits\":{hits},\"of\":{},\"false_hits\":{false_hits},\"octets_per_entry\":{:.2},\
         \"build_anonymous_mib\":{build_memory:.1}}}",
        built.as_secs_f64() * 1e3,
        first_answer.as_secs_f64() * 1e6,
        (built + first_answer).as_secs_f64() * 1e3,
        present.len(),
        report.bytes as f64 / report.entries as f64,
    );
}

fn views(serials: &[[u8; OCTETS]]) -> Vec<SerialRef<'_>> {
    serials.iter().map(|octets| SerialRef::new(octets).unwrap()).collect()
}

/// Nanoseconds for one question in a plain loop, the best of five passes, and the hits of one pass.
fn time(table: &Table<'_>, serials: &[SerialRef<'_>]) -> (f64, usize) {
    best_of_five(serials.len(), || ask(table, serials))
}

/// A function of its own, as a host's loop would be: what measures it takes no registers from it.
#[inline(never)]
fn ask(table: &Table<'_>, serials: &[SerialRef<'_>]) -> usize {
    let mut hits = 0;
    let mut sum = 0_i64;
    for serial in serials {
        let found = table.find(*serial).unwrap();
        if let Some(found) = found {
            let (_, listing) = found.listings().next().unwrap().unwrap();
            hits += 1;
            sum = sum.wrapping_add(listing.revoked_at.seconds() ^ i64::from(listing.reason.code()));
        }
    }
    black_box(sum);
    hits
}

fn time_batches(table: &Table<'_>, serials: &[SerialRef<'_>]) -> (f64, usize) {
    best_of_five(serials.len(), || {
        let mut hits = 0;
        for batch in serials.chunks(64) {
            table.find_batch(batch, |_, found| {
                hits += usize::from(
                    found.unwrap().is_some_and(|found| black_box(found.listings().next().unwrap()).is_ok()),
                );
            });
        }
        hits
    })
}

/// Nanoseconds to load one line of the mapped file at random, each independent of the others: what a lookup cannot be
/// faster than per line it touches, here and now.
fn time_lines(octets: &[u8], at_most: usize) -> f64 {
    let lines = octets[..octets.len().min(at_most)].as_chunks::<64>().0;
    let mut random = Random::new(3);
    let places: Vec<usize> = (0..QUESTIONS).map(|_| random.below(lines.len() as u64) as usize).collect();
    best_of_five(QUESTIONS, || places.iter().map(|place| usize::from(lines[*place][0])).sum()).0
}

fn time_verdicts<V>(check: impl Fn(SerialRef<'_>) -> V, serials: &[SerialRef<'_>]) -> f64 {
    best_of_five(serials.len(), || {
        serials.iter().for_each(|serial| drop(black_box(check(*serial))));
        serials.len()
    })
    .0
}

fn best_of_five(questions: usize, mut pass: impl FnMut() -> usize) -> (f64, usize) {
    let mut best = f64::INFINITY;
    let mut hits = 0;
    for _ in 0..5 {
        let started = Instant::now();
        hits = black_box(pass());
        best = best.min(started.elapsed().as_secs_f64() * 1e9 / questions as f64);
    }
    (best, hits)
}

/// Peak of the process's memory that no file backs, in MiB, as the kernel counts it. The kernel keeps a high-water
/// mark of all resident memory only, and nothing is mapped while an index is built.
fn peak_anonymous_mib() -> f64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
}
