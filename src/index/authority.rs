//! Views of the stored authorities, and the directory that finds them.
//!
//! The lookup section is a sorted array of 16-octet rows: a keyed hash of what is asked for (a name, a key, or the
//! hashes of a CertID) and the authority. As the hashes are evenly spread, the row is guessed and rarely far.
//! A hit is compared with the authority itself.

use super::bytes::{Cursor, to_usize};
use super::codec::value_at;
use super::facts::{AuthorityFacts, AuthorityId, KeyFacts, NameHashes};
use super::hash::Hasher;
use crate::types::{CertIdHash, NameKey};

/// Octets of a lookup row: hash u64, authority u32, kind u32.
pub(super) const LOOKUP_ROW: usize = 16;

const KIND_NAME: u32 = 1;
const KIND_KEY: u32 = 2;
const KIND_SHA1: u32 = 3;
const KIND_SHA256: u32 = 4;

/// A stored authority. Copying copies references only.
#[derive(Debug, Clone, Copy)]
pub struct Authority<'a> {
    id: AuthorityId,
    name: &'a [u8],
    display: &'a str,
    name_hashes: &'a [[u8; 52]],
    keys: Cursor<'a>,
    key_count: u32,
}

impl<'a> Authority<'a> {
    /// Its position in the file.
    #[must_use]
    pub fn id(&self) -> AuthorityId {
        self.id
    }

    /// The octets of its name in comparable form.
    #[must_use]
    pub fn name_octets(&self) -> &'a [u8] {
        self.name
    }

    /// Its name in comparable form, as an owned key.
    #[must_use]
    pub fn name(&self) -> NameKey {
        NameKey::from_octets(self.name)
    }

    /// Its name as text (RFC 4514).
    #[must_use]
    pub fn display(&self) -> &'a str {
        self.display
    }

    /// The hashes of each encoding of its name.
    pub fn name_hashes(&self) -> impl Iterator<Item = NameHashes> + use<'a> {
        self.name_hashes.iter().map(|octets| NameHashes {
            sha1: octets.first_chunk().copied().unwrap_or_default(),
            sha256: octets.last_chunk().copied().unwrap_or_default(),
        })
    }

    /// Its keys.
    pub fn keys(&self) -> impl Iterator<Item = AuthorityKey<'a>> + use<'a> {
        let mut cursor = self.keys;
        // Every key was read once when the file was opened.
        (0..self.key_count).map_while(move |_| AuthorityKey::decode(&mut cursor))
    }

    /// An owned copy of everything, as a builder takes it.
    #[must_use]
    pub fn to_facts(&self) -> AuthorityFacts {
        AuthorityFacts {
            name: self.name(),
            display: self.display.to_owned(),
            name_hashes: self.name_hashes().collect(),
            keys: self.keys().map(|key| key.to_facts()).collect(),
        }
    }

    pub(super) fn decode(section: &'a [u8], number: u32) -> Option<Self> {
        let mut cursor = Cursor::new(value_at(section, number)?);
        let name = cursor.blob()?;
        let display = std::str::from_utf8(cursor.blob()?).ok()?;
        let hashes = to_usize(cursor.u32()?).checked_mul(52)?;
        let (name_hashes, _) = cursor.take(hashes)?.as_chunks();
        let key_count = cursor.u32()?;
        Some(Self { id: AuthorityId(number), name, display, name_hashes, keys: cursor, key_count })
    }

    /// Whether every key can be read and nothing follows the last.
    pub(super) fn is_well_formed(&self) -> bool {
        let mut cursor = self.keys;
        (0..self.key_count).all(|_| AuthorityKey::decode(&mut cursor).is_some()) && cursor.is_empty()
    }
}

