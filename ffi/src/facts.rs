//! What is in the index: for logs, metrics and people.

use std::ffi::c_char;
use std::fmt::Write;

use revocache::index::{Authority, AuthorityId};
use revocache::publish::MappedIndex;
use revocache::types::CrlFacts;

use crate::boundary::{OutStruct, Structure, answer, required};
use crate::failure::{Failure, Text, revocache_error};
use crate::index::revocache_index;
use crate::issuer::revocache_issuer;
use crate::resolved::Resolved;
use crate::result::revocache_result;
use crate::verdict::{REVOCACHE_CRL_NUMBER_OCTETS, REVOCACHE_NO_TIME, seconds};

/// Octets of a name in revocache_authority_facts, with the NUL that ends it.
pub const REVOCACHE_NAME_TEXT: usize = 512;

/// What an index is, in the caller's memory: clear it and set `size`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_index_facts {
    /// Set by the caller: sizeof(revocache_index_facts).
    pub size: u32,
    /// How many authorities it has.
    pub authorities: u32,
    /// The number of the generation.
    pub generation: u64,
    /// When it was built, in seconds since 1970-01-01T00:00:00Z.
    pub created_at: i64,
    /// Distinct revoked serial numbers, over all authorities.
    pub entries: u64,
    /// How many lists (CRLs) it has.
    pub crls: u64,
    /// Length of the file.
    pub octets: u64,
    /// The earliest nextUpdate of all lists: when the index begins to go stale. REVOCACHE_NO_TIME if none has one.
    pub next_update: i64,
}

/// What the index knows of an authority, in the caller's memory: clear it and set `size`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_authority_facts {
    /// Set by the caller: sizeof(revocache_authority_facts).
    pub size: u32,
    /// Its position in the generation.
    pub position: u32,
    /// The generation the facts are of.
    pub generation: u64,
    /// Distinct revoked serial numbers that its lists name.
    pub entries: u64,
    /// The latest thisUpdate of its lists; REVOCACHE_NO_TIME without a list.
    pub this_update: i64,
    /// The earliest nextUpdate of its lists; REVOCACHE_NO_TIME if none has one.
    pub next_update: i64,
    /// How many lists.
    pub crls: u32,
    /// How many keys.
    pub keys: u32,
    /// Its name as text (RFC 4514), in UTF-8, ended by NUL and cut if it is longer.
    pub name: [c_char; REVOCACHE_NAME_TEXT],
}

/// What the index knows of a list (CRL), in the caller's memory: clear it and set `size`.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct revocache_crl_facts {
    /// Set by the caller: sizeof(revocache_crl_facts).
    pub size: u32,
    /// The position of its authority in the generation.
    pub authority: u32,
    /// The generation the facts are of.
    pub generation: u64,
    /// Entries of the list as it was issued.
    pub entries: u64,
    /// Length of its DER encoding.
    pub octets: u64,
    /// thisUpdate, in seconds since 1970-01-01T00:00:00Z.
    pub this_update: i64,
    /// nextUpdate; REVOCACHE_NO_TIME if it has none.
    pub next_update: i64,
    /// 1 for a delta CRL, else 0.
    pub is_delta: u32,
    /// 1 for an indirect CRL, else 0.
    pub is_indirect: u32,
    /// 1 if it is tied to distribution points, else 0.
    pub is_partition: u32,
    /// 1 if it has a CRL number, else 0.
    pub has_crl_number: u32,
    /// The CRL number, most significant octet first, behind leading zeros.
    pub crl_number: [u8; REVOCACHE_CRL_NUMBER_OCTETS],
    /// 0.
    pub reserved: u32,
}

// SAFETY: repr(C), begins with its size, two u32 and six words of eight octets.
unsafe impl Structure for revocache_index_facts {
    const NAME: &'static str = "revocache_index_facts";
    const LEAST: usize = 56;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

// SAFETY: repr(C), begins with its size, two u32, four words of eight octets, two u32 and 512 octets.
unsafe impl Structure for revocache_authority_facts {
    const NAME: &'static str = "revocache_authority_facts";
    const LEAST: usize = 560;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

// SAFETY: repr(C), begins with its size, two u32, five words of eight octets, four u32, twenty octets and a u32.
unsafe impl Structure for revocache_crl_facts {
    const NAME: &'static str = "revocache_crl_facts";
    const LEAST: usize = 88;

