//! What the generation in force already knows, taken over into the next.

use std::collections::{BTreeMap, HashMap};

use super::authorities::Authorities;
use super::select::Known;
use crate::index::{CrlId, IndexError, Listings};
use crate::publish::MappedIndex;
use crate::types::{CrlFacts, NameKey};

/// The CRLs of the generation in force, each with the place of its authority in the new index.
#[derive(Debug, Default)]
pub(super) struct Published {
    crls: Vec<(CrlId, usize, CrlFacts)>,
}

/// A CRL to take over, with its entries by the issuer of the certificates.
pub(super) type TakenOver = (usize, CrlFacts, BTreeMap<Option<NameKey>, Listings>);

impl Published {
    /// The CRLs of `previous`. The authority of each is found anew by the key that signed it, because certificates
    /// that came later may have joined two authorities.
    pub(super) fn of(previous: Option<&MappedIndex>, authorities: &Authorities) -> Self {
        let Some(previous) = previous else { return Self::default() };
        let crls = previous.crls().filter_map(|(id, facts)| {
            let authority = previous.authority(previous.authority_of_crl(id)?)?;
            let place = authorities.place(&authority.name(), &facts.signer_key)?;
            Some((id, place, facts.clone()))
        });
        Self { crls: crls.collect() }
    }

    /// For choosing which CRLs stand.
    pub(super) fn known(&self) -> Vec<Known<'_>> {
        self.crls.iter().map(|(_, authority, crl)| Known { authority: *authority, crl }).collect()
    }
}

/// Stages the entries of the CRLs that stay, table by table.
///
/// # Errors
/// [`IndexError`] if the file turns out to be damaged.
pub(super) fn take_over(
    previous: &MappedIndex,
    published: &Published,
    stays: &[bool],
) -> Result<Vec<TakenOver>, IndexError> {
    let mut taken: Vec<TakenOver> = Vec::new();
    let mut places: HashMap<CrlId, usize> = HashMap::new();
    let staying = published.crls.iter().zip(stays).filter(|(_, stays)| **stays);
    for ((id, authority, facts), _) in staying {
        places.insert(*id, taken.len());
        taken.push((*authority, facts.clone(), BTreeMap::new()));
    }
    for table in previous.tables() {
        if !table.crls().any(|crl| places.contains_key(&crl)) {
            continue;
        }
        let certificate_issuer = table.certificate_issuer();
        let mut staged: BTreeMap<usize, Listings> = BTreeMap::new();
        for record in table.iter() {
            let record = record?;
            let serial = record.serial()?;
            for listing in record.found().listings() {
                let (crl, listing) = listing?;
                if let Some(place) = places.get(&crl) {
                    staged.entry(*place).or_default().push(serial, listing);
                }
            }
        }
        for (place, listings) in staged {
            if let Some((_, _, by_issuer)) = taken.get_mut(place) {
                by_issuer.insert(certificate_issuer.clone(), listings);
            }
        }
    }
    Ok(taken)
}
