//! The verdict on one certificate.

use super::coverage::{Coverage, coverage, names_match};
use super::evidence::{Evidence, IssuedBy, Subject};
use super::window::{Policy, Window};
use crate::types::{Cause, CrlFacts, Listing, ReasonCode, Revocation, Status, UnixTime};

/// A status and the CRL that decided it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Judgement<'a> {
    /// The status.
    pub status: Status,
    /// The CRL whose dates stand for the answer: the one that lists the certificate, or the oldest of those needed
    /// for `good`, or the one that is stale or not yet valid. `None` where no CRL speaks for the certificate.
    pub decided_by: Option<&'a CrlFacts>,
}

/// Judges one certificate by all CRLs in hand. Total: there is an answer for every input.
///
/// `evidence` lists the complete and delta CRLs of the certificate's authority, and the indirect CRLs of others that
/// may speak for it. It is walked several times instead of being collected, so that nothing is allocated.
pub fn judge<'a, E>(evidence: E, subject: &Subject<'_>, at: UnixTime, policy: &Policy) -> Judgement<'a>
where
    E: Iterator<Item = Evidence<'a>> + Clone,
{
    let has_deltas = evidence.clone().any(|item| item.crl.is_delta());
    let case = Case { evidence, subject, at, policy, has_deltas };
    if let Some((revocation, crl)) = case.revocation() {
        return Judgement { status: Status::Revoked(revocation), decided_by: Some(crl) };
    }
    let unknown = |cause, decided_by| Judgement { status: Status::Unknown(cause), decided_by };
    // Each window is admitted beside those before it, and the lists in it are what the answer hangs on.
    if let Some(crl) = case.covering(&[Window::Current], Window::Current) {
        return Judgement { status: Status::Good, decided_by: Some(crl) };
    }
    if let Some(crl) = case.covering(&[Window::Current, Window::Stale], Window::Stale) {
        return unknown(Cause::Stale, Some(crl));
    }
    let all = [Window::Current, Window::Stale, Window::NotYetValid];
    if let Some(crl) = case.covering(&all, Window::NotYetValid) {
        return unknown(Cause::NotYetValid, Some(crl));
    }
    unknown(if case.partition_is_missing() { Cause::PartitionMissing } else { Cause::NotCovered }, None)
}

/// One question with everything that bears on it.
struct Case<'s, E> {
    evidence: E,
    subject: &'s Subject<'s>,
    at: UnixTime,
    policy: &'s Policy,
    /// Without one there is none to look for, complete CRL by complete CRL.
    has_deltas: bool,
}

