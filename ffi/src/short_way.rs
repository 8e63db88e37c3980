//! The short way of a check, for the kinds of question that nearly every one is.
//!
//! There are four. The first ([`answer_at_once`]) has an answer that stands for the issuer and a serial that is certainly in
//! no list: there is no call in it and nothing that could fail. Where only the last of that is missing, the second goes on
//! ([`answer_passed`]), most probably to a record. The third ([`answer_from_standing`]) is for what else a standing answer can
//! say. The fourth ([`answer_from_generation`]) goes by way of the generation in force, and has an answer made to stand for
//! the next questions of its kind. Nothing here decides that anything is wrong. Whatever is unusual makes a way `None`,
//! and the caller goes the next, and at last the long one, which finds out and says so.
//!
//! Arguments are passed on one by one, in the registers in which they came: put together they would be written to memory
//! in every check.

use crate::boundary::OutStruct;
use crate::issuer::revocache_issuer;
use crate::policy::{UsualTerms, or_default, or_now, revocache_policy};
use crate::result::revocache_result;
use crate::serial::usual_serial;
use crate::verdict::revocache_verdict;

/// The answer in the most usual case: a serial of 16 octets, or 17 with one for the sign, that is not listed, and a policy
/// with a time of its own, like that of the checks before.
///
/// # Safety
/// The pointers are as the header's preamble demands. `last` is 16 octets before the end of the serial. `HAS_VERDICT` says
/// whether `verdict` is not NULL.
#[inline(always)]
pub(crate) unsafe fn answer_at_once<const HAS_VERDICT: bool>(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    last: *const u8,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
) -> Option<AtOnce> {
    let issuer = issuer?;
    let before = last.addr().wrapping_sub(serial.addr());
    if policy.is_null() || serial.is_null() || before > 1 {
        return None;
    }
    // SAFETY: not NULL, and the caller promises 16 octets or 17.
    let first = unsafe { *serial };
    // SAFETY: these are the last 16 of them.
    let last = unsafe { &*last.cast::<[u8; 16]>() };
    // Not negative, so that the last say which number it is.
    if first >= 0x80 {
        return None;
    }
    let standing = issuer.generations.standing(&issuer.front)?;
    // SAFETY: passed on.
    let at = unsafe { standing.time_of(policy) }?;
    let out = OutStruct::usual(verdict)?;
    if !standing.has(at) {
        return None;
    }
    if !standing.near.excludes(last) {
        standing.leave();
        return Some(AtOnce::Passed);
    }
    if HAS_VERDICT {
        out.write(&standing.ready.verdict);
    }
    Some(AtOnce::Said(standing.ready.result))
}

/// What [`answer_at_once`] comes to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum AtOnce {
    /// This.
    Said(revocache_result),
    /// The serial passed the filter. What else it found out is left for [`answer_passed`].
    Passed,
}

/// The answer where [`answer_at_once`] said that the serial passed the filter.
///
/// # Safety
/// The arguments are those of that call, and this is the next thing that the thread does.
#[inline(always)]
pub(crate) unsafe fn answer_passed(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    last: *const u8,
    verdict: *mut revocache_verdict,
) -> Option<revocache_result> {
    // SAFETY: it was left a moment ago, after all that was found out there.
    let standing = unsafe { issuer?.generations.resume_standing() };
    // SAFETY: not NULL, and of 16 octets or 17.
    let first = unsafe { *serial };
    // SAFETY: these are the last 16 of them.
    let octets = unsafe { &*last.cast::<[u8; 16]>() };
    // The first of 17 has to be there for the sign alone. Arithmetic, as every second random serial has one, and a branch on
    // it would be mispredicted.
    let before = last.addr().wrapping_sub(serial.addr());
    if usize::from(first) & before.wrapping_neg() != 0 {
        return None;
    }
    standing.say_of_passed(octets, OutStruct::usual(verdict)?)
}

/// The same for serials of every ordinary form, listed or not, and for the machine's clock.
///
/// # Safety
/// The pointers are as the header's preamble demands.
#[inline(never)]
pub(crate) unsafe fn answer_from_standing(
    issuer: Option<&revocache_issuer>,
    serial: *const u8,
    serial_length: usize,
    policy: *const revocache_policy,
    verdict: *mut revocache_verdict,
) -> Option<revocache_result> {
    let issuer = issuer?;
    let policy = or_default(policy);
    let standing = issuer.generations.standing(&issuer.front)?;
    // SAFETY: passed on.
    let at = or_now(unsafe { standing.time_of(policy) }?);
    let out = OutStruct::usual(verdict)?;
    // SAFETY: passed on.
    let serial = unsafe { usual_serial(serial, serial_length) }?;
    if !standing.has(at) {
        return None;
    }
    standing.lists?.say(serial, at, &standing.ready, out)
}

/// The same for the other policies and periods that issuers are prepared for.
///
/// # Safety
/// As [`answer_from_standing`].
#[inline(never)]
pub(crate) unsafe fn answer_from_generation(
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
    let (at, out) = (or_now(terms.at), OutStruct::usual(verdict)?);
    let reading = issuer.generations.newest_at_once()?;
    let prepared = reading.issuer(issuer.number)?.prepared_as_stated(terms.wording.policy())?;
    let result = prepared.say(serial, at, terms.on_unknown, out)?;
    let is_to_settle = reading.is_to_settle();
    drop(reading);
    if is_to_settle {
        issuer.generations.settle(issuer.number, &terms, at);
    }
    Some(result)
}
