//! One authority of one index, resolved once for many questions.
//!
//! Between two questions about bare serials of the same authority little changes. The table is the same. What the CRLs
//! say of a serial that none of them lists depends on the time alone, and only on which of their dates it has passed:
//! there are few such periods, and within one the verdict is the same. So a view keeps that verdict per period, and a
//! question is a lookup and a comparison of times. It answers as [`super::check_serial()`] does in every case, and
//! leaves to it whatever is not so simple.

use std::ops::{Deref, Range};
use std::sync::OnceLock;

use super::check::{check_serial, indirect_issuers, unlisted, verdict};
use super::evidence::Subject;
use super::judge::Judgement;
use super::window::Policy;
use crate::index::{AuthorityId, CrlId, Found, Index, IndexError, Table};
use crate::types::{CrlFacts, Listing, ReasonCode, Revocation, SerialRef, Status, UnixTime, Verdict};

/// An authority of an index under one policy, for any number of questions about bare serials from any number of
/// threads.
///
/// `I` refers to the index and decides how long the view lives: `&Index` for a loop, [`std::sync::Arc`] for a view that
/// keeps its generation. Making one takes time in the number of the authority's CRLs; asking it neither locks nor
/// allocates, but for the first question in each period between two dates of those CRLs.
#[derive(Debug)]
pub struct AuthorityView<I> {
    index: I,
    authority: AuthorityId,
    policy: Policy,
    table: Option<usize>,
    /// Whether another authority's CRLs list certificates of this one.
    has_indirect: bool,
    /// The times at which a window of a CRL begins or ends, sorted and distinct.
    bounds: Box<[UnixTime]>,
    /// What is said of a serial that is not listed: before each bound, back to the one before it.
    unlisted: Box<[OnceLock<Verdict>]>,
    /// The same from the last bound on.
    last: OnceLock<Verdict>,
}

