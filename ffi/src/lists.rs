//! The lists of one issuer in one generation: where a serial is in them, and what they say of it, in the form of C.

use revocache::index::{Found, NearTable, Table};
use revocache::policy::AuthorityView;
use revocache::publish::Snapshot;
use revocache::types::{Listing, ReasonCode, SerialRef, UnixTime, Verdict};

use crate::boundary::UsualOut;
use crate::policy::OnUnknown;
use crate::result::revocache_result;
use crate::verdict::{result_of, revocache_verdict};

/// Where the listed serials of an issuer are, and what is said of them.
#[derive(Debug)]
pub(crate) struct Lists {
    /// Where a serial is listed if it is, unless that is not so simple. Borrows from the index that `view` keeps.
    table: Option<Table<'static>>,
    view: AuthorityView<Snapshot>,
}

/// An answer as C gets it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ready {
    pub(crate) verdict: revocache_verdict,
    pub(crate) result: revocache_result,
}

impl Lists {
    /// Those of the authority that the view is of.
    pub(crate) fn new(view: AuthorityView<Snapshot>) -> Self {
        let table = view.sole_table().map(|table| {
            // SAFETY: a table refers to what the index has on the heap and to the file it has mapped. Neither moves nor
            // goes before the index, which `view` keeps for as long as the table is here; and what is handed out goes with it.
            unsafe { std::mem::transmute::<Table<'_>, Table<'static>>(table) }
        });
        Self { table, view }
    }

    /// The table; `None` if finding a serial is not so simple.
    #[inline(always)]
    pub(crate) fn table(&self) -> Option<&Table<'_>> {
        self.table.as_ref()
    }

    /// The table in its shortest form, for what goes with these lists; see [`Table::near`].
    pub(crate) fn near(&self) -> Option<NearTable<'static>> {
        self.table.as_ref()?.near()
    }

    /// The issuer under the policy that it is prepared for.
    #[inline(always)]
    pub(crate) fn view(&self) -> &AuthorityView<Snapshot> {
        &self.view
    }

    /// Says what is said of a serial that is listed, which `None` stands for not being; `None` if that is not so simple.
    #[inline(always)]
    pub(crate) fn say(
        &self,
        serial: SerialRef<'_>,
        at: UnixTime,
        unlisted: &Ready,
        out: UsualOut<'_, revocache_verdict>,
    ) -> Option<revocache_result> {
        let Some(found) = self.table.as_ref()?.find(serial).ok()? else {
            out.write(&unlisted.verdict);
            return Some(unlisted.result);
        };
        out.write(&self.said(found, at)?);
        Some(revocache_result::Revoked)
    }

    /// What is said of all that the only CRL lists from a time on, but for the reason and the date; `None` if there is more to
    /// it.
    pub(crate) fn revoked_from(&self, from: UnixTime) -> Option<revocache_verdict> {
        let crl = self.view.sole_crl(from)?;
        let listing =
            Listing { revoked_at: crl.this_update, reason: ReasonCode::Unspecified, invalidity_date: None };
        Some(revocache_verdict::of_listing(crl, &listing, self.view.index().generation()))
    }

    /// What the one list that decides says of a record; `None` if it is not so simple.
    #[inline(always)]
    pub(crate) fn said(&self, found: Found<'_>, at: UnixTime) -> Option<revocache_verdict> {
        let (crl, listing) = match self.view.decided_at_once(found, at) {
            Some(decided) => decided,
            None => self.view.decided_by(found, at).ok()??,
        };
        Some(revocache_verdict::of_listing(crl, &listing, self.view.index().generation()))
    }
}

impl Ready {
    /// No answer.
    pub(crate) const NOTHING: Self =
        Self { verdict: revocache_verdict::NOTHING, result: revocache_result::Panic };

    /// The verdict, judged by a policy.
    pub(crate) fn new(verdict: &Verdict, on_unknown: OnUnknown) -> Self {
        Self { verdict: revocache_verdict::of(verdict, on_unknown), result: result_of(&verdict.status) }
    }
}
