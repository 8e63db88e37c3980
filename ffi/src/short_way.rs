//! The short way of a check, for the one kind of question that nearly every one is.
//!
//! An issuer that is there, structures of this library's version, a serial of ordinary form, a policy that issuers are
//! prepared for, a thread that has its slot, no new generation, and a serial that no list or one list has: then nothing
//! is left that could fail, and no error has to be carried along. Nothing here decides that anything is wrong. Whatever
//! is unusual makes the short way `None`, and the caller goes the long way, which finds out and says so.
//!
//! Arguments are passed on one by one, in the registers in which they came: put together they would be written to memory
//! in every check.

use revocache::index::Place;
use revocache::types::UnixTime;

use crate::boundary::OutStruct;
use crate::issuer::revocache_issuer;
use crate::policy::{UsualTerms, now, revocache_policy};
use crate::prepared::Prepared;
use crate::result::revocache_result;
use crate::serial::usual_serial;
use crate::verdict::revocache_verdict;

/// The answer in the most usual case: a serial of 16 octets, or 17 with one for the sign, a time and the policy that
/// issuers are asked under first, and about the same period as before.
///
/// There is no call in it but for a serial that may be listed.
///
/// # Safety
/// The pointers are as the header's preamble demands.
#[inline(always)]
pub(crate) unsafe fn answer_at_once(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    serial_length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
) -> Option<revocache_result> {
    let issuer = issuer?;
    if policy.is_null() || serial_length.wrapping_sub(16) > 1 {
        return None;
    }
    // SAFETY: passed on.
    let terms = unsafe { UsualTerms::read(policy) }?;
    let (at, out) = (terms.at?, OutStruct::usual(verdict)?);
    let reading = issuer.generations.newest_at_once()?;
    let prepared = reading.issuer(issuer.number)?.usually_prepared(terms.policy)?;
    // SAFETY: passed on.
    let read = unsafe { usual_serial(serial, serial_length) }?;
    match prepared.unless_listed(read, at, terms.on_unknown)? {
        (ready, Place::None) => {
            out.write(&ready.verdict);
            Some(ready.result)
        }
        // SAFETY: passed on.
        (_, Place::Record(ordinal)) => unsafe {
            answer_record(serial, serial_length, at, verdict, prepared, ordinal)
        },
        // SAFETY: passed on.
        (_, Place::Unsure) => unsafe { answer_unsure(serial, serial_length, policy, verdict, prepared) },
    }
}

/// The same for serials of every ordinary form, the machine's clock, and the other policies that issuers are prepared
/// for. Out of line, because it calls.
///
/// # Safety
/// As [`answer_at_once`].
#[inline(never)]
pub(crate) unsafe fn answer_with_calls(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    serial_length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
) -> Option<revocache_result> {
    let issuer = issuer?;
    // SAFETY: passed on.
    let serial = unsafe { usual_serial(serial, serial_length) }?;
    // SAFETY: passed on.
    let terms = unsafe { UsualTerms::read(policy) }?;
    let (at, out) = (terms.at.unwrap_or_else(now), OutStruct::usual(verdict)?);
    let reading = issuer.generations.newest_at_once()?;
    let prepared = reading.issuer(issuer.number)?.prepared_as_stated(terms.policy)?;
    prepared.say(serial, at, terms.on_unknown, out)
}

/// The answer for a serial that has a record, most probably this one.
///
/// # Safety
/// As [`answer_at_once`].
#[inline(never)]
unsafe fn answer_record(
    serial: *const u8,
    serial_length: usize,
    at: UnixTime,
    verdict: *mut revocache_verdict,
    prepared: &Prepared,
    ordinal: u32,
) -> Option<revocache_result> {
    // SAFETY: passed on.
    let serial = unsafe { usual_serial(serial, serial_length) }?;
    prepared.say_of_record(ordinal, serial, at, OutStruct::usual(verdict)?)
}

/// The answer for a serial that takes a call to look up. What it needs is read once more, so that nothing has to be kept
/// for it.
///
/// # Safety
/// As [`answer_at_once`].
#[inline(never)]
unsafe fn answer_unsure(
    serial: *const u8,
    serial_length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
    prepared: &Prepared,
) -> Option<revocache_result> {
    // SAFETY: passed on.
    let serial = unsafe { usual_serial(serial, serial_length) }?;
    // SAFETY: passed on.
    let terms = unsafe { UsualTerms::read(policy) }?;
    prepared.say(serial, terms.at?, terms.on_unknown, OutStruct::usual(verdict)?)
}
