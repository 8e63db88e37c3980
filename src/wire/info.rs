//! What a server has: its version, its generation, and its authorities page by page.

use super::error::WireError;
use super::frame::{FrameType, FrameWriter, RequestId};
use super::octets::{Reader, put_counted, put_time, put_varint};
use super::source::read_crl_number;
use crate::types::{CrlNumber, UnixTime};

/// Asks for one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct InfoRequest {
    /// The first authority wanted, counted from 0.
    pub first: u32,
}

impl InfoRequest {
    /// Appends the frame.
    pub fn encode(&self, request: RequestId, out: &mut Vec<u8>) {
        let mut frame = FrameWriter::begin(out, FrameType::INFO, request);
        put_varint(frame.out(), u64::from(self.first));
        frame.finish();
    }

    pub(super) fn decode(message: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let first = reader.varint_up_to(u64::from(u32::MAX), "first authority")?;
        reader.end()?;
        Ok(Self { first })
    }
}

/// An authority, and how old its CRLs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorityInfo<'a> {
    /// Its name as text (RFC 4514).
    pub name: &'a str,
    /// SHA-256 of the SubjectPublicKeyInfo of its first key; `None` if no key is known.
    pub spki_sha256: Option<[u8; 32]>,
    /// Number of its CRLs in hand.
    pub crls: u64,
    /// Number of certificates that they list.
    pub entries: u64,
    /// The oldest `thisUpdate` of its CRLs.
    pub this_update: Option<UnixTime>,
    /// The earliest `nextUpdate` of its CRLs.
    pub next_update: Option<UnixTime>,
    /// The highest CRL number.
    pub crl_number: Option<CrlNumber>,
}

const KEY_BIT: u8 = 1;
const THIS_UPDATE_BIT: u8 = 2;
const NEXT_UPDATE_BIT: u8 = 4;
const CRL_NUMBER_BIT: u8 = 8;

impl<'a> AuthorityInfo<'a> {
    fn put(&self, out: &mut Vec<u8>) {
        let bit = |bit: u8, set: bool| if set { bit } else { 0 };
        put_counted(out, self.name.as_bytes());
        out.push(
            bit(KEY_BIT, self.spki_sha256.is_some())
                | bit(THIS_UPDATE_BIT, self.this_update.is_some())
                | bit(NEXT_UPDATE_BIT, self.next_update.is_some())
                | bit(CRL_NUMBER_BIT, self.crl_number.is_some()),
        );
        out.extend_from_slice(self.spki_sha256.as_ref().map_or(&[], <[u8; 32]>::as_slice));
        put_varint(out, self.crls);
        put_varint(out, self.entries);
        for time in [self.this_update, self.next_update].into_iter().flatten() {
            put_time(out, time);
        }
        if let Some(number) = &self.crl_number {
            put_counted(out, number.magnitude());
        }
    }

    /// Bits and octets behind the last field are of a later revision, and passed over.
    fn read(item: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(item);
        let name = reader.counted_text("name of an authority")?;
        let bits = reader.octet("fields of an authority")?;
        let has = |bit: u8| bits & bit != 0;
        Ok(Self {
            name,
            spki_sha256: has(KEY_BIT).then(|| reader.array("hash of the key").copied()).transpose()?,
            crls: reader.varint("number of CRLs")?,
            entries: reader.varint("number of entries")?,
            this_update: has(THIS_UPDATE_BIT).then(|| reader.time("thisUpdate")).transpose()?,
            next_update: has(NEXT_UPDATE_BIT).then(|| reader.time("nextUpdate")).transpose()?,
            crl_number: has(CRL_NUMBER_BIT).then(|| read_crl_number(&mut reader)).transpose()?,
        })
    }
}

/// The facts at the top of every page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoHead<'a> {
    /// Name and version of the server program.
    pub server: &'a str,
    /// The generation in force. Pages of different generations do not belong together.
    pub generation: u64,
    /// When that generation was built.
    pub built_at: UnixTime,
    /// Number of authorities.
    pub authorities: u32,
}

/// Writes one page: a frame of its own, at most as long as it was begun for.
#[derive(Debug)]
pub struct InfoWriter<'o> {
    frame: FrameWriter<'o>,
    most: usize,
    item: Vec<u8>,
}

impl<'o> InfoWriter<'o> {
    /// Begins a page of at most about `most` octets with authority number `first`.
    pub fn begin(
        request: RequestId,
        head: &InfoHead<'_>,
        first: u32,
        most: usize,
        out: &'o mut Vec<u8>,
    ) -> Self {
        let mut frame = FrameWriter::begin(out, FrameType::INFO_PAGE, request);
        let out = frame.out();
        put_counted(out, head.server.as_bytes());
        put_varint(out, head.generation);
        put_time(out, head.built_at);
        put_varint(out, u64::from(head.authorities));
        put_varint(out, u64::from(first));
        Self { frame, most, item: Vec::new() }
    }

    /// Appends the next authority; `false` if the page is full and it has to go to the next one.
    #[must_use]
    pub fn push(&mut self, authority: &AuthorityInfo<'_>) -> bool {
        self.item.clear();
        authority.put(&mut self.item);
        // The length in front of an item takes up to four octets.
        let fits = self.frame.len().saturating_add(self.item.len()).saturating_add(4) <= self.most;
        if fits {
            put_counted(self.frame.out(), &self.item);
        }
        fits
    }

    /// Ends the page.
    pub fn finish(self) {
        self.frame.finish();
    }
}

/// One page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InfoPage<'a> {
    /// The facts at its top.
    pub head: InfoHead<'a>,
    /// The number of its first authority. The next page begins with this and the number of authorities on this one;
    /// a page without any is the end.
    pub first: u32,
    items: &'a [u8],
}

impl<'a> InfoPage<'a> {
    /// The authorities on the page; they end after the first error.
    pub fn authorities(&self) -> impl Iterator<Item = Result<AuthorityInfo<'a>, WireError>> + use<'a> {
        let mut items = Reader::new(self.items);
        std::iter::from_fn(move || {
            if items.is_empty() {
                return None;
            }
            let item = items.counted("authority").and_then(AuthorityInfo::read);
            if item.is_err() {
                items.rest();
            }
            Some(item)
        })
    }

    pub(super) fn decode(message: &'a [u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(message);
        let head = InfoHead {
            server: reader.counted_text("name of the server")?,
            generation: reader.varint("generation")?,
            built_at: reader.time("time of the build")?,
            authorities: reader.varint_up_to(u64::from(u32::MAX), "number of authorities")?,
        };
        let first = reader.varint_up_to(u64::from(u32::MAX), "first authority")?;
        Ok(Self { head, first, items: reader.rest() })
    }
}
