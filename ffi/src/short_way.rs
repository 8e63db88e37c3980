//! The short way of a check, for the one kind of question that nearly every one is.
//!
//! An issuer that is there, structures of this library's version, a serial of ordinary form, a policy that issuers are
//! prepared for, a thread that has its slot, no new generation, and a serial that no list or one list has: then nothing
//! is left that could fail, and no error has to be carried along. Nothing here decides that anything is wrong. Whatever
//! is unusual makes the short way `None`, and the caller goes the long way, which finds out and says so.

use revocache::types::{SerialRef, UnixTime};

use crate::boundary::{OutStruct, UsualOut};
use crate::check::REVOCACHE_MAX_SERIAL;
use crate::issuer::revocache_issuer;
use crate::policy::{OnUnknown, UsualTerms, now, revocache_policy};
use crate::prepared::{Known, Prepared};
use crate::result::revocache_result;
use crate::verdict::revocache_verdict;

/// The answer of revocache_check_serial, if this is its usual case.
///
/// There is no call in it but to what a listed serial and the clock need, so that no register has to be saved for the
/// rest.
///
/// # Safety
/// The pointers are as the header's preamble demands.
#[inline(always)]
pub(crate) unsafe fn check_serial(
    issuer: &revocache_issuer,
    serial: *const u8,
    length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
) -> Option<revocache_result> {
    // SAFETY: passed on.
    let serial = unsafe { usual_serial(serial, length) }?;
    // SAFETY: passed on.
    let terms = unsafe { UsualTerms::read(policy) }?;
    let out = OutStruct::usual(verdict)?;
    match terms.at {
        Some(at) => answer(issuer, serial, terms, at, out),
        // Out of line, because it calls.
        // SAFETY: passed on.
        None => unsafe { check_serial_as_of_now(issuer, serial.octets(), policy, verdict) },
    }
}

/// # Safety
/// As [`check_serial`].
#[inline(never)]
unsafe fn check_serial_as_of_now(
    issuer: &revocache_issuer,
    serial: &[u8],
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
) -> Option<revocache_result> {
    let serial = SerialRef::new(serial).ok()?;
    // SAFETY: passed on.
    let terms = unsafe { UsualTerms::read(policy) }?;
    answer(issuer, serial, terms, now(), OutStruct::usual(verdict)?)
}

#[inline(always)]
fn answer(
    issuer: &revocache_issuer,
    serial: SerialRef<'_>,
    terms: UsualTerms,
    at: UnixTime,
    out: UsualOut<'_, revocache_verdict>,
) -> Option<revocache_result> {
    let reading = issuer.generations.newest_at_once()?;
    let prepared = reading.issuer(issuer.number)?.prepared_as_stated(terms.policy)?;
    match prepared.known(serial, at)? {
        Known::Unlisted(ready) => {
            out.write(ready.verdict(terms.on_unknown));
            Some(ready.result())
        }
        known => answer_other(prepared, known, serial, at, terms.on_unknown, out),
    }
}

/// The answer for a serial that is listed, or that takes a call to look up.
#[inline(never)]
fn answer_other(
    prepared: &Prepared,
    known: Known<'_, '_>,
    serial: SerialRef<'_>,
    at: UnixTime,
    on_unknown: OnUnknown,
    out: UsualOut<'_, revocache_verdict>,
) -> Option<revocache_result> {
    let known = match known {
        Known::Unsure => prepared.found_out(serial, at)?,
        known => known,
    };
    match known {
        Known::Unlisted(ready) => {
            out.write(ready.verdict(on_unknown));
            Some(ready.result())
        }
        Known::Listed(found) => {
            out.write(&prepared.said(found, at)?);
            Some(revocache_result::Revoked)
        }
        Known::Unsure => None,
    }
}

/// A serial that is not negative and has its shortest form, of two octets or more.
///
/// # Safety
/// As [`octets`](crate::boundary::octets).
#[inline(always)]
unsafe fn usual_serial<'a>(pointer: *const u8, length: usize) -> Option<SerialRef<'a>> {
    if pointer.is_null() || !(2..=REVOCACHE_MAX_SERIAL).contains(&length) {
        return None;
    }
    // SAFETY: not NULL, and the caller promises the octets.
    let octets = unsafe { std::slice::from_raw_parts(pointer, length) };
    // The sign bit is not set, and the eight bits behind it are not all the same.
    let is_usual = octets.first_chunk().is_some_and(|first| i16::from_be_bytes(*first) >> 7 > 0);
    if is_usual { SerialRef::new(octets).ok() } else { None }
}
