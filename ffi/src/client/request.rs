//! How a question that goes out is asked, and its answer judged.

use std::time::Duration;

use revocache::service;
use revocache::types::UnixTime;
use revocache::wire::{self, MethodChoice};

use crate::boundary::{Structure, read_structure};
use crate::check::Judged;
use crate::failure::{Failed, Failure};
use crate::policy::{
    NegativeSerials, OnUnknown, REVOCACHE_HARD_FAIL, REVOCACHE_POLICY_NEGATIVE_SERIALS, REVOCACHE_SOFT_FAIL,
};

/// As the server, or the revocache_live, is configured.
pub const REVOCACHE_ASK_DEFAULT: u32 = 0;
/// In the lists alone.
pub const REVOCACHE_ASK_CRL: u32 = 1;
/// At the OCSP responder alone.
pub const REVOCACHE_ASK_OCSP: u32 = 2;
/// In the lists, and at the OCSP responder where they cannot tell.
pub const REVOCACHE_ASK_CRL_THEN_OCSP: u32 = 3;

/// How a question that goes out is asked, and its answer judged. Clear it, set `size`, then what differs from the default;
/// or pass NULL for the defaults, in which every field but `size` is zero.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_request {
    /// sizeof(revocache_request).
    pub size: u32,
    /// REVOCACHE_HARD_FAIL or REVOCACHE_SOFT_FAIL, as in revocache_policy. Soft fail also accepts where there is no answer
    /// because of the server, the responder or the network (300 to 399).
    pub on_unknown: u32,
    /// Where to look: REVOCACHE_ASK_DEFAULT, REVOCACHE_ASK_CRL, REVOCACHE_ASK_OCSP or REVOCACHE_ASK_CRL_THEN_OCSP.
    pub method: u32,
    /// The longest that this call may take, in milliseconds. 0, or more than the handle's own limit: that limit.
    pub deadline_ms: u32,
    /// The time to ask for, in seconds since 1970-01-01T00:00:00Z; servers refuse it unless they are set up for it. 0: now.
    pub at: i64,
    /// REVOCACHE_POLICY_NEGATIVE_SERIALS or 0.
    pub flags: u32,
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), begins with its size, six u32 and an i64 without padding.
unsafe impl Structure for revocache_request {
    const NAME: &'static str = "revocache_request";
    const LEAST: usize = 32;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

/// A request of the caller, understood.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    method: MethodChoice,
    at: Option<UnixTime>,
    pub(super) limit: Option<Duration>,
    pub(super) on_unknown: OnUnknown,
    pub(super) negative_serials: NegativeSerials,
}

impl Judged for Asked {
    fn on_unknown(&self) -> OnUnknown {
        self.on_unknown
    }
}

impl Asked {
    /// Reads the caller's request; NULL is the default.
    ///
    /// # Safety
    /// As [`read_structure`].
    pub(super) unsafe fn read(pointer: *const revocache_request) -> Result<Self, Failed> {
        // SAFETY: passed on.
        let Some(given) = unsafe { read_structure(pointer) }? else {
            return Ok(Self {
                method: MethodChoice::ServerDefault,
                at: None,
                limit: None,
                on_unknown: OnUnknown::Refuse,
                negative_serials: NegativeSerials::Refused,
            });
        };
        let wrong = |what, found, allowed| Err(Failure::Value { what, found, allowed }.into());
        let on_unknown = match given.on_unknown {
            REVOCACHE_HARD_FAIL => OnUnknown::Refuse,
            REVOCACHE_SOFT_FAIL => OnUnknown::Accept,
            found => return wrong("on_unknown", found, "0 or 1"),
        };
        let method = match given.method {
            REVOCACHE_ASK_DEFAULT => MethodChoice::ServerDefault,
            REVOCACHE_ASK_CRL => MethodChoice::Crl,
            REVOCACHE_ASK_OCSP => MethodChoice::Ocsp,
            REVOCACHE_ASK_CRL_THEN_OCSP => MethodChoice::CrlThenOcsp,
            found => return wrong("method", found, "0 to 3"),
        };
        let negative_serials = match given.flags {
            0 => NegativeSerials::Refused,
            REVOCACHE_POLICY_NEGATIVE_SERIALS => NegativeSerials::Meant,
            found => return wrong("flags", found, "0 or 1"),
        };
        let at = (given.at != 0).then_some(UnixTime::from_seconds(given.at));
        let limit = milliseconds(given.deadline_ms);
        Ok(Self { method, at, limit, on_unknown, negative_serials })
    }

    /// For a server.
    pub(super) fn for_server(&self) -> wire::Options {
        wire::Options { method: self.method, at: self.at }
    }

    /// For a checker in this process.
    pub(super) fn for_checker(&self) -> service::Options {
        let method = match self.method {
            MethodChoice::ServerDefault => None,
            MethodChoice::Crl => Some(service::MethodPolicy::Crl),
            MethodChoice::Ocsp => Some(service::MethodPolicy::Ocsp),
            MethodChoice::CrlThenOcsp => Some(service::MethodPolicy::CrlThenOcsp),
        };
        service::Options { method, at: self.at }
    }
}

/// A length of time of the caller; 0 is none.
pub(super) fn milliseconds(given: u32) -> Option<Duration> {
    (given != 0).then_some(Duration::from_millis(given.into()))
}
