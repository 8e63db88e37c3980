//! The vocabulary every layer shares: serials, times, reasons, scopes, verdicts.
//!
//! Plain values without I/O. A type here means one thing, is valid by construction and is named after the term of
//! RFC 5280 it stands for, so that the layers above cannot confuse a serial with bytes or a time with a number.

mod cert_id;
mod clock;
mod crl;
mod hex;
mod reason;
#[cfg(feature = "server")]
pub(crate) mod rfc3339;
mod scope;
mod serial;
mod signature_algorithm;
mod time;
mod verdict;

pub use cert_id::{CertId, CertIdHash};
pub use clock::{Clock, FixedClock, SystemClock};
pub use crl::{CrlFacts, CrlNumber, Listing, Supersession};
pub use hex::{HexError, from_hex, to_hex};
pub use reason::{ReasonCode, ReasonSet};
pub use scope::{CertificateKind, KindScope, NameKey, Scope};
pub use serial::{MAX_SERIAL_OCTETS, Serial, SerialError, SerialRef};
pub use signature_algorithm::SignatureAlgorithm;
pub use time::{Seconds, TimeError, UnixTime};
pub use verdict::{Cause, Method, Revocation, Status, Verdict};
