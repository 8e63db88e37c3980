//! Which issue of each list stands: superseded, rolled back, too early, or a delta without its base.
//!
//! A list is known by its authority and its scope. Of the complete CRLs of one list the newest of the run stands, if
//! it is not older than the published one (whose number and date are the high-water mark). Of the deltas to it the
//! newest that can be combined with that complete CRL stands.

use std::collections::HashMap;

use crate::types::{CrlFacts, Scope, Supersession, UnixTime};

use super::request::Rollbacks;

/// A verified CRL and its authority's place in the new index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) authority: usize,
    pub(super) crl: &'a CrlFacts,
}

/// What is decided of one candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It stands; `forced` if it is older than the published one.
    Stands {
        forced: bool,
    },
    /// The very CRL that stands, a second time.
    Duplicate,
    Superseded(String),
    Rollback(String),
    NotYetValid,
    DeltaWithoutBase(String),
}

/// What is decided of all.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// For each published CRL, whether it stays.
    pub(super) stays: Vec<bool>,
    /// For each candidate, what becomes of it.
    pub(super) outcomes: Vec<Outcome>,
}

#[derive(Default)]
struct List {
    published_base: Option<usize>,
    published_delta: Option<usize>,
    bases: Vec<usize>,
    deltas: Vec<usize>,
}

