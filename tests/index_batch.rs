//! The batch on tables that are large enough for it to ask ahead: as the single question, and never wrong when damaged.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod index_support;

use std::collections::HashSet;

use index_support::{authority_facts, crl_facts, file_facts, listing};
use revocache::index::{Builder, Found, Index, IndexError, Listings, NearAnswer, Table};
use revocache::types::{ReasonCode, Serial, SerialRef};

/// More than the table takes to ask ahead.
const ENTRIES: u64 = 160_000;

/// A number that looks random and is the same in every run.
fn mixed(number: u64) -> u64 {
    let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

/// A serial of so many octets of magnitude, half of them behind a sign octet.
fn serial(number: u64, octets: usize) -> Serial {
    let random = (0..3).flat_map(|word| mixed(number * 3 + word).to_be_bytes());
    let magnitude = random.take(octets).map(|octet| octet | 1);
    Serial::new(&std::iter::once(0).chain(magnitude).collect::<Vec<u8>>()).unwrap()
}

/// How a table is made: octets of its serials, with a filter that lets few pass and not all, with an exception.
#[derive(Debug, Clone, Copy)]
struct Kind(usize, bool, bool);

const KINDS: [Kind; 8] = [
    Kind(8, false, true),
    Kind(16, false, false),
    Kind(16, false, true),
    Kind(16, true, false),
    Kind(16, true, true),
    Kind(18, false, false),
    Kind(20, false, true),
    Kind(20, true, true),
];

fn build(Kind(octets, is_sharp, has_exception): Kind) -> Vec<u8> {
    let mut builder = Builder::new(file_facts(1));
    builder.filter_load(if is_sharp { 48 } else { u32::MAX });
    let authority = builder.add_authority(authority_facts(1));
    let crl = builder.add_crl(authority, crl_facts(0));
    let mut listings = Listings::new();
    for number in 0..ENTRIES {
        let said = listing(1_700_000_000 + number as i64, ReasonCode::Superseded);
        listings.push(serial(number, octets).as_ref(), said);
    }
    if has_exception {
        // It does not go into records.
        listings.push(Serial::new(&[0x80; 16]).unwrap().as_ref(), listing(5, ReasonCode::KeyCompromise));
    }
    builder.add_listings(crl, None, listings).unwrap();
    builder.finish::<Vec<u8>>(None).unwrap().to_vec()
}

/// Listed and absent ones in turn, of the usual lengths and of others, and as many as fill no group.
fn questions(octets: usize, count: u64) -> Vec<Serial> {
    let mut questions: Vec<Serial> = (0..count)
        .map(|number| match number % 8 {
            0..=3 => serial(mixed(number) % ENTRIES, octets),
            4 => serial(ENTRIES + number, octets - 1),
            5 => serial(number, octets - 1),
            6 => serial(ENTRIES + number, 19),
            _ => serial(ENTRIES + number, octets),
        })
        .collect();
    questions.extend([0, 1, u64::MAX].map(Serial::from_u64));
    questions.extend(
        [&[0x80; 16][..], &[0x80; 17], &[0x7f; 21], &[0x7f; 900]].map(|octets| Serial::new(octets).unwrap()),
    );
    questions
}

fn date_of(table: &Table<'_>, serial: SerialRef<'_>) -> Option<i64> {
    let found = table.find(serial).unwrap()?;
    Some(found.listings().next().unwrap().unwrap().1.revoked_at.seconds())
}

#[test]
fn a_batch_answers_as_single_questions_do() {
    for kind in KINDS {
        let Kind(octets, ..) = kind;
        let index = Index::open(build(kind)).unwrap();
        let table = index.tables().next().unwrap();
        let questions = questions(octets, 3000);
        let questions: Vec<SerialRef<'_>> = questions.iter().map(Serial::as_ref).collect();
        // Before any page was checked, and after; in batches of every length around that of a group.
        for length in (0..=2).chain(15..=17).chain(63..=66).chain([1000]) {
            let mut asked = 0;
            for part in questions.chunks(length.max(1)).take(60) {
                let mut next = 0;
                table.find_batch(part, |position, found| {
                    assert_eq!(position, next);
                    next += 1;
                    let date = found
                        .unwrap()
                        .map(|found| found.listings().next().unwrap().unwrap().1.revoked_at.seconds());
                    assert_eq!(date, date_of(&table, part[position]), "{}", part[position]);
                });
                assert_eq!(next, part.len());
                asked += next;
                let is_listed = |position: &usize| date_of(&table, part[*position]).is_some();
                let mut listed = Vec::new();
                table.find_listed(part, |position, found| {
                    if found.unwrap().is_some() {
                        listed.push(position);
                    }
                });
                assert_eq!(listed, (0..part.len()).filter(is_listed).collect::<Vec<_>>());
            }
            assert!(asked > 0);
        }
        let hits = questions.iter().filter(|serial| date_of(&table, **serial).is_some()).count();
        assert!((1400..1600).contains(&hits), "{hits} of {}", questions.len());
        for number in (0..ENTRIES).step_by(97) {
            let expected = 1_700_000_000 + number as i64;
            assert_eq!(date_of(&table, serial(number, octets).as_ref()), Some(expected));
        }
    }
}

#[test]
fn serials_that_end_alike_are_not_the_same() {
    for kind in KINDS.into_iter().filter(|Kind(octets, ..)| *octets == 16) {
        let index = Index::open(build(kind)).unwrap();
        let table = index.tables().next().unwrap();
        let all: Vec<Serial> = (0..ENTRIES).map(|number| serial(number, 16)).collect();
        // Every record is read, so that no page is left to be checked for what follows.
        assert!(all.iter().all(|serial| table.contains(serial.as_ref()).unwrap()));
        let last_sixteen =
            |serial: &Serial| <[u8; 16]>::try_from(&serial.octets()[serial.octets().len() - 16..]).unwrap();
        let listed: HashSet<&Serial> = all.iter().collect();
        let others: Vec<Serial> = all
            .iter()
            .step_by(40)
            .map(last_sixteen)
            .flat_map(|last| {
                // Longer by an octet, longer by four, the negative number of the same 16 octets, and of one more.
                [[1].as_slice(), &[1, 2, 3, 4], &[], &[0xfe]].map(|first| [first, &last].concat())
            })
            .map(|octets| Serial::new(&octets).unwrap())
            .filter(|serial| !listed.contains(serial))
            .collect();
        assert!(others.len() > 9000, "{}", others.len());
        for serial in &others {
            assert!(!table.contains(serial.as_ref()).unwrap(), "{}", serial.as_ref());
        }
        let others: Vec<SerialRef<'_>> = others.iter().map(Serial::as_ref).collect();
        table
            .find_batch(&others, |position, found| assert!(found.unwrap().is_none(), "{}", others[position]));
        table.find_listed(&others, |position, found| {
            assert!(found.unwrap().is_none(), "{}", others[position]);
        });
    }
}

#[test]
fn the_shortest_form_says_what_the_table_says() {
    for kind in KINDS {
        let Kind(octets, is_sharp, has_exception) = kind;
        let index = Index::open(build(kind)).unwrap();
        let table = index.tables().next().unwrap();
        assert!(table.near().is_none(), "no page was checked");
        assert!((0..ENTRIES).all(|number| table.contains(serial(number, octets).as_ref()).unwrap()));
        let near = table.near().unwrap();
        assert_eq!(near.sole_crl(), table.crls().next());
        let (mut excluded, mut absent, mut listed, mut unsure) = (0, 0, 0, 0);
        for asked in questions(octets, 8000) {
            // As it takes them: not negative, padded.
            let digits = asked.octets().strip_prefix(&[0]).unwrap_or(asked.octets());
            if asked.octets()[0] >= 0x80 || digits.len() > 16 {
                continue;
            }
            let mut padded = [0; 16];
            padded[16 - digits.len()..].copy_from_slice(digits);
            let said =
                table.find(asked.as_ref()).unwrap().map(|found| found.listings().next().unwrap().unwrap().1);
            if near.excludes(&padded) {
                assert_eq!(said, None, "{asked:?}");
                excluded += 1;
            }
            match near.answer(&padded) {
                NearAnswer::Absent => {
                    assert_eq!(said, None, "{asked:?}");
                    absent += 1;
                }
                NearAnswer::Listed(listing) => {
                    assert_eq!(said, Some(listing), "{asked:?}");
                    listed += 1;
                }
                NearAnswer::Unsure => unsure += 1,
            }
        }
        if octets == 16 && !has_exception {
            assert!(absent > 2500 && listed > 2500 && unsure < 200, "{absent} {listed} {unsure}");
            assert_eq!(excluded > 2500, is_sharp, "{excluded}");
        } else {
            assert_eq!((excluded, absent, listed), (0, 0, 0), "{kind:?}: the form is not for it");
        }
    }
}

#[test]
fn a_damaged_page_is_an_error_for_those_who_need_it() {
    for kind in KINDS.into_iter().filter(|Kind(octets, ..)| *octets == 16) {
        let file = build(kind);
        let questions = questions(16, 4000);
        let questions: Vec<SerialRef<'_>> = questions.iter().map(Serial::as_ref).collect();
        let whole = Index::open(file.as_slice()).unwrap();
        let table = whole.tables().next().unwrap();
        let right: Vec<Option<i64>> = questions.iter().map(|serial| date_of(&table, *serial)).collect();
        let mut errors = 0;
        for place in 1..60 {
            let mut damaged = file.clone();
            let at = file.len() / 60 * place;
            // As much as makes a difference to some of the questions, whatever it is.
            damaged[at..at + 2000].iter_mut().for_each(|octet| *octet ^= 1 << (place % 8));
            let Ok(index) = Index::open(damaged.as_slice()) else { continue };
            let table = index.tables().next().unwrap();
            // Twice: what the first question found out must hold for the second.
            for _ in 0..2 {
                let mut judge = |position: usize, found: Result<Option<Found<'_>>, IndexError>| match found {
                    Err(_) => errors += 1,
                    Ok(found) => {
                        let date = found
                            .map(|found| found.listings().next().unwrap().unwrap().1.revoked_at.seconds());
                        assert_eq!(date, right[position]);
                    }
                };
                table.find_batch(&questions, &mut judge);
                questions
                    .iter()
                    .enumerate()
                    .for_each(|(position, serial)| judge(position, table.find(*serial)));
            }
        }
        assert!(errors > 50, "{errors}");
    }
}
