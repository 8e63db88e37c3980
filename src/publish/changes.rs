//! What changed between two generations.
//!
//! An index tells what it added to, and removed from, the generation before it as sets of records, so that the
//! changes of successive generations are read off. Other pairs are compared record by record.

use super::reader::MappedIndex;
use crate::index::{Authority, AuthorityId, Index, IndexError, Table};
use crate::types::{NameKey, Serial};

/// One serial that is listed in one of two generations and not in the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Whether it appeared or went.
    pub kind: ChangeKind,
    /// The name (RFC 4514) of the authority whose CRLs list it.
    pub authority: String,
    /// The same as the generation numbers it that lists the serial: the newer one for what was added.
    pub authority_id: AuthorityId,
    /// The certificate's issuer, where an indirect CRL lists it.
    pub certificate_issuer: Option<NameKey>,
    /// The serial.
    pub serial: Serial,
}

/// The direction of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// Listed now, and not before.
    Added,
    /// Listed before, and not now.
    Removed,
}

/// Tells `tell` every change from one generation to another, in either direction of time.
///
/// # Errors
/// [`IndexError`] if one of the files turns out to be damaged.
pub fn changes(from: &MappedIndex, to: &MappedIndex, mut tell: impl FnMut(Change)) -> Result<(), IndexError> {
    let successive = to.previous_generation() == Some(from.generation());
    for table in to.tables() {
        let before = counterpart(to, &table, from);
        let mut added = |serial| tell(change(ChangeKind::Added, to, &table, serial));
        match table.added()?.filter(|_| successive) {
            Some(set) => tell_records(&table, &collect(&set)?, &mut added)?,
            None => tell_missing(&table, before.as_ref(), &mut added)?,
        }
    }
    for table in from.tables() {
        let after = counterpart(from, &table, to);
        let removals = match &after {
            Some(after) if successive => after.removed()?,
            _ => None,
        };
        let mut removed = |serial| tell(change(ChangeKind::Removed, from, &table, serial));
        match removals {
            Some(set) => tell_records(&table, &collect(&set)?, &mut removed)?,
            None => tell_missing(&table, after.as_ref(), &mut removed)?,
        }
    }
    Ok(())
}

fn change<B: AsRef<[u8]>>(kind: ChangeKind, index: &Index<B>, table: &Table<'_>, serial: Serial) -> Change {
    let authority = index.authority(table.authority()).map(|authority| authority.display().to_owned());
    let certificate_issuer = table.certificate_issuer();
    let authority_id = table.authority();
    Change { kind, authority: authority.unwrap_or_default(), authority_id, certificate_issuer, serial }
}

fn collect(set: &crate::index::RecordSet<'_>) -> Result<Vec<u32>, IndexError> {
    let mut ordinals = Vec::new();
    set.for_each(|ordinal| ordinals.push(ordinal))?;
    Ok(ordinals)
}

/// The records of these ordinals, which ascend.
fn tell_records(
    table: &Table<'_>,
    ordinals: &[u32],
    tell: &mut impl FnMut(Serial),
) -> Result<(), IndexError> {
    for ordinal in ordinals {
        if let Some(record) = table.record_at(*ordinal)? {
            tell(record.serial()?.to_owned());
        }
    }
    Ok(())
}

/// The records that `other` does not have.
fn tell_missing(
    table: &Table<'_>,
    other: Option<&Table<'_>>,
    tell: &mut impl FnMut(Serial),
) -> Result<(), IndexError> {
    for record in table.iter() {
        let record = record?;
        let serial = record.serial()?;
        let listed = match other {
            Some(other) => other.contains(serial)?,
            None => false,
        };
        if !listed {
            tell(serial.to_owned());
        }
    }
    Ok(())
}

/// The table of the same authority and certificate issuer in another generation. An authority is the same if it has
/// the same name and one key in common.
fn counterpart<'o, B: AsRef<[u8]>>(
    holder: &Index<B>,
    table: &Table<'_>,
    other: &'o Index<B>,
) -> Option<Table<'o>> {
    let authority = holder.authority(table.authority())?;
    let name = authority.name();
    let same = |candidate: &Authority<'_>| {
        candidate.keys().any(|key| authority.keys().any(|own| own.spki_sha256 == key.spki_sha256))
    };
    let id = other.authorities_named(&name).find(same).map(|candidate| candidate.id())?;
    other.table(id, table.certificate_issuer().as_ref())
}