impl<'a, E> Case<'_, E>
where
    E: Iterator<Item = Evidence<'a>> + Clone,
{
    fn evidence(&self) -> E {
        self.evidence.clone()
    }

    fn window(&self, crl: &CrlFacts) -> Window {
        self.policy.window(crl, self.at)
    }

    /// The listing that denies, if any: of a current list before others, then of the newest.
    fn revocation(&self) -> Option<(Revocation, &'a CrlFacts)> {
        let denials = self.evidence().filter_map(|item| Some((self.denial(&item)?, item.crl)));
        let (listing, crl) = denials.max_by_key(|(listing, crl)| {
            let current = self.window(crl) == Window::Current;
            (current, crl.this_update, std::cmp::Reverse(listing.revoked_at))
        })?;
        let Listing { revoked_at, reason, invalidity_date } = listing;
        Some((Revocation { revoked_at, reason, invalidity_date }, crl))
    }

    fn denial(&self, item: &Evidence<'a>) -> Option<Listing> {
        let listing = item.listing.filter(|listing| listing.reason != ReasonCode::RemoveFromCrl)?;
        let believed = match self.window(item.crl) {
            // Said later, but about a time that has come: the certificate was revoked by then.
            Window::NotYetValid => listing.revoked_at <= self.at,
            Window::Current | Window::Stale => true,
        };
        (believed && may_speak_for(item, self.subject) && !self.is_overruled(item)).then_some(listing)
    }

    /// Whether the newest delta to this complete CRL is current and has an entry of its own, which is looked for first
    /// (steps i and j): it denies by itself, or says removeFromCRL. An older delta does not step in for the newest:
    /// each tells every change since its base, so the newest has the last word.
    fn is_overruled(&self, base: &Evidence<'a>) -> bool {
        let newest = self.newest_delta(base, |window| window != Window::NotYetValid);
        newest.is_some_and(|delta| self.window(delta.crl) == Window::Current && delta.listing.is_some())
    }

    /// The newest delta in an admitted window that can be combined with `base` (step c).
    fn newest_delta(&self, base: &Evidence<'a>, admitted: impl Fn(Window) -> bool) -> Option<Evidence<'a>> {
        if !self.has_deltas {
            return None;
        }
        let deltas = self.evidence().filter(|delta| {
            delta.issued_by == base.issued_by
                && delta.crl.applies_to(base.crl)
                && admitted(self.window(delta.crl))
        });
        deltas.max_by_key(|delta| {
            let is_current = self.window(delta.crl) == Window::Current;
            (delta.crl.this_update, delta.crl.crl_number, is_current, delta.listing.is_some())
        })
    }

    /// The CRL that stands for the complete coverage of the certificate by complete CRLs in the admitted windows:
    /// the newest of those in the decisive window that suffice alone, else the oldest of those that contribute;
    /// `None` if the certificate is not covered. A complete CRL with a current delta has the dates of the delta
    /// (RFC 5280 section 5.2.4).
    fn covering(&self, admitted: &[Window], decisive: Window) -> Option<&'a CrlFacts> {
        let mut union = Coverage::NONE;
        let mut newest_sufficient: Option<&'a CrlFacts> = None;
        let mut oldest_used: Option<&'a CrlFacts> = None;
        for base in self.evidence().filter(|item| !item.crl.is_delta()) {
            let delta = self.newest_delta(&base, |window| window == Window::Current);
            let dated_by = delta.map_or(base.crl, |delta| delta.crl);
            let window = self.window(dated_by);
            let covered = coverage(&base, self.subject);
            if !admitted.contains(&window) || covered.is_empty() {
                continue;
            }
            union = union.union(covered);
            if window != decisive {
                continue;
            }
            let is_older = |other: &CrlFacts| dated_by.this_update < other.this_update;
            if covered.is_complete() && newest_sufficient.is_none_or(|other| !is_older(other)) {
                newest_sufficient = Some(dated_by);
            }
            if oldest_used.is_none_or(is_older) {
                oldest_used = Some(dated_by);
            }
        }
        newest_sufficient.or(oldest_used.filter(|_| union.is_complete()))
    }

    /// Whether the lists that may speak for the certificate are partitioned, and none is of its partition.
    fn partition_is_missing(&self) -> bool {
        let may_speak = || self.evidence().filter(|item| may_speak_for(item, self.subject));
        matches!(self.subject, Subject::Certificate { .. })
            && may_speak().any(|item| !item.crl.scope.distribution_points.is_empty())
            && !may_speak().any(|item| names_match(&item, self.subject))
    }
}

/// A CRL of the certificate's own authority always may. One of another authority may if the certificate names it
/// as its CRL issuer (section 6.3.3 step b (1)); a bare serial cannot tell, and then denying is the safe side.
fn may_speak_for(item: &Evidence<'_>, subject: &Subject<'_>) -> bool {
    match (item.issued_by, subject) {
        (IssuedBy::OwnAuthority, _) => true,
        (IssuedBy::Other(_), Subject::Serial) => item.crl.scope.indirect,
        (IssuedBy::Other(name), Subject::Certificate { distribution_points, .. }) => {
            item.crl.scope.indirect
                && distribution_points.iter().any(|point| point.crl_issuers.contains(name))
        }
    }
}
