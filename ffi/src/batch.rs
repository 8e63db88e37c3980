//! Many questions at once, with their cache misses side by side.

use std::mem::MaybeUninit;
use std::ops::Range;

use revocache::types::{SerialError, Verdict};

use crate::boundary::{OutArray, answer, elements, out_elements, required};
use crate::check::revocache_octets;
use crate::failure::{Failed, Failure, revocache_error};
use crate::issuer::revocache_issuer;
use crate::lists::Ready;
use crate::policy::{OnUnknown, Terms, revocache_policy};
use crate::prepared::Listener;
use crate::resolved::Resolved;
use crate::result::{of_failure, revocache_result};
use crate::serial::{read_serial, usual_serial};
use crate::verdict::{result_of, revocache_verdict};

/// The most questions of a batch.
pub const REVOCACHE_MAX_BATCH: usize = 1 << 20;

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

/// Asks all of them.
fn ask(
    issuer: &revocache_issuer,
    serials: &[revocache_octets],
    terms: &Terms,
    answers: &mut Answers<'_>,
) -> Result<(), Failed> {
    let reading = issuer.generations.to_answer_under(&terms.policy);
    let resolved = reading.issuer(issuer.number).ok_or(Failure::NotFound { what: "such issuer" })?;
    let mut questions = Questions { serials, terms, resolved, answers };
    match resolved.prepared(&terms.policy) {
        Some(prepared) => {
            prepared.check_serials(
                serials,
                // SAFETY: the caller of the entry point promises the octets of each.
                |view| unsafe { usual_serial(view.data, view.length) },
                terms.at,
                terms.on_unknown,
                &mut questions,
            );
        }
        None => (0..serials.len()).for_each(|position| questions.not_so_simple(position)),
    }
    Ok(())
}

/// The questions, and where their answers go.
struct Questions<'q, 'a> {
    serials: &'q [revocache_octets],
    terms: &'q Terms,
    resolved: &'q Resolved,
    answers: &'q mut Answers<'a>,
}

impl Questions<'_, '_> {
    fn asked_alone(&self, position: usize) -> Result<Verdict, Failed> {
        let Some(view) = self.serials.get(position) else { return Err(SerialError::Empty.into()) };
        // SAFETY: the caller of the entry point promises the octets of each.
        let serial = unsafe { read_serial(view.data, view.length, self.terms.negative_serials) }?;
        Ok(self.resolved.check_at_length(serial, self.terms.at, &self.terms.policy)?)
    }
}

impl Listener for Questions<'_, '_> {
    #[inline(always)]
    fn unlisted(&mut self, positions: Range<usize>, ready: &Ready) {
        self.answers.set_all(positions, ready);
    }

    fn revoked(&mut self, position: usize, verdict: &revocache_verdict) {
        self.answers.set(position, revocache_result::Revoked, verdict);
    }

    #[cold]
    fn not_so_simple(&mut self, position: usize) {
        match self.asked_alone(position) {
            Ok(verdict) => {
                let told = revocache_verdict::of(&verdict, self.answers.on_unknown);
                self.answers.set(position, result_of(&verdict.status), &told);
            }
            Err(failure) => self.answers.fail(position, failure),
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
