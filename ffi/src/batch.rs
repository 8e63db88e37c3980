//! Many questions at once, with their cache misses side by side.

use std::mem::MaybeUninit;
use std::ops::Range;

use revocache::index::IndexError;
use revocache::types::{SerialRef, Verdict};

use crate::boundary::{OutArray, answer, elements, out_elements, required};
use crate::check::{read_serial, revocache_octets};
use crate::failure::{Failed, Failure, revocache_error};
use crate::issuer::revocache_issuer;
use crate::policy::{OnUnknown, Terms, revocache_policy};
use crate::prepared::{Listener, Ready};
use crate::result::{of_failure, revocache_result};
use crate::verdict::{result_of, revocache_verdict};

/// The most questions of a batch.
pub const REVOCACHE_MAX_BATCH: usize = 1 << 20;

/// Questions that are prepared at once.
const GROUP: usize = 64;

pub(crate) const WHAT: &str = "the batch";
const UNIT: &str = "questions";

/// Are the certificates with these serial numbers revoked? All are answered from one generation. Up to four times faster
/// per question than revocache_check_serial on large lists, with the same guarantees.
///
/// serials: an array, each as for revocache_check_serial. count: elements of each array, at most REVOCACHE_MAX_BATCH;
/// 0 is fine. results: an array of the caller, set to what revocache_check_serial would return for each. verdicts: NULL,
/// or an array of the caller, filled likewise; the `size` of its first element counts for all.
/// policy: may be NULL, for the defaults; `at` 0 is the time of the call for all. error: may be NULL; about the first
/// error.
///
/// Returns the worst result: the first error if there is any, else REVOKED, UNKNOWN, or GOOD if all are good; OK for no
/// questions. If the arguments are wrong, every result is the error (where there is an array to set).
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_check_batch(
    issuer: Option<&revocache_issuer>,
    serials: *const revocache_octets,
    count: usize,
    policy: *const revocache_policy,
    results: *mut revocache_result,
    verdicts: *mut revocache_verdict,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        // SAFETY: passed on.
        let mut answers = unsafe { Answers::new(results, verdicts, count) }?;
        let prepared = required(issuer, "issuer").and_then(|issuer| {
            // SAFETY: passed on.
            let terms = unsafe { Terms::read(policy) }?;
            // SAFETY: passed on.
            let serials = unsafe { elements(serials, count, REVOCACHE_MAX_BATCH, WHAT, UNIT) }?;
            Ok((issuer, serials, terms))
        });
        let (issuer, serials, terms) = match prepared {
            Ok(prepared) => prepared,
            Err(failure) => {
                (0..count).for_each(|position| answers.set_failure(position, &failure));
                return Err(failure);
            }
        };
        answers.judge_by(terms.on_unknown);
        ask(issuer, serials, &terms, &mut answers)?;
        answers.worst()
    })
}

/// Asks group by group.
fn ask(
    issuer: &revocache_issuer,
    serials: &[revocache_octets],
    terms: &Terms,
    answers: &mut Answers<'_>,
) -> Result<(), Failed> {
    let reading = issuer.generations.to_answer_under(&terms.policy);
    let resolved = reading.issuer(issuer.number).ok_or(Failure::NotFound { what: "such issuer" })?;
    let prepared = resolved.prepared(&terms.policy);
    let mut lanes = [SerialRef::new(&[0])?; GROUP];
    let mut first = 0;
    while let Some(rest) = serials.get(first..).filter(|rest| !rest.is_empty()) {
        // A group ends before a serial that is none, so that its positions are those of neighbours.
        let (mut used, mut failure) = (0, None);
        for (lane, view) in lanes.iter_mut().zip(rest) {
            // SAFETY: the caller of the entry point promises the octets of each.
            match unsafe { read_serial(view.data, view.length, terms.negative_serials) } {
                Ok(serial) => {
                    *lane = serial;
                    used += 1;
                }
                Err(wrong) => {
                    failure = Some(wrong);
                    break;
                }
            }
        }
        let lanes = lanes.get(..used).unwrap_or_default();
        let mut group = Group { answers, first };
        match prepared {
            Some(prepared) => prepared.check_serials(lanes, terms.at, terms.on_unknown, &mut group),
            None => lanes.iter().enumerate().for_each(|(lane, serial)| {
                group.found_out(lane, resolved.check_at_length(*serial, terms.at, &terms.policy));
            }),
        }
        first += used;
        if let Some(failure) = failure {
            answers.fail(first, failure);
            first += 1;
        }
    }
    Ok(())
}

