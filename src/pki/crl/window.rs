//! A window over the input that moves forward, and digests what it leaves behind.
//!
//! The buffer has a fixed size and grows only for a single element that does not fit, up to that element's cap. The
//! signed part of a list is digested in large pieces, whenever the window moves on, not element by element.

use std::io::{ErrorKind, Read};

use aws_lc_rs::digest::Digest;

use super::super::der::{DerProblem, Element, Header, MAX_HEADER, Reader, count};
use super::super::signature::hash_of;
use super::digester::Digester;
use super::error::CrlError;
use super::limits::CrlLimits;
use crate::types::SignatureAlgorithm;

/// Small enough to stay in a core's own cache while it is read, parsed and digested.
const BUFFER: usize = 256 << 10;

/// What happens to the octets of the signed part.
enum Sink {
    /// The signed part has not begun, or its algorithm is not known yet: `keep_from` holds them in the buffer.
    Waiting,
    Hash(Digester),
    Hold {
        message: Vec<u8>,
        limit: u64,
    },
    /// No algorithm that could be verified: nothing to do.
    Ignore,
}

/// The signed part, in the form its algorithm needs.
pub(super) enum Message {
    Digest(Digest),
    Whole(Vec<u8>),
    Unsupported,
}

/// The window: `buffer[start..end]` is what was read and not consumed.
pub(super) struct Window<R> {
    input: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Octets consumed so far: the absolute offset of `buffer[start]`.
    position: u64,
    ended: bool,
    sink: Sink,
    /// Where in the buffer the part begins that the sink has not seen; `None` outside the signed part.
    keep_from: Option<usize>,
}

