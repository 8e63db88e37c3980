//! What answers rest on, apart from their status: the same for most answers of a server.

use super::error::WireError;
use super::octets::{Reader, put_counted, put_time, put_time_after, put_varint, to_u64};
use crate::types::{CrlNumber, Method, UnixTime, Verdict};

/// What an answer rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) method: Method,
    pub(super) generation: u64,
    pub(super) this_update: Option<UnixTime>,
    pub(super) next_update: Option<UnixTime>,
    pub(super) crl_number: Option<CrlNumber>,
}

// The octet a source begins with.
const OCSP_BIT: u8 = 1;
const THIS_UPDATE_BIT: u8 = 2;
const NEXT_UPDATE_BIT: u8 = 4;
const CRL_NUMBER_BIT: u8 = 8;

/// The number of a source that follows and is not kept.
pub(super) const UNKEPT: u8 = 15;

/// The sources of one frame: those with a number, in the order in which they came. Hardly any frame has more than one,
/// and nothing is allocated for that.
#[derive(Debug, Clone, Default)]
pub(super) struct Sources {
    first: Option<Source>,
    others: Vec<Source>,
}

impl Sources {
    /// The number of a source, and whether it is new and has to be written.
    #[inline]
    pub(super) fn number(&mut self, source: &Source) -> (u8, bool) {
        if self.first.as_ref() == Some(source) {
            return (0, false);
        }
        match (1..UNKEPT).zip(&self.others).find(|(_, kept)| *kept == source) {
            Some((number, _)) => (number, false),
            None => (self.keep(source), true),
        }
    }

    /// The source of this number, which is one that came before, or the next one and follows.
    #[inline]
    pub(super) fn read(&mut self, number: u8, reader: &mut Reader<'_>) -> Result<Source, WireError> {
        let kept = match (number, &self.first) {
            (0, first) => *first,
            (_, None) => None,
            _ => self.others.get(usize::from(number) - 1).copied(),
        };
        match kept {
            Some(source) => Ok(source),
            None if number == UNKEPT => Source::read(reader),
            None if number == self.next() => {
                let source = Source::read(reader)?;
                self.keep(&source);
                Ok(source)
            }
            None => Err(WireError::BadValue { field: "source", value: u64::from(number) }),
        }
    }

    /// The number of the next new source.
    fn next(&self) -> u8 {
        let count = self.others.len() + usize::from(self.first.is_some());
        u8::try_from(count).unwrap_or(UNKEPT)
    }

    /// Gives a new source its number, [`UNKEPT`] if all are taken.
    fn keep(&mut self, source: &Source) -> u8 {
        let number = self.next();
        match number {
            0 => self.first = Some(*source),
            1..UNKEPT => self.others.push(*source),
            _ => {}
        }
        number
    }
}

impl Source {
    #[inline]
    pub(super) fn of(verdict: &Verdict) -> Self {
        let Verdict { method, this_update, next_update, crl_number, generation, .. } = *verdict;
        Self { method, generation, this_update, next_update, crl_number }
    }

    pub(super) fn put(&self, out: &mut Vec<u8>) {
        let bit = |bit: u8, set: bool| if set { bit } else { 0 };
        out.push(
            bit(OCSP_BIT, self.method == Method::Ocsp)
                | bit(THIS_UPDATE_BIT, self.this_update.is_some())
                | bit(NEXT_UPDATE_BIT, self.next_update.is_some())
                | bit(CRL_NUMBER_BIT, self.crl_number.is_some()),
        );
        put_varint(out, self.generation);
        if let Some(this_update) = self.this_update {
            put_time(out, this_update);
        }
        match (self.next_update, self.this_update) {
            (Some(next_update), Some(this_update)) => put_time_after(out, this_update, next_update),
            (Some(next_update), None) => put_time(out, next_update),
            (None, _) => {}
        }
        if let Some(number) = &self.crl_number {
            put_counted(out, number.magnitude());
        }
    }

    #[inline]
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let bits = reader.octet("source")?;
        let unknown = bits & !(OCSP_BIT | THIS_UPDATE_BIT | NEXT_UPDATE_BIT | CRL_NUMBER_BIT);
        if unknown != 0 {
            return Err(WireError::UnknownBits { field: "source", bits: unknown });
        }
        let generation = reader.varint("generation")?;
        let this_update = (bits & THIS_UPDATE_BIT != 0).then(|| reader.time("thisUpdate")).transpose()?;
        let next_update = match (bits & NEXT_UPDATE_BIT != 0, this_update) {
            (false, _) => None,
            (true, Some(this_update)) => Some(reader.time_after(this_update, "nextUpdate")?),
            (true, None) => Some(reader.time("nextUpdate")?),
        };
        let crl_number = (bits & CRL_NUMBER_BIT != 0).then(|| read_crl_number(reader)).transpose()?;
        let method = if bits & OCSP_BIT == 0 { Method::Crl } else { Method::Ocsp };
        Ok(Self { method, generation, this_update, next_update, crl_number })
    }
}

pub(super) fn read_crl_number(reader: &mut Reader<'_>) -> Result<CrlNumber, WireError> {
    const FIELD: &str = "CRL number";
    let octets = reader.counted(FIELD)?;
    CrlNumber::from_magnitude(octets).ok_or(WireError::TooMany {
        field: FIELD,
        found: to_u64(octets.len()),
        limit: to_u64(CrlNumber::MAX_OCTETS),
    })
}
