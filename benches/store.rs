//! The database: durable checks with many callers, and a page of a history that is long.
//!
//! `REVOCACHE_BENCH_10M=1` makes the history ten million checks long instead of two hundred thousand, which takes
//! minutes; `REVOCACHE_BENCH_STORE=postgres://…` (an empty database) measures PostgreSQL instead of SQLite.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a bench may fail loudly")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use revocache::store::{
    CertificateName, CheckFacts, CheckPurpose, CheckStatus, Code, Created, Filter, Location, NewCertificate,
    NewCheck, Recording, Slice, Store, StoreSettings, Subject, TenantId,
};
use revocache::types::{Method, SystemClock, UnixTime};
use tokio::runtime::Runtime;
use uuid::Uuid;

/// Callers at the same time, as the connections of the load test.
const CALLERS: u64 = 64;
/// Certificates they ask about.
const CERTIFICATES: u32 = 1000;
/// Checks that wait at the same time while the history is filled.
const FILLERS: u64 = 2048;

const GOOD: CheckFacts = CheckFacts {
    status: CheckStatus::Good,
    method: Method::Crl,
    purpose: CheckPurpose::LivenessCheck,
    source_updated_at: None,
};

struct Setting {
    runtime: Runtime,
    store: Store,
    tenant: TenantId,
    certificates: Vec<Uuid>,
    _folder: tempfile::TempDir,
}

impl Setting {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let location = std::env::var("REVOCACHE_BENCH_STORE")
            .map_or_else(|_| Location::Sqlite(folder.path().join("bench.db")), |url| Location::parse(&url));
        let settings = StoreSettings::new(location);
        let (store, tenant, certificates) = runtime.block_on(async {
            let store = Store::open(&settings, Arc::new(SystemClock)).await.unwrap();
            let tenant = store.create_tenant(&format!("bench {}", store.new_id())).await.unwrap().id;
            let mut certificates = Vec::new();
            for number in 0..CERTIFICATES {
                certificates.push(certificate(&store, tenant, number).await);
            }
            (store, tenant, certificates)
        });
        Self { runtime, store, tenant, certificates, _folder: folder }
    }

    /// So many checks by so many callers, each of whom waits for one before the next.
    fn checks(&self, number: u64, callers: u64, certificates: &[Uuid]) -> Duration {
        let started = Instant::now();
        self.runtime.block_on(async {
            let mut running = tokio::task::JoinSet::new();
            for caller in 0..callers {
                let share = number / callers + u64::from(caller < number % callers);
                let (store, tenant) = (self.store.clone(), self.tenant);
                let mut certificates = certificates.to_vec();
                let turn = usize::try_from(caller).unwrap() % certificates.len();
                certificates.rotate_left(turn);
                running.spawn(async move {
                    let mut next = certificates.iter().cycle();
                    for _ in 0..share {
                        let certificate = *next.next().unwrap();
                        let check = NewCheck { tenant, certificate, facts: GOOD };
                        store.record_check(check).await.unwrap().unwrap();
                    }
                });
            }
            while running.join_next().await.is_some() {}
        });
        started.elapsed()
    }
}

async fn certificate(store: &Store, tenant: TenantId, number: u32) -> Uuid {
    let mut fingerprint = [0; 32];
    fingerprint.iter_mut().zip(number.to_be_bytes()).for_each(|(octet, value)| *octet = value);
    let new = NewCertificate {
        kind: Code(1),
        fingerprint,
        name: CertificateName { issuer_name_hash: [1; 32], serial: number.to_be_bytes().to_vec() },
        not_before: UnixTime::from_seconds(0),
        not_after: UnixTime::from_seconds(1 << 33),
        der: vec![0x30; 1600],
    };
    let certificate = Subject::Brought(new);
    let recording = Recording { tenant, certificate, person: None, check: None, verification: None };
    store.record(recording).await.unwrap().unwrap().certificate.id
}

fn durable_checks(criterion: &mut Criterion) {
    let setting = Setting::new();
    let mut group = criterion.benchmark_group("store");
    group.throughput(Throughput::Elements(1));
    for callers in [1, CALLERS] {
        group.bench_function(format!("durable check, {callers} callers"), |bencher| {
            bencher.iter_custom(|number| setting.checks(number, callers, &setting.certificates));
        });
    }
    group.finish();
}

fn long_history(criterion: &mut Criterion) {
    let is_long = std::env::var_os("REVOCACHE_BENCH_10M").is_some();
    let length = if is_long { 10_000_000 } else { 200_000 };
    let setting = Setting::new();
    let one = setting.certificates.get(..1).unwrap();
    let took = setting.checks(length / 2, FILLERS, one);
    println!("{} checks of one certificate in {:.1} s", length / 2, took.as_secs_f64());
    // The other half is everybody's, so that neither is all there is.
    setting.checks(length / 2, FILLERS, &setting.certificates);
    let mut group = criterion.benchmark_group(format!("store with {length} checks"));
    let (store, tenant) = (&setting.store, setting.tenant);
    for (place, offset) in [("first", 0), ("middle", length / 4), ("last", length / 2 - 50)] {
        let slice = Slice { limit: 100, offset };
        group.bench_function(format!("history of a certificate, {place} page and total"), |bencher| {
            bencher.iter(|| {
                let page = setting.runtime.block_on(store.history(tenant, *one.first().unwrap(), slice));
                black_box(page.unwrap().unwrap().records.len())
            });
        });
        let slice = Slice { limit: 100, offset: offset * 2 };
        group.bench_function(format!("checks of a tenant, {place} page and total"), |bencher| {
            bencher.iter(|| {
                let page = setting.runtime.block_on(store.checks(tenant, Filter::default(), slice));
                black_box(page.unwrap().records.len())
            });
        });
    }
    let recent = Created { since: Some(UnixTime::from_seconds(UnixTime::now().seconds() - 30)), until: None };
    group.bench_function("checks of a tenant in the last 30 s, first page and total", |bencher| {
        bencher.iter(|| {
            let filter = Filter { created: recent, ..Filter::default() };
            let slice = Slice { limit: 100, offset: 0 };
            let page = setting.runtime.block_on(store.checks(tenant, filter, slice));
            black_box(page.unwrap().total)
        });
    });
    group.finish();
}

criterion_group!(benches, durable_checks, long_history);
criterion_main!(benches);
