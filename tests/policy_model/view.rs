//! A view of an authority answers as a question to the index does: over generated lists that were built into an index,
//! at every time at which something can change, one by one and in a batch.

use proptest::prelude::*;
use revocache::index::{AuthorityFacts, AuthorityId, Builder, FileFacts, Index, Listings};
use revocache::policy::{AuthorityView, Policy, check_serial};
use revocache::types::{NameKey, ReasonCode, Seconds, Serial, SerialRef, Status, UnixTime};

use crate::agreement::cases;
use crate::strategies::worlds;
use crate::world::{List, NOW, OWN_NAME, World, day, delta, list, name};

/// The serial in question, and neighbours: another that the same lists have, one for each list alone, and one that
/// nobody has. Of the two widths that hashed tables have for serials that are not short.
fn serials(count: usize) -> Vec<Serial> {
    let of = |last: u8, octets: usize| {
        let mut serial = vec![0x5a; octets];
        serial.push(last);
        Serial::new(&serial).unwrap()
    };
    let count = u8::try_from(count).unwrap();
    let mut serials = vec![of(255, 15), of(254, 17), Serial::from_u64(7), Serial::new(&[0xff; 1]).unwrap()];
    serials.extend((0..=count).map(|number| of(number, 15)));
    serials
}

/// An index of these lists, and the authority that is asked about. The first serials are in every list that has a
/// listing at all; of the others each is in one list.
fn index_of(lists: &[List]) -> (Index<Vec<u8>>, AuthorityId) {
    let mut builder = Builder::new(FileFacts { generation: 5, created_at: NOW, secret: [0x17; 32] });
    let authority = |name: &NameKey, key: u8| AuthorityFacts {
        name: name.clone(),
        display: String::new(),
        name_hashes: Vec::new(),
        keys: vec![revocache::index::KeyFacts {
            spki: vec![key],
            spki_sha256: [key; 32],
            key_sha1: [key; 20],
            key_sha256: [key; 32],
            key_ids: Vec::new(),
            certificates: Vec::new(),
        }],
    };
    let own = builder.add_authority(authority(&name(OWN_NAME), 0));
    let mut others: Vec<(NameKey, AuthorityId)> = Vec::new();
    let serials = serials(lists.len());
    for (number, list) in lists.iter().enumerate() {
        let issuer = list.other_issuer.as_ref().map(|name| {
            let known = others.iter().find(|(known, _)| known == name).map(|(_, id)| *id);
            known.unwrap_or_else(|| {
                let key = u8::try_from(others.len() + 1).unwrap();
                let id = builder.add_authority(authority(name, key));
                others.push((name.clone(), id));
                id
            })
        });
        let crl = builder.add_crl(issuer.unwrap_or(own), list.facts.clone());
        let Some(listing) = list.listing else { continue };
        let mut listings = Listings::new();
        for serial in serials[..2].iter().chain([&serials[4 + number]]) {
            listings.push(serial.as_ref(), listing);
        }
        let certificate_issuer = issuer.map(|_| name(OWN_NAME));
        builder.add_listings(crl, certificate_issuer, listings).unwrap();
    }
    let image = builder.finish::<Vec<u8>>(None).unwrap();
    (Index::open(image.to_vec()).unwrap(), own)
}

