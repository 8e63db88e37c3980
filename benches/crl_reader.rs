//! How fast a large CRL is read, in entries per second, with x509-parser on the same list.
//!
//! `walk` reads and validates without digesting, `verify` is the whole way from octets to a verified list.
#![allow(
    missing_docs,
    clippy::expect_used,
    reason = "criterion's macros define undocumented items; a benchmark may fail loudly"
)]

use std::hint::black_box;
use std::io::Cursor;

use aws_lc_rs::digest::{SHA256, digest};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use revocache::pki::crl::{CrlLimits, CrlReader};
use revocache::pki::{AlgorithmPolicy, PublicKey};
use revocache_testkit::{Authority, BulkCrl, CrlBuilder, KeyKind, bulk_crl, der};
use x509_parser::prelude::{CertificateRevocationList, FromDer};

/// About the largest lists of the public web.
const ENTRIES: u64 = 1_000_000;

fn read(list: &[u8]) -> (u64, revocache::pki::crl::UnverifiedCrl) {
    let mut reader =
        CrlReader::new(Cursor::new(list), CrlLimits::default()).expect("the list is well-formed");
    let mut sum = 0;
    while let Some(entry) = reader.next_entry().expect("the list is well-formed") {
        let last = entry.serial.octets().last().copied().unwrap_or_default();
        sum += u64::from(last) + u64::from(entry.reason.code()) + entry.revoked_at.seconds().unsigned_abs();
    }
    (sum, reader.finish().expect("the list is well-formed"))
}

fn benches(criterion: &mut Criterion) {
    let authority = Authority::root("Bench", KeyKind::P256);
    let key = PublicKey::from_spki(&authority.key.spki()).expect("the key is well-formed");
    let mut group = criterion.benchmark_group("crl_reader");
    group.throughput(Throughput::Elements(ENTRIES)).sample_size(10);
    for (name, reason_share) in [("serial_and_date", 0), ("with_reasons", 70)] {
        let bulk = BulkCrl { entries: ENTRIES, serial_octets: 16, reason_share, seed: 1 };
        let list = bulk_crl(&authority, bulk);
        let unsigned = undigested(&list, &authority);
        group.bench_function(format!("walk/{name}"), |bench| bench.iter(|| black_box(read(&unsigned).0)));
        group.bench_function(format!("verify/{name}"), |bench| {
            bench.iter(|| {
                let (sum, crl) = read(&list);
                let verified = crl.verify(&key, &AlgorithmPolicy::default()).expect("the signature is good");
                black_box((sum, verified.facts().entries))
            });
        });
        group.bench_function(format!("sha256/{name}"), |bench| {
            bench.iter(|| black_box(digest(&SHA256, &list)));
        });
        group.bench_function(format!("x509_parser/{name}"), |bench| {
            bench.iter(|| black_box(by_x509_parser(&list)));
        });
    }
    group.finish();
}

fn by_x509_parser(list: &[u8]) -> u64 {
    let (_, crl) = CertificateRevocationList::from_der(list).expect("the list is well-formed");
    crl.iter_revoked_certificates()
        .map(|entry| {
            let last = entry.raw_serial().last().copied().unwrap_or_default();
            let reason = entry.reason_code().map_or(0, |(_, reason)| reason.0);
            u64::from(last) + u64::from(reason) + entry.revocation_date.timestamp().unsigned_abs()
        })
        .sum()
}

/// The same entries under a signature algorithm that nobody knows, whose digest is therefore not computed.
fn undigested(list: &[u8], authority: &Authority) -> Vec<u8> {
    let unknown = der::sequence(&[der::oid("1.2.3.4")]);
    let mut reader = CrlReader::new(list, CrlLimits::default()).expect("the list is well-formed");
    let start = usize::try_from(reader.position()).expect("the list is in memory");
    while reader.next_entry().expect("the list is well-formed").is_some() {}
    let end = usize::try_from(reader.position()).expect("the list is in memory");
    let entries = list.get(start..end).expect("the entries are inside the list").to_vec();
    let crl = CrlBuilder {
        raw_inner_algorithm: Some(unknown.clone()),
        raw_outer_algorithm: Some(unknown),
        raw_entries: Some(entries),
        ..authority.crl()
    };
    crl.build(&authority.key)
}

criterion_group!(crl_reader, benches);
criterion_main!(crl_reader);
