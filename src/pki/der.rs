//! Strict DER (X.690) over slices: one element at a time, nothing copied, every error with its absolute offset.
//!
//! Only what DER allows is read: definite lengths in their shortest form and tag numbers below 31 (RFC 5280 needs no
//! larger ones). What looks harmless to accept, such as a longer length form, would let one list have two encodings.

use std::fmt;

/// The tag octets this crate meets.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// NULL.
    pub const NULL: u8 = 0x05;
    /// OBJECT IDENTIFIER.
    pub const OID: u8 = 0x06;
    /// ENUMERATED.
    pub const ENUMERATED: u8 = 0x0a;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0c;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET and SET OF.
    pub const SET: u8 = 0x31;

    /// Context-specific tag of a primitive value; `number` below 31.
    #[must_use]
    pub const fn primitive(number: u8) -> u8 {
        0x80 | number
    }

    /// Context-specific tag of a constructed value; `number` below 31.
    #[must_use]
    pub const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// What is wrong with an encoding.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DerProblem {
    /// The input ends inside an element.
    #[error("the data ends inside an element: {needed} octets are needed, {available} are left")]
    Truncated {
        /// Octets the element still needs.
        needed: u64,
        /// Octets that are left.
        available: u64,
    },
    /// Another element than the structure demands.
    #[error("tag {expected:02x} expected, {found:02x} found")]
    UnexpectedTag {
        /// The tag demanded here.
        expected: u8,
        /// The tag found.
        found: u8,
    },
    /// The enclosing element ends where another one is demanded.
    #[error("an element with tag {expected:02x} is missing")]
    Missing {
        /// The tag demanded here.
        expected: u8,
    },
    /// A tag number of 31 or more, which nothing in X.509 uses.
    #[error("a tag number above 30 has no place here")]
    HighTagNumber,
    /// BER's open-ended form, which DER forbids (X.690 section 10.1).
    #[error("an indefinite length, which DER forbids")]
    IndefiniteLength,
    /// A length in a longer form than needed (X.690 section 10.1).
    #[error("a length that is not in its shortest form, which DER forbids")]
    LengthNotMinimal,
    /// A length beyond 2^64.
    #[error("a length of {octets} octets is beyond any file")]
    LengthTooLong {
        /// Number of length octets announced.
        octets: u8,
    },
    /// Octets where the structure ends.
    #[error("{octets} octets too many where the structure ends")]
    TrailingData {
        /// Number of octets left over.
        octets: u64,
    },
    /// A BOOLEAN other than 00 and FF (X.690 section 11.1).
    #[error("a BOOLEAN is one octet 00 or ff")]
    BadBoolean,
    /// An INTEGER without octets (X.690 section 8.3.1).
    #[error("an INTEGER has at least one octet")]
    EmptyInteger,
    /// A negative INTEGER where the standard demands none.
    #[error("a negative INTEGER where only zero and above make sense")]
    NegativeInteger,
    /// An INTEGER of more octets than its meaning allows.
    #[error("an INTEGER of {octets} octets where at most {limit} are allowed")]
    IntegerTooLong {
        /// Octets found.
        octets: u64,
        /// Octets allowed.
        limit: u64,
    },
    /// A BIT STRING whose count of unused bits contradicts its octets.
    #[error("a BIT STRING whose count of unused bits contradicts its octets")]
    BadBitString,
    /// An OBJECT IDENTIFIER that is empty or ends inside an arc.
    #[error("an OBJECT IDENTIFIER that is empty, badly padded or cut off")]
    BadOid,
    /// A time that is not of RFC 5280 section 4.1.2.5.
    #[error(transparent)]
    BadTime(#[from] super::time::TimeFlaw),
    /// More parts than any genuine structure has; each costs memory many times its encoding.
    #[error("more than {limit} {what}")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many are read.
        limit: usize,
    },
    /// A rule of the structure beyond its encoding.
    #[error("{rule}")]
    Rule {
        /// The rule that is broken, in words.
        rule: &'static str,
    },
}

/// What is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at octet {offset}: {problem}")]
pub struct DerError {
    /// Octets from the start of the input.
    pub offset: u64,
    /// What is wrong there.
    pub problem: DerProblem,
}

impl DerError {
    /// An error at this offset.
    pub fn new(offset: u64, problem: impl Into<DerProblem>) -> Self {
        Self { offset, problem: problem.into() }
    }

