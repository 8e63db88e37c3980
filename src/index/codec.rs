//! How authorities and CRL facts are encoded.
//!
//! Both sections hold a directory of u32 positions, one more than there are values, and the values behind it.
//! Inside a value everything of variable length is preceded by its length or count as a u32.

use super::bytes::{Cursor, put_blob, put_count, to_u64, to_usize, u32_at};
use super::error::BuildError;
use super::facts::{AuthorityFacts, KeyFacts};
use crate::types::{CrlFacts, CrlNumber, KindScope, NameKey, ReasonSet, Scope, SignatureAlgorithm, UnixTime};

const HAS_NEXT_UPDATE: u16 = 1;
const HAS_NUMBER: u16 = 1 << 1;
const IS_DELTA: u16 = 1 << 2;
const HAS_REASONS: u16 = 1 << 3;
const IS_INDIRECT: u16 = 1 << 4;
const HAS_EXPIRED_CERTS: u16 = 1 << 5;

/// Puts a directory of positions before encoded values.
pub(super) fn with_directory<T>(
    values: &[T],
    what: &'static str,
    mut encode: impl FnMut(&mut Vec<u8>, &T) -> Option<()>,
) -> Result<Vec<u8>, BuildError> {
    let too_many = BuildError::TooMany { what, limit: u64::from(u32::MAX) };
    let mut positions = Vec::new();
    let mut body = Vec::new();
    let start = values.len().saturating_add(1).saturating_mul(4);
    let mut mark = |body: &Vec<u8>| put_count(&mut positions, start.saturating_add(body.len()));
    for value in values {
        mark(&body).ok_or(too_many.clone())?;
        encode(&mut body, value).ok_or(too_many.clone())?;
    }
    mark(&body).ok_or(too_many)?;
    positions.append(&mut body);
    Ok(positions)
}

/// The octets of a value in a section with a directory.
pub(super) fn value_at(section: &[u8], number: u32) -> Option<&[u8]> {
    let at = to_usize(number).checked_mul(4)?;
    let start = u32_at(section, at)?;
    let end = u32_at(section, at.checked_add(4)?)?;
    section.get(to_usize(start)..to_usize(end))
}

pub(super) fn encode_authority(out: &mut Vec<u8>, facts: &AuthorityFacts) -> Option<()> {
    put_blob(out, facts.name.octets())?;
    put_blob(out, facts.display.as_bytes())?;
    put_count(out, facts.name_hashes.len())?;
    for hashes in &facts.name_hashes {
        out.extend_from_slice(&hashes.sha1);
        out.extend_from_slice(&hashes.sha256);
    }
    put_count(out, facts.keys.len())?;
    facts.keys.iter().try_for_each(|key| encode_key(out, key))
}

fn encode_key(out: &mut Vec<u8>, key: &KeyFacts) -> Option<()> {
    out.extend_from_slice(&key.spki_sha256);
    out.extend_from_slice(&key.key_sha1);
    out.extend_from_slice(&key.key_sha256);
    put_blob(out, &key.spki)?;
    for list in [&key.key_ids, &key.certificates] {
        put_count(out, list.len())?;
        list.iter().try_for_each(|octets| put_blob(out, octets))?;
    }
    Some(())
}