impl<B, I> AuthorityView<I>
where
    B: AsRef<[u8]>,
    I: Deref<Target = Index<B>>,
{
    /// Resolves an authority of this index; of an id of another file every verdict is `unknown`.
    #[must_use]
    pub fn new(index: I, authority: AuthorityId, policy: Policy) -> Self {
        let table = index.own_table_number(authority);
        let has_indirect = !indirect_issuers(&index, authority, &Subject::Serial).is_empty();
        let mut bounds: Vec<UnixTime> =
            index.crls_of(authority).flat_map(|(_, crl)| policy.bounds(crl)).collect();
        bounds.sort_unstable();
        bounds.dedup();
        let unlisted = bounds.iter().map(|_| OnceLock::new()).collect();
        let (bounds, last) = (bounds.into(), OnceLock::new());
        Self { index, authority, policy, table, has_indirect, bounds, unlisted, last }
    }

    /// The index it looks into.
    #[must_use]
    pub fn index(&self) -> &I {
        &self.index
    }

    /// The authority it is of.
    #[must_use]
    pub fn authority(&self) -> AuthorityId {
        self.authority
    }

    /// The policy it answers by.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy
    }

    /// The table in which every certificate of the authority that is listed is found. `None` if nothing is listed, or
    /// if CRLs of other authorities list certificates of this one: then [`AuthorityView::check_serial`] answers.
    #[inline]
    #[must_use]
    pub fn sole_table<'v>(&'v self) -> Option<Table<'v>>
    where
        B: 'v,
    {
        if self.has_indirect { None } else { self.table() }
    }

    /// The times at which the answers may change, sorted and distinct. From one to the next,
    /// [`AuthorityView::unlisted`] is the same.
    #[must_use]
    pub fn bounds(&self) -> &[UnixTime] {
        &self.bounds
    }

    /// As [`super::check_serial()`] for this index, authority and policy.
    ///
    /// # Errors
    /// As there.
    #[inline]
    pub fn check_serial(&self, serial: SerialRef<'_>, at: UnixTime) -> Result<Verdict, IndexError> {
        if self.has_indirect {
            return self.check_at_length(serial, at);
        }
        let table = self.table();
        let found = match &table {
            Some(table) => table.find(serial)?,
            None => None,
        };
        match found {
            None => Ok(*self.unlisted(at)),
            Some(found) => self.listed(found, serial, at),
        }
    }

    /// Checks many serials and calls back with the position and the verdict of each, in their order.
    ///
    /// Several times faster per question than one by one on tables that outgrow the cache.
    pub fn check_serials<F>(&self, serials: &[SerialRef<'_>], at: UnixTime, mut answer: F)
    where
        F: FnMut(usize, Result<&Verdict, IndexError>),
    {
        self.check_runs(serials, at, |positions, verdict| {
            positions.for_each(|position| answer(position, verdict.clone()));
        });
    }

    /// As [`AuthorityView::check_serials`], but neighbours that no CRL lists share a call with the positions of all of
    /// them, and a verdict that is [`AuthorityView::unlisted`] itself. Nearly all serials are such.
    pub fn check_runs<F>(&self, serials: &[SerialRef<'_>], at: UnixTime, mut answer: F)
    where
        F: FnMut(Range<usize>, Result<&Verdict, IndexError>),
    {
        if self.has_indirect {
            for (position, serial) in serials.iter().enumerate() {
                let verdict = self.check_at_length(*serial, at);
                answer(position..position + 1, verdict.as_ref().map_err(Clone::clone));
            }
            return;
        }
        let unlisted = self.unlisted(at);
        // Where the run begins that has not been told.
        let mut first = 0;
        let mut told = |position: usize, found: Result<Option<Found<'_>>, IndexError>| {
            let own = match (found, serials.get(position)) {
                (Ok(None), _) | (Ok(_), None) => return,
                (Ok(Some(found)), Some(serial)) => self.listed(found, *serial, at),
                (Err(error), _) => Err(error),
            };
            if first < position {
                answer(first..position, Ok(unlisted));
            }
            answer(position..position + 1, own.as_ref().map_err(Clone::clone));
            first = position + 1;
        };
        match (self.table(), serials) {
            (None, _) => {}
            // Getting ready for a group takes longer than one lookup.
            (Some(table), [serial]) => told(0, table.find(*serial)),
            (Some(table), _) => table.find_listed(serials, told),
        }
        if first < serials.len() {
            answer(first..serials.len(), Ok(unlisted));
        }
    }

    #[inline(always)]
    fn table<'v>(&'v self) -> Option<Table<'v>>
    where
        B: 'v,
    {
        self.index.numbered_table(self.table?)
    }

    /// What is said at a time of a serial that [`AuthorityView::sole_table`] does not have.
    #[inline(always)]
    pub fn unlisted(&self, at: UnixTime) -> &Verdict {
        let period = self.bounds.partition_point(|bound| *bound <= at);
        let verdict = self.unlisted.get(period).unwrap_or(&self.last);
        verdict.get_or_init(|| unlisted(&*self.index, self.authority, at, &self.policy))
    }

    /// The CRL that decides about what was found in [`AuthorityView::sole_table`], and what it says: the only one that
    /// lists it, which none can overrule. `None` if there are several or it is not so simple for another reason; then
    /// [`AuthorityView::check_serial`] answers.
    ///
    /// # Errors
    /// [`IndexError`] if the index turns out to be damaged there.
    #[inline]
    pub fn decided_by<'v>(
        &'v self,
        found: Found<'_>,
        at: UnixTime,
    ) -> Result<Option<(&'v CrlFacts, Listing)>, IndexError>
    where
        B: 'v,
    {
        let mut listings = found.listings();
        let first = listings.next().transpose()?;
        let is_sole = listings.next().transpose()?.is_none();
        match first {
            Some((id, listing)) if is_sole => Ok(self.believed(id, listing, at)),
            _ => Ok(None),
        }
    }

    /// As [`AuthorityView::decided_by`], for what takes no call; `None` for what that has to be asked.
    #[inline(always)]
    pub fn decided_at_once<'v>(&'v self, found: Found<'_>, at: UnixTime) -> Option<(&'v CrlFacts, Listing)>
    where
        B: 'v,
    {
        let (id, listing) = found.inline_listing()?;
        self.believed(id, listing, at)
    }

    /// The only CRL with entries in [`AuthorityView::sole_table`], if what is found of it there decides at this time and at
    /// every later one, unless its reason is removeFromCRL: then [`AuthorityView::decided_at_once`] says the same of it at
    /// all of them.
    pub fn sole_crl<'v>(&'v self, from: UnixTime) -> Option<&'v CrlFacts>
    where
        B: 'v,
    {
        let table = self.sole_table()?;
        let mut crls = table.crls();
        let (Some(id), None) = (crls.next(), crls.next()) else { return None };
        let crl = self.index.crl(id)?;
        let decides = self.index.authority_of_crl(id) == Some(self.authority) && from >= crl.this_update;
        decides.then_some(crl)
    }

    /// The only listing there is, if it decides.
    #[inline(always)]
    fn believed<'v>(&'v self, id: CrlId, listing: Listing, at: UnixTime) -> Option<(&'v CrlFacts, Listing)>
    where
        B: 'v,
    {
        if listing.reason == ReasonCode::RemoveFromCrl
            || self.index.authority_of_crl(id) != Some(self.authority)
        {
            return None;
        }
        match self.index.crl(id) {
            // A CRL that begins later is believed about a time that has come.
            Some(crl) if at >= crl.this_update || listing.revoked_at <= at => Some((crl, listing)),
            _ => None,
        }
    }

    /// The verdict of a serial that is listed.
    #[inline]
    fn listed(&self, found: Found<'_>, serial: SerialRef<'_>, at: UnixTime) -> Result<Verdict, IndexError> {
        match self.decided_at_once(found, at) {
            Some((crl, listing)) => Ok(self.revoked(crl, listing)),
            None => self.listed_at_length(found, serial, at),
        }
    }

    #[inline(never)]
    fn listed_at_length(
        &self,
        found: Found<'_>,
        serial: SerialRef<'_>,
        at: UnixTime,
    ) -> Result<Verdict, IndexError> {
        match self.decided_by(found, at)? {
            Some((crl, listing)) => Ok(self.revoked(crl, listing)),
            None => self.check_at_length(serial, at),
        }
    }

    #[inline(always)]
    fn revoked(&self, crl: &CrlFacts, listing: Listing) -> Verdict {
        let Listing { revoked_at, reason, invalidity_date } = listing;
        let status = Status::Revoked(Revocation { revoked_at, reason, invalidity_date });
        verdict(self.index.generation(), &Judgement { status, decided_by: Some(crl) })
    }

    #[inline(never)]
    fn check_at_length(&self, serial: SerialRef<'_>, at: UnixTime) -> Result<Verdict, IndexError> {
        check_serial(&*self.index, Some(self.authority), serial, at, &self.policy)
    }
}