    /// A broken rule at this offset.
    #[must_use]
    pub const fn rule(offset: u64, rule: &'static str) -> Self {
        Self { offset, problem: DerProblem::Rule { rule } }
    }
}

/// Tag and length of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The tag octet.
    pub tag: u8,
    /// Number of octets of tag and length.
    pub header_length: u8,
    /// Number of octets that follow them.
    pub content_length: u64,
}

/// The longest header: a tag, the count of length octets, and eight of those.
pub const MAX_HEADER: usize = 10;

impl Header {
    /// Reads tag and length from the start of `input`; `None` if `input` ends too early to tell.
    ///
    /// # Errors
    /// A problem for every form that DER forbids.
    #[inline]
    pub fn read(input: &[u8]) -> Result<Option<Self>, DerProblem> {
        let [tag, rest @ ..] = input else { return Ok(None) };
        if tag & 0x1f == 0x1f {
            return Err(DerProblem::HighTagNumber);
        }
        let [first, rest @ ..] = rest else { return Ok(None) };
        if *first < 0x80 {
            return Ok(Some(Self { tag: *tag, header_length: 2, content_length: u64::from(*first) }));
        }
        let count = first & 0x7f;
        match count {
            0 => return Err(DerProblem::IndefiniteLength),
            1..=8 => {}
            _ => return Err(DerProblem::LengthTooLong { octets: count }),
        }
        let Some(octets) = rest.get(..usize::from(count)) else { return Ok(None) };
        let length = octets.iter().fold(0_u64, |length, octet| (length << 8) | u64::from(*octet));
        if length < 0x80 || octets.first() == Some(&0) {
            return Err(DerProblem::LengthNotMinimal);
        }
        Ok(Some(Self { tag: *tag, header_length: 2 + count, content_length: length }))
    }

    /// Number of octets of the whole element.
    #[must_use]
    pub fn total(self) -> u64 {
        self.content_length.saturating_add(u64::from(self.header_length))
    }
}

/// One element: its content, its whole encoding, and where it stands.
#[derive(Clone, Copy)]
pub struct Element<'a> {
    /// The tag octet.
    pub tag: u8,
    /// The octets behind tag and length.
    pub content: &'a [u8],
    /// The whole encoding.
    pub raw: &'a [u8],
    /// Where the tag stands in the input.
    pub offset: u64,
}

impl<'a> Element<'a> {
    /// Where the content starts in the input.
    #[must_use]
    pub fn content_offset(&self) -> u64 {
        self.offset + count(self.raw.len() - self.content.len())
    }

    /// A reader of the elements inside.
    #[must_use]
    pub fn reader(&self) -> Reader<'a> {
        Reader { input: self.content, offset: self.content_offset() }
    }

    /// An error about this element.
    #[must_use]
    pub fn error(&self, problem: DerProblem) -> DerError {
        DerError { offset: self.offset, problem }
    }

    /// An error about a rule this element breaks.
    #[must_use]
    pub const fn broken(&self, rule: &'static str) -> DerError {
        DerError::rule(self.offset, rule)
    }

    /// The element as a BOOLEAN, whatever its tag (it may be implicit).
    ///
    /// # Errors
    /// [`DerProblem::BadBoolean`].
    pub fn boolean(&self) -> Result<bool, DerError> {
        match self.content {
            [0x00] => Ok(false),
            [0xff] => Ok(true),
            _ => Err(self.error(DerProblem::BadBoolean)),
        }
    }

    /// The content of an INTEGER that is not negative, leading zeros and all.
    ///
    /// # Errors
    /// For an empty or negative one, and past `limit` octets.
    pub fn magnitude(&self, limit: usize) -> Result<&'a [u8], DerError> {
        match self.content {
            [] => Err(self.error(DerProblem::EmptyInteger)),
            [first, ..] if *first >= 0x80 => Err(self.error(DerProblem::NegativeInteger)),
            octets if octets.len() > limit => {
                Err(self
                    .error(DerProblem::IntegerTooLong { octets: count(octets.len()), limit: count(limit) }))
            }
            octets => Ok(octets),
        }
    }

    /// The octets of a BIT STRING and the number of unused bits in the last.
    ///
    /// # Errors
    /// [`DerProblem::BadBitString`].
    pub fn bit_string(&self) -> Result<(&'a [u8], u8), DerError> {
        match self.content {
            [0, octets @ ..] => Ok((octets, 0)),
            [unused @ 1..=7, octets @ ..] if !octets.is_empty() => Ok((octets, *unused)),
            _ => Err(self.error(DerProblem::BadBitString)),
        }
    }

    /// The octets of a BIT STRING of whole octets, such as a key or a signature.
    ///
    /// # Errors
    /// [`DerProblem::BadBitString`].
    pub fn octet_bits(&self) -> Result<&'a [u8], DerError> {
        match self.bit_string()? {
            (octets, 0) => Ok(octets),
            _ => Err(self.error(DerProblem::BadBitString)),
        }
    }

    /// The content of an OBJECT IDENTIFIER.
    ///
    /// # Errors
    /// [`DerProblem::BadOid`] for an empty one, one that ends inside an arc, or an arc with padding.
    pub fn oid(&self) -> Result<&'a [u8], DerError> {
        let mut starts_arc = true;
        for octet in self.content {
            if starts_arc && *octet == 0x80 {
                return Err(self.error(DerProblem::BadOid));
            }
            starts_arc = *octet < 0x80;
        }
        if self.content.is_empty() || !starts_arc {
            return Err(self.error(DerProblem::BadOid));
        }
        Ok(self.content)
    }
}

