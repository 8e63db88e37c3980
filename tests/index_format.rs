//! The format stays what it is: the present version is written and read octet for octet, and others are refused.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect"
)]

mod index_support;

use std::path::Path;

use index_support::{build_one, listing, said_of, varied_file};
use revocache::index::{Encoding, Index};
use revocache::types::{ReasonCode, Serial};

/// Set to write the golden file of a new version instead of comparing with it.
const BLESS: &str = "REVOCACHE_BLESS";

#[test]
fn version_3_is_written_and_read_as_ever() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/index/v3.rvx");
    let (file, tables) = varied_file();
    if std::env::var_os(BLESS).is_some() {
        std::fs::write(&path, &file).unwrap();
    }
    let golden = std::fs::read(&path).unwrap();
    assert!(golden == file, "the bytes of version 3 changed: raise the version and add a golden file");
    let index = Index::open(golden).unwrap();
    assert_eq!(index.verify().unwrap().tables, 3);
    let authority = index.authorities().next().unwrap().id();
    for (issuer, model) in tables {
        let table = index.table(authority, issuer.as_ref()).unwrap();
        for (serial, said) in &model {
            assert_eq!(said_of(&table, serial).unwrap().as_ref(), Some(said));
        }
    }
}

#[test]
fn other_implementations_read_the_serials_of_an_ordinal_table() {
    let serials: Vec<u64> = (0..9000)
        .map(|i| i * 5)
        .chain(1_000_000..1_090_000)
        .chain((0..40_000).map(|i| 3_000_000_000 + i * 2))
        .collect();
    let statements: Vec<_> = serials
        .iter()
        .map(|serial| index_support::Statement {
            crl: 0,
            serial: Serial::from_u64(*serial),
            listing: listing(1_700_000_000, ReasonCode::Unspecified),
        })
        .collect();
    let (image, _) = build_one(&statements, 1, |_| (), None);
    let index = Index::open(image.to_vec()).unwrap();
    let table = index.tables().next().unwrap();
    assert_eq!(table.encoding(), Encoding::Ordinal);
    let octets = table.serial_bitmap().unwrap().unwrap();
    let theirs = roaring::RoaringBitmap::deserialize_from(octets).unwrap();
    assert!(theirs.iter().map(u64::from).eq(serials.iter().copied()));
    let c = croaring::Bitmap::try_deserialize::<croaring::Portable>(octets).unwrap();
    assert_eq!(c.cardinality(), serials.len() as u64);
    for serial in &serials {
        let value = u32::try_from(*serial).unwrap();
        let found = table.find(Serial::from_u64(*serial).as_ref()).unwrap().unwrap();
        assert_eq!(u64::from(found.ordinal()) + 1, c.rank(value));
    }
    for value in (0..4_000_000_000_u32).step_by(39_989) {
        assert_eq!(table.contains(Serial::from_u64(value.into()).as_ref()).unwrap(), c.contains(value));
    }
    // Four octets a record, and a bitmap that runs and bitsets keep small.
    assert!(octets.len() < 40_000);
}

#[test]
fn writing_is_the_same_as_collecting() {
    let (file, _) = varied_file();
    let statements: Vec<_> = (0..50_000_u64)
        .map(|i| index_support::Statement {
            crl: 0,
            serial: Serial::from_u64((i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1 << 63),
            listing: listing(1_700_000_000, ReasonCode::Unspecified),
        })
        .collect();
    let (image, _) = build_one(&statements, 1, |_| (), None);
    let mut written = Vec::new();
    image.write_to(&mut written).unwrap();
    assert!(written == image.to_vec());
    assert_eq!(written.len() as u64, image.len());
    assert_ne!(written, file);
}
