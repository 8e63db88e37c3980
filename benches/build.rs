//! The whole way: from a CRL file to the first answer, through verification, compilation, fsync and mapping; adding to
//! an index that is there; and one verdict by policy.
//!
//! `REVOCACHE_BENCH_10M=1` adds ten million entries. `sha256` is the time of the digest alone, as a measure of the
//! machine at that moment.
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "criterion's macros define undocumented items; a benchmark may fail loudly"
)]

use std::fs;
use std::hint::black_box;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use revocache::ingest::{BuildRequest, Rejections, Rollbacks, Silent, build};
use revocache::pki::{AlgorithmPolicy, Certificate};
use revocache::policy::{Policy, check_certificate, check_serial, resolve_issuer};
use revocache::publish::{IndexFolder, IndexReader};
use revocache::types::{Serial, Status, UnixTime};
use revocache_testkit::{Authority, BulkCrl, DistributionPoint, KeyKind, bulk_crl};

const SMALL: u64 = 100_000;
/// About the largest lists of the public web.
const LARGE: u64 = 1_000_000;
const HUGE: u64 = 10_000_000;

/// Within the dates of the test kit's lists.
const AT: UnixTime = UnixTime::from_seconds(1_739_577_600);

/// A CA's certificate and list on disk, and a place for the index.
struct Place {
    folder: tempfile::TempDir,
    ca: Authority,
}

impl Place {
    fn new(entries: u64) -> Self {
        let (folder, ca) = (tempfile::tempdir().unwrap(), Authority::root("Bench", KeyKind::P256));
        let bulk = BulkCrl { entries, serial_octets: 16, reason_share: 70, seed: 1 };
        fs::write(folder.path().join("list.crl"), bulk_crl(&ca, bulk)).unwrap();
        fs::write(folder.path().join("ca.der"), &ca.certificate).unwrap();
        Self { folder, ca }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn build(&self, index: &Path) {
        let request = BuildRequest {
            folder: IndexFolder::new(index),
            anchors: Vec::new(),
            issuers: vec![self.path("ca.der")],
            crls: vec![self.path("list.crl")],
            at: AT,
            rejections: Rejections::PublishNothing,
            rollbacks: Rollbacks::Refused,
            algorithms: AlgorithmPolicy::default(),
            keep: NonZeroUsize::MIN,
        };
        let report = build(&request, &Silent).unwrap();
        assert!(report.published, "{:?}", report.crls);
    }

    fn first_answer(&self, index: &Path) -> Status {
        let index = IndexReader::open(IndexFolder::new(index)).unwrap().current();
        let issuer = Certificate::from_der(&self.ca.certificate).unwrap();
        let authority = resolve_issuer(&index, &issuer);
        let serial = Serial::from_u64(5);
        check_serial(&index, authority, serial.as_ref(), AT, &Policy::default()).unwrap().status
    }
}

fn whole_way(criterion: &mut Criterion) {
    let sizes = [SMALL, LARGE].into_iter().chain(std::env::var_os("REVOCACHE_BENCH_10M").map(|_| HUGE));
    for entries in sizes {
        let place = Place::new(entries);
        let mut group = criterion.benchmark_group(format!("build/{entries}"));
        group.throughput(Throughput::Elements(entries)).sample_size(10);
        let list = fs::read(place.path("list.crl")).unwrap();
        group.bench_function("sha256", |bench| bench.iter(|| black_box(digest(&SHA256, &list))));
        drop(list);
        let fresh = || tempfile::tempdir_in(place.folder.path()).unwrap();
        group.bench_function("file_to_first_answer", |bench| {
            bench.iter_batched(
                fresh,
                |index| {
                    place.build(index.path());
                    assert_eq!(place.first_answer(index.path()), Status::Good);
                    index
                },
                BatchSize::PerIteration,
            );
        });
        let kept = fresh();
        place.build(kept.path());
        group.bench_function("replace_by_the_same_list", |bench| bench.iter(|| place.build(kept.path())));
        group.bench_function("open_to_first_answer", |bench| {
            bench.iter(|| black_box(place.first_answer(kept.path())));
        });
        group.finish();
    }
}

fn verdicts(criterion: &mut Criterion) {
    let place = Place::new(SMALL);
    let index = place.path("index");
    place.build(&index);
    let index = IndexReader::open(IndexFolder::new(index)).unwrap();
    let issuer = Certificate::from_der(&place.ca.certificate).unwrap();
    let point = DistributionPoint::uri("http://crl.example/a");
    let leaf = place.ca.leaf(&[5]).distribution_points(&[point]).build(&place.ca);
    let certificate = Certificate::from_der(&leaf).unwrap();
    let mut group = criterion.benchmark_group("verdict");
    let snapshot = index.current();
    let authority = resolve_issuer(&snapshot, &issuer);
    let serial = Serial::from_u64(5);
    group.bench_function("authority_and_serial", |bench| {
        bench.iter(|| check_serial(&snapshot, authority, black_box(serial.as_ref()), AT, &Policy::default()));
    });
    group.bench_function("parsed_certificate", |bench| {
        bench.iter(|| check_certificate(&snapshot, black_box(&certificate), None, AT, &Policy::default()));
    });
    group.bench_function("certificate_in_der", |bench| {
        bench.iter(|| {
            let certificate = Certificate::from_der(black_box(&leaf)).unwrap();
            check_certificate(&snapshot, &certificate, None, AT, &Policy::default())
        });
    });
    group.bench_function("notice_no_new_generation", |bench| bench.iter(|| black_box(index.is_outdated())));
    group.bench_function("refreshed_snapshot", |bench| bench.iter(|| black_box(index.refreshed().unwrap())));
    group.finish();
}

criterion_group!(build_benches, whole_way, verdicts);
criterion_main!(build_benches);
