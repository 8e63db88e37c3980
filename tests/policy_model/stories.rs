//! Cases with a history, one a test. The answers are written down by hand; production code and model both have to give
//! them. Where users of other software ran into the case, a comment names the thread.

use revocache::types::{
    Cause, KindScope, Listing, ReasonCode, ReasonSet, Revocation, Seconds, Status, UnixTime,
};

use crate::agreement::compare;
use crate::world::{
    List, NOW, OWN_NAME, World, all_reasons_but, day, delta, list, point, point_for, point_issued_by, reasons,
};

use ReasonCode::{CertificateHold, KeyCompromise, RemoveFromCrl, Superseded};

const NOT_COVERED: Status = Status::Unknown(Cause::NotCovered);
const PARTITION_MISSING: Status = Status::Unknown(Cause::PartitionMissing);
const STALE: Status = Status::Unknown(Cause::Stale);
const NOT_YET_VALID: Status = Status::Unknown(Cause::NotYetValid);

/// Revoked since so many days from now, for this reason.
fn revoked(revoked_at: i64, reason: ReasonCode) -> Status {
    Status::Revoked(Revocation { revoked_at: day(revoked_at), reason, invalidity_date: None })
}

/// Asks, and has the model agree first.
fn status(world: &World) -> Status {
    if let Err(difference) = compare(world) {
        panic!("{difference}");
    }
    world.judge().status
}

/// thisUpdate of the list whose dates stand for the answer.
fn dated(world: &World) -> UnixTime {
    world.judge().decided_by.unwrap().this_update
}

// ---- one list ---------------------------------------------------------------------------------------------------

#[test]
fn a_fresh_list_of_everything_vouches_for_what_it_does_not_list() {
    for world in
        [World::serial([list(1)]), World::user([], [list(1)]), World::ca([point(&["p1"])], [list(1)])]
    {
        assert_eq!(status(&world), Status::Good);
        assert_eq!(dated(&world), day(-1));
    }
}

#[test]
fn without_a_list_nothing_is_known() {
    // erlang/otp#946: no distribution point and no CRL has to be undetermined, not valid.
    for world in [World::serial([]), World::user([], []), World::user([point(&["p1"])], [])] {
        assert_eq!(status(&world), NOT_COVERED);
        assert_eq!(world.judge().decided_by, None);
    }
}

#[test]
fn an_entry_is_told_with_all_that_it_says() {
    let mut listing = list(1);
    let entry = Listing { revoked_at: day(-3), reason: KeyCompromise, invalidity_date: Some(day(-9)) };
    listing.listing = Some(entry);
    let world = World::user([], [listing]);
    let told = Revocation { revoked_at: day(-3), reason: KeyCompromise, invalidity_date: Some(day(-9)) };
    assert_eq!(status(&world), Status::Revoked(told));
}

// ---- time -------------------------------------------------------------------------------------------------------

#[test]
fn a_stale_list_still_denies_what_it_lists() {
    // SSSD/sssd#7404: the list was dropped wholly once it had expired, and cards known to be revoked were accepted.
    let world = World::user([], [list(1).dates(-9, -2).lists(-10, KeyCompromise)]);
    assert_eq!(status(&world), revoked(-10, KeyCompromise));
    assert_eq!(dated(&world), day(-9));
}

#[test]
fn a_stale_list_does_not_vouch() {
    for world in [World::serial([list(1).dates(-9, -2)]), World::user([], [list(1).dates(-9, -2)])] {
        assert_eq!(status(&world), STALE);
        assert_eq!(dated(&world), day(-9));
    }
}

#[test]
fn a_list_ends_at_its_next_update_not_after_it() {
    let mut world = World::user([], [list(1).dates(-7, 0)]);
    assert_eq!(status(&world), STALE);
    world.at = UnixTime::from_seconds(NOW.seconds() - 1);
    assert_eq!(status(&world), Status::Good);
}

#[test]
fn a_list_begins_at_its_this_update() {
    let mut world = World::user([], [list(1).dates(0, 7)]);
    assert_eq!(status(&world), Status::Good);
    world.at = UnixTime::from_seconds(NOW.seconds() - 1);
    assert_eq!(status(&world), NOT_YET_VALID);
}