/// A key of a stored authority.
#[derive(Debug, Clone, Copy)]
pub struct AuthorityKey<'a> {
    /// SHA-256 of the SubjectPublicKeyInfo.
    pub spki_sha256: &'a [u8; 32],
    /// SHA-1 of the content of the key's BIT STRING.
    pub key_sha1: &'a [u8; 20],
    /// SHA-256 of the same.
    pub key_sha256: &'a [u8; 32],
    /// SubjectPublicKeyInfo (DER).
    pub spki: &'a [u8],
    key_ids: BlobList<'a>,
    certificates: BlobList<'a>,
}

impl<'a> AuthorityKey<'a> {
    /// Values of subjectKeyIdentifier in its certificates.
    pub fn key_ids(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.key_ids
    }

    /// Its certificates (DER).
    pub fn certificates(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.certificates
    }

    /// An owned copy.
    #[must_use]
    pub fn to_facts(&self) -> KeyFacts {
        KeyFacts {
            spki: self.spki.to_vec(),
            spki_sha256: *self.spki_sha256,
            key_sha1: *self.key_sha1,
            key_sha256: *self.key_sha256,
            key_ids: self.key_ids.map(<[u8]>::to_vec).collect(),
            certificates: self.certificates.map(<[u8]>::to_vec).collect(),
        }
    }

    fn decode(cursor: &mut Cursor<'a>) -> Option<Self> {
        Some(Self {
            spki_sha256: cursor.array()?,
            key_sha1: cursor.array()?,
            key_sha256: cursor.array()?,
            spki: cursor.blob()?,
            key_ids: BlobList::decode(cursor)?,
            certificates: BlobList::decode(cursor)?,
        })
    }
}

/// A counted list of octet strings.
#[derive(Debug, Clone, Copy)]
struct BlobList<'a> {
    left: u32,
    cursor: Cursor<'a>,
}

impl<'a> BlobList<'a> {
    fn decode(cursor: &mut Cursor<'a>) -> Option<Self> {
        let list = Self { left: cursor.u32()?, cursor: *cursor };
        for _ in 0..list.left {
            cursor.blob()?;
        }
        Some(list)
    }
}

impl<'a> Iterator for BlobList<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        self.left = self.left.checked_sub(1)?;
        self.cursor.blob()
    }
}

/// What an authority is looked up by.
#[derive(Debug, Clone, Copy)]
pub(super) enum Handle<'h> {
    Name(&'h [u8]),
    Key(&'h [u8; 32]),
    CertId(&'h CertIdHash),
}

impl Handle<'_> {
    fn hash(self, hasher: &Hasher) -> u64 {
        match self {
            Self::Name(name) => hasher.hash_octets(KIND_NAME, name),
            Self::Key(spki_sha256) => hasher.hash_octets(KIND_KEY, spki_sha256),
            Self::CertId(CertIdHash::Sha1 { name, key }) => {
                hasher.hash_octets(KIND_SHA1, name) ^ hasher.hash_octets(KIND_KEY, key)
            }
            Self::CertId(CertIdHash::Sha256 { name, key }) => {
                hasher.hash_octets(KIND_SHA256, name) ^ hasher.hash_octets(KIND_KEY, key)
            }
        }
    }

    fn kind(self) -> u32 {
        match self {
            Self::Name(_) => KIND_NAME,
            Self::Key(_) => KIND_KEY,
            Self::CertId(CertIdHash::Sha1 { .. }) => KIND_SHA1,
            Self::CertId(CertIdHash::Sha256 { .. }) => KIND_SHA256,
        }
    }

    fn is_of(self, authority: &Authority<'_>) -> bool {
        match self {
            Self::Name(name) => authority.name == name,
            Self::Key(spki_sha256) => authority.keys().any(|key| key.spki_sha256 == spki_sha256),
            Self::CertId(CertIdHash::Sha1 { name, key }) => {
                authority.name_hashes().any(|hashes| hashes.sha1 == *name)
                    && authority.keys().any(|own| own.key_sha1 == key)
            }
            Self::CertId(CertIdHash::Sha256 { name, key }) => {
                authority.name_hashes().any(|hashes| hashes.sha256 == *name)
                    && authority.keys().any(|own| own.key_sha256 == key)
            }
        }
    }
}

/// The lookup section as a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lookup<'a> {
    pub(super) rows: &'a [[u8; LOOKUP_ROW]],
    pub(super) authorities: &'a [u8],
    pub(super) hasher: Hasher,
}

