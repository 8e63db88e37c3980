//! Lookups, verdicts, builds and opening, next to a hash map, a pointer chase and random lines of the same file, measured
//! in the same run.
//!
//! Absolute times mean little on a shared machine; compare with the baselines. `REVOCACHE_BENCH_10M=1` adds the
//! largest size, which takes about a gigabyte and a minute.
#![allow(missing_docs, reason = "the macros of criterion make undocumented functions")]
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "measuring, not serving"
)]

use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use revocache::index::{AuthorityFacts, Builder, CrlId, FileFacts, Image, Index, Listings, Table};
use revocache::policy::{AuthorityView, Policy, check_serial};
use revocache::types::{
    CrlFacts, Listing, NameKey, ReasonCode, Scope, SerialRef, SignatureAlgorithm, Status, UnixTime,
};

/// A small private CA, a national one, a large public one, and everything WebPKI has revoked at a time.
const SIZES: [u64; 4] = [10_000, 100_000, 1_000_000, LARGEST];
const LARGEST: u64 = 10_000_000;
/// Distinct questions per pass.
const QUESTIONS: u64 = 100_000;
/// Questions per call of the batch.
const BATCH: usize = 64;
/// Octets of the memory that the pointer chase goes through.
const CHASE: usize = 256 << 20;
/// Octets of a cache line.
const LINE: usize = 64;

/// A 16-octet serial behind its sign octet.
type Octets = [u8; 17];

fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn octets(number: u64) -> Octets {
    let mut octets = [0; 17];
    octets[1..9].copy_from_slice(&(mixed(number * 2) | 1 << 56).to_be_bytes());
    octets[9..].copy_from_slice(&mixed(number * 2 + 1).to_be_bytes());
    octets
}

fn questions(numbers: impl Iterator<Item = u64>) -> Vec<Octets> {
    numbers.map(octets).collect()
}

fn refs(octets: &[Octets]) -> Vec<SerialRef<'_>> {
    octets.iter().map(|octets| SerialRef::new(octets).unwrap()).collect()
}

fn stage(serials: &[Octets]) -> Listings {
    let mut listings = Listings::new();
    for (second, octets) in (1_700_000_000..).zip(serials) {
        let revoked_at = UnixTime::from_seconds(second);
        let listing = Listing { revoked_at, reason: ReasonCode::Superseded, invalidity_date: None };
        listings.push(SerialRef::new(octets).unwrap(), listing);
    }
    listings
}

fn build(listings: Listings) -> Image {
    let created_at = UnixTime::from_seconds(1_767_225_600);
    let mut builder = Builder::new(FileFacts { generation: 1, created_at, secret: [0x3c; 32] });
    let authority = builder.add_authority(AuthorityFacts {
        name: NameKey::from_octets(*b"ca"),
        display: "CN=CA".to_owned(),
        name_hashes: Vec::new(),
        keys: Vec::new(),
    });
    let crl: CrlId = builder.add_crl(
        authority,
        CrlFacts {
            this_update: created_at,
            next_update: None,
            crl_number: None,
            base_crl_number: None,
            scope: Scope::default(),
            expired_certs_on_crl: None,
            freshest_crl_uris: Vec::new(),
            signature_algorithm: SignatureAlgorithm::EcdsaSha256,
            signer_key: [0; 32],
            tbs_digest: Vec::new(),
            entries: 0,
            size: 0,
        },
    );
    builder.add_listings(crl, None, listings).unwrap();
    builder.finish::<Vec<u8>>(None).unwrap()
}

fn sizes() -> impl Iterator<Item = u64> {
    let all = std::env::var_os("REVOCACHE_BENCH_10M").is_some();
    SIZES.into_iter().filter(move |size| all || *size < LARGEST)
}

fn ask_one_by_one(table: &Table<'_>, questions: &[SerialRef<'_>]) -> i64 {
    let mut sum = 0;
    for question in questions {
        if let Some(found) = table.find(*question).unwrap() {
            sum += found.listings().next().unwrap().unwrap().1.revoked_at.seconds();
        }
    }
    sum
}

fn ask_in_batches(table: &Table<'_>, questions: &[SerialRef<'_>]) -> i64 {
    let mut sum = 0;
    for batch in questions.chunks(BATCH) {
        table.find_batch(batch, |_, found| {
            if let Some(found) = found.unwrap() {
                sum += found.listings().next().unwrap().unwrap().1.revoked_at.seconds();
            }
        });
    }
    sum
}

fn verdicts_one_by_one(
    view: &AuthorityView<&Index<&[u8]>>,
    questions: &[SerialRef<'_>],
    at: UnixTime,
) -> usize {
    let is_revoked = |serial: &&SerialRef<'_>| {
        matches!(view.check_serial(**serial, at).unwrap().status, Status::Revoked(_))
    };
    questions.iter().filter(is_revoked).count()
}

