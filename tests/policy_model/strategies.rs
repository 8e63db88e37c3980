//! Generated cases from a small world: few names, few reasons, whole days around the time asked about, numbers from 1
//! to 6. Whatever can coincide then does so often.

use proptest::prelude::*;
use proptest::sample::select;
use revocache::pki::DistributionPoint;
use revocache::policy::Policy;
use revocache::types::{
    CertificateKind, CrlNumber, KindScope, Listing, ReasonCode, ReasonSet, Scope, Seconds,
};

use crate::world::{List, NOW, OWN_NAME, Question, World, all_reasons_but, day, list, name, names, reasons};

/// The name of another authority.
const OTHER_NAME: &str = "CN=other";
/// The name of a third one.
const THIRD_NAME: &str = "CN=third";

/// A whole case: anything at all, or something more to the point.
pub(crate) fn worlds() -> impl Strategy<Value = World> {
    let lists = prop_oneof![
        4 => lists(0..6),
        2 => lists(1..5).prop_map(without_listings),
        3 => base_and_deltas(),
        2 => lists_that_add_up(),
    ];
    (lists, questions(), policies()).prop_map(|(lists, question, policy)| World {
        lists,
        question,
        at: NOW,
        policy,
        issuer: name(OWN_NAME),
    })
}

/// One more list for a case.
pub(crate) fn any_list() -> impl Strategy<Value = List> {
    lists(1..2).prop_map(|mut lists| lists.remove(0))
}

/// A distribution point of a certificate.
pub(crate) fn points() -> impl Strategy<Value = DistributionPoint> {
    let texts: [&[&str]; 7] = [&[], &["p1"], &["p1"], &["p2"], &["p2"], &["p1", "p2"], &[OTHER_NAME]];
    let issuers: [&[&str]; 9] =
        [&[], &[], &[], &[], &[], &[OTHER_NAME], &[OTHER_NAME], &[OWN_NAME], &[OTHER_NAME, THIRD_NAME]];
    (select(texts.to_vec()), reason_limits(), select(issuers.to_vec())).prop_map(
        |(texts, reasons, issuers)| DistributionPoint {
            names: names(texts),
            uris: Vec::new(),
            reasons,
            crl_issuers: names(issuers),
        },
    )
}

