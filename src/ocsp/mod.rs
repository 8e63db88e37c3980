//! OCSP messages (RFC 6960, with the profile of RFC 5019 and the nonces of RFC 9654): what is asked, what is answered,
//! and whether an answer may be believed. No network and no clock: bytes and a time in, an [`Answer`] or an
//! [`OcspError`] out.
//!
//! A question names a certificate by a [`CertId`](crate::types::CertId): hashes of its issuer's name and key, and its
//! serial. [`encode_request`] writes the request for a POST, [`get_path`] the same for a GET. What comes back goes to
//! [`verify_response`], which believes nothing before it has found who signed and checked the signature. It either
//! returns the one answer about the certificate that was asked about, or says in one of many words why there is none.
//! A refused response is never an answer.
//!
//! ```
//! use revocache::ocsp::{Nonce, encode_request, get_path};
//! use revocache::pki::Certificate;
//! use revocache::types::{CertId, Serial};
//!
//! # fn request(issuer: &Certificate) -> Result<(), Box<dyn std::error::Error>> {
//! let id = CertId::sha1(issuer, &Serial::parse("00ff")?);
//! let request = encode_request(&[id], Some(&Nonce::random()?));
//! let path = get_path("http://ocsp.example", &request);
//! # let _ = path;
//! # Ok(())
//! # }
//! ```

mod answer;
mod cert_id;
mod error;
mod extension;
mod get;
mod nonce;
mod oid;
mod request;
mod request_reader;
mod responder;
mod response;
mod select;
mod single;
mod verify;
mod write;

pub use answer::{Answer, CertStatus};
pub use cert_id::CertIdRef;
pub use error::OcspError;
pub use get::{get_path, request_from_path};
pub use nonce::{Nonce, NonceError};
pub use request::encode_request;
pub use request_reader::{MAX_REQUEST_OCTETS, MAX_REQUESTS, OcspRequest, RequestError};
pub use responder::ResponderId;
pub use response::{BasicResponse, MAX_ANSWERS, MAX_CERTIFICATES, MAX_RESPONSE_OCTETS};
pub use single::SingleResponse;
pub use verify::{DelegateStatus, NoncePolicy, Question, ResponsePolicy, verify_response};
