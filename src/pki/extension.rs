//! Extension (RFC 5280 section 4.2) and the values that certificates and CRLs have in common.

use super::der::{DerError, Element, Reader, tag};
use super::distribution_point::{DistributionPoint, read_distribution_points};
use super::general_name::{GeneralName, read_general_names};
use super::name::Name;
use crate::types::{NameKey, Serial};

/// Extensions of one certificate or list; twenty are many.
pub(crate) const MAX_EXTENSIONS: usize = 1024;

/// One extension, its value still encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extension<'a> {
    /// Content octets of the object identifier.
    pub(crate) oid: &'a [u8],
    /// Whether whoever does not understand it must not use the whole.
    pub(crate) critical: bool,
    /// The OCTET STRING around the value.
    value: Element<'a>,
    /// Where the extension starts.
    pub(crate) offset: u64,
}

impl<'a> Extension<'a> {
    /// Reads the next extension.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self, DerError> {
        let element = reader.read(tag::SEQUENCE)?;
        let mut parts = element.reader();
        let oid = parts.read(tag::OID)?.oid()?;
        // FALSE is the default, which DER leaves out; many CAs write it, and it has one meaning.
        let critical = match parts.optional(tag::BOOLEAN)? {
            Some(critical) => critical.boolean()?,
            None => false,
        };
        let value = parts.read(tag::OCTET_STRING)?;
        parts.finish()?;
        Ok(Self { oid, critical, value, offset: element.offset })
    }

    /// The one element that is the value.
    pub(crate) fn value(&self, expected: u8) -> Result<Element<'a>, DerError> {
        let mut reader = self.value.reader();
        let element = reader.read(expected)?;
        reader.finish()?;
        Ok(element)
    }
}

/// The key that signed, as `authorityKeyIdentifier` tells (RFC 5280 sections 4.2.1.1 and 5.2.1).
///
/// It is a hint for finding the key, never a proof: the signature is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthorityKeyId {
    /// `keyIdentifier`.
    pub key_id: Option<Box<[u8]>>,
    /// Keys of `authorityCertIssuer`.
    pub issuer: Vec<NameKey>,
    /// `authorityCertSerialNumber`.
    pub serial: Option<Serial>,
}

impl AuthorityKeyId {
    pub(crate) fn read(extension: &Extension<'_>) -> Result<Self, DerError> {
        let mut reader = extension.value(tag::SEQUENCE)?.reader();
        let key_id = reader.optional(tag::primitive(0))?.map(|key_id| key_id.content.into());
        let issuer = match reader.optional(tag::constructed(1))? {
            Some(names) => read_general_names(names.reader())?.iter().map(GeneralName::key).collect(),
            None => Vec::new(),
        };
        let serial = match reader.optional(tag::primitive(2))? {
            Some(serial) => Some(
                Serial::new(serial.content)
                    .map_err(|_| serial.broken("authorityCertSerialNumber is a serial number"))?,
            ),
            None => None,
        };
        reader.finish()?;
        Ok(Self { key_id, issuer, serial })
    }
}

/// Reads `freshestCRL`, which has the syntax of `cRLDistributionPoints` (RFC 5280 sections 4.2.1.15 and 5.2.6).
pub(crate) fn read_freshest_crl(
    extension: &Extension<'_>,
    issuer: &Name,
) -> Result<Vec<DistributionPoint>, DerError> {
    read_distribution_points(extension.value(tag::SEQUENCE)?, issuer)
}