impl fmt::Debug for Element<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Element({:02x}, {} octets at {})", self.tag, self.content.len(), self.offset)
    }
}

/// Reads the elements of a slice one after the other.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    input: &'a [u8],
    offset: u64,
}

impl<'a> Reader<'a> {
    /// A reader of a whole input.
    #[must_use]
    pub const fn new(input: &'a [u8]) -> Self {
        Self { input, offset: 0 }
    }

    /// A reader of a part of an input that starts at `offset` of it.
    #[must_use]
    pub const fn at(input: &'a [u8], offset: u64) -> Self {
        Self { input, offset }
    }

    /// Where the next element starts in the input.
    #[must_use]
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Whether nothing is left.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.input.is_empty()
    }

    /// The tag of the next element, if there is one.
    #[must_use]
    pub fn peek(&self) -> Option<u8> {
        self.input.first().copied()
    }

    /// Reads the next element, whatever it is.
    ///
    /// # Errors
    /// If the input ends inside it, or for a form that DER forbids.
    #[inline]
    pub fn any(&mut self) -> Result<Element<'a>, DerError> {
        let available = count(self.input.len());
        let header = Header::read(self.input)
            .map_err(|problem| DerError { offset: self.offset, problem })?
            .ok_or_else(|| {
            DerError::new(self.offset, DerProblem::Truncated { needed: available + 1, available })
        })?;
        let split = usize::try_from(header.total()).ok().and_then(|total| self.input.split_at_checked(total));
        let Some((raw, rest)) = split else {
            return Err(DerError::new(
                self.offset,
                DerProblem::Truncated { needed: header.total(), available },
            ));
        };
        let content = raw.get(usize::from(header.header_length)..).unwrap_or_default();
        let element = Element { tag: header.tag, content, raw, offset: self.offset };
        self.input = rest;
        self.offset += header.total();
        Ok(element)
    }

    /// Reads the next element, which must have this tag.
    ///
    /// # Errors
    /// As [`Reader::any`], and for another tag or none.
    #[inline]
    pub fn read(&mut self, expected: u8) -> Result<Element<'a>, DerError> {
        match self.peek() {
            Some(found) if found == expected => self.any(),
            Some(found) => Err(DerError::new(self.offset, DerProblem::UnexpectedTag { expected, found })),
            None => Err(DerError::new(self.offset, DerProblem::Missing { expected })),
        }
    }

    /// Reads the next element if it has this tag.
    ///
    /// # Errors
    /// As [`Reader::any`].
    #[inline]
    pub fn optional(&mut self, expected: u8) -> Result<Option<Element<'a>>, DerError> {
        if self.peek() == Some(expected) { self.any().map(Some) } else { Ok(None) }
    }

    /// Demands that nothing is left.
    ///
    /// # Errors
    /// [`DerProblem::TrailingData`].
    pub fn finish(self) -> Result<(), DerError> {
        match self.input.len() {
            0 => Ok(()),
            octets => Err(DerError::new(self.offset, DerProblem::TrailingData { octets: count(octets) })),
        }
    }
}

