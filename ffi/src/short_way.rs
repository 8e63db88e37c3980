//! The short way of a check, for the one kind of question that nearly every one is.
//!
//! An issuer that is there, structures of this library's version, a serial of ordinary form, a policy that issuers are
//! prepared for, a thread that has its slot, no new generation, and a serial that no list or one list has: then nothing
//! is left that could fail, and no error has to be carried along. Nothing here decides that anything is wrong. Whatever
//! is unusual makes the short way `None`, and the caller goes the long way, which finds out and says so.

use revocache::types::{SerialRef, UnixTime};

use crate::boundary::{OutStruct, UsualOut};
use crate::check::usual_serial;
use crate::failure::revocache_error;
use crate::issuer::revocache_issuer;
use crate::policy::{OnUnknown, UsualTerms, now, revocache_policy};
use crate::prepared::{Known, Prepared};
use crate::result::revocache_result;
use crate::verdict::revocache_verdict;

/// The arguments of revocache_check_serial.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) issuer: Option<&'a revocache_issuer>,
    pub(crate) serial: *const u8,
    pub(crate) serial_length: usize,
    pub(crate) policy: *const revocache_policy,
    pub(crate) verdict: *mut revocache_verdict,
    pub(crate) error: *mut revocache_error,
}

impl Asked<'_> {
    /// The answer in the most usual case: a serial of 16 to 20 octets, a time and the policy that issuers are asked under
    /// first, and about the same period as before.
    ///
    /// There is no call in it but to what a listed serial needs, so that no register has to be saved for the rest.
    ///
    /// # Safety
    /// The pointers are as the header's preamble demands.
    #[inline(always)]
    pub(crate) unsafe fn answer_at_once(&self) -> Option<revocache_result> {
        if self.policy.is_null() || !(16..=20).contains(&self.serial_length) {
            return None;
        }
        let issuer = self.issuer?;
        // SAFETY: passed on.
        let terms = unsafe { UsualTerms::read(self.policy) }?;
        let (at, out) = (terms.at?, OutStruct::usual(self.verdict)?);
        let reading = issuer.generations.newest_at_once()?;
        let prepared = reading.issuer(issuer.number)?.usually_prepared(terms.policy)?;
        // SAFETY: passed on.
        let serial = unsafe { usual_serial(self.serial, self.serial_length) }?;
        match prepared.known(serial, at, terms.on_unknown)? {
            Known::Unlisted(ready) => {
                out.write(&ready.verdict);
                Some(ready.result)
            }
            // SAFETY: passed on.
            known => unsafe { self.answer_other(prepared, known) },
        }
    }

    /// The same for serials of every ordinary form, the machine's clock, and the other policies that issuers are prepared
    /// for. Out of line, because it calls.
    ///
    /// # Safety
    /// As [`Asked::answer_at_once`].
    #[inline(never)]
    pub(crate) unsafe fn answer_with_calls(&self) -> Option<revocache_result> {
        let issuer = self.issuer?;
        // SAFETY: passed on.
        let serial = unsafe { usual_serial(self.serial, self.serial_length) }?;
        // SAFETY: passed on.
        let terms = unsafe { UsualTerms::read(self.policy) }?;
        let (at, out) = (terms.at.unwrap_or_else(now), OutStruct::usual(self.verdict)?);
        let reading = issuer.generations.newest_at_once()?;
        let prepared = reading.issuer(issuer.number)?.prepared_as_stated(terms.policy)?;
        let known = prepared.known(serial, at, terms.on_unknown)?;
        answer(prepared, known, serial, at, terms.on_unknown, out)
    }

    /// The answer for a serial that is listed, or that takes a call to look up. What it needs is read once more, so that
    /// nothing has to be kept for it.
    ///
    /// # Safety
    /// As [`Asked::answer_at_once`].
    #[inline(never)]
    unsafe fn answer_other(&self, prepared: &Prepared, known: Known<'_, '_>) -> Option<revocache_result> {
        // SAFETY: passed on.
        let serial = unsafe { usual_serial(self.serial, self.serial_length) }?;
        // SAFETY: passed on.
        let terms = unsafe { UsualTerms::read(self.policy) }?;
        answer(prepared, known, serial, terms.at?, terms.on_unknown, OutStruct::usual(self.verdict)?)
    }
}

#[inline(always)]
fn answer(
    prepared: &Prepared,
    known: Known<'_, '_>,
    serial: SerialRef<'_>,
    at: UnixTime,
    on_unknown: OnUnknown,
    out: UsualOut<'_, revocache_verdict>,
) -> Option<revocache_result> {
    let known = match known {
        Known::Unsure => prepared.found_out(serial, at, on_unknown)?,
        known => known,
    };
    match known {
        Known::Unlisted(ready) => {
            out.write(&ready.verdict);
            Some(ready.result)
        }
        Known::Listed(found) => {
            out.write(&prepared.said(found, at)?);
            Some(revocache_result::Revoked)
        }
        Known::Unsure => None,
    }
}