/// Lists of a few scopes and issuers, so that many of them are issues of the same list, or deltas to it.
fn lists(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<List>> {
    let families = prop::collection::vec((issuers(), scopes()), 1..=3);
    (families, prop::collection::vec((any::<prop::sample::Index>(), issues()), count)).prop_map(
        |(families, issues)| {
            let of_family = |(family, mut issue): (prop::sample::Index, List)| {
                let (issuer, scope) = family.get(&families);
                issue.other_issuer = issuer.map(name);
                issue.facts.scope = scope.clone();
                // Another authority's list is of no use here unless it is indirect: make most so.
                issue.facts.scope.indirect |= issuer.is_some() && issue.facts.crl_number != Some(1.into());
                issue
            };
            issues.into_iter().map(of_family).collect()
        },
    )
}

/// One or two issues of one list and some deltas, most of them to this list and some to one that is almost the same.
/// Complete lists hold, deltas release. Sometimes there is a list of something else too.
fn base_and_deltas() -> impl Strategy<Value = Vec<List>> {
    let issue = |delta: bool| {
        let entry = if delta { ReasonCode::RemoveFromCrl } else { ReasonCode::CertificateHold };
        let listing = (prop::option::weighted(0.5, -4_i64..=1), prop::bool::weighted(0.8)).prop_map(
            move |(revoked_at, as_usual)| {
                let reason = if as_usual { entry } else { ReasonCode::KeyCompromise };
                revoked_at.map(|days| Listing { revoked_at: day(days), reason, invalidity_date: None })
            },
        );
        // Bases 1 to 3 in front of deltas 3 to 6, with some overlap.
        let numbers = if delta { 3_u64..=6 } else { 1..=4 };
        let base = if delta { (1_u64..=3).prop_map(Some).boxed() } else { Just(None).boxed() };
        (numbers, base, dates(), listing).prop_map(|(number, base_number, (begin, end), listing)| List {
            listing,
            ..issued(Some(number), base_number, begin, end)
        })
    };
    let almost = prop_oneof![
        8 => Just("the same"),
        1 => Just("another issuer"),
        1 => Just("another partition"),
        1 => Just("another kind"),
        1 => Just("other reasons"),
        1 => Just("indirect or not"),
    ];
    let family = (prop_oneof![6 => Just(None), 2 => Just(Some(OTHER_NAME))], plain_scopes());
    let complete = prop::collection::vec(issue(false), 1..=2);
    let deltas = prop::collection::vec((issue(true), almost), 1..=2);
    let more = prop::option::weighted(0.2, any_list());
    (family, complete, deltas, more).prop_map(|((issuer, scope), mut lists, deltas, more)| {
        for (delta, _) in &deltas {
            lists.push(delta.clone());
        }
        for list in &mut lists {
            list.other_issuer = issuer.map(name);
            list.facts.scope = scope.clone();
            list.facts.scope.indirect |= issuer.is_some();
        }
        for (list, (_, almost)) in lists.iter_mut().rev().zip(deltas.iter().rev()) {
            let scope = &mut list.facts.scope;
            match *almost {
                "another issuer" if issuer.is_some() => list.other_issuer = None,
                "another issuer" => list.other_issuer = Some(name(OTHER_NAME)),
                "another partition" if scope.distribution_points == names(&["p1"]) => {
                    scope.distribution_points = names(&["p1", "p2"]);
                }
                "another partition" => scope.distribution_points = names(&["p1"]),
                "another kind" if scope.kinds == KindScope::User => scope.kinds = KindScope::All,
                "another kind" => scope.kinds = KindScope::User,
                "other reasons" if scope.only_some_reasons.is_some() => scope.only_some_reasons = None,
                "other reasons" => scope.only_some_reasons = Some(ReasonSet::ALL),
                "indirect or not" => scope.indirect = !scope.indirect,
                _ => {}
            }
        }
        lists.extend(more);
        lists
    })
}

/// Lists that speak for some reasons or kinds each, are rarely limited otherwise and list nothing.
fn lists_that_add_up() -> impl Strategy<Value = Vec<List>> {
    use ReasonCode::{CertificateHold, KeyCompromise};
    let some = prop_oneof![
        2 => Just(None),
        3 => Just(Some(reasons(&[KeyCompromise]))),
        3 => Just(Some(all_reasons_but(&[KeyCompromise]))),
        2 => Just(Some(all_reasons_but(&[CertificateHold]))),
    ];
    let kinds = prop_oneof![4 => Just(KindScope::All), 1 => Just(KindScope::User), 1 => Just(KindScope::Ca)];
    let texts: [&[&str]; 6] = [&[], &[], &[], &[], &["p1"], &["p2"]];
    let list = (issues(), some, kinds, select(texts.to_vec()));
    prop::collection::vec(list, 2..=4).prop_map(|lists| {
        let lists = lists.into_iter().map(|(mut list, only_some_reasons, kinds, texts)| {
            list.facts.scope =
                Scope { distribution_points: names(texts), kinds, only_some_reasons, indirect: false };
            list
        });
        without_listings(lists.collect())
    })
}

fn without_listings(mut lists: Vec<List>) -> Vec<List> {
    for list in &mut lists {
        list.listing = None;
    }
    lists
}

/// Scopes that are not limited, most of the time.
fn plain_scopes() -> impl Strategy<Value = Scope> {
    prop_oneof![3 => Just(Scope::default()), 1 => scopes()]
}

fn issuers() -> impl Strategy<Value = Option<&'static str>> {
    prop_oneof![
        7 => Just(None),
        3 => Just(Some(OTHER_NAME)),
        1 => Just(Some(THIRD_NAME)),
        // Another authority of the same name.
        1 => Just(Some(OWN_NAME)),
    ]
}

fn scopes() -> impl Strategy<Value = Scope> {
    let texts: [&[&str]; 10] =
        [&[], &[], &[], &[], &["p1"], &["p1"], &["p2"], &["p1", "p2"], &[OWN_NAME], &[OTHER_NAME]];
    let kinds = prop_oneof![
        8 => Just(KindScope::All),
        2 => Just(KindScope::User),
        2 => Just(KindScope::Ca),
        1 => Just(KindScope::Attribute),
    ];
    (select(texts.to_vec()), kinds, reason_limits(), prop::bool::weighted(0.3)).prop_map(
        |(texts, kinds, only_some_reasons, indirect)| Scope {
            distribution_points: names(texts),
            kinds,
            only_some_reasons,
            indirect,
        },
    )
}

