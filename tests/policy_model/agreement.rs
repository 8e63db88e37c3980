//! Production code and model give the same answers to generated cases, and the cases are worth something.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use revocache::policy::{Judgement, Window};
use revocache::types::{Cause, CrlFacts, Listing, ReasonCode, Status};

use crate::model::{Expected, expected, expected_with};
use crate::slips::Slip;
use crate::strategies::worlds;
use crate::world::{List, Question, World, describe};

/// As many cases as this, or as `PROPTEST_CASES` says if that is more. Failures are not written to files: a case worth
/// keeping becomes a story.
pub(crate) fn cases(at_least: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases.max(at_least), failure_persistence: None, ..config }
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn production_code_and_model_agree(world in worlds()) {
        if let Err(difference) = compare(&world) {
            return Err(TestCaseError::fail(difference));
        }
    }
}

#[test]
fn every_status_and_every_cause_occurs() {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for_each_world(6000, |world| {
        let question = match &world.question {
            Question::Serial => "serial",
            Question::Certificate(..) => "certificate",
        };
        let answer = match model_of(world, None) {
            Expected::Unknown(cause, _) => cause.name(),
            Expected::Good(_) => "good",
            Expected::Revoked(_) => "revoked",
        };
        *seen.entry(format!("{question} {answer}")).or_default() += 1;
        for what in coincidences(world) {
            *seen.entry(what.to_owned()).or_default() += 1;
        }
    });
    let wanted = [
        "serial good",
        "serial revoked",
        "serial not_covered",
        "serial stale",
        "serial not_yet_valid",
        "certificate good",
        "certificate revoked",
        "certificate not_covered",
        "certificate stale",
        "certificate not_yet_valid",
        "released by a current delta",
        "not released by a stale delta",
        "good by the dates of a delta",
        "good by several lists",
        "revoked by a stale list",
        "revoked by a list that is not yet valid",
        "revoked by another authority",
        "certificate partition_missing",
    ];
    for what in wanted {
        let times = seen.get(what).copied().unwrap_or_default();
        assert!(times >= 10, "'{what}' occurs only {times} times in 6000 cases: {seen:#?}");
    }
    assert_eq!(seen.get("serial partition_missing"), None, "a serial does not tell its partition");
}

/// What the comparison would not notice, it does not test: every mistake the model can be told to make has to change
/// the answer to some generated cases.
#[test]
fn every_slip_would_be_noticed() {
    let mut noticed = vec![0_u32; Slip::ALL.len()];
    for_each_world(3000, |world| {
        let right = in_short(&model_of(world, None));
        for (slip, noticed) in Slip::ALL.iter().zip(&mut noticed) {
            *noticed += u32::from(in_short(&model_of(world, Some(*slip))) != right);
        }
    });
    let noticed: Vec<(Slip, u32)> = Slip::ALL.into_iter().zip(noticed).collect();
    for (slip, times) in &noticed {
        assert!(*times >= 3, "{slip:?} changes the answer to {times} of 3000 cases only: {noticed:#?}");
    }
}

/// Asks both, and says in which way they differ.
pub(crate) fn compare(world: &World) -> Result<(), String> {
    let got = world.judge();
    let wanted = model_of(world, None);
    if agree(world, &got, &wanted) {
        return Ok(());
    }
    let by = got.decided_by.map_or("nothing".to_owned(), describe);
    Err(format!("expected {}\ngot {:?} by {by}\nfor {world:#?}", told(&wanted), got.status))
}

/// What the model wants, in words.
fn told(wanted: &Expected<'_>) -> String {
    let any_of = |lists: &[&CrlFacts]| {
        let lists: Vec<String> = lists.iter().map(|crl| describe(crl)).collect();
        if lists.is_empty() { "nothing".to_owned() } else { lists.join(", or by ") }
    };
    match wanted {
        Expected::Revoked(entries) => {
            let entry = |(listing, crl): &(Listing, &CrlFacts)| format!("{listing:?} by {}", describe(crl));
            format!("revoked {}", entries.iter().map(entry).collect::<Vec<_>>().join(", or "))
        }
        Expected::Good(lists) => format!("good by {}", any_of(lists)),
        Expected::Unknown(cause, lists) => format!("unknown ({cause}) by {}", any_of(lists)),
    }
}