/// Decides over `candidates`, given what is `published`.
pub(super) fn select(
    published: &[Known<'_>],
    candidates: &[Known<'_>],
    at: UnixTime,
    rollbacks: Rollbacks,
) -> Selection {
    let mut lists: HashMap<(usize, &Scope), List> = HashMap::new();
    for (index, known) in published.iter().enumerate() {
        let list = lists.entry((known.authority, &known.crl.scope)).or_default();
        let place = if known.crl.is_delta() { &mut list.published_delta } else { &mut list.published_base };
        // Two published issues of one list can meet when link certificates made two authorities one.
        let is_newer = |other: usize| known.crl.supersession(crl(published, other)) == Supersession::Newer;
        if place.is_none_or(is_newer) {
            *place = Some(index);
        }
    }
    let mut outcomes = vec![Outcome::NotYetValid; candidates.len()];
    for (index, known) in candidates.iter().enumerate().filter(|(_, known)| known.crl.this_update <= at) {
        let list = lists.entry((known.authority, &known.crl.scope)).or_default();
        if known.crl.is_delta() { list.deltas.push(index) } else { list.bases.push(index) }
    }
    let mut stays = vec![false; published.len()];
    for list in lists.values() {
        let mut decide = |index: usize, outcome: Outcome| {
            if let Some(place) = outcomes.get_mut(index) {
                *place = outcome;
            }
        };
        let published_base = list.published_base.map(|index| crl(published, index));
        let winner = contest(candidates, &list.bases, published_base, rollbacks, &mut decide);
        let base = winner.map(|index| crl(candidates, index)).or(published_base);
        if winner.is_none() {
            keep(&mut stays, list.published_base);
        }

        let (usable, unusable): (Vec<usize>, Vec<usize>) = list
            .deltas
            .iter()
            .partition(|index| base.is_some_and(|base| crl(candidates, **index).applies_to(base)));
        for index in unusable {
            decide(index, unusable_delta(crl(candidates, index), base));
        }
        let published_delta = list.published_delta.map(|index| crl(published, index));
        let winner = contest(candidates, &usable, published_delta, rollbacks, &mut decide);
        if winner.is_none() && published_delta.zip(base).is_some_and(|(delta, base)| delta.applies_to(base)) {
            keep(&mut stays, list.published_delta);
        }
    }
    Selection { stays, outcomes }
}

/// Lets the newest of `contenders` stand, unless it is older than the published one.
fn contest(
    candidates: &[Known<'_>],
    contenders: &[usize],
    published: Option<&CrlFacts>,
    rollbacks: Rollbacks,
    decide: &mut impl FnMut(usize, Outcome),
) -> Option<usize> {
    let is_older = |index: usize| {
        published
            .is_some_and(|published| crl(candidates, index).supersession(published) == Supersession::Older)
    };
    let mut admitted = Vec::new();
    for index in contenders.iter().copied() {
        if is_older(index) && rollbacks == Rollbacks::Refused {
            let marks = published.map(describe).unwrap_or_default();
            decide(
                index,
                Outcome::Rollback(format!(
                    "older than the list already published ({marks}); if it is meant to replace that one, build with \
                 --force-rollback"
                )),
            );
        } else {
            admitted.push(index);
        }
    }
    let age = |index: &usize| {
        let crl = crl(candidates, *index);
        (&crl.crl_number, crl.this_update, &crl.tbs_digest)
    };
    let winner = admitted.iter().copied().max_by(|left, right| age(left).cmp(&age(right)))?;
    for index in admitted {
        let same = crl(candidates, index).tbs_digest == crl(candidates, winner).tbs_digest;
        decide(
            index,
            match (index == winner, same) {
                (true, _) => Outcome::Stands { forced: is_older(winner) },
                (false, true) => Outcome::Duplicate,
                (false, false) => Outcome::Superseded(format!(
                    "a newer issue of the same list was given ({})",
                    describe(crl(candidates, winner))
                )),
            },
        );
    }
    Some(winner)
}

fn unusable_delta(delta: &CrlFacts, base: Option<&CrlFacts>) -> Outcome {
    let wanted = delta.base_crl_number.as_ref().map(ToString::to_string).unwrap_or_default();
    match base {
        None => Outcome::DeltaWithoutBase(format!(
            "the complete CRL it builds on (number {wanted} or later, same scope) is not in hand"
        )),
        Some(base) if base.crl_number.is_none() || base.crl_number < delta.base_crl_number => {
            Outcome::DeltaWithoutBase(format!(
                "it builds on complete CRL number {wanted} or later, and the one in hand is older ({})",
                describe(base)
            ))
        }
        Some(base) => {
            Outcome::Superseded(format!("it adds nothing to the complete CRL in hand ({})", describe(base)))
        }
    }
}

fn describe(crl: &CrlFacts) -> String {
    match &crl.crl_number {
        Some(number) => format!("number {number}, thisUpdate {}", crl.this_update),
        None => format!("thisUpdate {}", crl.this_update),
    }
}

fn keep(stays: &mut [bool], index: Option<usize>) {
    if let Some(place) = index.and_then(|index| stays.get_mut(index)) {
        *place = true;
    }
}

/// The facts at a position this module itself made from the slice.
#[allow(clippy::indexing_slicing, reason = "positions come from enumerating the same slice")]
fn crl<'a>(known: &[Known<'a>], index: usize) -> &'a CrlFacts {
    known[index].crl
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{CrlNumber, SignatureAlgorithm};

    const NOW: UnixTime = UnixTime::from_seconds(1_000_000);

    fn complete(number: u64, this_update: i64) -> CrlFacts {
        CrlFacts {
            this_update: UnixTime::from_seconds(this_update),
            next_update: None,
            crl_number: Some(CrlNumber::from(number)),
            base_crl_number: None,
            scope: Scope::default(),
            expired_certs_on_crl: None,
            freshest_crl_uris: Vec::new(),
            signature_algorithm: SignatureAlgorithm::Ed25519,
            signer_key: [0; 32],
            tbs_digest: [number.to_le_bytes(), this_update.to_le_bytes()].concat(),
            entries: 0,
            size: 0,
        }
    }

    fn delta(number: u64, base: u64, this_update: i64) -> CrlFacts {
        CrlFacts { base_crl_number: Some(CrlNumber::from(base)), ..complete(number, this_update) }
    }

    fn decide(
        published: &[CrlFacts],
        candidates: &[CrlFacts],
        rollbacks: Rollbacks,
    ) -> (Vec<bool>, Vec<&'static str>) {
        let known = |crls: &'static [CrlFacts]| -> Vec<Known<'static>> {
            crls.iter().map(|crl| Known { authority: 0, crl }).collect()
        };
        let leak = |crls: &[CrlFacts]| -> &'static [CrlFacts] { Vec::leak(crls.to_vec()) };
        let selection = select(&known(leak(published)), &known(leak(candidates)), NOW, rollbacks);
        let names = selection.outcomes.iter().map(|outcome| match outcome {
            Outcome::Stands { forced: false } => "stands",
            Outcome::Stands { forced: true } => "forced",
            Outcome::Duplicate => "duplicate",
            Outcome::Superseded(_) => "superseded",
            Outcome::Rollback(_) => "rollback",
            Outcome::NotYetValid => "not_yet_valid",
            Outcome::DeltaWithoutBase(_) => "delta_without_base",
        });
        (selection.stays, names.collect())
    }

    #[test]
    fn the_newest_of_a_run_stands_in_any_order() {
        let crls =
            [complete(3, 30), complete(1, 10), complete(4, 40), complete(4, 40), complete(9, 2_000_000)];
        let (_, names) = decide(&[], &crls, Rollbacks::Refused);
        assert_eq!(names, ["superseded", "superseded", "duplicate", "stands", "not_yet_valid"]);
    }

    #[test]
    fn number_and_date_are_both_high_water_marks() {
        let published = [complete(5, 50)];
        let older = [complete(4, 60), complete(6, 40), complete(4, 40)];
        for crl in &older {
            let (stays, names) = decide(&published, std::slice::from_ref(crl), Rollbacks::Refused);
            assert_eq!((stays, names), (vec![true], vec!["rollback"]), "{crl:?}");
            let (stays, names) = decide(&published, std::slice::from_ref(crl), Rollbacks::Forced);
            assert_eq!((stays, names), (vec![false], vec!["forced"]), "{crl:?}");
        }
        assert_eq!(decide(&published, &[complete(5, 50)], Rollbacks::Refused), (vec![false], vec!["stands"]));
        assert_eq!(decide(&published, &[complete(6, 60)], Rollbacks::Refused), (vec![false], vec!["stands"]));
    }

    #[test]
    fn a_delta_needs_a_base_that_is_new_enough_and_adds_to_it() {
        let none = |crls: &[CrlFacts]| decide(&[], crls, Rollbacks::Refused).1;
        assert_eq!(none(&[delta(6, 5, 60)]), ["delta_without_base"]);
        assert_eq!(none(&[complete(4, 40), delta(6, 5, 60)]), ["stands", "delta_without_base"]);
        assert_eq!(none(&[delta(6, 5, 60), complete(5, 50)]), ["stands", "stands"]);
        assert_eq!(none(&[delta(6, 5, 60), complete(7, 70)]), ["superseded", "stands"]);
        assert_eq!(
            none(&[complete(5, 50), delta(6, 5, 60), delta(7, 5, 70), delta(9, 8, 90)]),
            ["stands", "superseded", "stands", "delta_without_base"]
        );
    }

    #[test]
    fn a_published_delta_stays_until_its_base_overtakes_it() {
        let published = [complete(5, 50), delta(8, 5, 80)];
        assert_eq!(decide(&published, &[], Rollbacks::Refused).0, [true, true]);
        assert_eq!(decide(&published, &[complete(7, 70)], Rollbacks::Refused).0, [false, true]);
        assert_eq!(decide(&published, &[complete(9, 90)], Rollbacks::Refused).0, [false, false]);
        let (stays, names) = decide(&published, &[delta(7, 5, 70)], Rollbacks::Refused);
        assert_eq!((stays, names), (vec![true, true], vec!["rollback"]));
    }
}
