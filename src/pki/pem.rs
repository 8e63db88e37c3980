//! PEM (RFC 7468), decoded as a stream: a list of hundreds of megabytes passes without being held.
//!
//! A file may hold several blocks with any text around them. Inside a block only base64 and white space count;
//! anything else is an error, because a block that is read differently by two programs is two documents.

use std::io::{self, BufRead, Read};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How the contents of a file are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// DER: the structure itself.
    Der,
    /// PEM: base64 between lines of dashes.
    Pem,
}

impl Encoding {
    /// Tells the encoding by the first octets of a file; two are enough.
    ///
    /// Certificates and CRLs are SEQUENCEs of at least 128 octets, whose second octet is no character. Whatever else
    /// begins like text is taken for PEM with something in front of the first block.
    #[must_use]
    pub fn detect(start: &[u8]) -> Self {
        const SEQUENCE: u8 = 0x30;
        const BYTE_ORDER_MARK: &[u8] = &[0xef, 0xbb, 0xbf];
        let text = |octet: &u8| octet.is_ascii_graphic() || octet.is_ascii_whitespace();
        if start.starts_with(BYTE_ORDER_MARK) {
            return Self::Pem;
        }
        match start {
            [SEQUENCE] => Self::Der,
            [SEQUENCE, second, ..] if !text(second) => Self::Der,
            [first, ..] if text(first) => Self::Pem,
            // A letter of UTF-8 beyond ASCII may begin a text, but hardly one that is read here.
            _ => Self::Der,
        }
    }
}

/// Why a PEM file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// A line that begins a block and has no end, or a label that is too long or not printable.
    #[error("the line at octet {offset} begins like a PEM block and does not go on as -----BEGIN LABEL-----")]
    BadBegin {
        /// Octets from the start of the file.
        offset: u64,
    },
    /// The block does not end with its own label.
    #[error("the PEM block {label} does not end with -----END {label}----- at octet {offset}")]
    BadEnd {
        /// Octets from the start of the file.
        offset: u64,
        /// The label at the beginning of the block.
        label: String,
    },
    /// Something that is no base64 between begin and end.
    #[error("the PEM block {label} has something other than base64 before octet {offset}")]
    BadBase64 {
        /// Octets from the start of the file.
        offset: u64,
        /// The label of the block.
        label: String,
    },
    /// The input could not be read.
    #[error("reading PEM failed at octet {offset}: {source}")]
    Io {
        /// Octets read before.
        offset: u64,
        /// What the input says.
        source: io::Error,
    },
}

impl From<PemError> for io::Error {
    fn from(error: PemError) -> Self {
        match error {
            PemError::Io { source, .. } => source,
            other => Self::new(io::ErrorKind::InvalidData, other),
        }
    }
}

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
/// The longest label in use has 22 characters.
const MAX_LABEL: usize = 64;
/// Characters decoded at a time; a multiple of four.
const CHUNK: usize = 8192;

/// Finds the blocks of a PEM file, one after the other.
pub struct PemReader<R> {
    input: R,
    /// Octets consumed so far.
    offset: u64,
    /// Whether a block is begun and its end not yet read.
    inside: bool,
    /// Whether a block turned out malformed: where the next one begins is then anybody's guess.
    failed: bool,
    label: String,
    body: Body,
}

/// The state of decoding one block.
#[derive(Default)]
struct Body {
    /// Characters waiting to be decoded.
    characters: Vec<u8>,
    decoded: Vec<u8>,
    /// How much of `decoded` was handed out.
    taken: usize,
    /// Whether the padding, which ends the data, was seen.
    padded: bool,
    ended: bool,
}

impl<R: BufRead> PemReader<R> {
    /// A reader of the blocks in `input`.
    pub fn new(input: R) -> Self {
        Self { input, offset: 0, inside: false, failed: false, label: String::new(), body: Body::default() }
    }