impl<'a> Lookup<'a> {
    /// The authorities a handle stands for, in the order of their ids.
    pub(super) fn find<'h>(self, handle: Handle<'h>) -> impl Iterator<Item = Authority<'a>> + use<'a, 'h> {
        let hash = handle.hash(&self.hasher);
        let rows = self.rows.get(self.first(hash)..).unwrap_or_default();
        rows.iter()
            .map(row_fields)
            .take_while(move |(row_hash, _, _)| *row_hash == hash)
            .filter(move |(_, _, kind)| *kind == handle.kind())
            .filter_map(move |(_, number, _)| Authority::decode(self.authorities, number))
            .filter(move |authority| handle.is_of(authority))
    }

    /// The first row that does not come before a hash.
    fn first(self, hash: u64) -> usize {
        let guess = u128::from(hash) * u128::try_from(self.rows.len()).unwrap_or(0);
        let guess = to_usize(guess >> 64);
        let before = |number: usize| self.rows.get(number).is_some_and(|row| row_fields(row).0 < hash);
        // Double the step away from the guess until the row lies between two ends, then halve.
        let (mut from, mut to, mut step) = (guess, guess, 1_usize);
        if before(guess) {
            while before(to) {
                from = to;
                to = to.saturating_add(step).min(self.rows.len());
                step = step.saturating_mul(2);
            }
        } else {
            while from > 0 && !before(from) {
                to = from;
                from = from.saturating_sub(step);
                step = step.saturating_mul(2);
            }
        }
        let between = self.rows.get(from..to).unwrap_or_default();
        from.saturating_add(between.partition_point(|row| row_fields(row).0 < hash))
    }
}

/// The lookup rows of an authority.
pub(super) fn lookup_rows(hasher: &Hasher, number: u32, facts: &AuthorityFacts) -> Vec<(u64, u32, u32)> {
    let mut rows = Vec::new();
    let mut add = |handle: Handle<'_>| rows.push((handle.hash(hasher), number, handle.kind()));
    add(Handle::Name(facts.name.octets()));
    for key in &facts.keys {
        add(Handle::Key(&key.spki_sha256));
        for hashes in &facts.name_hashes {
            add(Handle::CertId(&CertIdHash::Sha1 { name: hashes.sha1, key: key.key_sha1 }));
            add(Handle::CertId(&CertIdHash::Sha256 { name: hashes.sha256, key: key.key_sha256 }));
        }
    }
    rows
}

/// Sorts and encodes lookup rows; equal ones are kept once.
pub(super) fn encode_lookup(mut rows: Vec<(u64, u32, u32)>) -> Vec<u8> {
    rows.sort_unstable();
    rows.dedup();
    let mut octets = Vec::with_capacity(rows.len().saturating_mul(LOOKUP_ROW));
    for (hash, number, kind) in rows {
        octets.extend_from_slice(&hash.to_le_bytes());
        octets.extend_from_slice(&number.to_le_bytes());
        octets.extend_from_slice(&kind.to_le_bytes());
    }
    octets
}

/// Hash, authority and kind of a lookup row.
pub(super) fn row_fields(row: &[u8; LOOKUP_ROW]) -> (u64, u32, u32) {
    let number = u128::from_le_bytes(*row);
    let field = |shift: u32| u32::try_from((number >> shift) & u128::from(u32::MAX)).unwrap_or(0);
    (u64::try_from(number & u128::from(u64::MAX)).unwrap_or(0), field(64), field(96))
}
