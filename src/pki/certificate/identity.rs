//! What a certificate says about its holder, beyond what revocation depends on: other names, policies, and where its
//! list is in a directory.
//!
//! Few certificates are asked for these and most never, so they are read when they are asked for, from the encoding.

use super::super::der::{DerError, Reader, cap, tag};
use super::super::extension::Extension;
use super::super::general_name::{DistributionPointName, GeneralName};
use super::super::name::Name;
use super::super::oid;
use super::Certificate;

/// Names in subjectAltName; six are usual where there are any.
const MAX_OTHER_NAMES: usize = 256;
/// Policies in certificatePolicies; one is usual.
const MAX_POLICIES: usize = 256;

/// An `otherName` of subjectAltName (RFC 5280 section 4.2.1.6) whose value is a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherName {
    /// `type-id` in dotted decimal.
    pub type_id: String,
    /// The UTF8String inside.
    pub text: String,
}

impl Certificate {
    /// The policies of `certificatePolicies` (RFC 5280 section 4.2.1.4) in dotted decimal, without their qualifiers;
    /// empty without the extension.
    ///
    /// # Errors
    /// If the extension is malformed.
    pub fn policies(&self) -> Result<Vec<String>, DerError> {
        let Some(extension) = self.extension(oid::CERTIFICATE_POLICIES)? else { return Ok(Vec::new()) };
        let mut reader = extension.value(tag::SEQUENCE)?.reader();
        let mut policies = Vec::new();
        while !reader.is_empty() {
            cap(policies.len(), MAX_POLICIES, "certificate policies", reader.offset())?;
            let mut policy = reader.read(tag::SEQUENCE)?.reader();
            policies.push(oid::dotted(policy.read(tag::OID)?.oid()?));
            policy.optional(tag::SEQUENCE)?;
            policy.finish()?;
        }
        Ok(policies)
    }

    /// The other names of `subjectAltName` that are strings, in their order; names of other forms, and other names
    /// that are no strings, are passed over.
    ///
    /// # Errors
    /// If the extension is malformed, or a string is not of UTF-8.
    pub fn other_names(&self) -> Result<Vec<OtherName>, DerError> {
        const OTHER_NAME: u8 = tag::constructed(0);
        let Some(extension) = self.extension(oid::SUBJECT_ALT_NAME)? else { return Ok(Vec::new()) };
        let mut reader = extension.value(tag::SEQUENCE)?.reader();
        let mut names = Vec::new();
        while !reader.is_empty() {
            cap(names.len(), MAX_OTHER_NAMES, "other names", reader.offset())?;
            let element = reader.any()?;
            // A name of another form still has to be one.
            GeneralName::from_element(element)?;
            if element.tag != OTHER_NAME {
                continue;
            }
            let mut name = element.reader();
            let type_id = name.read(tag::OID)?.oid()?;
            let mut wrapper = name.read(tag::constructed(0))?.reader();
            let value = wrapper.any()?;
            wrapper.finish()?;
            name.finish()?;
            if value.tag != tag::UTF8_STRING {
                continue;
            }
            let text = std::str::from_utf8(value.content)
                .map_err(|_| value.broken("a UTF8String is of UTF-8"))?
                .to_owned();
            names.push(OtherName { type_id: oid::dotted(type_id), text });
        }
        Ok(names)
    }

    /// The directory name of the first distribution point that has one: where its list is in a directory.
    ///
    /// # Errors
    /// If the extension is malformed.
    pub fn distribution_point_directory(&self) -> Result<Option<Name>, DerError> {
        let Some(extension) = self.extension(oid::CRL_DISTRIBUTION_POINTS)? else { return Ok(None) };
        let mut points = extension.value(tag::SEQUENCE)?.reader();
        while !points.is_empty() {
            let mut point = points.read(tag::SEQUENCE)?.reader();
            let Some(name) = point.optional(tag::constructed(0))? else { continue };
            if let DistributionPointName::Full(names) = DistributionPointName::read(name.reader())? {
                let directory = names.into_iter().find_map(|name| match name {
                    GeneralName::Directory(name) => Some(name),
                    _ => None,
                });
                if directory.is_some() {
                    return Ok(directory);
                }
            }
        }
        Ok(None)
    }

    /// The extension of this type. Offsets in errors count from the start of the certificate.
    pub(super) fn extension(&self, wanted: &[u8]) -> Result<Option<Extension<'_>>, DerError> {
        let list = &self.0.extension_list;
        let content = self.0.der.get(list.clone()).unwrap_or_default();
        // A certificate that exists has no more of them than the cap, and none twice.
        let mut reader = Reader::at(content, u64::try_from(list.start).unwrap_or(u64::MAX));
        while !reader.is_empty() {
            let extension = Extension::read(&mut reader)?;
            if extension.oid == wanted {
                return Ok(Some(extension));
            }
        }
        Ok(None)
    }
}
