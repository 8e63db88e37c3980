//! The index against a model: whatever goes in comes out, and nothing else, in every encoding and width.
#![allow(
    clippy::as_conversions,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what they expect"
)]

mod index_support;

use index_support::{Model, Statement, absent_from, build_one, model_of, said_of};
use proptest::prelude::*;
use revocache::index::{CrlId, Encoding, Index};
use revocache::types::{Listing, ReasonCode, Serial, SerialRef, UnixTime};

/// Shapes of serials; a table of one shape takes one encoding and width.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Small,
    Sequential,
    Dense,
    Eight,
    Sixteen,
    Twenty,
    Mixed,
}

fn serial(shape: Shape) -> BoxedStrategy<Serial> {
    let octets = |length: usize| {
        prop::collection::vec(any::<u8>(), length).prop_map(|mut octets| {
            octets.insert(0, 0);
            Serial::new(&octets).unwrap()
        })
    };
    match shape {
        Shape::Small => any::<u32>().prop_map(|number| Serial::from_u64(number.into())).boxed(),
        Shape::Sequential => (1_000_000..1_000_900_u64).prop_map(Serial::from_u64).boxed(),
        Shape::Dense => (0..200_000_u64).prop_map(Serial::from_u64).boxed(),
        Shape::Eight => (4..=8_usize).prop_flat_map(octets).boxed(),
        Shape::Sixteen => (8..=16_usize).prop_flat_map(octets).boxed(),
        Shape::Twenty => (16..=20_usize).prop_flat_map(octets).boxed(),
        Shape::Mixed => prop_oneof![
            4 => (0..=24_usize).prop_flat_map(octets),
            1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(|octets| Serial::new(&octets).unwrap()),
            1 => (200..1000_usize).prop_map(|length| Serial::new(&vec![0x81; length]).unwrap()),
        ]
        .boxed(),
    }
}

fn said() -> impl Strategy<Value = Listing> {
    let date = prop_oneof![
        8 => 1_600_000_000..1_760_000_000_i64,
        1 => -62_167_219_200..253_402_300_799_i64,
        1 => any::<i64>(),
    ];
    let invalidity = prop_oneof![6 => Just(None), 1 => any::<i64>().prop_map(Some)];
    (date, 0..ReasonCode::ALL.len(), invalidity).prop_map(|(date, reason, invalidity)| Listing {
        revoked_at: UnixTime::from_seconds(date),
        reason: ReasonCode::ALL[reason],
        invalidity_date: invalidity.map(UnixTime::from_seconds),
    })
}

/// Statements of up to `crls` CRLs; some serials come again, from the same CRL or another.
fn statements(most: usize) -> impl Strategy<Value = (Vec<Statement>, usize)> {
    let shape = prop::sample::select(vec![
        Shape::Small,
        Shape::Sequential,
        Shape::Dense,
        Shape::Eight,
        Shape::Sixteen,
        Shape::Twenty,
        Shape::Mixed,
    ]);
    (shape, prop_oneof![Just(1_usize), Just(2), Just(5), Just(300)]).prop_flat_map(move |(shape, crls)| {
        let one = (serial(shape), 0..crls, said(), any::<prop::sample::Index>(), 0..4_u8);
        prop::collection::vec(one, 0..most).prop_map(move |drawn| {
            let serials: Vec<Serial> = drawn.iter().map(|(serial, ..)| serial.clone()).collect();
            let statements = drawn
                .into_iter()
                .map(|(serial, crl, listing, other, again)| {
                    let serial = if again == 0 { other.get(&serials).clone() } else { serial };
                    Statement { crl, serial, listing }
                })
                .collect();
            (statements, crls)
        })
    })
}