#[test]
fn grace_lets_a_late_list_vouch_for_so_long_and_no_longer() {
    let world = World::user([], [list(1).dates(-9, -2)]);
    assert_eq!(status(&world.clone().grace(3)), Status::Good);
    assert_eq!(status(&world.clone().grace(2)), STALE);
    assert_eq!(status(&world.grace(1)), STALE);
}

#[test]
fn a_list_without_next_update_is_not_immortal() {
    // akash-network/console#3381: it was.
    let world = World::user([], [list(1).without_next_update(-6)]);
    assert_eq!(status(&world), Status::Good);
    assert_eq!(status(&world.clone().at_day(1)), STALE);
    assert_eq!(status(&world.clone().at_day(1).grace(1)), Status::Good);
    let mut mayfly = world;
    mayfly.policy.life_without_next_update = Seconds::days(6);
    assert_eq!(status(&mayfly), STALE);
}

#[test]
fn an_entry_with_a_future_date_counts_at_once() {
    // Mbed-TLS/mbedtls#3340: it was skipped.
    let world = World::user([], [list(1).lists(2, KeyCompromise)]);
    assert_eq!(status(&world), revoked(2, KeyCompromise));
}

#[test]
fn a_list_that_is_not_yet_valid_vouches_for_nothing() {
    let world = World::user([], [list(1).dates(2, 9)]);
    assert_eq!(status(&world), NOT_YET_VALID);
    assert_eq!(dated(&world), day(2));
}

#[test]
fn an_entry_of_a_list_that_is_not_yet_valid_counts_once_its_date_has_come() {
    let denying = list(2).dates(2, 9).lists(-1, KeyCompromise);
    assert_eq!(status(&World::user([], [denying])), revoked(-1, KeyCompromise));
    let just_now = list(2).dates(2, 9).lists(0, KeyCompromise);
    assert_eq!(status(&World::user([], [just_now])), revoked(0, KeyCompromise));
    let to_come = list(2).dates(2, 9).lists(1, KeyCompromise);
    assert_eq!(status(&World::user([], [to_come.clone()])), NOT_YET_VALID);
    assert_eq!(status(&World::user([], [to_come, list(1)])), Status::Good);
}

#[test]
fn stale_is_the_cause_where_both_a_stale_and_a_future_list_would_do() {
    let world = World::user([], [list(1).dates(-9, -2), list(2).dates(2, 9)]);
    assert_eq!(status(&world), STALE);
    assert_eq!(dated(&world), day(-9));
}

#[test]
fn the_newer_of_two_lists_stands_for_the_answer() {
    let world = World::user([], [list(1).dates(-4, 6), list(2).dates(-1, 2), list(3).dates(-2, 6)]);
    assert_eq!(status(&world), Status::Good);
    assert_eq!(dated(&world), day(-1));
}

#[test]
fn the_first_list_is_not_the_only_one() {
    // rustls/webpki#488: the first list was used even when a newer or unexpired one was loaded.
    let world = World::user([], [list(1).dates(-9, -2), list(2)]);
    assert_eq!(status(&world), Status::Good);
    let world = World::user([], [list(1).dates(-3, 2), list(2).lists(-1, Superseded)]);
    assert_eq!(status(&world), revoked(-1, Superseded));
}

#[test]
fn of_several_entries_a_current_list_tells_then_the_newest_then_the_earliest_date() {
    let stale = list(3).dates(-1, 0).lists(-9, Superseded);
    let older = list(1).dates(-3, 4).lists(-8, Superseded);
    let newer = list(2).dates(-2, 4).lists(-6, KeyCompromise);
    let as_new = list(2).dates(-2, 5).of_partition(&["p1"]).lists(-7, CertificateHold);
    let world = World::user([], [stale.clone(), older.clone()]);
    assert_eq!(status(&world), revoked(-8, Superseded));
    let world = World::user([], [stale.clone(), older.clone(), newer.clone()]);
    assert_eq!(status(&world), revoked(-6, KeyCompromise));
    let world = World::user([], [stale, newer, older, as_new]);
    assert_eq!(status(&world), revoked(-7, CertificateHold));
}

// ---- partitions -------------------------------------------------------------------------------------------------

#[test]
fn another_partition_of_the_same_ca_does_not_vouch() {
    // mozilla/crlite#356: without comparing names, somebody on the path substitutes another shard and hides a revocation.
    let world = World::user([point(&["p1"])], [list(1).of_partition(&["p2"])]);
    assert_eq!(status(&world), PARTITION_MISSING);
    let world = World::user([point(&["p1"])], [list(1).of_partition(&["p2"]), list(1).of_partition(&["p1"])]);
    assert_eq!(status(&world), Status::Good);
}

