//! What a call returns: one enumeration with numbered ranges.

use std::ffi::{CStr, c_char};

use revocache::index::IndexError;
use revocache::publish::PublishError;

use crate::failure::Failure;

/// What a call returns. The ranges are kept for good, so that a newer library can be told by number:
///
///    0          done, by a call that is not a check
///    1 to 99    the answer of a check
///    100 to 199 the caller's mistake: nothing was looked up
///    200 to 299 the index or the system
///    300 to 399 a server or the network: no answer (functions of revocache_client.h only)
///    900 to 999 a defect of revocache
///
/// Zero is never an answer, so that memory that was only cleared does not read as "good".
#[repr(u32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum revocache_result {
    /// Done.
    Ok = 0,

    /// Current lists cover every reason for this certificate, and none lists it.
    Good = 1,
    /// A list names the certificate.
    Revoked = 2,
    /// No list in hand can tell; the verdict's cause says why.
    Unknown = 3,

    /// A pointer is NULL that must not be.
    NullArgument = 100,
    /// A structure's size field is not set, or is the size of no version of the structure.
    BadSize = 101,
    /// A value is outside its range; the error text names it.
    BadArgument = 102,
    /// More octets or elements than the call takes; the error text tells the limit.
    TooLong = 103,
    /// The octets are not a certificate (DER).
    BadCertificate = 104,
    /// Not a serial number: no octets.
    BadSerial = 105,
    /// The serial is a negative number. See revocache_check_serial.
    NegativeSerial = 106,
    /// The certificate given as the issuer's is of another name than the certificate's issuer.
    IssuerMismatch = 107,
    /// The index has nothing at this position, or for this issuer.
    NotFound = 108,
    /// The handle was made before the process was forked off. See revocache_client.h.
    WrongProcess = 109,

    /// The folder holds no index.
    NoIndex = 200,
    /// The system refused a file operation; the error text has its reason.
    Io = 201,
    /// The folder's control page is damaged or foreign.
    BadControlPage = 202,
    /// The generation in force is not in the folder.
    NoSuchGeneration = 203,
    /// The file is no index.
    NotAnIndex = 204,
    /// The index is of a version of the format that this library does not read.
    UnsupportedVersion = 205,
    /// The index is damaged, cut or contradicts itself where it was read.
    Damaged = 206,

    /// There is no connection to the server.
    Unreachable = 300,
    /// The answer did not come in time.
    TimedOut = 301,
    /// The server refuses to answer; the error text has its reason.
    RefusedByServer = 302,
    /// What the server says is not of the protocol.
    BadAnswer = 303,

    /// A defect of revocache, caught at the boundary. The handle stays usable; please report it.
    Panic = 900,
}

impl revocache_result {
    const ALL: [(Self, &'static CStr); 26] = [
        (Self::Ok, c"done"),
        (Self::Good, c"good"),
        (Self::Revoked, c"revoked"),
        (Self::Unknown, c"unknown"),
        (Self::NullArgument, c"a pointer is NULL that must not be"),
        (Self::BadSize, c"the size field of a structure is not set, or unknown"),
        (Self::BadArgument, c"a value is outside its range"),
        (Self::TooLong, c"more octets or elements than the call takes"),
        (Self::BadCertificate, c"the octets are not a certificate in DER"),
        (Self::BadSerial, c"a serial number has at least one octet"),
        (Self::NegativeSerial, c"the serial number is negative; its leading 00 octet may have been lost"),
        (Self::IssuerMismatch, c"the issuer's certificate is of another name than the certificate's issuer"),
        (Self::NotFound, c"the index has nothing there"),
        (Self::WrongProcess, c"the handle was made before this process was forked off"),
        (Self::NoIndex, c"the folder holds no index"),
        (Self::Io, c"a file operation failed"),
        (Self::BadControlPage, c"the control page of the folder is damaged or foreign"),
        (Self::NoSuchGeneration, c"the generation in force is not in the folder"),
        (Self::NotAnIndex, c"the file is no revocache index"),
        (Self::UnsupportedVersion, c"the index is of a version this library does not read"),
        (Self::Damaged, c"the index is damaged"),
        (Self::Unreachable, c"there is no connection to the server"),
        (Self::TimedOut, c"the answer did not come in time"),
        (Self::RefusedByServer, c"the server refuses to answer"),
        (Self::BadAnswer, c"the server does not keep to the protocol"),
        (Self::Panic, c"a defect of revocache was caught; please report it"),
    ];

    /// The number as C sees it.
    #[allow(clippy::as_conversions, reason = "the discriminants of a repr(u32) enum are the codes")]
    pub(crate) const fn code(self) -> u32 {
        self as u32
    }
}

/// The result that stands for a failure.
pub(crate) fn of_failure(failure: &Failure) -> revocache_result {
    use revocache_result as R;
    match failure {
        Failure::Null { .. } => R::NullArgument,
        Failure::Size { .. } | Failure::UnknownFields { .. } => R::BadSize,
        Failure::Value { .. } | Failure::HashLength { .. } => R::BadArgument,
        Failure::TooLong { .. } => R::TooLong,
        Failure::Certificate { .. } => R::BadCertificate,
        Failure::Serial(_) => R::BadSerial,
        Failure::NegativeSerial => R::NegativeSerial,
        Failure::IssuerMismatch { .. } => R::IssuerMismatch,
        Failure::NotFound { .. } => R::NotFound,
        Failure::Io { .. } => R::Io,
        Failure::Publish(error) => of_publish_error(error),
        Failure::Index(error) => of_index_error(error),
        #[cfg(feature = "client")]
        Failure::Setup { .. } => R::BadArgument,
        #[cfg(feature = "client")]
        Failure::NoAddress { .. } => R::Unreachable,
        #[cfg(feature = "client")]
        Failure::Client(error) => of_client_error(error),
        #[cfg(feature = "client")]
        Failure::Deadline { .. } => R::TimedOut,
        #[cfg(feature = "client")]
        Failure::WrongProcess { .. } => R::WrongProcess,
        // Why an answer is unknown, which is an answer.
        #[cfg(feature = "client")]
        Failure::Responder(_) => R::Unknown,
    }
}

#[cfg(feature = "client")]
fn of_client_error(error: &revocache::client::ClientError) -> revocache_result {
    use revocache::client::ClientError;
    use revocache::wire::ErrorClass;
    use revocache_result as R;
    match error {
        ClientError::Setup { .. } => R::BadArgument,
        ClientError::Connect { .. } | ClientError::Lost { .. } | ClientError::Closed => R::Unreachable,
        ClientError::Deadline(_) => R::TimedOut,
        ClientError::Refused { code, .. } if code.class() == ErrorClass::Request => R::BadArgument,
        ClientError::Refused { .. } => R::RefusedByServer,
        ClientError::TooMuch { .. } => R::TooLong,
        // What the server said is not what was asked; later variants will be of that kind, too.
        _ => R::BadAnswer,
    }
}

fn of_publish_error(error: &PublishError) -> revocache_result {
    use revocache_result as R;
    match error {
        PublishError::NoIndex(_) => R::NoIndex,
        PublishError::BadControlPage { .. } => R::BadControlPage,
        PublishError::NoSuchGeneration { .. } => R::NoSuchGeneration,
        PublishError::BadIndex { source, .. } => of_index_error(source),
        // What is left has to do with files; later variants will, too.
        _ => R::Io,
    }
}

fn of_index_error(error: &IndexError) -> revocache_result {
    match error {
        IndexError::NotAnIndex => revocache_result::NotAnIndex,
        IndexError::UnsupportedVersion { .. } => revocache_result::UnsupportedVersion,
        // Cut, damaged or contradictory; later variants will be of that kind, too.
        _ => revocache_result::Damaged,
    }
}

fn text_of(code: u32) -> &'static CStr {
    let known = revocache_result::ALL.iter().find(|(result, _)| result.code() == code);
    known.map_or(c"a result this library does not know", |(_, text)| text)
}