fn verdicts_in_batches(
    view: &AuthorityView<&Index<&[u8]>>,
    questions: &[SerialRef<'_>],
    at: UnixTime,
) -> usize {
    let mut revoked = 0;
    for batch in questions.chunks(BATCH) {
        view.check_serials(batch, at, |_, verdict| {
            revoked += usize::from(matches!(verdict.unwrap().status, Status::Revoked(_)));
        });
    }
    revoked
}

/// One line for each question, independent of the others: what a lookup cannot be faster than per line it touches.
fn lines(octets: &[u8], places: &[u64]) -> u64 {
    let lines = octets.as_chunks::<64>().0;
    places
        .iter()
        .map(|place| u64::from(lines[(((*place >> 32) * lines.len() as u64) >> 32) as usize][0]))
        .sum()
}

fn lookups(criterion: &mut Criterion) {
    for size in sizes() {
        let serials = questions(0..size);
        let started = Instant::now();
        let image = build(stage(&serials));
        let built = started.elapsed();
        println!(
            "{size} entries: {:.2} octets per entry, built in {:.1} ms",
            image.len() as f64 / size as f64,
            built.as_secs_f64() * 1e3
        );
        let file = image.to_vec();
        drop(image);
        let index = Index::open(file.as_slice()).unwrap();
        let table = index.tables().next().unwrap();
        let map: HashMap<Octets, i64> = if size < LARGEST {
            serials.iter().zip(1_700_000_000..).map(|(octets, second)| (*octets, second)).collect()
        } else {
            HashMap::new()
        };
        let negative = questions(size..size + QUESTIONS);
        let positive = questions((0..QUESTIONS).map(|number| mixed(number) % size));
        let mixture = questions(
            (0..QUESTIONS)
                .map(|number| if number.is_multiple_of(10) { mixed(number) % size } else { size + number }),
        );
        let at = UnixTime::from_seconds(1_767_225_600);
        let view = AuthorityView::new(&index, table.authority(), Policy::default());
        let places: Vec<u64> = (0..QUESTIONS).map(|number| mixed(!number)).collect();
        let mut group = criterion.benchmark_group(format!("lookup/{size}"));
        group.throughput(Throughput::Elements(QUESTIONS));
        for (name, octets) in
            [("tags", &file[file.len() / 2..][..size as usize / 25 * LINE]), ("file", &file)]
        {
            group.bench_function(BenchmarkId::new("line", name), |bencher| {
                bencher.iter(|| black_box(lines(octets, &places)));
            });
        }
        for (kind, octets) in [("negative", &negative), ("positive", &positive), ("mixed", &mixture)] {
            let asked = refs(octets);
            group.bench_function(BenchmarkId::new("single", kind), |bencher| {
                bencher.iter(|| black_box(ask_one_by_one(&table, &asked)));
            });
            group.bench_function(BenchmarkId::new("batch", kind), |bencher| {
                bencher.iter(|| black_box(ask_in_batches(&table, &asked)));
            });
            group.bench_function(BenchmarkId::new("verdict", kind), |bencher| {
                bencher.iter(|| black_box(verdicts_one_by_one(&view, &asked, at)));
            });
            group.bench_function(BenchmarkId::new("verdict-batch", kind), |bencher| {
                bencher.iter(|| black_box(verdicts_in_batches(&view, &asked, at)));
            });
            if kind == "negative" {
                let check = |serial: &SerialRef<'_>| {
                    check_serial(&index, Some(table.authority()), *serial, at, &view.policy())
                };
                group.bench_function(BenchmarkId::new("verdict-without-view", kind), |bencher| {
                    bencher.iter(|| asked.iter().for_each(|serial| drop(black_box(check(serial)))));
                });
            }
            if !map.is_empty() {
                group.bench_function(BenchmarkId::new("std-hash-map", kind), |bencher| {
                    bencher
                        .iter(|| black_box(octets.iter().filter_map(|octets| map.get(octets)).sum::<i64>()));
                });
            }
        }
        group.finish();
        let mut group = criterion.benchmark_group(format!("open/{size}"));
        let last = octets(size - 1);
        let last = SerialRef::new(&last).unwrap();
        group.bench_function("to-first-answer", |bencher| {
            bencher.iter(|| {
                let index = Index::open(file.as_slice()).unwrap();
                let table = index.tables().next().unwrap();
                assert!(table.contains(last).unwrap());
            });
        });
        group.finish();
    }
}

fn builds(criterion: &mut Criterion) {
    for size in sizes() {
        let serials = questions(0..size);
        let mut group = criterion.benchmark_group(format!("build/{size}"));
        group.throughput(Throughput::Elements(size)).sample_size(10).measurement_time(Duration::from_secs(2));
        group.bench_function("stage-and-build", |bencher| {
            bencher.iter(|| black_box(build(stage(&serials)).len()));
        });
        group.finish();
    }
}

/// Every load depends on the one before: what a cache miss costs here and now.
fn chase(criterion: &mut Criterion) {
    let slots = CHASE / LINE;
    let mut next: Vec<[u64; 8]> = vec![[0; 8]; slots];
    // A permutation of one cycle: step by a number that is odd, hence prime to the power of two.
    let mut at = 0_usize;
    for _ in 0..slots {
        let to = (at.wrapping_mul(5).wrapping_add(0x3c6e_f35f)) % slots;
        next[at][0] = to as u64;
        at = to;
    }
    let mut group = criterion.benchmark_group("baseline");
    group.throughput(Throughput::Elements(100_000));
    let mut at = 0_u64;
    group.bench_function("pointer-chase-256MiB", |bencher| {
        bencher.iter(|| {
            for _ in 0..100_000 {
                at = next[at as usize][0];
            }
            black_box(at)
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    targets = chase, lookups, builds
}
criterion_main!(benches);