/// Everything the table of an index can be asked agrees with the model.
fn assert_agrees(index: &Index<Vec<u8>>, model: &Model, crls: &[CrlId]) {
    let authority = index.authorities().next().unwrap().id();
    let Some(table) = index.table(authority, None) else {
        assert!(model.is_empty());
        return;
    };
    assert_eq!(table.len(), model.len() as u64);
    assert_eq!(index.entries(), model.len() as u64);
    for (serial, said) in model {
        assert_eq!(said_of(&table, serial).unwrap().as_ref(), Some(said), "{serial}");
        assert!(table.contains(serial.as_ref()).unwrap());
    }
    let absent = absent_from(model);
    for serial in &absent {
        assert!(!table.contains(serial.as_ref()).unwrap(), "{serial}");
    }
    // The batch answers every question once, and as the single question does.
    let questions: Vec<SerialRef<'_>> = model.keys().chain(&absent).map(Serial::as_ref).collect();
    let mut answers = vec![None; questions.len()];
    table.find_batch(&questions, |number, found| {
        assert!(answers[number].replace(found.unwrap().map(|found| found.ordinal())).is_none());
    });
    for (question, answer) in questions.iter().zip(answers) {
        let single = table.find(*question).unwrap().map(|found| found.ordinal());
        assert_eq!(answer, Some(single), "{question}");
    }
    // All records, once each, under the ordinals a question finds them by.
    let mut seen = Model::new();
    for (number, record) in table.iter().enumerate() {
        let record = record.unwrap();
        assert_eq!(record.ordinal() as usize, number);
        let serial = record.serial().unwrap().to_owned();
        assert_eq!(table.find(serial.as_ref()).unwrap().unwrap().ordinal(), record.ordinal());
        let again = table.record_at(record.ordinal()).unwrap().unwrap();
        assert_eq!(again.serial().unwrap(), serial.as_ref());
        let listings: Vec<(CrlId, Listing)> = record.found().listings().collect::<Result<_, _>>().unwrap();
        assert!(listings.is_sorted_by_key(|(crl, _)| *crl));
        for crl in crls {
            let set = table.crl_set(*crl).unwrap().map(|set| set.to_bitmap().unwrap());
            let lists = listings.iter().any(|(by, _)| by == crl);
            assert_eq!(set.is_some_and(|set| set.contains(record.ordinal())), lists);
        }
        assert!(seen.insert(serial, listings.into_iter().collect()).is_none());
    }
    assert_eq!(&seen, model);
    assert!(table.record_at(u32::try_from(table.len()).unwrap()).unwrap().is_none());
    let summary = index.verify().unwrap();
    assert_eq!(summary.entries, model.len() as u64);
    assert_eq!(summary.listings, model.values().map(|said| said.len() as u64).sum::<u64>());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 160, ..ProptestConfig::default() })]

    #[test]
    fn small_tables_agree_with_the_model(
        (statements, crl_count) in statements(60),
        load in 1..60_u32,
        filter_load in prop_oneof![Just(u32::MAX), 1..200_u32],
    ) {
        let (image, crls) = build_one(&statements, crl_count, |builder| {
            builder.bucket_load(load).filter_load(filter_load);
        }, None);
        let index = Index::open(image.to_vec()).unwrap();
        assert_eq!(image.len(), index.len_bytes());
        assert_agrees(&index, &model_of(&statements, &crls), &crls);
    }

    #[test]
    fn changes_are_the_difference_of_the_models(
        (old, crl_count) in statements(50),
        (new, new_crl_count) in statements(50),
        kept in any::<prop::sample::Index>(),
        same_secret in any::<bool>(),
    ) {
        let (image, old_crls) = build_one(&old, crl_count, |_| (), None);
        let mut octets = image.to_vec();
        if !same_secret {
            // Rebuilt under another secret, the records are in another order.
            let mut builder = revocache::index::Builder::new(
                revocache::index::FileFacts { secret: [1; 32], ..index_support::file_facts(1) });
            let authority = builder.add_authority(index_support::authority_facts(1));
            for number in 0..crl_count {
                let crl = builder.add_crl(authority, index_support::crl_facts(number as u64));
                let mut listings = revocache::index::Listings::new();
                old.iter().filter(|statement| statement.crl == number)
                    .for_each(|statement| listings.push(statement.serial.as_ref(), statement.listing));
                if !listings.is_empty() {
                    builder.add_listings(crl, None, listings).unwrap();
                }
            }
            octets = builder.finish::<Vec<u8>>(None).unwrap().to_vec();
        }
        let previous = Index::open(octets).unwrap();
        let mut new = new;
        let keep = kept.index(old.len() + 1);
        new.extend(old.iter().take(keep).cloned().map(|statement| Statement { crl: 0, ..statement }));
        let (image, crls) = build_one(&new, new_crl_count, |_| (), Some(&previous));
        let index = Index::open(image.to_vec()).unwrap();
        let (before, after) = (model_of(&old, &old_crls), model_of(&new, &crls));
        let authority = index.authorities().next().unwrap().id();
        prop_assert_eq!(index.previous_generation(), Some(1));
        index.verify().unwrap();
        let Some(table) = index.table(authority, None) else {
            prop_assert!(before.is_empty() && after.is_empty());
            return Ok(());
        };
        let added = table.added().unwrap().unwrap().to_bitmap().unwrap();
        let serials: Vec<Serial> =
            table.iter().map(|record| record.unwrap().serial().unwrap().to_owned()).collect();
        for (ordinal, serial) in serials.iter().enumerate() {
            prop_assert_eq!(added.contains(ordinal as u32), !before.contains_key(serial));
        }
        let removed = table.removed().unwrap().unwrap().to_bitmap().unwrap();
        let old_table = previous.table(authority, None);
        let gone: Vec<Serial> = removed.iter()
            .map(|ordinal| old_table.unwrap().record_at(ordinal).unwrap().unwrap().serial().unwrap().to_owned())
            .collect();
        prop_assert_eq!(gone.len(), before.keys().filter(|serial| !after.contains_key(*serial)).count());
        prop_assert!(gone.iter().all(|serial| before.contains_key(serial) && !after.contains_key(serial)));
    }
}