fn agree(world: &World, got: &Judgement<'_>, wanted: &Expected<'_>) -> bool {
    let same = |crl: &CrlFacts| got.decided_by.is_some_and(|decided_by| std::ptr::eq(decided_by, crl));
    match (got.status, wanted) {
        (Status::Revoked(revocation), Expected::Revoked(entries)) => entries.iter().any(|(listing, crl)| {
            listing.revoked_at == revocation.revoked_at
                && listing.reason == revocation.reason
                && listing.invalidity_date == revocation.invalidity_date
                && same(crl)
        }),
        (Status::Good, Expected::Good(lists)) => lists.iter().any(|crl| same(crl)),
        (Status::Unknown(got_cause), Expected::Unknown(cause, lists)) => {
            got_cause == *cause
                && match cause {
                    Cause::Stale | Cause::NotYetValid => lists.iter().any(|crl| same(crl)),
                    // No list speaks for the certificate, or those that do leave something open.
                    _ => got.decided_by.is_none_or(|crl| {
                        *cause == Cause::NotCovered
                            && world.lists.iter().any(|list| std::ptr::eq(&list.facts, crl))
                    }),
                }
        }
        _ => false,
    }
}

fn model_of(world: &World, slip: Option<Slip>) -> Expected<'_> {
    let evidence = world.evidence();
    match slip {
        None => expected(&evidence, &world.subject(), world.at, &world.policy),
        slip => expected_with(slip, &evidence, &world.subject(), world.at, &world.policy),
    }
}

/// The status, without what it rests on.
fn in_short(answer: &Expected<'_>) -> &'static str {
    match answer {
        Expected::Revoked(_) => "revoked",
        Expected::Good(_) => "good",
        Expected::Unknown(cause, _) => cause.name(),
    }
}

/// The same worlds in every run.
fn for_each_world(count: u32, mut look: impl FnMut(&World)) {
    let mut runner = TestRunner::deterministic();
    let worlds = worlds();
    for _ in 0..count {
        look(&worlds.new_tree(&mut runner).unwrap().current());
    }
}

/// What is remarkable about a case.
fn coincidences(world: &World) -> Vec<&'static str> {
    let mut found = Vec::new();
    let right = model_of(world, None);
    let without = |slip| in_short(&model_of(world, Some(slip)));
    let window = |crl: &CrlFacts| world.policy.window(crl, world.at);
    match &right {
        Expected::Good(by) => {
            if without(Slip::RemovalIgnored) == "revoked" {
                found.push("released by a current delta");
            }
            if by.iter().all(|crl| crl.is_delta()) {
                found.push("good by the dates of a delta");
            }
            if without(Slip::NoAddingUp) != "good" {
                found.push("good by several lists");
            }
        }
        Expected::Revoked(entries) => {
            if without(Slip::StaleDeltaReleases) != "revoked" {
                found.push("not released by a stale delta");
            }
            for (_, crl) in entries {
                match window(crl) {
                    Window::Stale => found.push("revoked by a stale list"),
                    Window::NotYetValid => found.push("revoked by a list that is not yet valid"),
                    Window::Current => {}
                }
            }
            let denies =
                |list: &&List| entries.iter().any(|(_, crl)| std::ptr::eq(*crl, &raw const list.facts));
            if world.lists.iter().filter(denies).all(|list| list.other_issuer.is_some()) {
                found.push("revoked by another authority");
            }
            assert!(entries.iter().all(|(listing, _)| listing.reason != ReasonCode::RemoveFromCrl));
        }
        Expected::Unknown(..) => {}
    }
    found
}