    fn set_size(&mut self, size: u32) {
        self.size = size;
    }
}

/// Tells what the index in force is. facts: must not be NULL. error: may be NULL. Returns OK, or an error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_get_index_facts(
    index: Option<&revocache_index>,
    facts: *mut revocache_index_facts,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let out = OutStruct::required(facts)?;
        let reading = required(index, "index")?.generations.reading();
        let index = reading.snapshot();
        out.write(revocache_index_facts {
            size: 0,
            authorities: to_u32(index.authorities().count()),
            generation: index.generation(),
            created_at: index.created_at().seconds(),
            entries: index.entries(),
            crls: to_u64(index.crls().count()),
            octets: index.len_bytes(),
            next_update: seconds(index.crls().filter_map(|(_, crl)| crl.next_update).min()),
        });
        Ok(revocache_result::Ok)
    })
}

/// Tells what the index knows of the authority at this position, counted from 0. Positions are of one generation: if the
/// facts of two calls name different ones, begin again.
///
/// facts: must not be NULL. error: may be NULL. Returns OK; NOT_FOUND behind the last; or another error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_get_authority_facts(
    index: Option<&revocache_index>,
    position: u32,
    facts: *mut revocache_authority_facts,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let out = OutStruct::required(facts)?;
        let reading = required(index, "index")?.generations.reading();
        let index = reading.snapshot();
        let authority = usize::try_from(position).ok().and_then(|position| index.authorities().nth(position));
        let authority = authority.ok_or(Failure::NotFound { what: "authority at this position" })?;
        out.write(facts_of(index, &authority));
        Ok(revocache_result::Ok)
    })
}

/// Tells what the index knows of an issuer. facts: must not be NULL. error: may be NULL. Returns OK; NOT_FOUND if the
/// generation in force does not have it; or another error.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_get_issuer_facts(
    issuer: Option<&revocache_issuer>,
    facts: *mut revocache_authority_facts,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let out = OutStruct::required(facts)?;
        let issuer = required(issuer, "issuer")?;
        let reading = issuer.generations.reading();
        let index = reading.snapshot();
        let authority = reading.issuer(issuer.number).and_then(Resolved::authority);
        let authority = authority.and_then(|id| index.authority(id));
        let authority = authority.ok_or(Failure::NotFound { what: "authority for this issuer" })?;
        out.write(facts_of(index, &authority));
        Ok(revocache_result::Ok)
    })
}

/// Tells what the index knows of the list (CRL) at this position, counted from 0, as revocache_get_authority_facts does.
// SAFETY: no other symbol of this name exists in the library; pointers are as the header's preamble demands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn revocache_get_crl_facts(
    index: Option<&revocache_index>,
    position: u32,
    facts: *mut revocache_crl_facts,
    error: *mut revocache_error,
) -> revocache_result {
    answer(error, || {
        let out = OutStruct::required(facts)?;
        let reading = required(index, "index")?.generations.reading();
        let index = reading.snapshot();
        let crl = usize::try_from(position).ok().and_then(|position| index.crls().nth(position));
        let (id, crl) = crl.ok_or(Failure::NotFound { what: "list at this position" })?;
        out.write(revocache_crl_facts {
            size: 0,
            authority: index.authority_of_crl(id).map_or(u32::MAX, AuthorityId::number),
            generation: index.generation(),
            entries: crl.entries,
            octets: crl.size,
            this_update: crl.this_update.seconds(),
            next_update: seconds(crl.next_update),
            is_delta: crl.is_delta().into(),
            is_indirect: crl.scope.indirect.into(),
            is_partition: (!crl.scope.distribution_points.is_empty()).into(),
            has_crl_number: crl.crl_number.is_some().into(),
            crl_number: crl.crl_number.map_or([0; REVOCACHE_CRL_NUMBER_OCTETS], |number| *number.octets()),
            reserved: 0,
        });
        Ok(revocache_result::Ok)
    })
}

fn facts_of(index: &MappedIndex, authority: &Authority<'_>) -> revocache_authority_facts {
    let crls = || index.crls_of(authority.id()).map(|(_, crl): (_, &CrlFacts)| crl);
    let mut facts = revocache_authority_facts {
        size: 0,
        position: authority.id().number(),
        generation: index.generation(),
        entries: index.tables_of(authority.id()).map(|table| table.len()).sum(),
        this_update: crls().map(|crl| crl.this_update.seconds()).max().unwrap_or(REVOCACHE_NO_TIME),
        next_update: seconds(crls().filter_map(|crl| crl.next_update).min()),
        crls: to_u32(crls().count()),
        keys: to_u32(authority.keys().count()),
        name: [0; REVOCACHE_NAME_TEXT],
    };
    // Writing stops, and that is all, where the text is full.
    let _ = Text { room: &mut facts.name, used: 0 }.write_str(authority.display());
    facts
}

fn to_u32(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn to_u64(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}
