//! From staged entries to an image of the file.
//!
//! [`Builder`] collects authorities, CRLs and [`Listings`]; [`Builder::finish`] builds table after table and returns
//! an [`Image`] that only has to be written. Everything large moves through blocks of one size ([`blocks`]): staged
//! entries are split into partitions that fit a cache ([`partition`]), each partition is sorted and written
//! ([`table`], with [`keys`] for finding and [`facts`] for saying), and every block read is filled again.

mod blocks;
mod body;
mod changes;
mod facts;
mod image;
mod keys;
mod partition;
mod staging;
mod table;

use std::collections::BTreeMap;

use self::blocks::Pool;
use self::body::BodyWriter;
pub use self::image::Image;
use self::image::{Front, lay_out};
pub use self::staging::Listings;
use self::table::{Pending, Workshop, build_table};
use super::authority::{encode_lookup, lookup_rows};
use super::bytes::{to_u64, to_usize};
use super::codec::{encode_authority, encode_crl, with_directory};
use super::error::BuildError;
use super::facts::{AuthorityFacts, AuthorityId, CrlId, FileFacts};
use super::hash::Hasher;
use super::reader::Index;
use crate::types::{CrlFacts, NameKey};

/// Collects what goes into one index file.
#[derive(Debug)]
pub struct Builder {
    facts: FileFacts,
    tuning: Tuning,
    authorities: Vec<AuthorityFacts>,
    crls: Vec<(AuthorityId, CrlFacts)>,
    tables: BTreeMap<(u32, Option<NameKey>), Pending>,
}

impl Builder {
    /// An index without content.
    #[must_use]
    pub fn new(facts: FileFacts) -> Self {
        let tuning = Tuning::default();
        Self { facts, tuning, authorities: Vec::new(), crls: Vec::new(), tables: BTreeMap::new() }
    }

    /// Records per bucket of a hashed table, at least 1. The default, 9, overfills one bucket in twenty-five; more
    /// make the file smaller and answers slower.
    pub fn bucket_load(&mut self, records: u32) -> &mut Self {
        self.tuning.bucket_load = to_usize(records).max(1);
        self
    }

    /// Records per line of the filter of a hashed table, at least 1; more make the file smaller and more absent serials pass.
    /// The default is 32, which lets one in a hundred pass, and from 200,000 records on 48, which lets two pass and keeps the
    /// filter in a near cache for longer.
    pub fn filter_load(&mut self, records: u32) -> &mut Self {
        self.tuning.filter_load = Some(to_usize(records).max(1));
        self
    }

    /// Adds an authority. Ids count from 0 in the order of adding.
    pub fn add_authority(&mut self, facts: AuthorityFacts) -> AuthorityId {
        // `finish` refuses more than can be counted.
        let id = AuthorityId(u32::try_from(self.authorities.len()).unwrap_or(u32::MAX));
        self.authorities.push(facts);
        id
    }

    /// Adds the facts of an accepted CRL. Ids count from 0 in the order of adding.
    pub fn add_crl(&mut self, authority: AuthorityId, facts: CrlFacts) -> CrlId {
        let id = CrlId(u32::try_from(self.crls.len()).unwrap_or(u32::MAX));
        self.crls.push((authority, facts));
        id
    }

    /// Adds what a CRL lists: of the authority's own certificates (`None`), or of another issuer's (an indirect
    /// CRL). May be called several times for the same pair; the entries are merged.
    ///
    /// # Errors
    /// [`BuildError::UnknownId`] for a CRL that this builder did not give an id to.
    pub fn add_listings(
        &mut self,
        crl: CrlId,
        certificate_issuer: Option<NameKey>,
        listings: Listings,
    ) -> Result<(), BuildError> {
        let known = self.crls.get(to_usize(crl.0));
        let (authority, _) = known.ok_or(BuildError::UnknownId { what: "CRL", id: crl.0 })?;
        let pending = self.tables.entry((authority.0, certificate_issuer)).or_default();
        pending.listings.push((crl.0, listings));
        Ok(())
    }

