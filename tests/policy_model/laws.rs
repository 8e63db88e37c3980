//! What must hold whatever the answer is. The model has no part in these.

use proptest::prelude::*;
use revocache::policy::Window;
use revocache::types::{CertificateKind, CrlFacts, KindScope, ReasonCode, Seconds, Status, UnixTime};

use crate::agreement::cases;
use crate::strategies::{any_list, points, worlds};
use crate::world::{List, Question, World, day, list};

proptest! {
    #![proptest_config(cases(3000))]

    #[test]
    fn the_order_of_the_lists_does_not_matter(
        (world, shuffled) in worlds().prop_flat_map(|world| {
            let shuffled = Just(world.lists.clone()).prop_shuffle();
            (Just(world), shuffled)
        })
    ) {
        let other = World { lists: shuffled, ..world.clone() };
        let (answer, again) = (world.judge(), other.judge());
        prop_assert_eq!(answer.status.name(), again.status.name());
        match (answer.status, again.status) {
            // Two lists of one date may give different reasons; which of them is told is no matter of right or wrong.
            (Status::Revoked(one), Status::Revoked(two)) => prop_assert_eq!(one.revoked_at, two.revoked_at),
            (one, two) => prop_assert_eq!(one, two),
        }
        let date = |crl: Option<&CrlFacts>| crl.map(|crl| crl.this_update);
        if matches!(answer.status, Status::Good | Status::Revoked(_)) {
            prop_assert_eq!(date(answer.decided_by), date(again.decided_by));
        }
    }

    #[test]
    fn a_list_more_without_the_serial_never_lifts_a_revocation(
        world in worlds(), more in any_list(), position in any::<prop::sample::Index>()
    ) {
        let was = world.judge().status;
        let with_more = with_list(&world, List { listing: None, ..more }, position);
        if matches!(was, Status::Revoked(_)) {
            prop_assert_eq!(with_more.judge().status.name(), "revoked");
        }
    }

    #[test]
    fn only_a_current_delta_with_a_release_lifts_a_revocation(
        world in worlds(), more in any_list(), position in any::<prop::sample::Index>()
    ) {
        let was = world.judge().status;
        let is_release = more.listing.is_some_and(|listing| listing.reason == ReasonCode::RemoveFromCrl)
            && more.facts.is_delta()
            && world.policy.window(&more.facts, world.at) == Window::Current;
        let with_more = with_list(&world, more, position);
        if matches!(was, Status::Revoked(_)) && !is_release {
            prop_assert_eq!(with_more.judge().status.name(), "revoked");
        }
    }

    #[test]
    fn unknown_never_becomes_good_by_knowing_less(world in worlds(), kept in any::<u8>()) {
        if let Status::Unknown(_) = world.judge().status {
            let mut less = world.clone();
            let mut position = 0;
            less.lists.retain(|_| {
                position += 1;
                kept & (1 << (position - 1)) != 0
            });
            prop_assert_ne!(less.judge().status, Status::Good);
        }
    }

    #[test]
    fn a_listing_by_the_own_authority_denies_whatever_else_there_is(
        world in worlds(), more in any_list(), position in any::<prop::sample::Index>()
    ) {
        // Without a number no delta applies to it.
        let mut denying = List { other_issuer: None, ..more }.lists(0, ReasonCode::CertificateHold);
        denying.facts.crl_number = None;
        prop_assert_eq!(with_list(&world, denying, position).judge().status.name(), "revoked");
    }

    #[test]
    fn while_all_windows_last_time_changes_nothing(world in worlds(), seconds in 0_u32..400_000) {
        let later = World { at: world.at.plus(Seconds(seconds)), ..world.clone() };
        let window = |world: &World, crl: &CrlFacts| world.policy.window(crl, world.at);
        let lasts = world.lists.iter().all(|list| window(&world, &list.facts) == window(&later, &list.facts));
        let comes_true = world.lists.iter().any(|list| {
            window(&world, &list.facts) == Window::NotYetValid
                && list.listing.is_some_and(|listing| listing.revoked_at > world.at && listing.revoked_at <= later.at)
        });
        if lasts && !comes_true {
            prop_assert_eq!(world.judge(), later.judge());
        }
    }

    #[test]
    fn what_is_good_for_the_serial_is_good_for_the_certificate(
        world in worlds(), ca in any::<bool>(), points in prop::collection::vec(points(), 0..3)
    ) {
        let kind = if ca { CertificateKind::Ca } else { CertificateKind::User };
        let serial = World { question: Question::Serial, ..world.clone() };
        let certificate = World { question: Question::Certificate(kind, points), ..world.clone() };
        if serial.judge().status == Status::Good {
            prop_assert_eq!(certificate.judge().status, Status::Good);
        }
    }

    #[test]
    fn a_distribution_point_more_never_makes_good_unknown(world in worlds(), more in points()) {
        let mut with_more = world.clone();
        if let Question::Certificate(_, points) = &mut with_more.question {
            points.push(more);
        }
        if world.judge().status == Status::Good {
            prop_assert!(!matches!(with_more.judge().status, Status::Unknown(_)));
        }
    }

    #[test]
    fn a_longer_grace_only_adds_to_what_is_good(world in worlds(), days in 0_u16..4) {
        let mut longer = world.clone();
        longer.policy.grace = Seconds(world.policy.grace.0 + Seconds::days(days).0);
        let released = world.lists.iter().any(|list| {
            list.facts.is_delta() && list.listing.is_some_and(|listing| listing.reason == ReasonCode::RemoveFromCrl)
        });
        match world.judge().status {
            Status::Good => prop_assert_eq!(longer.judge().status, Status::Good),
            Status::Revoked(_) if !released => prop_assert_eq!(longer.judge().status.name(), "revoked"),
            Status::Revoked(_) | Status::Unknown(_) => {}
        }
    }

    #[test]
    fn good_rests_on_a_list_that_is_current(world in worlds()) {
        let answer = world.judge();
        if answer.status == Status::Good {
            let crl = answer.decided_by.unwrap();
            prop_assert_eq!(world.policy.window(crl, world.at), Window::Current);
        }
    }

    #[test]
    fn there_is_an_answer_at_the_ends_of_time(
        mut world in worlds(),
        at in prop::sample::select(vec![i64::MIN, -1, 0, i64::MAX]),
        dates in prop::collection::vec(prop::sample::select(vec![i64::MIN, -1, 0, i64::MAX]), 10),
        grace in prop::sample::select(vec![0, u32::MAX]),
    ) {
        world.at = UnixTime::from_seconds(at);
        world.policy.grace = Seconds(grace);
        for (list, dates) in world.lists.iter_mut().zip(dates.chunks(2)) {
            list.facts.this_update = UnixTime::from_seconds(dates[0]);
            list.facts.next_update = list.facts.next_update.map(|_| UnixTime::from_seconds(dates[1]));
        }
        let answer = world.judge();
        prop_assert!(["good", "revoked", "unknown"].contains(&answer.status.name()));
    }
}

/// The best case stays good when lists of no use are added, so that the laws above are not about unknown only.
#[test]
fn useless_lists_do_no_harm() {
    let useless = [
        list(9).of_partition(&["elsewhere"]),
        list(9).dates(-9, -3),
        list(9).dates(3, 9),
        list(9).only_kind(KindScope::Attribute),
        list(9).issued_by("CN=other").indirect(),
        list(9).issued_by("CN=other").lists(-1, ReasonCode::KeyCompromise),
    ];
    let mut lists = vec![list(1)];
    for list in useless {
        lists.push(list);
        assert_eq!(World::user([], lists.clone()).judge().status, Status::Good);
        let by = World::serial(lists.clone());
        assert_eq!(by.judge().decided_by.map(|crl| crl.this_update), Some(day(-1)));
        assert_eq!(by.judge().status, Status::Good);
    }
}

fn with_list(world: &World, more: List, position: prop::sample::Index) -> World {
    let mut with_more = world.clone();
    with_more.lists.insert(position.index(world.lists.len() + 1), more);
    with_more
}