#[test]
fn a_missing_shard_is_not_checked_against_nothing() {
    // vitessio/vitess#21054: it was, and passed. The shard in hand is stale or not, it is another one.
    let world = World::user([point(&["p1"])], [list(1).of_partition(&["p2"]).dates(-9, -2)]);
    assert_eq!(status(&world), PARTITION_MISSING);
}

#[test]
fn a_shard_in_hand_for_other_kinds_is_not_missing() {
    let world = World::user([point(&["p1"])], [list(1).of_partition(&["p1"]).only_kind(KindScope::Ca)]);
    assert_eq!(status(&world), NOT_COVERED);
}

#[test]
fn the_second_distribution_point_matches_too() {
    // rustls/rustls#2999 (RUSTSEC-2026-0049): only the first was looked at.
    let world = World::user([point(&["p1"]), point(&["p2"])], [list(1).of_partition(&["p2"])]);
    assert_eq!(status(&world), Status::Good);
}

#[test]
fn one_of_several_names_is_enough() {
    let world = World::user([point(&["p1", "p2"])], [list(1).of_partition(&["p2", "p3"])]);
    assert_eq!(status(&world), Status::Good);
}

#[test]
fn a_plain_list_covers_a_certificate_with_a_distribution_point() {
    // rustls/webpki#228: an over-strict rule refused it, and large public CAs could not be checked.
    assert_eq!(status(&World::user([point(&["p1"])], [list(1)])), Status::Good);
}

#[test]
fn a_certificate_without_distribution_points_is_of_no_partition() {
    assert_eq!(status(&World::user([], [list(1).of_partition(&["p1"])])), PARTITION_MISSING);
}

#[test]
fn a_list_named_like_the_issuer_is_in_reach_of_every_certificate() {
    // RFC 5280 section 6.3.3, last paragraph: the implied distribution point has the name of the issuer.
    let named = list(1).of_partition(&[OWN_NAME]);
    assert_eq!(status(&World::user([], [named.clone()])), Status::Good);
    assert_eq!(status(&World::user([point(&["p1"])], [named])), Status::Good);
}

#[test]
fn a_serial_does_not_tell_its_partition() {
    let shards = [list(1).of_partition(&["p1"]), list(1).of_partition(&["p2"])];
    assert_eq!(status(&World::serial(shards.clone())), NOT_COVERED);
    assert_eq!(status(&World::serial([list(1).of_partition(&[OWN_NAME])])), NOT_COVERED);
    let [first, second] = shards;
    let world = World::serial([first, second.lists(-1, Superseded)]);
    assert_eq!(status(&world), revoked(-1, Superseded));
}

#[test]
fn a_list_of_another_partition_denies_all_the_same() {
    // aws/aws-lc#3110: scope mistakes let revoked leafs escape. A serial is unique within its authority.
    let elsewhere = list(1).of_partition(&["p2"]).lists(-1, KeyCompromise);
    assert_eq!(status(&World::user([point(&["p1"])], [elsewhere, list(1)])), revoked(-1, KeyCompromise));
    let for_cas = list(1).only_kind(KindScope::Ca).lists(-1, KeyCompromise);
    assert_eq!(status(&World::user([], [for_cas, list(1)])), revoked(-1, KeyCompromise));
}

#[test]
fn a_name_relative_to_the_issuer_is_compared_as_the_whole_name() {
    // Names come with the relative part already appended to what it is relative to.
    let whole = "CN=own/CN=shard 7";
    let world = World::user([point(&[whole])], [list(1).of_partition(&[whole])]);
    assert_eq!(status(&world), Status::Good);
    let world = World::user([point(&[whole])], [list(1).of_partition(&["CN=shard 7"])]);
    assert_eq!(status(&world), PARTITION_MISSING);
    let world = World::user([point(&[whole])], [list(1).of_partition(&["CN=own/CN=shard 8"])]);
    assert_eq!(status(&world), PARTITION_MISSING);
}

