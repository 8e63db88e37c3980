//! `cRLDistributionPoints` (RFC 5280 section 4.2.1.13): where, and from whom, CRLs for a certificate come.

use super::der::{DerError, Element, Reader, cap, tag};
use super::general_name::{DistributionPointName, GeneralName, read_general_names, read_reason_flags};
use super::name::Name;
use crate::types::{NameKey, ReasonSet};

/// Distribution points in one extension; more than three are rare.
const MAX_POINTS: usize = 256;

/// One distribution point of a certificate.
///
/// It names one list, possibly several times; the list may be split further by reasons, and may be issued by
/// somebody other than the certificate's issuer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DistributionPoint {
    /// The names of the list, a relative one already appended to the name it is relative to. Empty if the
    /// distribution point tells only who issues the list.
    pub names: Vec<NameKey>,
    /// The URIs among the names, as found.
    pub uris: Vec<String>,
    /// The reasons the list is limited to; `None` for all.
    pub reasons: Option<ReasonSet>,
    /// Keys of `cRLIssuer`, which makes the list an indirect one; empty if the certificate's issuer issues it.
    pub crl_issuers: Vec<NameKey>,
}

/// Reads CRLDistributionPoints; names are relative to `issuer` where no other CRL issuer is named.
pub(crate) fn read_distribution_points(
    element: Element<'_>,
    issuer: &Name,
) -> Result<Vec<DistributionPoint>, DerError> {
    let mut reader = element.reader();
    if reader.is_empty() {
        return Err(element.broken("a list of distribution points holds at least one"));
    }
    let mut points = Vec::new();
    while !reader.is_empty() {
        cap(points.len(), MAX_POINTS, "distribution points", reader.offset())?;
        points.push(read_distribution_point(reader.read(tag::SEQUENCE)?, issuer)?);
    }
    Ok(points)
}

fn read_distribution_point(element: Element<'_>, issuer: &Name) -> Result<DistributionPoint, DerError> {
    let mut reader: Reader<'_> = element.reader();
    let name = match reader.optional(tag::constructed(0))? {
        Some(name) => Some(DistributionPointName::read(name.reader())?),
        None => None,
    };
    let reasons = match reader.optional(tag::primitive(1))? {
        Some(flags) => Some(read_reason_flags(flags)?),
        None => None,
    };
    let crl_issuers = match reader.optional(tag::constructed(2))? {
        Some(names) => read_general_names(names.reader())?,
        None => Vec::new(),
    };
    reader.finish()?;
    if name.is_none() && crl_issuers.is_empty() {
        return Err(element.broken("a distribution point has a name or a CRL issuer"));
    }
    let base = relative_base(element, &crl_issuers, name.as_ref(), issuer)?;
    Ok(DistributionPoint {
        names: name.as_ref().map(|name| name.keys(base)).transpose()?.unwrap_or_default(),
        uris: name.as_ref().map(DistributionPointName::uris).unwrap_or_default(),
        reasons,
        crl_issuers: crl_issuers.iter().map(GeneralName::key).collect(),
    })
}

/// The name a relative name is appended to: the CRL issuer's where one is named, the certificate issuer's otherwise.
fn relative_base<'a>(
    element: Element<'_>,
    crl_issuers: &'a [GeneralName],
    name: Option<&DistributionPointName<'_>>,
    issuer: &'a Name,
) -> Result<&'a Name, DerError> {
    if crl_issuers.is_empty() || !matches!(name, Some(DistributionPointName::Relative(_))) {
        return Ok(issuer);
    }
    let mut directories = crl_issuers.iter().filter_map(|issuer| match issuer {
        GeneralName::Directory(name) => Some(name),
        _ => None,
    });
    match (directories.next(), directories.next()) {
        (Some(only), None) => Ok(only),
        // RFC 5280 section 4.2.1.13: not with more than one distinguished name, for it would have several meanings.
        _ => Err(element
            .broken("a name relative to the CRL issuer needs exactly one CRL issuer with a directory name")),
    }
}
