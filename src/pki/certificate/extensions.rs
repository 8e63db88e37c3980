//! The extensions of a certificate that revocation depends on (RFC 5280 section 4.2).
//!
//! Critical extensions that are unknown here are no obstacle: whether the certificate is valid is not asked, only
//! whether it is revoked. They are remembered for the one certificate that is believed, that of an OCSP responder.

use std::collections::BTreeSet;

use super::super::der::{DerError, Element, cap, tag};
use super::super::distribution_point::{DistributionPoint, read_distribution_points};
use super::super::extension::{AuthorityKeyId, Extension, MAX_EXTENSIONS, read_freshest_crl};
use super::super::general_name::GeneralName;
use super::super::name::Name;
use super::super::oid;
use super::key_usage::KeyUsages;

/// `basicConstraints` (RFC 5280 section 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// `cA`: the subject is a certification authority.
    pub ca: bool,
    /// `pathLenConstraint`: how many CAs may be below it; `None` for any number.
    pub path_length: Option<u32>,
}

#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// Whether there is an extension at all.
    pub(super) any: bool,
    pub(super) basic_constraints: Option<BasicConstraints>,
    pub(super) key_usage: Option<KeyUsages>,
    pub(super) subject_key_id: Option<Box<[u8]>>,
    pub(super) authority_key_id: Option<AuthorityKeyId>,
    pub(super) distribution_points: Vec<DistributionPoint>,
    pub(super) freshest_crl: Vec<DistributionPoint>,
    pub(super) ocsp_urls: Vec<String>,
    /// `extKeyUsage` with id-kp-OCSPSigning.
    pub(super) ocsp_signing: bool,
    /// `id-pkix-ocsp-nocheck`.
    pub(super) ocsp_nocheck: bool,
    /// The first critical extension that is not understood, in dotted decimal.
    pub(super) unsupported_critical: Option<String>,
}

impl Extensions {
    pub(super) fn read(element: Option<Element<'_>>, issuer: &Name) -> Result<Self, DerError> {
        let mut extensions = Self::default();
        let Some(element) = element else { return Ok(extensions) };
        let mut reader = element.reader();
        let mut seen = BTreeSet::new();
        while !reader.is_empty() {
            cap(seen.len(), MAX_EXTENSIONS, "extensions", reader.offset())?;
            let extension = Extension::read(&mut reader)?;
            if !seen.insert(extension.oid) {
                return Err(DerError::rule(extension.offset, "the certificate has the same extension twice"));
            }
            extensions.any = true;
            extensions.take(&extension, issuer)?;
        }
        Ok(extensions)
    }

    fn take(&mut self, extension: &Extension<'_>, issuer: &Name) -> Result<(), DerError> {
        match extension.oid {
            oid::BASIC_CONSTRAINTS => self.basic_constraints = Some(read_basic_constraints(extension)?),
            oid::KEY_USAGE => self.key_usage = Some(KeyUsages::read(extension.value(tag::BIT_STRING)?)?),
            oid::SUBJECT_KEY_IDENTIFIER => {
                self.subject_key_id = Some(extension.value(tag::OCTET_STRING)?.content.into());
            }
            oid::AUTHORITY_KEY_IDENTIFIER => self.authority_key_id = Some(AuthorityKeyId::read(extension)?),
            oid::CRL_DISTRIBUTION_POINTS => {
                self.distribution_points = read_distribution_points(extension.value(tag::SEQUENCE)?, issuer)?;
            }
            oid::FRESHEST_CRL => self.freshest_crl = read_freshest_crl(extension, issuer)?,
            oid::AUTHORITY_INFO_ACCESS => self.ocsp_urls = read_ocsp_urls(extension)?,
            // Nobody but an OCSP responder is asked for it, and a malformed one authorizes nobody.
            oid::EXTENDED_KEY_USAGE => self.ocsp_signing = lists_ocsp_signing(extension).unwrap_or(false),
            oid::OCSP_NOCHECK => self.ocsp_nocheck = true,
            // What the names and policies of a certificate are is not asked here.
            oid::SUBJECT_ALT_NAME | oid::CERTIFICATE_POLICIES => {}
            other if extension.critical && self.unsupported_critical.is_none() => {
                self.unsupported_critical = Some(oid::dotted(other));
            }
            _ => {}
        }
        Ok(())
    }
}

fn read_basic_constraints(extension: &Extension<'_>) -> Result<BasicConstraints, DerError> {
    /// More certificates in a path than this make no difference.
    const MAX_PATH_OCTETS: usize = 8;
    let mut reader = extension.value(tag::SEQUENCE)?.reader();
    let ca = match reader.optional(tag::BOOLEAN)? {
        Some(ca) => ca.boolean()?,
        None => false,
    };
    let path_length = match reader.optional(tag::INTEGER)? {
        Some(length) => {
            let octets = length.magnitude(MAX_PATH_OCTETS)?;
            let wide = octets.iter().fold(0_u64, |number, octet| (number << 8) | u64::from(*octet));
            Some(u32::try_from(wide).unwrap_or(u32::MAX))
        }
        None => None,
    };
    reader.finish()?;
    Ok(BasicConstraints { ca, path_length })
}

/// Whether ExtKeyUsageSyntax (RFC 5280 section 4.2.1.12) lists id-kp-OCSPSigning.
fn lists_ocsp_signing(extension: &Extension<'_>) -> Result<bool, DerError> {
    let mut reader = extension.value(tag::SEQUENCE)?.reader();
    let mut listed = false;
    while !reader.is_empty() {
        listed |= reader.read(tag::OID)?.oid()? == oid::OCSP_SIGNING;
    }
    Ok(listed)
}

fn read_ocsp_urls(extension: &Extension<'_>) -> Result<Vec<String>, DerError> {
    let mut reader = extension.value(tag::SEQUENCE)?.reader();
    let mut urls = Vec::new();
    while !reader.is_empty() {
        let mut description = reader.read(tag::SEQUENCE)?.reader();
        let method = description.read(tag::OID)?.oid()?;
        let location = GeneralName::from_element(description.any()?)?;
        description.finish()?;
        if method == oid::AD_OCSP {
            urls.extend(location.uri().map(str::to_owned));
        }
    }
    Ok(urls)
}