#[test]
fn the_list_of_another_partition_adds_nothing() {
    let rest = all_reasons_but(&[KeyCompromise]);
    let first = list(1).of_partition(&["p1"]).only_reasons(reasons(&[KeyCompromise]));
    let second = list(2).of_partition(&["p2"]).only_reasons(rest);
    assert_eq!(status(&World::user([point(&["p1"])], [first, second])), NOT_COVERED);
}

// ---- kinds ------------------------------------------------------------------------------------------------------

#[test]
fn a_list_for_users_says_nothing_of_a_ca() {
    let for_users = list(1).only_kind(KindScope::User);
    assert_eq!(status(&World::ca([], [for_users.clone()])), NOT_COVERED);
    assert_eq!(status(&World::user([], [for_users.clone()])), Status::Good);
    assert_eq!(status(&World::serial([for_users.clone()])), NOT_COVERED);
    let for_cas = list(1).dates(-2, 3).only_kind(KindScope::Ca);
    let world = World::serial([for_users, for_cas]);
    assert_eq!(status(&world), Status::Good);
    assert_eq!(dated(&world), day(-2), "the older of the two that were needed");
}

#[test]
fn a_list_for_attribute_certificates_says_nothing_of_others() {
    let for_attributes = list(1).only_kind(KindScope::Attribute);
    assert_eq!(status(&World::user([], [for_attributes.clone()])), NOT_COVERED);
    assert_eq!(status(&World::ca([], [for_attributes.clone()])), NOT_COVERED);
    assert_eq!(status(&World::serial([for_attributes])), NOT_COVERED);
}

// ---- reasons ----------------------------------------------------------------------------------------------------

#[test]
fn a_list_of_some_reasons_leaves_the_others_open() {
    // openssl/openssl#25527: a list of some reasons failed with a puzzling error.
    let some = list(1).only_reasons(reasons(&[KeyCompromise]));
    assert_eq!(status(&World::user([], [some.clone()])), NOT_COVERED);
    assert_eq!(status(&World::serial([some.clone()])), NOT_COVERED);
    assert_eq!(status(&World::user([], [some.lists(-1, KeyCompromise)])), revoked(-1, KeyCompromise));
}

#[test]
fn reasons_add_up_over_two_lists() {
    let key = list(1).dates(-3, 4).only_reasons(reasons(&[KeyCompromise]));
    let rest = list(1).only_reasons(all_reasons_but(&[KeyCompromise]));
    for world in [World::user([], [key.clone(), rest.clone()]), World::serial([rest.clone(), key.clone()])] {
        assert_eq!(status(&world), Status::Good);
        assert_eq!(dated(&world), day(-3), "an answer is as old as the oldest list it needs");
    }
    let stale = list(1).dates(-9, -2).only_reasons(reasons(&[KeyCompromise]));
    let world = World::user([], [stale, rest.clone()]);
    assert_eq!(status(&world), STALE);
    assert_eq!(dated(&world), day(-9), "the one that is stale, not the one that is not");
    let world = World::user([], [key.clone().dates(-3, -1), rest.clone().dates(-6, 4)]);
    assert_eq!(status(&world), STALE);
    assert_eq!(dated(&world), day(-3), "the one that is stale, although the other one is older");
    let world = World::user([], [key.clone().dates(1, 5), rest.clone()]);
    assert_eq!(status(&world), NOT_YET_VALID);
    assert_eq!(dated(&world), day(1), "the one that is not yet valid, although the other one is older");
    let gap = list(1).only_reasons(all_reasons_but(&[KeyCompromise, Superseded]));
    assert_eq!(status(&World::user([], [key, gap])), NOT_COVERED);
}

#[test]
fn the_reasons_of_a_distribution_point_limit_what_its_list_says() {
    let key = point_for(&["p1"], reasons(&[KeyCompromise]));
    let rest = point_for(&["p2"], all_reasons_but(&[KeyCompromise]));
    let lists = [list(1).of_partition(&["p1"]), list(1).of_partition(&["p2"])];
    let [first, second] = lists.clone();
    assert_eq!(status(&World::user([key.clone()], [first.clone()])), NOT_COVERED);
    assert_eq!(status(&World::user([key.clone(), rest.clone()], [first])), NOT_COVERED);
    assert_eq!(status(&World::user([key.clone(), rest.clone()], [second])), NOT_COVERED);
    assert_eq!(status(&World::user([key, rest], lists)), Status::Good);
}

