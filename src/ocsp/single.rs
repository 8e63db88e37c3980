//! SingleResponse (RFC 6960 section 4.2.1): what is said about one certificate.

use super::answer::CertStatus;
use super::cert_id::CertIdRef;
use super::extension::for_each_extension;
use super::oid;
use crate::pki::der::{DerError, Element, tag};
use crate::pki::extension::Extension;
use crate::pki::time::read_time;
use crate::types::{ReasonCode, Revocation, UnixTime};

/// One answer as found in a response. Untrusted until the response is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SingleResponse<'a> {
    /// Whom it is about.
    pub cert_id: CertIdRef<'a>,
    /// The state of the certificate.
    pub status: CertStatus,
    /// `thisUpdate`.
    pub this_update: UnixTime,
    /// `nextUpdate`.
    pub next_update: Option<UnixTime>,
    /// Content octets of the object identifier of the first critical extension that is not understood.
    pub unsupported_critical: Option<&'a [u8]>,
}

impl<'a> SingleResponse<'a> {
    pub(super) fn read(element: Element<'a>) -> Result<Self, DerError> {
        let mut reader = element.reader();
        let cert_id = CertIdRef::read(reader.read(tag::SEQUENCE)?)?;
        let status = read_status(reader.any()?)?;
        let this_update = read_time(reader.read(tag::GENERALIZED_TIME)?)?;
        let next_update = match reader.optional(tag::constructed(0))? {
            Some(wrapper) => {
                let mut inner = wrapper.reader();
                let time = read_time(inner.read(tag::GENERALIZED_TIME)?)?;
                inner.finish()?;
                Some(time)
            }
            None => None,
        };
        let mut single = Self { cert_id, status, this_update, next_update, unsupported_critical: None };
        if let Some(extensions) = reader.optional(tag::constructed(1))? {
            for_each_extension(extensions, |extension| single.take(extension))?;
        }
        reader.finish()?;
        Ok(single)
    }

    /// Takes in one extension. Those of CRL entries have the meaning they have there (RFC 6960 section 4.4.5).
    fn take(&mut self, extension: &Extension<'a>) -> Result<(), DerError> {
        match (extension.oid, &mut self.status) {
            (oid::INVALIDITY_DATE, CertStatus::Revoked(revocation)) => {
                revocation.invalidity_date = Some(read_time(extension.value(tag::GENERALIZED_TIME)?)?);
            }
            (oid::REASON_CODE, CertStatus::Revoked(revocation)) => {
                let value = extension.value(tag::ENUMERATED)?;
                let reason = read_reason(value)?;
                if revocation.reason != reason && revocation.reason != ReasonCode::Unspecified {
                    return Err(value.broken("revocationReason and reasonCode are the same reason"));
                }
                revocation.reason = reason;
            }
            (other, _) if extension.critical && self.unsupported_critical.is_none() => {
                self.unsupported_critical = Some(other);
            }
            _ => {}
        }
        Ok(())
    }
}

fn read_status(element: Element<'_>) -> Result<CertStatus, DerError> {
    const GOOD: u8 = tag::primitive(0);
    const REVOKED: u8 = tag::constructed(1);
    const UNKNOWN: u8 = tag::primitive(2);
    match (element.tag, element.content) {
        (GOOD, []) => Ok(CertStatus::Good),
        (UNKNOWN, []) => Ok(CertStatus::Unknown),
        (REVOKED, _) => {
            let mut reader = element.reader();
            let revoked_at = read_time(reader.read(tag::GENERALIZED_TIME)?)?;
            let reason = match reader.optional(tag::constructed(0))? {
                Some(wrapper) => {
                    let mut inner = wrapper.reader();
                    let reason = read_reason(inner.read(tag::ENUMERATED)?)?;
                    inner.finish()?;
                    reason
                }
                None => ReasonCode::Unspecified,
            };
            reader.finish()?;
            Ok(CertStatus::Revoked(Revocation { revoked_at, reason, invalidity_date: None }))
        }
        _ => Err(element.broken("the status of a certificate is good, revoked or unknown")),
    }
}

/// CRLReason (RFC 5280 section 5.3.1). removeFromCRL speaks of the next list and is no reason to be revoked.
fn read_reason(element: Element<'_>) -> Result<ReasonCode, DerError> {
    let [code] = element.content else {
        return Err(element.broken("a reason is one octet"));
    };
    match ReasonCode::from_code(*code) {
        Some(ReasonCode::RemoveFromCrl) | None => {
            Err(element.broken("the reason of a revocation is one of 0 to 6, 9 and 10"))
        }
        Some(reason) => Ok(reason),
    }
}