/// Everything that can be asked of a world, asked both ways.
fn compare(world: &World) -> Result<(), TestCaseError> {
    let (index, authority) = index_of(&world.lists);
    let view = AuthorityView::new(&index, authority, world.policy);
    let serials = serials(world.lists.len());
    let serials: Vec<SerialRef<'_>> = serials.iter().map(Serial::as_ref).collect();
    let mut times = vec![UnixTime::from_seconds(i64::MIN), world.at, UnixTime::from_seconds(i64::MAX)];
    for list in &world.lists {
        let end = world.policy.end_of_life(&list.facts);
        let dates = [Some(list.facts.this_update), Some(end), Some(end.plus(world.policy.grace))];
        let dates = dates.into_iter().chain([list.listing.map(|listing| listing.revoked_at)]).flatten();
        times.extend(dates.flat_map(|date| [-1, 0, 1].map(|by| UnixTime::from_seconds(date.seconds() + by))));
    }
    for at in times {
        let expected: Vec<_> = serials
            .iter()
            .map(|serial| check_serial(&index, Some(authority), *serial, at, &world.policy))
            .collect();
        for (serial, expected) in serials.iter().zip(&expected) {
            // Twice: what the first question leaves behind must not change the second.
            for _ in 0..2 {
                let got = view.check_serial(*serial, at);
                prop_assert_eq!(&got, expected, "{} at {}", serial, at);
            }
        }
        let mut answers = Vec::new();
        view.check_serials(&serials, at, |position, verdict| {
            answers.push((position, verdict.copied()));
        });
        prop_assert_eq!(answers, expected.into_iter().enumerate().collect::<Vec<_>>());
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1500))]

    #[test]
    fn a_view_answers_as_the_index_does(world in worlds()) {
        compare(&world)?;
    }
}

#[test]
fn the_cases_that_are_answered_without_the_long_way_are_right() {
    let (revoked, held) = (ReasonCode::KeyCompromise, ReasonCode::CertificateHold);
    let stories: [Vec<List>; 9] = [
        vec![],
        vec![list(1)],
        vec![list(1).lists(-1, revoked)],
        // Listed by one that begins later, about a time that has come, and about one that has not.
        vec![list(1).dates(1, 3).lists(-1, revoked)],
        vec![list(1).dates(1, 3).lists(2, revoked)],
        // A release alone denies nothing; with its base it releases, while it is current.
        vec![list(1), delta(2, 1).lists(-1, ReasonCode::RemoveFromCrl)],
        vec![list(1).lists(-1, held), delta(2, 1).lists(-1, ReasonCode::RemoveFromCrl)],
        vec![list(1).lists(-1, held).without_next_update(-2), delta(2, 1).dates(-2, 2)],
        vec![list(1), list(2).issued_by("CN=other").indirect().lists(-1, revoked)],
    ];
    for lists in stories {
        for grace in [0, 2] {
            compare(&World::serial(lists.clone()).grace(grace)).unwrap();
        }
    }
}

/// The statuses themselves, so that two ways of being wrong alike are noticed.
#[test]
fn a_view_tells_the_periods_apart() {
    let (index, authority) = index_of(&[list(1).dates(-1, 6).lists(-2, ReasonCode::Superseded)]);
    let policy = Policy { grace: Seconds::days(1), ..Policy::default() };
    let view = AuthorityView::new(&index, authority, policy);
    let status =
        |serial: &Serial, days: i64| view.check_serial(serial.as_ref(), day(days)).unwrap().status.name();
    let (listed, absent) = (&serials(0)[0], &serials(0)[2]);
    assert_eq!([-2, -1, 6, 7].map(|days| status(absent, days)), ["unknown", "good", "good", "unknown"]);
    assert_eq!([-3, -2, 7].map(|days| status(listed, days)), ["unknown", "revoked", "revoked"]);
    let verdict = view.check_serial(listed.as_ref(), NOW).unwrap();
    assert!(matches!(verdict.status, Status::Revoked(said) if said.reason == ReasonCode::Superseded));
    assert_eq!((verdict.this_update, verdict.generation), (Some(day(-1)), 5));
}

#[test]
fn a_view_may_keep_its_index() {
    let (index, authority) = index_of(&[list(1)]);
    let view = AuthorityView::new(std::sync::Arc::new(index), authority, Policy::default());
    let ask = || view.check_serial(serials(0)[2].as_ref(), NOW).unwrap().status;
    assert_eq!(std::thread::scope(|scope| scope.spawn(ask).join().unwrap()), Status::Good);
    assert_eq!(view.index().generation(), 5);
}