#[test]
fn a_point_and_a_list_speak_for_the_reasons_they_share() {
    let world = World::user(
        [point_for(&["p1"], reasons(&[KeyCompromise, Superseded]))],
        [
            list(1).of_partition(&["p1"]).only_reasons(all_reasons_but(&[Superseded])),
            list(1).only_reasons(all_reasons_but(&[KeyCompromise])),
        ],
    );
    assert_eq!(status(&world), Status::Good);
    let world = World::user(
        [point_for(&["p1"], reasons(&[KeyCompromise]))],
        [list(1).of_partition(&["p1"]).only_reasons(all_reasons_but(&[KeyCompromise]))],
    );
    assert_eq!(status(&world), NOT_COVERED);
}

#[test]
fn all_reasons_by_name_are_all_reasons() {
    assert_eq!(status(&World::user([], [list(1).only_reasons(ReasonSet::ALL)])), Status::Good);
    assert_eq!(status(&World::user([], [list(1).only_reasons(ReasonSet::NONE)])), NOT_COVERED);
}

// ---- deltas -----------------------------------------------------------------------------------------------------

#[test]
fn a_delta_releases_from_hold() {
    let held = list(3).dates(-4, 3).lists(-5, CertificateHold);
    assert_eq!(status(&World::user([], [held.clone()])), revoked(-5, CertificateHold));
    let release = delta(5, 3).dates(-1, 1).lists(-1, RemoveFromCrl);
    for world in
        [World::user([], [held.clone(), release.clone()]), World::serial([release.clone(), held.clone()])]
    {
        assert_eq!(status(&world), Status::Good);
        assert_eq!(dated(&world), day(-1), "base and delta together have the dates of the delta");
    }
}

#[test]
fn a_stale_delta_denies_but_does_not_release() {
    // openssl/openssl#31297: expired deltas were accepted when the base was fresh.
    let held = list(3).dates(-4, 3).lists(-5, CertificateHold);
    let late_release = delta(5, 3).dates(-2, -1).lists(-2, RemoveFromCrl);
    let world = World::user([], [held.clone(), late_release.clone()]);
    assert_eq!(status(&world), revoked(-5, CertificateHold));
    assert_eq!(
        status(&World::user([], [held.clone(), late_release.dates(-2, 0)])),
        revoked(-5, CertificateHold)
    );
    let future_release = delta(5, 3).dates(1, 2).lists(1, RemoveFromCrl);
    assert_eq!(status(&World::user([], [held, future_release])), revoked(-5, CertificateHold));
    let late_denial = delta(5, 3).dates(-2, -1).lists(-2, KeyCompromise);
    assert_eq!(status(&World::user([], [list(3).dates(-4, 3), late_denial])), revoked(-2, KeyCompromise));
}

#[test]
fn a_fresh_base_vouches_although_its_delta_is_stale() {
    let world = World::user([], [list(3).dates(-4, 3), delta(5, 3).dates(-2, -1)]);
    assert_eq!(status(&world), Status::Good);
    assert_eq!(dated(&world), day(-4), "the stale delta has no part in the answer");
}

#[test]
fn a_current_delta_keeps_a_late_base_current() {
    // RFC 5280 section 5.2.4: together they have the dates of the delta.
    let base = list(3).dates(-9, -2);
    let world = World::user([], [base.clone(), delta(5, 3)]);
    assert_eq!(status(&world), Status::Good);
    assert_eq!(dated(&world), day(-1));
    assert_eq!(status(&World::user([], [base.clone(), delta(5, 3).dates(-3, -1)])), STALE);
    assert_eq!(status(&World::user([], [base, delta(5, 3).dates(1, 2)])), STALE);
}

#[test]
fn of_two_current_deltas_the_newer_dates_the_base() {
    let (older, newer) = (delta(5, 3).dates(-2, 4), delta(6, 3).dates(-1, 2));
    let base = list(3).dates(-4, 3);
    for lists in [[base.clone(), older.clone(), newer.clone()], [newer, older, base]] {
        let world = World::user([], lists);
        assert_eq!(status(&world), Status::Good);
        assert_eq!(dated(&world), day(-1));
    }
}