fn reason_limits() -> impl Strategy<Value = Option<ReasonSet>> {
    use ReasonCode::{CertificateHold, KeyCompromise};
    prop_oneof![
        16 => Just(None),
        2 => Just(Some(reasons(&[KeyCompromise]))),
        3 => Just(Some(all_reasons_but(&[KeyCompromise]))),
        2 => Just(Some(all_reasons_but(&[CertificateHold]))),
        2 => Just(Some(reasons(&[KeyCompromise, CertificateHold]))),
        1 => Just(Some(ReasonSet::ALL)),
        1 => Just(Some(ReasonSet::NONE)),
    ]
}

/// A list without issuer and scope: its dates, numbers and listing.
fn issues() -> impl Strategy<Value = List> {
    let number = prop_oneof![12 => (1_u64..=6).prop_map(Some), 1 => Just(None)];
    let base_number = prop_oneof![6 => Just(None), 3 => (1_u64..=6).prop_map(Some)];
    (number, base_number, dates()).prop_flat_map(|(number, base_number, (begin, end))| {
        let issue = issued(number, base_number, begin, end);
        listings(base_number.is_some()).prop_map(move |listing| List { listing, ..issue.clone() })
    })
}

/// thisUpdate, where it does not follow from the number, and nextUpdate, if there is one; in days from now.
fn dates() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    (
        prop_oneof![6 => Just(None), 4 => (-6_i64..=2).prop_map(Some)],
        prop_oneof![6 => (1_i64..=6).prop_map(Some), 4 => (-3_i64..=1).prop_map(Some), 2 => Just(None)],
    )
}

/// A list of these numbers and dates. If nothing else is said there is one list a day, number 6 yesterday.
fn issued(number: Option<u64>, base_number: Option<u64>, begin: Option<i64>, end: Option<i64>) -> List {
    let begin = begin.unwrap_or_else(|| number.map_or(-3, |number| i64::try_from(number).unwrap() - 7));
    let mut issue = list(1);
    issue.facts.crl_number = number.map(CrlNumber::from);
    issue.facts.base_crl_number = base_number.map(CrlNumber::from);
    issue.facts.this_update = day(begin);
    issue.facts.next_update = end.map(day);
    issue
}

fn listings(in_delta: bool) -> impl Strategy<Value = Option<Listing>> {
    let removals = if in_delta { 20 } else { 1 };
    let reason = prop_oneof![
        removals => Just(ReasonCode::RemoveFromCrl),
        12 => Just(ReasonCode::CertificateHold),
        4 => Just(ReasonCode::KeyCompromise),
        4 => Just(ReasonCode::Unspecified),
    ];
    let invalid = prop::option::weighted(0.2, (-5_i64..=0).prop_map(day));
    let listing = (-4_i64..=2, reason, invalid).prop_map(|(revoked_at, reason, invalidity_date)| Listing {
        revoked_at: day(revoked_at),
        reason,
        invalidity_date,
    });
    prop::option::weighted(if in_delta { 0.5 } else { 0.25 }, listing)
}

fn questions() -> impl Strategy<Value = Question> {
    let kind = prop_oneof![
        5 => Just(CertificateKind::User),
        2 => Just(CertificateKind::Ca),
        1 => Just(CertificateKind::Attribute),
    ];
    prop_oneof![
        3 => Just(Question::Serial),
        7 => (kind, prop::collection::vec(points(), 0..=3))
            .prop_map(|(kind, points)| Question::Certificate(kind, points)),
    ]
}

fn policies() -> impl Strategy<Value = Policy> {
    (prop_oneof![4 => Just(0_u16), 1 => Just(1), 1 => Just(2)], select(vec![1_u16, 3, 7])).prop_map(
        |(grace, life)| Policy { grace: Seconds::days(grace), life_without_next_update: Seconds::days(life) },
    )
}