    /// Finds the next block, passing over text and over the rest of a block that was not read to its end; `None`
    /// at the end of the file.
    ///
    /// # Errors
    /// [`PemError`]; the rest of a block is checked even if it is passed over.
    pub fn next_block(&mut self) -> Result<Option<PemBlock<'_, R>>, PemError> {
        while self.inside || self.failed {
            self.body.taken = self.body.decoded.len();
            self.decode_more()?;
        }
        loop {
            let start = self.offset;
            let Some((line, whole)) = self.line_start()? else { return Ok(None) };
            let line = line.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(&line).trim_ascii_start();
            let Some(rest) = line.strip_prefix(BEGIN) else { continue };
            let label = rest.trim_ascii_end().strip_suffix(DASHES).filter(|_| whole);
            let label =
                label.filter(|label| label.iter().all(|octet| octet.is_ascii_graphic() || *octet == b' '));
            let label = label
                .filter(|label| label.len() <= MAX_LABEL)
                .and_then(|label| std::str::from_utf8(label).ok());
            self.label = label.ok_or(PemError::BadBegin { offset: start })?.to_owned();
            self.body = Body::default();
            self.inside = true;
            return Ok(Some(PemBlock { reader: self }));
        }
    }

    /// Consumes a line and returns its beginning, as much as a boundary can have, and whether that is all of it.
    fn line_start(&mut self) -> Result<Option<(Vec<u8>, bool)>, PemError> {
        const ENOUGH: usize = MAX_LABEL + 64;
        let mut line = Vec::new();
        let mut whole = true;
        let mut any = false;
        loop {
            let available = fill(&mut self.input, self.offset)?;
            if available.is_empty() {
                return Ok(any.then_some((line, whole)));
            }
            any = true;
            let end = available.iter().position(|octet| *octet == b'\n');
            let piece = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
            let room = ENOUGH.saturating_sub(line.len());
            whole &= piece.len() <= room;
            line.extend(piece.iter().take(room));
            let consumed = piece.len() + usize::from(end.is_some());
            self.input.consume(consumed);
            self.offset += super::der::count(consumed);
            if end.is_some() {
                return Ok(Some((line, whole)));
            }
        }
    }

    /// Decodes the next piece of the block; notices its end.
    fn decode_more(&mut self) -> Result<(), PemError> {
        if self.failed {
            return Err(PemError::BadEnd { offset: self.offset, label: self.label.clone() });
        }
        self.try_decode_more().inspect_err(|_| self.failed = true)
    }

    fn try_decode_more(&mut self) -> Result<(), PemError> {
        self.body.decoded.clear();
        self.body.taken = 0;
        while !self.body.ended && self.body.characters.len() < CHUNK {
            let available = fill(&mut self.input, self.offset)?;
            if available.is_empty() {
                return Err(PemError::BadEnd { offset: self.offset, label: self.label.clone() });
            }
            let room = CHUNK - self.body.characters.len();
            let mut consumed = 0;
            for octet in available.iter().take(room) {
                match octet {
                    b'-' => {
                        self.body.ended = true;
                        break;
                    }
                    octet if octet.is_ascii_whitespace() => {}
                    _ => self.body.characters.push(*octet),
                }
                consumed += 1;
            }
            self.input.consume(consumed);
            self.offset += super::der::count(consumed);
        }
        let body = &mut self.body;
        // Nothing follows the padding, and only the last piece may be shorter than a multiple of four.
        let bad = (body.padded && !body.characters.is_empty())
            || STANDARD.decode_vec(&body.characters, &mut body.decoded).is_err();
        if bad {
            return Err(PemError::BadBase64 { offset: self.offset, label: self.label.clone() });
        }
        body.padded |= body.characters.last() == Some(&b'=');
        body.characters.clear();
        if body.ended {
            self.end_block()?;
        }
        Ok(())
    }

    fn end_block(&mut self) -> Result<(), PemError> {
        let offset = self.offset;
        let line = self.line_start()?;
        let label = line.as_ref().and_then(|(line, whole)| {
            line.strip_prefix(END)?.trim_ascii_end().strip_suffix(DASHES).filter(|_| *whole)
        });
        if label != Some(self.label.as_bytes()) {
            return Err(PemError::BadEnd { offset, label: self.label.clone() });
        }
        self.inside = false;
        Ok(())
    }
}

/// One block: a label, and a body to read.
pub struct PemBlock<'a, R> {
    reader: &'a mut PemReader<R>,
}

impl<R> PemBlock<'_, R> {
    /// The label, such as `X509 CRL` or `CERTIFICATE`.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.reader.label
    }
}

impl<R: BufRead> Read for PemBlock<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let body = &mut self.reader.body;
            let left = body.decoded.get(body.taken..).unwrap_or_default();
            if !left.is_empty() && !buffer.is_empty() {
                let octets = left.len().min(buffer.len());
                if let (Some(to), Some(from)) = (buffer.get_mut(..octets), left.get(..octets)) {
                    to.copy_from_slice(from);
                }
                body.taken += octets;
                return Ok(octets);
            }
            if buffer.is_empty() || !(self.reader.inside || self.reader.failed) {
                return Ok(0);
            }
            self.reader.decode_more()?;
        }
    }
}

fn fill<R: BufRead>(input: &mut R, offset: u64) -> Result<&[u8], PemError> {
    loop {
        // Asked twice, because a borrow that is returned cannot be given up for another attempt.
        match input.fill_buf() {
            Ok(_) => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(PemError::Io { offset, source }),
        }
    }
    input.fill_buf().map_err(|source| PemError::Io { offset, source })
}
