//! Sources that nobody configured: distribution points of certificates, and deltas that lists name.
//!
//! The URLs come from others, so three things hold before one is fetched: the certificate is signed by an authority
//! of the index (a stranger cannot make this server fetch anything), the number of found sources is capped, and the
//! fetcher keeps to the address policy for strangers.

use std::collections::BTreeMap;

use super::memory::{Found, FoundIn};
use super::schedule::Schedule;
use super::spec::{Place, Remote, SourceName, SourceSpec};
use crate::index::Index;
use crate::pki::{AlgorithmPolicy, Certificate, PublicKey};

/// Distribution points of one certificate that are looked at.
const MAX_POINTS: usize = 8;
/// Mirrors of one found source; the rest are passed over.
const MAX_URLS: usize = 4;

/// What becomes of a certificate that is offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offer {
    /// It will be looked at.
    Queued,
    /// It names no list that could be fetched.
    NothingToFetch,
    /// Too many wait already; offer it again when it is asked about again.
    QueueFull,
    /// Finding sources is switched off.
    SwitchedOff,
}

/// What a certificate names: each item is one list with its URLs.
pub(super) fn named_by(certificate: &Certificate) -> Vec<Found> {
    let of = |points: &[crate::pki::DistributionPoint], origin| -> Vec<Found> {
        points
            .iter()
            .take(MAX_POINTS)
            .filter_map(|point| found(origin, point.uris.iter().map(String::as_str)))
            .collect()
    };
    let mut named = of(certificate.distribution_points(), FoundIn::DistributionPoint);
    named.extend(of(certificate.freshest_crl(), FoundIn::FreshestCrl));
    named
}

/// The deltas that the complete lists of an index name.
pub(super) fn deltas_of<B: AsRef<[u8]>>(index: &Index<B>) -> Vec<Found> {
    let uris = index.crls().filter(|(_, crl)| !crl.is_delta()).map(|(_, crl)| &crl.freshest_crl_uris);
    uris.filter_map(|uris| found(FoundIn::FreshestCrl, uris.iter().map(String::as_str))).collect()
}

fn found<'a>(origin: FoundIn, uris: impl Iterator<Item = &'a str>) -> Option<Found> {
    let usable = uris.filter(|uri| is_fetchable(uri)).take(MAX_URLS);
    let urls: Vec<String> = usable.map(str::to_owned).collect();
    (!urls.is_empty()).then_some(Found { origin, urls })
}

fn is_fetchable(uri: &str) -> bool {
    match Remote::parse(uri) {
        Ok(Remote::Http(_)) => true,
        Ok(Remote::Ldap(_)) => cfg!(feature = "ldap"),
        Err(_) => false,
    }
}

/// Whether an authority of the index signed the certificate.
pub(super) fn is_signed_by_known<B: AsRef<[u8]>>(
    index: &Index<B>,
    certificate: &Certificate,
    algorithms: &AlgorithmPolicy,
) -> bool {
    index.authorities_named(certificate.issuer().key()).any(|authority| {
        let mut keys = authority.keys().filter_map(|key| PublicKey::from_spki(key.spki).ok());
        keys.any(|key| certificate.verify_signed_by(&key, algorithms).is_ok())
    })
}

/// The found sources, by name.
#[derive(Debug, Default)]
pub(super) struct Registry {
    sources: BTreeMap<SourceName, Found>,
}

impl Registry {
    pub(super) fn len(&self) -> usize {
        self.sources.len()
    }

    /// Whether one of the URLs belongs to a found source already.
    pub(super) fn has(&self, found: &Found) -> bool {
        self.sources.values().any(|known| known.urls.iter().any(|url| found.urls.contains(url)))
    }

    /// The source to start for something found. It is named after its first URL.
    pub(super) fn add(&mut self, found: Found, schedule: Schedule) -> Option<SourceSpec> {
        let name = SourceName::new(&found.urls.first()?.chars().take(256).collect::<String>()).ok()?;
        let place = Place::mirrors(&found.urls).ok()?;
        let spec = SourceSpec { name: name.clone(), place, origin: found.origin.into(), schedule };
        self.sources.insert(name, found);
        Some(spec)
    }

    pub(super) fn remove(&mut self, name: &SourceName) -> bool {
        self.sources.remove(name).is_some()
    }

    pub(super) fn to_vec(&self) -> Vec<Found> {
        self.sources.values().cloned().collect()
    }
}