/// The authority is encoded before the facts of its CRL.
pub(super) fn encode_crl(out: &mut Vec<u8>, authority: u32, facts: &CrlFacts) -> Option<()> {
    let flag = |set: bool, flag: u16| if set { flag } else { 0 };
    let flags = flag(facts.next_update.is_some(), HAS_NEXT_UPDATE)
        | flag(facts.crl_number.is_some(), HAS_NUMBER)
        | flag(facts.base_crl_number.is_some(), IS_DELTA)
        | flag(facts.scope.only_some_reasons.is_some(), HAS_REASONS)
        | flag(facts.scope.indirect, IS_INDIRECT)
        | flag(facts.expired_certs_on_crl.is_some(), HAS_EXPIRED_CERTS);
    let seconds = |time: Option<UnixTime>| time.map_or(0, UnixTime::seconds).to_le_bytes();
    out.extend_from_slice(&authority.to_le_bytes());
    out.extend_from_slice(&flags.to_le_bytes());
    out.extend_from_slice(&[facts.signature_algorithm.code(), facts.scope.kinds.code()]);
    out.extend_from_slice(&seconds(Some(facts.this_update)));
    out.extend_from_slice(&seconds(facts.next_update));
    out.extend_from_slice(&seconds(facts.expired_certs_on_crl));
    out.extend_from_slice(&facts.entries.to_le_bytes());
    out.extend_from_slice(&facts.size.to_le_bytes());
    out.extend_from_slice(&facts.scope.only_some_reasons.map_or(0, ReasonSet::bits).to_le_bytes());
    out.extend_from_slice(&facts.signer_key);
    put_blob(out, &facts.tbs_digest)?;
    put_blob(out, facts.crl_number.as_ref().map_or(&[], CrlNumber::magnitude))?;
    put_blob(out, facts.base_crl_number.as_ref().map_or(&[], CrlNumber::magnitude))?;
    put_count(out, facts.scope.distribution_points.len())?;
    facts.scope.distribution_points.iter().try_for_each(|name| put_blob(out, name.octets()))?;
    put_count(out, facts.freshest_crl_uris.len())?;
    facts.freshest_crl_uris.iter().try_for_each(|uri| put_blob(out, uri.as_bytes()))
}

pub(super) fn decode_crl(octets: &[u8]) -> Option<(u32, CrlFacts)> {
    let mut cursor = Cursor::new(octets);
    let authority = cursor.u32()?;
    let flags = cursor.u16()?;
    let signature_algorithm = SignatureAlgorithm::from_code(cursor.u8()?)?;
    let kinds = KindScope::from_code(cursor.u8()?)?;
    let [this_update, next_update, expired] = [cursor.i64()?, cursor.i64()?, cursor.i64()?];
    let entries = cursor.u64()?;
    let size = cursor.u64()?;
    let reasons = ReasonSet::from_bits(cursor.u16()?);
    let signer_key = *cursor.array()?;
    let tbs_digest = cursor.blob()?.to_vec();
    let crl_number = CrlNumber::from_magnitude(cursor.blob()?)?;
    let base_crl_number = CrlNumber::from_magnitude(cursor.blob()?)?;
    // The lists grow with what is read, not with the count, which nobody has checked.
    let mut distribution_points = Vec::new();
    for _ in 0..cursor.u32()? {
        distribution_points.push(NameKey::from_octets(cursor.blob()?));
    }
    let mut freshest_crl_uris = Vec::new();
    for _ in 0..cursor.u32()? {
        freshest_crl_uris.push(String::from_utf8(cursor.blob()?.to_vec()).ok()?);
    }
    let facts = CrlFacts {
        this_update: UnixTime::from_seconds(this_update),
        next_update: (flags & HAS_NEXT_UPDATE != 0).then(|| UnixTime::from_seconds(next_update)),
        crl_number: (flags & HAS_NUMBER != 0).then_some(crl_number),
        base_crl_number: (flags & IS_DELTA != 0).then_some(base_crl_number),
        scope: Scope {
            distribution_points,
            kinds,
            only_some_reasons: (flags & HAS_REASONS != 0).then_some(reasons),
            indirect: flags & IS_INDIRECT != 0,
        },
        expired_certs_on_crl: (flags & HAS_EXPIRED_CERTS != 0).then(|| UnixTime::from_seconds(expired)),
        freshest_crl_uris,
        signature_algorithm,
        signer_key,
        tbs_digest,
        entries,
        size,
    };
    cursor.is_empty().then_some((authority, facts))
}

/// Octets a section needs at least for this many values.
pub(super) fn directory_length(values: u32) -> u64 {
    to_u64(to_usize(values).saturating_add(1).saturating_mul(4))
}