/// Refuses another part where `already` were read.
pub(crate) fn cap(already: usize, limit: usize, what: &'static str, offset: u64) -> Result<(), DerError> {
    if already < limit { Ok(()) } else { Err(DerError::new(offset, DerProblem::TooMany { what, limit })) }
}

/// Reads the one element that `input` is, with nothing behind it.
///
/// # Errors
/// As [`Reader::read`] and [`Reader::finish`].
pub fn read_single(input: &[u8], expected: u8) -> Result<Element<'_>, DerError> {
    let mut reader = Reader::new(input);
    let element = reader.read(expected)?;
    reader.finish()?;
    Ok(element)
}

/// A length in memory as a number of octets.
pub(crate) fn count(length: usize) -> u64 {
    // usize is at most 64 bits wide on every platform Rust has.
    u64::try_from(length).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(input: &[u8]) -> DerProblem {
        Reader::new(input).any().unwrap_err().problem
    }

    #[test]
    fn only_the_shortest_length_is_read() {
        assert_eq!(problem(&[0x30, 0x81, 0x7f]), DerProblem::LengthNotMinimal);
        assert_eq!(problem(&[0x30, 0x82, 0x00, 0x80]), DerProblem::LengthNotMinimal);
        assert_eq!(problem(&[0x30, 0x80, 0x00, 0x00]), DerProblem::IndefiniteLength);
        assert_eq!(
            problem(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
            DerProblem::LengthTooLong { octets: 9 }
        );
        assert_eq!(problem(&[0x1f, 0x20, 0x00]), DerProblem::HighTagNumber);
        let mut long = vec![0x30, 0x81, 0x80];
        long.extend([0; 0x80]);
        assert_eq!(read_single(&long, tag::SEQUENCE).unwrap().content.len(), 0x80);
    }

    #[test]
    fn what_is_missing_is_told_with_its_offset() {
        let input = [0x30, 0x06, 0x02, 0x01, 0x05, 0x02, 0x04, 0x01];
        let outer = read_single(&input, tag::SEQUENCE).unwrap();
        let mut inner = outer.reader();
        assert_eq!(inner.read(tag::INTEGER).unwrap().content, [5]);
        let error = inner.read(tag::INTEGER).unwrap_err();
        assert_eq!(error, DerError::new(5, DerProblem::Truncated { needed: 6, available: 3 }));
        assert_eq!(problem(&[]), DerProblem::Truncated { needed: 1, available: 0 });
        let error = outer.reader().read(tag::OID).unwrap_err();
        assert_eq!(error, DerError::new(2, DerProblem::UnexpectedTag { expected: 6, found: 2 }));
    }

    #[test]
    fn nothing_may_follow() {
        let error = read_single(&[0x05, 0x00, 0x00], tag::NULL).unwrap_err();
        assert_eq!(error, DerError::new(2, DerProblem::TrailingData { octets: 1 }));
    }

    #[test]
    fn values_have_one_form() {
        let element = |input: &'static [u8]| Reader::new(input).any().unwrap();
        assert!(element(&[1, 1, 0xff]).boolean().unwrap());
        assert!(!element(&[1, 1, 0]).boolean().unwrap());
        assert!(element(&[1, 1, 1]).boolean().is_err());
        assert!(element(&[1, 2, 0, 0]).boolean().is_err());
        assert!(element(&[2, 0]).magnitude(9).is_err());
        assert!(element(&[2, 1, 0x80]).magnitude(9).is_err());
        assert_eq!(element(&[2, 2, 0, 0x80]).magnitude(2).unwrap(), [0, 0x80]);
        assert!(element(&[2, 2, 0, 0x80]).magnitude(1).is_err());
        assert!(element(&[3, 0]).bit_string().is_err());
        assert!(element(&[3, 1, 1]).bit_string().is_err());
        assert!(element(&[3, 2, 8, 0]).bit_string().is_err());
        assert_eq!(element(&[3, 2, 1, 2]).bit_string().unwrap(), (&[2][..], 1));
        assert!(element(&[3, 2, 1, 2]).octet_bits().is_err());
        assert!(element(&[6, 0]).oid().is_err());
        assert!(element(&[6, 2, 0x55, 0x80]).oid().is_err());
        assert!(element(&[6, 3, 0x55, 0x80, 0x01]).oid().is_err());
        assert!(element(&[6, 3, 0x55, 0x1d, 0x15]).oid().is_ok());
    }
}
