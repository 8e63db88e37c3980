//! The extensions of a list (RFC 5280 section 5.2).

use std::collections::BTreeSet;

use super::super::der::{DerError, Element, cap, tag};
use super::super::distribution_point::DistributionPoint;
use super::super::extension::{AuthorityKeyId, Extension, MAX_EXTENSIONS, read_freshest_crl};
use super::super::general_name::{DistributionPointName, read_reason_flags};
use super::super::name::Name;
use super::super::oid;
use super::super::time::read_time;
use super::error::CrlError;
use crate::types::{CrlNumber, KindScope, Scope, UnixTime};

/// Octets of an encoded CRL number, superfluous zeros in front of it included.
const MAX_ENCODED_NUMBER: usize = 64;

/// What the extensions of a list say; all of them absent by default. Untrusted before the signature is verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CrlExtensions {
    /// `cRLNumber` (section 5.2.3).
    pub crl_number: Option<CrlNumber>,
    /// `BaseCRLNumber` of `deltaCRLIndicator` (section 5.2.4): present in a delta CRL only.
    pub base_crl_number: Option<CrlNumber>,
    /// `issuingDistributionPoint` (section 5.2.5).
    pub scope: Scope,
    /// The URIs among the names of `issuingDistributionPoint`, as found.
    pub scope_uris: Vec<String>,
    /// `authorityKeyIdentifier` (section 5.2.1): a hint at the key that signed.
    pub authority_key_id: Option<AuthorityKeyId>,
    /// `freshestCRL` (section 5.2.6): where deltas to this list are.
    pub freshest_crl: Vec<DistributionPoint>,
    /// `expiredCertsOnCRL` (X.509 section 9.5.2.8).
    pub expired_certs_on_crl: Option<UnixTime>,
}

impl CrlExtensions {
    /// Reads `[0] Extensions`; names in it are relative to `issuer`.
    pub(super) fn read(wrapper: Element<'_>, issuer: &Name) -> Result<Self, CrlError> {
        let mut outer = wrapper.reader();
        let mut reader = outer.read(tag::SEQUENCE)?.reader();
        outer.finish()?;
        let mut seen = BTreeSet::new();
        let mut extensions = Self::default();
        while !reader.is_empty() {
            cap(seen.len(), MAX_EXTENSIONS, "extensions", reader.offset())?;
            let extension = Extension::read(&mut reader)?;
            if !seen.insert(extension.oid) {
                return Err(CrlError::broken(extension.offset, "the list has the same extension twice"));
            }
            if !extensions.understand(&extension, issuer)? && extension.critical {
                return Err(CrlError::UnsupportedCriticalExtension {
                    offset: extension.offset,
                    oid: oid::dotted(extension.oid),
                    in_entry: false,
                });
            }
        }
        Ok(extensions)
    }

    /// The URIs where deltas to this list are published.
    #[must_use]
    pub fn freshest_crl_uris(&self) -> Vec<String> {
        self.freshest_crl.iter().flat_map(|point| point.uris.iter().cloned()).collect()
    }

    /// Takes in one extension; `false` if it means nothing here. issuerAltName and authorityInfoAccess are among
    /// those: they say nothing about revocation, and must not be critical.
    fn understand(&mut self, extension: &Extension<'_>, issuer: &Name) -> Result<bool, DerError> {
        match extension.oid {
            oid::CRL_NUMBER => self.crl_number = Some(read_number(extension)?),
            oid::DELTA_CRL_INDICATOR => self.base_crl_number = Some(read_number(extension)?),
            oid::ISSUING_DISTRIBUTION_POINT => self.read_scope(extension.value(tag::SEQUENCE)?, issuer)?,
            oid::AUTHORITY_KEY_IDENTIFIER => self.authority_key_id = Some(AuthorityKeyId::read(extension)?),
            oid::FRESHEST_CRL => self.freshest_crl = read_freshest_crl(extension, issuer)?,
            oid::EXPIRED_CERTS_ON_CRL => {
                self.expired_certs_on_crl = Some(read_time(extension.value(tag::GENERALIZED_TIME)?)?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// IssuingDistributionPoint (RFC 5280 section 5.2.5).
    fn read_scope(&mut self, element: Element<'_>, issuer: &Name) -> Result<(), DerError> {
        let mut reader = element.reader();
        let mut scope = Scope::default();
        if let Some(name) = reader.optional(tag::constructed(0))? {
            let name = DistributionPointName::read(name.reader())?;
            scope.distribution_points = name.keys(issuer)?;
            scope.distribution_points.sort_unstable();
            scope.distribution_points.dedup();
            self.scope_uris = name.uris();
        }
        let mut flag = |number| -> Result<bool, DerError> {
            reader.optional(tag::primitive(number))?.map_or(Ok(false), |flag| flag.boolean())
        };
        let user = flag(1)?;
        let ca = flag(2)?;
        if let Some(flags) = reader.optional(tag::primitive(3))? {
            scope.only_some_reasons = Some(read_reason_flags(flags)?);
        }
        let mut flag = |number| -> Result<bool, DerError> {
            reader.optional(tag::primitive(number))?.map_or(Ok(false), |flag| flag.boolean())
        };
        scope.indirect = flag(4)?;
        let attribute = flag(5)?;
        reader.finish()?;
        scope.kinds = match (user, ca, attribute) {
            (false, false, false) => KindScope::All,
            (true, false, false) => KindScope::User,
            (false, true, false) => KindScope::Ca,
            (false, false, true) => KindScope::Attribute,
            _ => return Err(element.broken("a list is limited to one kind of certificates at most")),
        };
        self.scope = scope;
        Ok(())
    }
}

fn read_number(extension: &Extension<'_>) -> Result<CrlNumber, DerError> {
    let element = extension.value(tag::INTEGER)?;
    CrlNumber::from_magnitude(element.magnitude(MAX_ENCODED_NUMBER)?)
        .ok_or_else(|| element.broken("a CRL number has at most 20 octets"))
}
