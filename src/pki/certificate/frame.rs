//! The fields of a certificate, each where it has to be and nothing between them (RFC 5280 section 4.1).

use super::super::der::{DerError, Element, read_single, tag};
use super::super::public_key::PublicKey;
use super::super::time::{is_time, read_time};
use crate::types::UnixTime;

/// The fields, still encoded where nothing more is needed.
pub(super) struct Frame<'a> {
    /// 1 to 3, as people count.
    pub(super) version: u8,
    /// TBSCertificate, what the signature covers.
    pub(super) signed: Element<'a>,
    pub(super) algorithm: Element<'a>,
    pub(super) signature: &'a [u8],
    pub(super) serial: Element<'a>,
    pub(super) issuer: Element<'a>,
    pub(super) not_before: UnixTime,
    pub(super) not_after: UnixTime,
    pub(super) subject: Element<'a>,
    pub(super) public_key: PublicKey,
    /// The SEQUENCE OF Extension.
    pub(super) extensions: Option<Element<'a>>,
}

impl<'a> Frame<'a> {
    pub(super) fn read(der: &'a [u8]) -> Result<Self, DerError> {
        let mut outer = read_single(der, tag::SEQUENCE)?.reader();
        let signed = outer.read(tag::SEQUENCE)?;
        let algorithm = outer.read(tag::SEQUENCE)?;
        let signature = outer.read(tag::BIT_STRING)?.octet_bits()?;
        outer.finish()?;

        let mut fields = signed.reader();
        let mut version = 1;
        if let Some(wrapper) = fields.optional(tag::constructed(0))? {
            let mut inner = wrapper.reader();
            let number = inner.read(tag::INTEGER)?;
            inner.finish()?;
            // Version 1 is the default and left out in DER; some write it, and it means the same.
            let [counted @ 0..=2] = number.content else {
                return Err(number.broken("the version of a certificate is 1 to 3 (0 to 2 as an INTEGER)"));
            };
            version += counted;
        }
        let serial = fields.read(tag::INTEGER)?;
        if fields.read(tag::SEQUENCE)?.raw != algorithm.raw {
            return Err(
                algorithm.broken("the signature algorithms inside and outside the signed part differ")
            );
        }
        let issuer = fields.read(tag::SEQUENCE)?;
        let mut validity = fields.read(tag::SEQUENCE)?.reader();
        let mut time = || {
            if !validity.peek().is_some_and(is_time) {
                validity.read(tag::UTC_TIME)?;
            }
            read_time(validity.any()?)
        };
        let (not_before, not_after) = (time()?, time()?);
        validity.finish()?;
        let subject = fields.read(tag::SEQUENCE)?;
        let key = fields.read(tag::SEQUENCE)?;
        // The offset inside the key is relative to it; in the certificate it starts here.
        let public_key = PublicKey::from_spki(key.raw)
            .map_err(|error| DerError { offset: key.offset + error.offset, problem: error.problem })?;
        fields.optional(tag::primitive(1))?;
        fields.optional(tag::primitive(2))?;
        let extensions = match fields.optional(tag::constructed(3))? {
            Some(wrapper) => {
                let mut inner = wrapper.reader();
                let extensions = inner.read(tag::SEQUENCE)?;
                inner.finish()?;
                Some(extensions)
            }
            None => None,
        };
        fields.finish()?;
        Ok(Self {
            version,
            signed,
            algorithm,
            signature,
            serial,
            issuer,
            not_before,
            not_after,
            subject,
            public_key,
            extensions,
        })
    }
}