/// What a result means, in a few words: a NUL-terminated string that lives as long as the library is loaded and must
/// not be freed. The details of an error are in the revocache_error of the call.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_result_text(result: u32) -> *const c_char {
    text_of(result).as_ptr()
}

/// The name of a cause (a revocache_cause), such as "stale"; "none" for no cause, "?" for an unknown one.
/// NUL-terminated, lives as long as the library is loaded, must not be freed.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_cause_name(cause: u32) -> *const c_char {
    let name = match cause {
        0 => c"none",
        1 => c"authority_unknown",
        2 => c"not_covered",
        3 => c"partition_missing",
        4 => c"stale",
        5 => c"not_yet_valid",
        16 => c"ocsp_no_responder",
        17 => c"ocsp_unavailable",
        18 => c"ocsp_unauthorized",
        19 => c"ocsp_refused",
        20 => c"ocsp_unknown",
        99 => c"other",
        _ => c"?",
    };
    name.as_ptr()
}

/// The name of a revocation reason by its code in RFC 5280 section 5.3.1, such as "key_compromise"; "?" for an
/// unknown one. NUL-terminated, lives as long as the library is loaded, must not be freed.
// SAFETY: no other symbol of this name exists in the library.
#[unsafe(no_mangle)]
pub extern "C" fn revocache_reason_name(reason: u32) -> *const c_char {
    let name = match reason {
        0 => c"unspecified",
        1 => c"key_compromise",
        2 => c"ca_compromise",
        3 => c"affiliation_changed",
        4 => c"superseded",
        5 => c"cessation_of_operation",
        6 => c"certificate_hold",
        8 => c"remove_from_crl",
        9 => c"privilege_withdrawn",
        10 => c"aa_compromise",
        _ => c"?",
    };
    name.as_ptr()
}

#[cfg(test)]
mod tests {
    use revocache::types::{Cause, ReasonCode};

    use super::*;

    fn read(text: *const c_char) -> &'static str {
        // SAFETY: the functions under test return static, terminated strings.
        unsafe { CStr::from_ptr(text) }.to_str().unwrap()
    }

    #[test]
    fn names_are_those_of_the_vocabulary() {
        for cause in Cause::ALL {
            let code = crate::verdict::revocache_cause::of(cause).code();
            assert_eq!(read(revocache_cause_name(code)), cause.name());
        }
        for reason in ReasonCode::ALL {
            assert_eq!(read(revocache_reason_name(reason.code().into())), reason.name());
        }
        assert_eq!(read(revocache_reason_name(7)), "?");
        assert_eq!(read(revocache_cause_name(u32::MAX)), "?");
    }

    #[test]
    fn every_result_has_a_text_and_its_range() {
        for (result, text) in revocache_result::ALL {
            assert_eq!(text_of(result.code()), text);
        }
        assert_ne!(read(revocache_result_text(7)), "");
    }
}
