//! The answer to a question, in the caller's memory.

use std::mem::offset_of;

use revocache::types::{Cause, CrlFacts, CrlNumber, Listing, Method, Status, UnixTime, Verdict};

use crate::boundary::Structure;
use crate::failure::Failure;
use crate::policy::OnUnknown;
use crate::result::{of_failure, revocache_result};

/// A time that is not there.
pub const REVOCACHE_NO_TIME: i64 = i64::MIN;

/// The most octets of a CRL number (RFC 5280 section 5.2.3).
pub const REVOCACHE_CRL_NUMBER_OCTETS: usize = 20;

/// What to do with the certificate. Zero refuses.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum revocache_decision {
    /// Do not accept it.
    Refuse = 0,
    /// Accept it, as far as revocation is concerned.
    Accept = 1,
}

/// Why an answer is "unknown".
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum revocache_cause {
    /// The answer is not "unknown".
    None = 0,
    /// No authority of that name and key is in the index.
    AuthorityUnknown = 1,
    /// The authority is known, but no list in hand speaks for this certificate, its kind, or all reasons.
    NotCovered = 2,
    /// The certificate belongs to a partition (distribution point) whose list is not in hand.
    PartitionMissing = 3,
    /// The list that speaks for the certificate is past its next update.
    Stale = 4,
    /// The list that speaks for the certificate begins after the time of the question.
    NotYetValid = 5,
    /// Nobody says which OCSP responder to ask. This and what follows come from servers that ask responders.
    OcspNoResponder = 16,
    /// The responder did not answer in time.
    OcspUnavailable = 17,
    /// The responder does not answer for this certificate.
    OcspUnauthorized = 18,
    /// What the responder sent is not believed.
    OcspRefused = 19,
    /// The responder does not know the certificate.
    OcspUnknown = 20,
    /// A cause that this version of the interface has no number for.
    Other = 99,
}

/// Where an answer was found.
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum revocache_method {
    /// There is no answer.
    None = 0,
    /// In certificate revocation lists (RFC 5280).
    Crl = 1,
    /// From an OCSP responder (RFC 6960).
    Ocsp = 2,
}

/// The answer to one question, in the caller's memory: clear it and set `size`. Times are seconds since
/// 1970-01-01T00:00:00Z, REVOCACHE_NO_TIME where there is none.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_verdict {
    /// Set by the caller: sizeof(revocache_verdict).
    pub size: u32,
    /// What the call returned: REVOCACHE_RESULT_GOOD, REVOKED or UNKNOWN, or an error.
    pub result: u32,
    /// A revocache_decision: the result, judged by the policy.
    pub decision: u32,
    /// A revocache_cause.
    pub cause: u32,
    /// If revoked, the code of the reason (RFC 5280 section 5.3.1): 0 unspecified, 1 key compromise, …; else 0.
    pub reason: u32,
    /// A revocache_method.
    pub method: u32,
    /// If revoked, since when.
    pub revoked_at: i64,
    /// If revoked, when the CA believes the certificate became invalid, where it says so.
    pub invalidity_date: i64,
    /// thisUpdate of the list that decided; of the oldest one where several were needed.
    pub this_update: i64,
    /// nextUpdate of that list.
    pub next_update: i64,
    /// The generation of the index that answered; 0 if there is no answer.
    pub generation: u64,
    /// 1 if that list has a CRL number, else 0.
    pub has_crl_number: u32,
    /// The CRL number of that list, most significant octet first, behind leading zeros.
    pub crl_number: [u8; REVOCACHE_CRL_NUMBER_OCTETS],
}

// SAFETY: repr(C), begins with its size; six u32, five words of eight octets, a u32 and twenty octets without padding.
unsafe impl Structure for revocache_verdict {
    const NAME: &'static str = "revocache_verdict";
    const LEAST: usize = 88;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

const NO_NUMBER: [u8; REVOCACHE_CRL_NUMBER_OCTETS] = [0; REVOCACHE_CRL_NUMBER_OCTETS];

/// The size of a verdict as this library knows it, and callers compiled against its header.
#[allow(
    clippy::as_conversions,
    reason = "a hundred and some octets; there is no other conversion in a constant"
)]
const SIZE: u32 = size_of::<revocache_verdict>() as u32;

impl revocache_cause {
    pub(crate) const fn of(cause: Cause) -> Self {
        match cause {
            Cause::AuthorityUnknown => Self::AuthorityUnknown,
            Cause::NotCovered => Self::NotCovered,
            Cause::PartitionMissing => Self::PartitionMissing,
            Cause::Stale => Self::Stale,
            Cause::NotYetValid => Self::NotYetValid,
            Cause::OcspNoResponder => Self::OcspNoResponder,
            Cause::OcspUnavailable => Self::OcspUnavailable,
            Cause::OcspUnauthorized => Self::OcspUnauthorized,
            Cause::OcspRefused => Self::OcspRefused,
            Cause::OcspUnknown => Self::OcspUnknown,
            _ => Self::Other,
        }
    }

    /// The number as C sees it.
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u32) enum are the codes")]
    pub(crate) const fn code(self) -> u32 {
        self as u32
    }
}

impl revocache_method {
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u32) enum are the codes")]
    const fn code(self) -> u32 {
        self as u32
    }
}

impl revocache_decision {
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u32) enum are the codes")]
    const fn code(self) -> u32 {
        self as u32
    }
}