/// The questions that are asked at once, and where the answer of the first goes.
struct Group<'g, 'a> {
    answers: &'g mut Answers<'a>,
    first: usize,
}

impl Listener for Group<'_, '_> {
    #[inline(always)]
    fn unlisted(&mut self, lanes: Range<usize>, ready: &Ready) {
        self.answers.set_all(self.first + lanes.start..self.first + lanes.end, ready);
    }

    fn revoked(&mut self, lane: usize, verdict: &revocache_verdict) {
        self.answers.set(self.first + lane, revocache_result::Revoked, verdict);
    }

    #[cold]
    fn found_out(&mut self, lane: usize, found_out: Result<Verdict, IndexError>) {
        let position = self.first + lane;
        match found_out {
            Ok(verdict) => {
                let told = revocache_verdict::of(&verdict, self.answers.on_unknown);
                self.answers.set(position, result_of(&verdict.status), &told);
            }
            Err(error) => self.answers.fail(position, error.into()),
        }
    }
}

/// The caller's arrays of answers.
pub(crate) struct Answers<'a> {
    results: &'a mut [MaybeUninit<revocache_result>],
    verdicts: Option<OutArray<'a, revocache_verdict>>,
    on_unknown: OnUnknown,
    /// The severities of the answers, a bit each.
    seen: u8,
    failure: Option<Failed>,
}

impl Answers<'_> {
    /// Takes the caller's arrays, and sets every result to one that is not an answer.
    ///
    /// # Safety
    /// Not NULL, each is an array of `count` elements that nobody else uses during the call.
    pub(crate) unsafe fn new(
        results: *mut revocache_result,
        verdicts: *mut revocache_verdict,
        count: usize,
    ) -> Result<Self, Failed> {
        // SAFETY: passed on.
        let results = unsafe { out_elements(results, count, REVOCACHE_MAX_BATCH, WHAT, UNIT) }?;
        results.iter_mut().for_each(|result| {
            result.write(revocache_result::Panic);
        });
        let verdicts = if count == 0 { None } else { OutArray::optional(verdicts, count)? };
        Ok(Self { results, verdicts, on_unknown: OnUnknown::Refuse, seen: 0, failure: None })
    }

    /// What to say of questions without an answer.
    pub(crate) fn judge_by(&mut self, on_unknown: OnUnknown) {
        self.on_unknown = on_unknown;
    }

    /// Sets neighbours, which may be none.
    #[inline(always)]
    fn set_all(&mut self, positions: Range<usize>, ready: &Ready) {
        if positions.is_empty() {
            return;
        }
        self.seen |= 1 << severity(ready.result);
        if let Some(places) = self.results.get_mut(positions.clone()) {
            places.fill(MaybeUninit::new(ready.result));
        }
        if let Some(verdicts) = &self.verdicts {
            verdicts.fill(positions, ready.verdict);
        }
    }

    #[inline(always)]
    pub(crate) fn set(&mut self, position: usize, result: revocache_result, verdict: &revocache_verdict) {
        self.seen |= 1 << severity(result);
        self.write(position, result);
        if let Some(out) = self.verdicts.as_ref().and_then(|verdicts| verdicts.at(position)) {
            out.write(*verdict);
        }
    }

    #[cold]
    pub(crate) fn set_failure(&mut self, position: usize, failure: &Failure) {
        self.write(position, of_failure(failure));
        if let Some(out) = self.verdicts.as_ref().and_then(|verdicts| verdicts.at(position)) {
            out.write(revocache_verdict::of_failure(failure, self.on_unknown));
        }
    }

    #[inline(always)]
    fn write(&mut self, position: usize, result: revocache_result) {
        if let Some(place) = self.results.get_mut(position) {
            place.write(result);
        }
    }

    /// The failure of one question; the first is that of the call.
    #[cold]
    pub(crate) fn fail(&mut self, position: usize, failure: Failed) {
        self.set_failure(position, &failure);
        self.failure.get_or_insert(failure);
    }

    pub(crate) fn worst(self) -> Result<revocache_result, Failed> {
        let worst = match self.seen {
            8.. => revocache_result::Revoked,
            4.. => revocache_result::Unknown,
            2.. => revocache_result::Good,
            _ => revocache_result::Ok,
        };
        self.failure.map_or(Ok(worst), Err)
    }
}

#[inline(always)]
fn severity(result: revocache_result) -> u32 {
    match result {
        revocache_result::Good => 1,
        revocache_result::Unknown => 2,
        revocache_result::Revoked => 3,
        _ => 0,
    }
}
