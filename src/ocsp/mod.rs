//! OCSP messages (RFC 6960, with the profile of RFC 5019): what is asked, what is answered, and whether an answer
//! may be believed. No network and no clock: bytes and a time in, an [`Answer`] or an [`OcspError`] out.

mod answer;
mod error;
mod request;
mod verify;

pub use answer::{Answer, CertStatus};
pub use error::OcspError;
pub use request::{Nonce, encode_request, get_path};
pub use verify::{DelegateStatus, NoncePolicy, Question, ResponsePolicy, verify_response};