impl revocache_verdict {
    /// No answer yet.
    pub(crate) const NOTHING: Self = Self {
        size: 0,
        result: 0,
        decision: revocache_decision::Refuse.code(),
        cause: revocache_cause::None.code(),
        reason: 0,
        method: revocache_method::None.code(),
        revoked_at: REVOCACHE_NO_TIME,
        invalidity_date: REVOCACHE_NO_TIME,
        this_update: REVOCACHE_NO_TIME,
        next_update: REVOCACHE_NO_TIME,
        generation: 0,
        has_crl_number: 0,
        crl_number: [0; REVOCACHE_CRL_NUMBER_OCTETS],
    };

    /// The verdict in the form of C.
    #[inline(always)]
    pub(crate) fn of(verdict: &Verdict, on_unknown: OnUnknown) -> Self {
        // Every field is worked out first, so that the whole goes to its place at once.
        let refuse = revocache_decision::Refuse.code();
        let (decision, cause, revocation) = match &verdict.status {
            Status::Good => (revocache_decision::Accept.code(), revocache_cause::None.code(), None),
            Status::Revoked(revocation) => (refuse, revocache_cause::None.code(), Some(revocation)),
            Status::Unknown(cause) => (decision(on_unknown).code(), revocache_cause::of(*cause).code(), None),
        };
        let (reason, revoked_at, invalidity_date) = match revocation {
            None => (0, REVOCACHE_NO_TIME, REVOCACHE_NO_TIME),
            Some(revocation) => (
                u32::from(revocation.reason.code()),
                revocation.revoked_at.seconds(),
                seconds(revocation.invalidity_date),
            ),
        };
        let number = verdict.crl_number.as_ref();
        Self {
            size: SIZE,
            result: result_of(&verdict.status).code(),
            decision,
            cause,
            reason,
            method: match verdict.method {
                Method::Crl => revocache_method::Crl.code(),
                Method::Ocsp => revocache_method::Ocsp.code(),
            },
            revoked_at,
            invalidity_date,
            this_update: seconds(verdict.this_update),
            next_update: seconds(verdict.next_update),
            generation: verdict.generation,
            has_crl_number: number.is_some().into(),
            crl_number: *number.map_or(&NO_NUMBER, CrlNumber::octets),
        }
    }

    /// What the caller finds where one list names the certificate.
    #[inline(always)]
    pub(crate) fn of_listing(crl: &CrlFacts, listing: &Listing, generation: u64) -> Self {
        let number = crl.crl_number.as_ref();
        Self {
            size: SIZE,
            result: revocache_result::Revoked.code(),
            decision: revocache_decision::Refuse.code(),
            cause: revocache_cause::None.code(),
            reason: u32::from(listing.reason.code()),
            method: revocache_method::Crl.code(),
            revoked_at: listing.revoked_at.seconds(),
            invalidity_date: seconds(listing.invalidity_date),
            this_update: crl.this_update.seconds(),
            next_update: seconds(crl.next_update),
            generation,
            has_crl_number: number.is_some().into(),
            crl_number: *number.map_or(&NO_NUMBER, CrlNumber::octets),
        }
    }

    /// Changes a verdict into that of another record of the same list.
    ///
    /// # Safety
    /// `place` is one, aligned or not, and may be written.
    #[inline(always)]
    pub(crate) unsafe fn change(place: *mut Self, listing: &Listing) {
        let field = |at| place.cast::<u8>().wrapping_add(at);
        let reason = field(offset_of!(Self, reason)).cast::<u32>();
        let revoked_at = field(offset_of!(Self, revoked_at)).cast::<i64>();
        let invalidity_date = field(offset_of!(Self, invalidity_date)).cast::<i64>();
        // SAFETY: a field of the caller's verdict.
        unsafe { reason.write_unaligned(u32::from(listing.reason.code())) };
        // SAFETY: a field of the caller's verdict.
        unsafe { revoked_at.write_unaligned(listing.revoked_at.seconds()) };
        // SAFETY: a field of the caller's verdict.
        unsafe { invalidity_date.write_unaligned(seconds(listing.invalidity_date)) };
    }

    /// What the caller finds after a panic.
    #[cold]
    pub(crate) fn of_panic() -> Self {
        Self { result: revocache_result::Panic.code(), ..Self::NOTHING }
    }

    /// What the caller finds where there is no answer.
    #[cold]
    pub(crate) fn of_failure(failure: &Failure, on_unknown: OnUnknown) -> Self {
        let result = of_failure(failure);
        // A caller that made a mistake did not ask about the certificate, so that nothing speaks for it.
        let is_callers_mistake = (100..200).contains(&result.code());
        let on_unknown = if is_callers_mistake { OnUnknown::Refuse } else { on_unknown };
        Self { result: result.code(), decision: decision(on_unknown).code(), ..Self::NOTHING }
    }
}

/// What a check returns for a status.
#[inline(always)]
pub(crate) fn result_of(status: &Status) -> revocache_result {
    match status {
        Status::Good => revocache_result::Good,
        Status::Revoked(_) => revocache_result::Revoked,
        Status::Unknown(_) => revocache_result::Unknown,
    }
}

/// A time as C has it.
pub(crate) fn seconds(time: Option<UnixTime>) -> i64 {
    time.map_or(REVOCACHE_NO_TIME, UnixTime::seconds)
}

fn decision(on_unknown: OnUnknown) -> revocache_decision {
    match on_unknown {
        OnUnknown::Refuse => revocache_decision::Refuse,
        OnUnknown::Accept => revocache_decision::Accept,
    }
}
