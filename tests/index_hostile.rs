//! Whatever happens to a file, there is an error or the right answer: never a wrong one, never a panic.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect"
)]

mod index_support;

use index_support::{Model, absent_from, exercise, said_of, varied_file};
use proptest::prelude::*;
use revocache::index::{Index, IndexError, reseal};
use revocache::types::{NameKey, Serial};

type Tables = [(Option<NameKey>, Model)];

/// Asks everything; tells how many questions failed. A wrong answer panics.
fn failures(index: &Index<&[u8]>, tables: &Tables, absent: &[Vec<Serial>]) -> usize {
    let mut failures = 0;
    let authority = index.authorities().next().unwrap().id();
    for ((issuer, model), absent) in tables.iter().zip(absent) {
        let table =
            index.table(authority, issuer.as_ref()).expect("the directory is checked when it is opened");
        for (serial, said) in model {
            match said_of(&table, serial) {
                Ok(found) => assert_eq!(found.as_ref(), Some(said), "{serial}"),
                Err(IndexError::Damaged { .. }) => failures += 1,
                Err(error) => panic!("{error}"),
            }
        }
        for serial in absent {
            match table.contains(serial.as_ref()) {
                Ok(found) => assert!(!found, "{serial}"),
                Err(IndexError::Damaged { .. }) => failures += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    failures
}

#[test]
fn every_flipped_bit_is_an_error_or_changes_nothing() {
    let (mut file, tables) = varied_file();
    let absent: Vec<Vec<Serial>> =
        tables.iter().map(|(_, model)| absent_from(model).into_iter().step_by(9).collect()).collect();
    assert_eq!(failures(&Index::open(file.as_slice()).unwrap(), &tables, &absent), 0);
    let (mut refused, mut failed, mut harmless) = (0, 0, 0);
    for bit in 0..file.len() * 8 {
        file[bit / 8] ^= 1 << (bit % 8);
        match Index::open(file.as_slice()) {
            Err(_) => refused += 1,
            Ok(index) => {
                if failures(&index, &tables, &absent) > 0 {
                    failed += 1;
                } else {
                    harmless += 1;
                }
                // The full check misses nothing but the gaps between the sections.
                if bit.is_multiple_of(64) && index.verify().is_ok() {
                    assert!(harmless > 0);
                }
            }
        }
        file[bit / 8] ^= 1 << (bit % 8);
    }
    assert!(refused > 10_000 && failed > 10_000, "{refused} refused, {failed} failed, {harmless} harmless");
}

#[test]
fn every_truncation_is_refused() {
    let (file, _) = varied_file();
    for length in 0..file.len() {
        assert!(Index::open(&file[..length]).is_err());
    }
    // With a length that fits, the sections are missing instead.
    for length in (0..file.len()).step_by(37) {
        let mut cut = file[..length].to_vec();
        reseal(&mut cut);
        if let Ok(index) = Index::open(cut.as_slice()) {
            exercise(&index);
        }
    }
}

#[test]
fn a_damaged_page_is_found_even_if_another_was_read_before() {
    let (mut file, tables) = varied_file();
    let last = file.len() - 1;
    file[last] ^= 1;
    let index = Index::open(file.as_slice()).unwrap();
    let authority = index.authorities().next().unwrap().id();
    let table = index.table(authority, None).unwrap();
    let serial = tables[0].1.keys().next().unwrap();
    for _ in 0..2 {
        assert!(matches!(table.find(serial.as_ref()), Err(IndexError::Damaged { .. })));
    }
    let mut errors = 0;
    table.find_batch(&[serial.as_ref()], |_, found| errors += usize::from(found.is_err()));
    assert_eq!(errors, 1);
    assert!(matches!(table.iter().next(), Some(Err(IndexError::Damaged { .. }))));
    assert!(matches!(index.verify(), Err(IndexError::Damaged { .. })));
}

#[test]
fn changed_content_under_right_checksums_never_panics() {
    let (file, _) = varied_file();
    for position in 0..file.len() {
        let mut changed = file.clone();
        let old = file[position];
        changed[position] = [0, 0xff, old ^ 0x80, old.wrapping_add(1)][position % 4];
        reseal(&mut changed);
        if let Ok(index) = Index::open(changed.as_slice()) {
            exercise(&index);
        }
    }
}

#[test]
fn a_file_is_a_fixed_point_of_resealing() {
    let (file, _) = varied_file();
    let mut again = file.clone();
    reseal(&mut again);
    assert_eq!(file, again);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn garbage_never_panics(garbage in prop::collection::vec(any::<u8>(), 0..20_000)) {
        let mut garbage = garbage;
        reseal(&mut garbage);
        if let Ok(index) = Index::open(garbage.as_slice()) {
            exercise(&index);
        }
    }

    #[test]
    fn many_changes_never_panic(
        changes in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![Just(0_u8), Just(0xff), any::<u8>()]), 1..40),
    ) {
        let (mut file, _) = varied_file();
        for (at, value) in changes {
            let at = at.index(file.len());
            file[at] = value;
        }
        reseal(&mut file);
        if let Ok(index) = Index::open(file.as_slice()) {
            exercise(&index);
        }
    }

    /// Where the full check passes, everything can be read and the directory, tags and records agree.
    #[test]
    fn what_verifies_can_be_read(at in any::<prop::sample::Index>(), value in any::<u8>()) {
        let (mut file, _) = varied_file();
        let at = at.index(file.len());
        file[at] = value;
        reseal(&mut file);
        let Ok(index) = Index::open(file.as_slice()) else { return Ok(()) };
        if index.verify().is_err() {
            return Ok(());
        }
        for table in index.tables() {
            for record in table.iter() {
                let record = record.unwrap();
                let serial = record.serial().unwrap().to_owned();
                prop_assert_eq!(table.find(serial.as_ref()).unwrap().map(|found| found.ordinal()), Some(record.ordinal()));
                record.found().listings().for_each(|listing| { listing.unwrap(); });
            }
        }
    }
}