impl<R: Read> Window<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            position: 0,
            ended: false,
            sink: Sink::Waiting,
            keep_from: None,
        }
    }

    /// Octets consumed so far.
    pub(super) fn position(&self) -> u64 {
        self.position
    }

    /// What was read and not consumed.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Consumes octets that are available.
    #[inline]
    pub(super) fn consume(&mut self, octets: usize) {
        debug_assert!(octets <= self.end - self.start, "only what is available can be consumed");
        self.start += octets;
        self.position += count(octets);
    }

    /// A part of the last `size` octets consumed; they stay until the next [`Window::fill`].
    #[inline]
    pub(super) fn behind(&self, size: usize, start: usize, length: usize) -> &[u8] {
        let from = (self.start + start).saturating_sub(size);
        self.buffer.get(from..from + length).unwrap_or_default()
    }

    /// Begins the signed part at the next octet.
    pub(super) fn begin_message(&mut self) {
        self.keep_from = Some(self.start);
    }

    /// Tells how the signed part, which ends at `end`, is digested, once its algorithm is known.
    pub(super) fn digest_with(
        &mut self,
        algorithm: Option<SignatureAlgorithm>,
        end: u64,
        limits: &CrlLimits,
    ) {
        let is_large = end > limits.digest_beside_above;
        self.sink = match algorithm.map(hash_of) {
            Some(Some(hash)) if is_large => Sink::Hash(Digester::beside(hash)),
            Some(Some(hash)) => Sink::Hash(Digester::here(hash)),
            Some(None) => Sink::Hold { message: Vec::new(), limit: limits.max_held_message },
            None => Sink::Ignore,
        };
    }

    /// Ends the signed part with the last octet consumed.
    pub(super) fn end_message(&mut self) -> Result<Message, CrlError> {
        self.feed_sink()?;
        self.keep_from = None;
        Ok(match std::mem::replace(&mut self.sink, Sink::Waiting) {
            Sink::Hash(digester) => {
                Message::Digest(digester.finish().map_err(|source| self.io_error(source))?)
            }
            Sink::Hold { message, .. } => Message::Whole(message),
            Sink::Waiting | Sink::Ignore => Message::Unsupported,
        })
    }

    /// Makes at least `needed` octets available, as far as the input has them.
    pub(super) fn fill(&mut self, needed: usize) -> Result<(), CrlError> {
        if self.end - self.start >= needed {
            return Ok(());
        }
        if !matches!(self.sink, Sink::Waiting) {
            self.feed_sink()?;
        }
        let keep_from = self.keep_from.unwrap_or(self.start);
        self.buffer.copy_within(keep_from..self.end, 0);
        self.end -= keep_from;
        self.start -= keep_from;
        self.keep_from = self.keep_from.map(|_| 0);
        if self.buffer.len() < self.start + needed {
            self.buffer.resize(self.start + needed, 0);
        }
        while self.end - self.start < needed && !self.ended {
            let free = self.buffer.get_mut(self.end..).unwrap_or_default();
            match self.input.read(free) {
                Ok(0) => self.ended = true,
                // A faulty reader could claim more than it was given room for.
                Ok(octets) => self.end = (self.end + octets).min(self.buffer.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(source) => {
                    return Err(CrlError::Io {
                        offset: self.position + count(self.end - self.start),
                        source,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether nothing is left of the input.
    pub(super) fn at_end(&mut self) -> Result<bool, CrlError> {
        self.fill(1)?;
        Ok(self.start == self.end)
    }

    /// Tag and length of the next element, which must end before `bound`; consumes nothing.
    pub(super) fn header(&mut self, bound: u64) -> Result<Header, CrlError> {
        let error = |problem| CrlError::Malformed { offset: self.position, problem };
        let mut header = Header::read(self.available()).map_err(error)?;
        if header.is_none() {
            self.fill(MAX_HEADER)?;
            let error = |problem| CrlError::Malformed { offset: self.position, problem };
            header = Header::read(self.available()).map_err(error)?;
        }
        let available = count(self.available().len());
        let problem = match header {
            None => DerProblem::Truncated { needed: available + 1, available },
            Some(header) if self.position.saturating_add(header.total()) > bound => {
                let available = bound.saturating_sub(self.position);
                DerProblem::Truncated { needed: header.total(), available }
            }
            Some(header) => return Ok(header),
        };
        Err(CrlError::Malformed { offset: self.position, problem })
    }

    /// The tag of the next element, if `bound` is not reached.
    pub(super) fn peek(&mut self, bound: u64) -> Result<Option<u8>, CrlError> {
        if self.position >= bound {
            return Ok(None);
        }
        self.fill(1)?;
        Ok(self.available().first().copied())
    }

    /// Enters the next element: checks its tag and consumes tag and length. Returns the offset where it ends.
    pub(super) fn enter(&mut self, expected: u8, bound: u64) -> Result<u64, CrlError> {
        let header = self.expect(expected, bound)?;
        self.consume(usize::from(header.header_length));
        Ok(self.position.saturating_add(header.content_length))
    }

    /// Makes the next element available as a whole and returns its size; consumes nothing.
    pub(super) fn load(
        &mut self,
        expected: u8,
        bound: u64,
        limit: &'static str,
        maximum: u64,
    ) -> Result<usize, CrlError> {
        let header = self.expect(expected, bound)?;
        let total = header.total();
        let too_large = || CrlError::LimitExceeded { offset: self.position, limit, maximum, found: total };
        if total > maximum {
            return Err(too_large());
        }
        let size = usize::try_from(total).map_err(|_| too_large())?;
        self.fill(size)?;
        let available = count(self.available().len());
        if available < total {
            let problem = DerProblem::Truncated { needed: total, available };
            return Err(CrlError::Malformed { offset: self.position, problem });
        }
        Ok(size)
    }

    /// The element of this size that [`Window::load`] made available.
    pub(super) fn loaded(&self, size: usize) -> Result<Element<'_>, CrlError> {
        let octets = self.available().get(..size).unwrap_or_default();
        Ok(Reader::at(octets, self.position).any()?)
    }

    fn expect(&mut self, expected: u8, bound: u64) -> Result<Header, CrlError> {
        let problem = match self.peek(bound)? {
            Some(found) if found == expected => return self.header(bound),
            Some(found) => DerProblem::UnexpectedTag { expected, found },
            None => DerProblem::Missing { expected },
        };
        Err(CrlError::Malformed { offset: self.position, problem })
    }

    fn io_error(&self, source: std::io::Error) -> CrlError {
        CrlError::Io { offset: self.position, source }
    }

    /// Gives the sink what was consumed of the signed part.
    fn feed_sink(&mut self) -> Result<(), CrlError> {
        let Some(from) = self.keep_from else { return Ok(()) };
        let octets = self.buffer.get(from..self.start).unwrap_or_default();
        match &mut self.sink {
            Sink::Hash(digester) => {
                let offset = self.position;
                digester.update(octets).map_err(|source| CrlError::Io { offset, source })?;
            }
            Sink::Hold { message, limit } => {
                let found = count(message.len()) + count(octets.len());
                if found > *limit {
                    return Err(CrlError::LimitExceeded {
                        offset: self.position,
                        limit: "max_held_message",
                        maximum: *limit,
                        found,
                    });
                }
                message.extend_from_slice(octets);
            }
            Sink::Waiting | Sink::Ignore => {}
        }
        self.keep_from = Some(self.start);
        Ok(())
    }
}