    /// Builds the image. With the previous generation at hand, every table also says which serials are new and
    /// which are gone, and a table that vanished is kept, empty, to say so.
    ///
    /// Authorities are found again by name and a common key. Memory: the staged entries and about a fifth more.
    ///
    /// # Errors
    /// [`BuildError::TooMany`] past what the format counts, [`BuildError::UnknownId`] for a CRL whose authority was
    /// never added, [`BuildError::Previous`] if the previous index turns out to be damaged.
    pub fn finish<P: AsRef<[u8]>>(mut self, previous: Option<&Index<P>>) -> Result<Image, BuildError> {
        self.check_counts()?;
        let hasher = Hasher::new(&self.facts.secret);
        let ancestors = self.ancestors(previous);
        if let Some(previous) = previous {
            self.keep_vanished_tables(previous, &ancestors);
        }
        let (mut pool, mut body) = (Pool::default(), BodyWriter::default());
        let mut front = Front::default();
        let mut workshop = Workshop { hasher, tuning: self.tuning, pool: &mut pool, body: &mut body };
        for ((authority, certificate_issuer), pending) in self.tables {
            let ancestor = ancestors.get(to_usize(authority)).copied().flatten();
            let before = ancestor
                .zip(previous)
                .and_then(|(ancestor, previous)| previous.table(ancestor, certificate_issuer.as_ref()));
            let (mut row, mut crls) =
                build_table(pending, before.as_ref(), previous.is_some(), &mut workshop)?;
            row.authority = authority;
            row.certificate_issuer = front.place_issuer(certificate_issuer.as_ref())?;
            row.first_crl = u32::try_from(front.table_crls.len()).map_err(|_| too_many("CRLs of tables"))?;
            front.entries += u64::from(row.records) + u64::from(row.exceptions);
            front.tables.push(row);
            front.table_crls.append(&mut crls);
        }
        front.authorities = with_directory(&self.authorities, "authorities", encode_authority)?;
        front.crls = with_directory(&self.crls, "CRLs", |out, (authority, facts)| {
            encode_crl(out, authority.0, facts)
        })?;
        let lookup =
            (0..).zip(&self.authorities).flat_map(|(number, facts)| lookup_rows(&hasher, number, facts));
        front.lookup = encode_lookup(lookup.collect());
        front.counts = (self.authorities.len(), self.crls.len());
        drop(pool);
        lay_out(self.facts, previous.map(Index::generation), front, body)
    }

    fn check_counts(&self) -> Result<(), BuildError> {
        for (what, count) in [("authorities", self.authorities.len()), ("CRLs", self.crls.len())] {
            if to_u64(count) >= u64::from(u32::MAX) {
                return Err(too_many(what));
            }
        }
        let unknown = self.crls.iter().find(|(authority, _)| to_usize(authority.0) >= self.authorities.len());
        match unknown {
            Some((authority, _)) => Err(BuildError::UnknownId { what: "authority", id: authority.0 }),
            None => Ok(()),
        }
    }

    /// The authority of the previous file that each authority continues.
    fn ancestors<P: AsRef<[u8]>>(&self, previous: Option<&Index<P>>) -> Vec<Option<AuthorityId>> {
        let Some(previous) = previous else { return Vec::new() };
        let same = |facts: &AuthorityFacts| {
            previous
                .authorities_named(&facts.name)
                .find(|old| {
                    let no_keys = facts.keys.is_empty() && old.keys().next().is_none();
                    no_keys
                        || old
                            .keys()
                            .any(|old| facts.keys.iter().any(|key| key.spki_sha256 == *old.spki_sha256))
                })
                .map(|old| old.id())
        };
        self.authorities.iter().map(same).collect()
    }

    fn keep_vanished_tables<P: AsRef<[u8]>>(
        &mut self,
        previous: &Index<P>,
        ancestors: &[Option<AuthorityId>],
    ) {
        for (number, ancestor) in (0_u32..).zip(ancestors) {
            let Some(ancestor) = ancestor else { continue };
            for table in previous.tables_of(*ancestor).filter(|table| !table.is_empty()) {
                self.tables.entry((number, table.certificate_issuer())).or_default();
            }
        }
    }
}

/// Records from which on the size of a filter matters more than what it lets pass.
const LARGE: usize = 200_000;

/// The sizes that tests change to reach every path with few entries.
#[derive(Debug, Clone, Copy)]
struct Tuning {
    bucket_load: usize,
    filter_load: Option<usize>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self { bucket_load: 9, filter_load: None }
    }
}

impl Tuning {
    fn buckets(self, records: usize) -> u32 {
        u32::try_from(records.div_ceil(self.bucket_load)).unwrap_or(u32::MAX).max(1)
    }

    fn filter_lines(self, records: usize) -> u32 {
        let load = self.filter_load.unwrap_or(if records < LARGE { 32 } else { 48 });
        u32::try_from(records.div_ceil(load)).unwrap_or(u32::MAX).max(1)
    }
}

fn too_many(what: &'static str) -> BuildError {
    BuildError::TooMany { what, limit: u64::from(u32::MAX) - 1 }
}