#[test]
fn a_delta_alone_does_not_vouch() {
    // puppetlabs/jvm-ssl-utils#106: a delta was silently taken for a full list.
    assert_eq!(status(&World::user([], [delta(5, 3)])), NOT_COVERED);
    assert_eq!(status(&World::serial([delta(5, 3)])), NOT_COVERED);
    assert_eq!(status(&World::user([], [delta(5, 3).lists(-1, KeyCompromise)])), revoked(-1, KeyCompromise));
}

#[test]
fn a_delta_releases_only_from_a_base_it_continues() {
    let release = delta(5, 3).lists(-1, RemoveFromCrl);
    let held = |number| list(number).dates(-4, 3).lists(-5, CertificateHold);
    let still_held = revoked(-5, CertificateHold);
    let after = |base: List, delta: List| status(&World::user([], [base, delta]));
    assert_eq!(after(held(3), release.clone()), Status::Good);
    assert_eq!(after(held(4), release.clone()), Status::Good);
    assert_eq!(after(held(2), release.clone()), still_held, "before its BaseCRLNumber");
    assert_eq!(after(held(5), release.clone()), still_held, "a complete list of the same number");
    assert_eq!(after(held(6), release.clone()), still_held, "a complete list with a higher number");
    assert_eq!(after(held(4).dates(0, 3), release.clone()), still_held, "a complete list of a later date");
    let mut unnumbered = held(3);
    unnumbered.facts.crl_number = None;
    assert_eq!(after(unnumbered, release.clone()), still_held, "nobody knows whether it continues it");
    assert_eq!(after(held(3), release.clone().of_partition(&["p1"])), still_held, "of another scope");
    assert_eq!(after(held(3), release.clone().only_kind(KindScope::User)), still_held, "of another scope");
    assert_eq!(after(held(3), release.clone().only_reasons(reasons(&[CertificateHold]))), still_held);
    assert_eq!(after(held(3), release.clone().indirect()), still_held, "of another scope");
    assert_eq!(after(held(3).dates(-9, -2), release), Status::Good, "the base may be late");
}

#[test]
fn a_release_lifts_the_hold_of_its_base_and_of_no_other_list() {
    let held = list(3).dates(-4, 3).lists(-5, CertificateHold);
    let release = delta(5, 3).lists(-1, RemoveFromCrl);
    let elsewhere = list(3).dates(-4, 3).of_partition(&["p1"]).lists(-6, CertificateHold);
    let world = World::user([], [held, release, elsewhere]);
    assert_eq!(status(&world), revoked(-6, CertificateHold));
}

#[test]
fn a_hold_that_became_final_has_the_reason_of_the_delta() {
    let held = list(3).dates(-4, 3).lists(-5, CertificateHold);
    let world = World::user([], [held.clone(), delta(5, 3).lists(-2, KeyCompromise)]);
    assert_eq!(status(&world), revoked(-2, KeyCompromise));
    // Even if base and delta were issued in the same second: section 6.3.3 searches the delta first.
    let world = World::user([], [held, delta(5, 3).dates(-4, 3).lists(-2, KeyCompromise)]);
    assert_eq!(status(&world), revoked(-2, KeyCompromise));
}

#[test]
fn grace_is_granted_to_deltas_too() {
    let held = list(3).dates(-4, 3).lists(-5, CertificateHold);
    let late_release = delta(5, 3).dates(-2, 0).lists(-2, RemoveFromCrl);
    assert_eq!(status(&World::user([], [held, late_release]).grace(1)), Status::Good);
}

// ---- indirect lists ---------------------------------------------------------------------------------------------

#[test]
fn an_indirect_list_speaks_for_certificates_that_name_its_issuer() {
    let indirect = list(1).issued_by("CN=other").indirect();
    let named = point_issued_by(&["p1"], &["CN=other"]);
    assert_eq!(status(&World::user([named.clone()], [indirect.clone()])), Status::Good);
    let denying = indirect.clone().lists(-1, KeyCompromise);
    assert_eq!(status(&World::user([named.clone()], [denying.clone()])), revoked(-1, KeyCompromise));
    for points in [vec![], vec![point(&["p1"])], vec![point_issued_by(&["p1"], &["CN=third"])]] {
        assert_eq!(status(&World::user(points.clone(), [indirect.clone()])), NOT_COVERED);
        assert_eq!(status(&World::user(points, [denying.clone(), list(1)])), Status::Good);
    }
    // The second point is a point too.
    assert_eq!(status(&World::user([point(&["p1"]), named], [denying])), revoked(-1, KeyCompromise));
}

