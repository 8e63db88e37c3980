//! Reading requests (RFC 6960 section 4.1), as a responder gets them from anybody.

use super::cert_id::CertIdRef;
use super::extension::{for_each_extension, read_nonce};
use super::nonce::{Nonce, NonceError};
use super::oid;
use crate::pki::der::{DerError, DerProblem, Element, cap, read_single, tag};

/// Octets of a request that is read at most.
pub const MAX_REQUEST_OCTETS: usize = 64 << 10;
/// Certificates in a request that is read at most.
pub const MAX_REQUESTS: usize = 256;

/// Why octets are not a request that can be answered. A responder says `malformedRequest` to all of them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not a request by RFC 6960.
    #[error("malformed OCSP request: {0}")]
    Malformed(DerError),
    /// The path of a GET is not percent-encoded base64.
    #[error("the path is not a base64 request with percent escapes (RFC 6960 appendix A.1)")]
    BadPath,
    /// Longer than is read.
    #[error("the OCSP request has {octets} octets; at most {limit} are read")]
    TooLarge {
        /// Octets found.
        octets: usize,
        /// Octets allowed.
        limit: usize,
    },
    /// More parts than are read.
    #[error("the OCSP request has more than {limit} {what}; ask in several requests")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// A nonce of a length that RFC 9654 section 2.1 has responders refuse.
    #[error(transparent)]
    Nonce(#[from] NonceError),
    /// A critical extension that is not understood.
    #[error("the OCSP request has the critical extension {oid}, which is not supported; ask without it")]
    UnsupportedCriticalExtension {
        /// The object identifier in dotted decimal.
        oid: String,
    },
}

impl RequestError {
    /// The error as one word.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) | Self::BadPath => "malformed",
            Self::TooLarge { .. } | Self::TooMany { .. } => "limit_exceeded",
            Self::Nonce(_) => "bad_nonce",
            Self::UnsupportedCriticalExtension { .. } => "unsupported_critical_extension",
        }
    }
}

impl From<DerError> for RequestError {
    fn from(error: DerError) -> Self {
        match error.problem {
            DerProblem::TooMany { what, limit } => Self::TooMany { what, limit },
            _ => Self::Malformed(error),
        }
    }
}

/// A request as somebody sent it. Its signature, if it has one, is not looked at: answers are public.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OcspRequest<'a> {
    /// The certificates asked about, in order; at least one.
    pub cert_ids: Vec<CertIdRef<'a>>,
    /// The nonce to repeat in the response.
    pub nonce: Option<Nonce>,
    /// Whether there is an optionalSignature.
    pub signed: bool,
}

impl<'a> OcspRequest<'a> {
    /// Reads a DER OCSPRequest, which `der` is as a whole.
    ///
    /// # Errors
    /// [`RequestError`], also past [`MAX_REQUEST_OCTETS`] and [`MAX_REQUESTS`], and for any critical extension but the
    /// nonce.
    pub fn parse(der: &'a [u8]) -> Result<Self, RequestError> {
        if der.len() > MAX_REQUEST_OCTETS {
            return Err(RequestError::TooLarge { octets: der.len(), limit: MAX_REQUEST_OCTETS });
        }
        let mut outer = read_single(der, tag::SEQUENCE)?.reader();
        let mut fields = outer.read(tag::SEQUENCE)?.reader();
        let signature = outer.optional(tag::constructed(0))?;
        outer.finish()?;
        if let Some(signature) = signature {
            check_signature(signature)?;
        }
        if let Some(version) = fields.optional(tag::constructed(0))? {
            read_version(version)?;
        }
        if let Some(name) = fields.optional(tag::constructed(1))? {
            let mut name = name.reader();
            name.any()?;
            name.finish()?;
        }
        let list = fields.read(tag::SEQUENCE)?;
        let extensions = fields.optional(tag::constructed(2))?;
        fields.finish()?;
        let mut request = Self { cert_ids: read_list(list)?, nonce: None, signed: signature.is_some() };
        if let Some(extensions) = extensions {
            for_each_extension(extensions, |extension| match extension.oid {
                oid::OCSP_NONCE => {
                    request.nonce = Some(Nonce::new(read_nonce(extension)?)?);
                    Ok(())
                }
                other => refuse_critical(other, extension.critical),
            })?;
        }
        Ok(request)
    }
}

fn read_list(list: Element<'_>) -> Result<Vec<CertIdRef<'_>>, RequestError> {
    let mut reader = list.reader();
    if reader.is_empty() {
        return Err(list.broken("a request asks about at least one certificate").into());
    }
    let mut ids = Vec::with_capacity(1);
    while !reader.is_empty() {
        cap(ids.len(), MAX_REQUESTS, "certificates", reader.offset())?;
        let mut single = reader.read(tag::SEQUENCE)?.reader();
        ids.push(CertIdRef::read(single.read(tag::SEQUENCE)?)?);
        if let Some(extensions) = single.optional(tag::constructed(0))? {
            for_each_extension(extensions, |extension| refuse_critical(extension.oid, extension.critical))?;
        }
        single.finish()?;
    }
    Ok(ids)
}

fn refuse_critical(oid: &[u8], critical: bool) -> Result<(), RequestError> {
    if critical { Err(RequestError::UnsupportedCriticalExtension { oid: oid::dotted(oid) }) } else { Ok(()) }
}

/// `[0] EXPLICIT Version`. The only one is 1, the default, which DER leaves out; some write it, and it means the same.
pub(super) fn read_version(wrapper: Element<'_>) -> Result<(), DerError> {
    let mut inner = wrapper.reader();
    let version = inner.read(tag::INTEGER)?;
    inner.finish()?;
    if version.content == [0] {
        Ok(())
    } else {
        Err(version.broken("the version of OCSP is 1 (0 as an INTEGER)"))
    }
}

/// The frame of `[0] EXPLICIT Signature`.
fn check_signature(wrapper: Element<'_>) -> Result<(), DerError> {
    let mut inner = wrapper.reader();
    let mut signature = inner.read(tag::SEQUENCE)?.reader();
    inner.finish()?;
    signature.read(tag::SEQUENCE)?;
    signature.read(tag::BIT_STRING)?.bit_string()?;
    if let Some(certificates) = signature.optional(tag::constructed(0))? {
        let mut inner = certificates.reader();
        inner.read(tag::SEQUENCE)?;
        inner.finish()?;
    }
    signature.finish()
}
