//! OCSPResponse and BasicOCSPResponse (RFC 6960 section 4.2.1), read without copying.

use super::error::OcspError;
use super::extension::{for_each_extension, read_nonce};
use super::oid;
use super::request_reader::read_version;
use super::responder::ResponderId;
use super::single::SingleResponse;
use crate::pki::AlgorithmId;
use crate::pki::der::{DerError, Element, Reader, cap, read_single, tag};
use crate::pki::time::read_time;
use crate::types::UnixTime;

/// Octets of a response that is read at most. With the certificates of its responder a response has 2 KiB or so.
pub const MAX_RESPONSE_OCTETS: usize = 256 << 10;
/// Answers in a response that is read at most.
pub const MAX_ANSWERS: usize = 1024;
/// Certificates in a response that is read at most.
pub const MAX_CERTIFICATES: usize = 16;

/// A response as it was found. Nothing in it is trusted: [`super::verify_response`] does not return one, and what
/// returns one has verified nothing.
#[derive(Debug, Clone)]
pub struct BasicResponse<'a> {
    /// What the signature covers: the encoding of tbsResponseData.
    pub signed: &'a [u8],
    /// Who says it has signed.
    pub responder: ResponderId<'a>,
    /// `producedAt`.
    pub produced_at: UnixTime,
    /// The answers, in order.
    pub answers: Vec<SingleResponse<'a>>,
    /// The nonce, which may have any length.
    pub nonce: Option<&'a [u8]>,
    /// The algorithm of the signature.
    pub signature_algorithm: AlgorithmId,
    /// The octets of the signature.
    pub signature: &'a [u8],
    /// The certificates that came along, in DER, in order; which of them are certificates at all is not known.
    pub certificates: Vec<&'a [u8]>,
    /// Content octets of the object identifier of the first critical extension that is not understood.
    pub unsupported_critical: Option<&'a [u8]>,
}

impl<'a> BasicResponse<'a> {
    /// Reads a DER OCSPResponse, which `der` is as a whole.
    ///
    /// # Errors
    /// For a responseStatus that is a refusal ([`OcspError::is_refusal`]), another type of response than basic, past
    /// [`MAX_RESPONSE_OCTETS`], [`MAX_ANSWERS`] and [`MAX_CERTIFICATES`], and for whatever RFC 6960 does not allow.
    pub fn read(der: &'a [u8]) -> Result<Self, OcspError> {
        if der.len() > MAX_RESPONSE_OCTETS {
            return Err(OcspError::TooLarge { octets: der.len() });
        }
        let mut basic = read_basic(der)?.reader();
        let signed = basic.read(tag::SEQUENCE)?;
        let signature_algorithm = AlgorithmId::from_element(basic.read(tag::SEQUENCE)?)?;
        let signature = basic.read(tag::BIT_STRING)?.octet_bits()?;
        let certificates = match basic.optional(tag::constructed(0))? {
            Some(wrapper) => read_certificates(wrapper)?,
            None => Vec::new(),
        };
        basic.finish()?;

        let mut fields = signed.reader();
        if let Some(version) = fields.optional(tag::constructed(0))? {
            read_version(version)?;
        }
        let responder = ResponderId::read(fields.any()?)?;
        let produced_at = read_time(fields.read(tag::GENERALIZED_TIME)?)?;
        let answers = read_answers(fields.read(tag::SEQUENCE)?.reader())?;
        let extensions = fields.optional(tag::constructed(1))?;
        fields.finish()?;
        let mut response = Self {
            signed: signed.raw,
            responder,
            produced_at,
            answers,
            nonce: None,
            signature_algorithm,
            signature,
            certificates,
            unsupported_critical: None,
        };
        if let Some(extensions) = extensions {
            for_each_extension(extensions, |extension| -> Result<(), DerError> {
                if extension.oid == oid::OCSP_NONCE {
                    response.nonce = Some(read_nonce(extension)?);
                } else if extension.critical && response.unsupported_critical.is_none() {
                    response.unsupported_critical = Some(extension.oid);
                }
                Ok(())
            })?;
        }
        Ok(response)
    }
}

/// The BasicOCSPResponse inside the OCSPResponse, with offsets that count from the start of `der`.
fn read_basic(der: &[u8]) -> Result<Element<'_>, OcspError> {
    let mut outer = read_single(der, tag::SEQUENCE)?.reader();
    let status = outer.read(tag::ENUMERATED)?;
    let bytes = outer.optional(tag::constructed(0))?;
    outer.finish()?;
    match status.content {
        [0] => {}
        [1] => return Err(OcspError::MalformedRequest),
        [2] => return Err(OcspError::InternalError),
        [3] => return Err(OcspError::TryLater),
        [5] => return Err(OcspError::SigRequired),
        [6] => return Err(OcspError::Unauthorized),
        _ => return Err(status.broken("the status of a response is one of 0 to 3, 5 and 6").into()),
    }
    let bytes = bytes.ok_or(status.broken("a successful response has responseBytes"))?;
    let mut wrapper = bytes.reader();
    let mut bytes = wrapper.read(tag::SEQUENCE)?.reader();
    wrapper.finish()?;
    let response_type = bytes.read(tag::OID)?.oid()?;
    let response = bytes.read(tag::OCTET_STRING)?;
    bytes.finish()?;
    if response_type != oid::OCSP_BASIC {
        return Err(OcspError::UnsupportedResponseType { oid: oid::dotted(response_type) });
    }
    let mut inner = response.reader();
    let basic = inner.read(tag::SEQUENCE)?;
    inner.finish()?;
    Ok(basic)
}

fn read_answers(mut reader: Reader<'_>) -> Result<Vec<SingleResponse<'_>>, DerError> {
    let mut answers = Vec::with_capacity(1);
    while !reader.is_empty() {
        cap(answers.len(), MAX_ANSWERS, "answers", reader.offset())?;
        answers.push(SingleResponse::read(reader.read(tag::SEQUENCE)?)?);
    }
    Ok(answers)
}

fn read_certificates(wrapper: Element<'_>) -> Result<Vec<&[u8]>, DerError> {
    let mut outer = wrapper.reader();
    let mut reader = outer.read(tag::SEQUENCE)?.reader();
    outer.finish()?;
    let mut certificates = Vec::with_capacity(1);
    while !reader.is_empty() {
        cap(certificates.len(), MAX_CERTIFICATES, "certificates", reader.offset())?;
        certificates.push(reader.read(tag::SEQUENCE)?.raw);
    }
    Ok(certificates)
}