#[test]
fn another_authority_speaks_only_by_a_list_that_says_it_is_indirect() {
    // openssl/openssl#27465: entries of other issuers were accepted without the flag.
    let direct = list(1).issued_by("CN=other");
    let named = point_issued_by(&["p1"], &["CN=other"]);
    assert_eq!(status(&World::user([named.clone()], [direct.clone()])), NOT_COVERED);
    let denying = direct.lists(-1, KeyCompromise);
    assert_eq!(status(&World::user([named], [denying.clone(), list(1)])), Status::Good);
    assert_eq!(status(&World::serial([denying, list(1)])), Status::Good);
}

#[test]
fn an_indirect_list_of_another_partition_does_not_vouch() {
    let indirect = list(1).issued_by("CN=other").indirect().of_partition(&["p2"]);
    let named = point_issued_by(&["p1"], &["CN=other"]);
    assert_eq!(status(&World::user([named.clone()], [indirect.clone()])), PARTITION_MISSING);
    // But it denies.
    assert_eq!(status(&World::user([named], [indirect.lists(-1, Superseded)])), revoked(-1, Superseded));
}

#[test]
fn a_point_without_name_is_named_like_its_issuer() {
    let nameless = point_issued_by(&[], &["CN=other"]);
    let indirect = list(1).issued_by("CN=other").indirect();
    assert_eq!(status(&World::user([nameless.clone()], [indirect.clone()])), Status::Good);
    let named_so = indirect.clone().of_partition(&["CN=other"]);
    assert_eq!(status(&World::user([nameless.clone()], [named_so])), Status::Good);
    let named_otherwise = indirect.of_partition(&["p1"]);
    assert_eq!(status(&World::user([nameless], [named_otherwise])), PARTITION_MISSING);
}

#[test]
fn a_certificate_may_name_its_own_issuer_as_issuer_of_an_indirect_list() {
    let named = point_issued_by(&["p1"], &[OWN_NAME]);
    let shard = list(1).of_partition(&["p1"]);
    assert_eq!(status(&World::user([named.clone()], [shard.clone().indirect()])), Status::Good);
    // Step (b)(1) asks for the flag, whoever the issuer is.
    assert_eq!(status(&World::user([named], [shard])), PARTITION_MISSING);
}

#[test]
fn an_indirect_list_denies_a_serial_and_never_vouches_for_it() {
    let indirect = list(1).issued_by("CN=other").indirect();
    assert_eq!(status(&World::serial([indirect.clone()])), NOT_COVERED);
    assert_eq!(status(&World::serial([indirect.clone(), list(1)])), Status::Good);
    let world = World::serial([indirect.lists(-1, KeyCompromise), list(1)]);
    assert_eq!(status(&world), revoked(-1, KeyCompromise));
}

#[test]
fn the_own_list_may_be_indirect() {
    assert_eq!(status(&World::user([], [list(1).indirect()])), Status::Good);
    assert_eq!(status(&World::serial([list(1).indirect()])), Status::Good);
    let world = World::user([], [list(1).indirect().lists(-1, Superseded)]);
    assert_eq!(status(&world), revoked(-1, Superseded));
}

#[test]
fn another_authority_of_the_same_name_is_another_authority() {
    // Two CAs of one name under different anchors: the list of one says nothing of the certificates of the other.
    let namesake = list(1).issued_by(OWN_NAME);
    assert_eq!(status(&World::user([point(&["p1"])], [namesake.clone()])), NOT_COVERED);
    assert_eq!(status(&World::user([], [namesake.clone().lists(-1, KeyCompromise), list(1)])), Status::Good);
    assert_eq!(status(&World::user([], [namesake.indirect()])), NOT_COVERED);
}

#[test]
fn a_delta_of_one_issuer_does_not_release_from_the_list_of_another() {
    let held = list(3).indirect().dates(-4, 3).lists(-5, CertificateHold);
    let release = delta(5, 3).indirect().lists(-1, RemoveFromCrl).issued_by("CN=other");
    let named = point_issued_by(&[], &["CN=other"]);
    assert_eq!(
        status(&World::user([named.clone()], [held.clone(), release.clone()])),
        revoked(-5, CertificateHold)
    );
    let of_the_other = held.issued_by("CN=other");
    assert_eq!(status(&World::user([named], [of_the_other, release])), Status::Good);
}
