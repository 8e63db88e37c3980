//! What the C boundary costs: the same questions through `policy::AuthorityView` and through the functions of C.
#![allow(missing_docs, reason = "the macros of criterion make undocumented functions")]
#![allow(
    unsafe_code,
    clippy::multiple_unsafe_ops_per_block,
    reason = "the functions measured are those of C"
)]
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "measuring, not serving"
)]

#[path = "../tests/support/index.rs"]
mod index;

use std::ffi::CString;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::ptr::null_mut;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use revocache::pki::Certificate;
use revocache::policy::{AuthorityView, Policy, resolve_issuer};
use revocache::publish::{IndexFolder, IndexReader};
use revocache::types::{SerialRef, Status, UnixTime};
use revocache_ffi::{
    revocache_check_batch, revocache_check_serial, revocache_index, revocache_issuer, revocache_issuer_new,
    revocache_octets, revocache_open_folder, revocache_policy, revocache_result, revocache_verdict,
};
use revocache_testkit::{Authority, KeyKind};

const SIZES: [u64; 2] = [10_000, 1_000_000];
const QUESTIONS: u64 = 100_000;
const BATCH: usize = 64;
const AT: i64 = 1_739_577_600;

type Octets = [u8; 17];

fn mixed(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn octets(number: u64) -> Octets {
    let mut octets = [0; 17];
    octets[1..9].copy_from_slice(&(mixed(number * 2) | 1 << 63).to_be_bytes());
    octets[9..].copy_from_slice(&mixed(number * 2 + 1).to_be_bytes());
    octets
}

fn open(folder: &IndexFolder, ca: &Certificate) -> (Box<revocache_index>, Box<revocache_issuer>) {
    let path = CString::new(folder.path().as_os_str().as_bytes()).unwrap();
    let (mut index, mut issuer) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: all pointers are to variables of this function; both handles are set on success.
    unsafe {
        let opened = revocache_open_folder(path.as_ptr(), std::ptr::null(), Some(&mut index), null_mut());
        assert_eq!(opened, revocache_result::Ok);
        let index = index.assume_init().unwrap();
        let (der, length) = (ca.der().as_ptr(), ca.der().len());
        assert_eq!(
            revocache_issuer_new(Some(&index), der, length, Some(&mut issuer), null_mut()),
            revocache_result::Ok
        );
        (index, issuer.assume_init().unwrap())
    }
}

fn calls(criterion: &mut Criterion) {
    for size in SIZES {
        let place = tempfile::tempdir().unwrap();
        let folder = IndexFolder::new(place.path());
        let ca = Authority::root("CA", KeyKind::P256);
        let dates = index::Dates { this_update: AT - 86_400, next_update: AT + 86_400 };
        let revoked: Vec<Octets> = (0..size).map(octets).collect();
        index::publish(place.path(), dates, &[(&ca.certificate, &revoked)]);
        let ca = Certificate::from_der(&ca.certificate).unwrap();
        let snapshot = IndexReader::open(folder.clone()).unwrap().current();
        let authority = resolve_issuer(&*snapshot, &ca).unwrap();
        let view = AuthorityView::new(snapshot, authority, Policy::default());
        let (_index, issuer) = open(&folder, &ca);
        let policy = revocache_policy {
            size: size_of::<revocache_policy>() as u32,
            on_unknown: 0,
            grace: 0,
            life_without_next_update: 0,
            at: AT,
            flags: 0,
            reserved: 0,
        };
        // SAFETY: any octets make the structure.
        let mut verdict: revocache_verdict = unsafe { std::mem::zeroed() };
        verdict.size = size_of::<revocache_verdict>() as u32;

        let negative: Vec<Octets> = (size..size + QUESTIONS).map(octets).collect();
        let positive: Vec<Octets> = (0..QUESTIONS).map(|number| octets(mixed(number) % size)).collect();
        for (kind, asked) in [("negative", &negative), ("positive", &positive)] {
            let mut group = criterion.benchmark_group(format!("calls/{size}/{kind}"));
            group.throughput(Throughput::Elements(QUESTIONS));
            let serials: Vec<SerialRef<'_>> =
                asked.iter().map(|octets| SerialRef::new(octets).unwrap()).collect();
            let at = UnixTime::from_seconds(AT);
            group.bench_function(BenchmarkId::from_parameter("rust"), |bencher| {
                bencher.iter(|| {
                    let revoked = |serial: &&SerialRef<'_>| {
                        matches!(view.check_serial(**serial, at).unwrap().status, Status::Revoked(_))
                    };
                    black_box(serials.iter().filter(revoked).count())
                });
            });
            let check = |octets: &Octets, verdict: *mut revocache_verdict| {
                let (serial, length) = (octets.as_ptr(), octets.len());
                // SAFETY: all pointers are to variables of the caller.
                unsafe { revocache_check_serial(Some(&issuer), serial, length, &policy, verdict, null_mut()) }
            };
            group.bench_function(BenchmarkId::from_parameter("c"), |bencher| {
                bencher.iter(|| {
                    let revoked = |octets: &&Octets| check(octets, &mut verdict) == revocache_result::Revoked;
                    black_box(asked.iter().filter(revoked).count())
                });
            });
            group.bench_function(BenchmarkId::from_parameter("c-without-verdict"), |bencher| {
                bencher.iter(|| {
                    let revoked = |octets: &&Octets| check(octets, null_mut()) == revocache_result::Revoked;
                    black_box(asked.iter().filter(revoked).count())
                });
            });
            let views: Vec<revocache_octets> = asked
                .iter()
                .map(|octets| revocache_octets { data: octets.as_ptr(), length: octets.len() })
                .collect();
            let mut results = [revocache_result::Ok; BATCH];
            group.bench_function(BenchmarkId::from_parameter("c-batch"), |bencher| {
                bencher.iter(|| {
                    for batch in views.chunks_exact(BATCH) {
                        // SAFETY: the arrays have as many elements.
                        let worst = unsafe {
                            revocache_check_batch(
                                Some(&issuer),
                                batch.as_ptr(),
                                BATCH,
                                &policy,
                                results.as_mut_ptr(),
                                null_mut(),
                                null_mut(),
                            )
                        };
                        black_box(worst);
                    }
                });
            });
            group.bench_function(BenchmarkId::from_parameter("rust-batch"), |bencher| {
                bencher.iter(|| {
                    let mut revoked = 0_usize;
                    for batch in serials.chunks_exact(BATCH) {
                        view.check_serials(batch, at, |_, verdict| {
                            revoked += usize::from(matches!(verdict.unwrap().status, Status::Revoked(_)));
                        });
                    }
                    black_box(revoked)
                });
            });
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(std::time::Duration::from_millis(300))
        .measurement_time(std::time::Duration::from_secs(1));
    targets = calls
}
criterion_main!(benches);