/// A number that looks random and is the same in every run.
fn mixed(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[test]
fn large_tables_take_many_partitions_and_containers() {
    let wide = |number: u64| {
        let mut octets = vec![0; 17];
        octets[1..9].copy_from_slice(&mixed(number).to_be_bytes());
        octets[9..].copy_from_slice(&mixed(number ^ 0xffff).to_be_bytes());
        Serial::new(&octets).unwrap()
    };
    let small = |number: u64| {
        Serial::from_u64(mixed(number) % 300_000 + if number.is_multiple_of(3) { 0 } else { 1 << 31 })
    };
    let runs = |number: u64| Serial::from_u64(number + number / 50 * 7);
    let cases: [(&dyn Fn(u64) -> Serial, Encoding); 3] =
        [(&wide, Encoding::Hashed), (&small, Encoding::Ordinal), (&runs, Encoding::Ordinal)];
    for (serial, encoding) in cases {
        let statements: Vec<Statement> = (0..60_000)
            .map(|number: u64| Statement {
                crl: usize::from(number.is_multiple_of(10)),
                serial: serial(number),
                listing: index_support::listing(1_700_000_000 + number as i64, ReasonCode::Superseded),
            })
            // A second CRL says some of it again.
            .chain((0..20_000).map(|number| Statement {
                crl: 2,
                serial: serial(number * 2),
                listing: index_support::listing(1_600_000_000, ReasonCode::KeyCompromise),
            }))
            .collect();
        let (image, crls) = build_one(
            &statements,
            3,
            |builder| {
                builder.filter_load(100);
            },
            None,
        );
        let index = Index::open(image.to_vec()).unwrap();
        let authority = index.authorities().next().unwrap().id();
        assert_eq!(index.table(authority, None).unwrap().encoding(), encoding);
        let model = model_of(&statements, &crls);
        let table = index.table(authority, None).unwrap();
        for (serial, said) in &model {
            assert_eq!(said_of(&table, serial).unwrap().as_ref(), Some(said));
        }
        let absent = (60_000..120_000).map(serial).filter(|serial| !model.contains_key(serial));
        assert!(absent.into_iter().all(|serial| !table.contains(serial.as_ref()).unwrap()));
        assert_eq!(index.verify().unwrap().entries, model.len() as u64);
        assert_eq!(table.iter().count(), model.len());
        let serials: Vec<SerialRef<'_>> = model.keys().map(Serial::as_ref).collect();
        let mut hits = 0;
        table.find_batch(&serials, |_, found| hits += usize::from(found.unwrap().is_some()));
        assert_eq!(hits, model.len());
    }
}
