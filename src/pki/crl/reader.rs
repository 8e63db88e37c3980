//! The streaming reader: header, entries, and everything behind them.

use std::io::Read;

use super::super::der::{count, tag};
use super::super::general_name::{GeneralName, read_general_names};
use super::super::name::Name;
use super::super::signature::AlgorithmId;
use super::super::time::{is_time, read_time};
use super::entry::{CrlEntry, Step, read_any, read_common};
use super::error::CrlError;
use super::extensions::CrlExtensions;
use super::limits::CrlLimits;
use super::verified::{CrlContents, UnverifiedCrl};
use super::window::Window;
use crate::types::{MAX_SERIAL_OCTETS, ReasonCode, SerialError, SerialRef, UnixTime};

/// Version of a list (RFC 5280 section 5.1.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrlVersion {
    /// No version field: no extensions either.
    V1,
    /// Version 2, which the standard demands.
    V2,
}

/// What stands before the entries. Untrusted like everything before the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlHeader {
    /// Version of the list.
    pub version: CrlVersion,
    /// The algorithm the list announces; the one at its end must be the same octet for octet.
    pub signature_algorithm: AlgorithmId,
    /// Who issues the list.
    pub issuer: Name,
    /// `thisUpdate`.
    pub this_update: UnixTime,
    /// `nextUpdate`.
    pub next_update: Option<UnixTime>,
    algorithm_offset: u64,
}

impl CrlHeader {
    /// The signature algorithm, for those who do not want to read a large list whose signature they cannot check.
    ///
    /// # Errors
    /// [`CrlError::UnsupportedAlgorithm`].
    pub fn supported_algorithm(&self) -> Result<crate::types::SignatureAlgorithm, CrlError> {
        match &self.signature_algorithm {
            AlgorithmId::Known(algorithm) => Ok(*algorithm),
            AlgorithmId::Unsupported(algorithm) => Err(CrlError::UnsupportedAlgorithm {
                offset: self.algorithm_offset,
                algorithm: algorithm.clone(),
            }),
        }
    }
}

/// Reads one DER CRL from any input, in one pass. Give it the input itself: it has its own buffer.
///
/// After an error every further call fails as well.
pub struct CrlReader<R> {
    window: Window<R>,
    limits: CrlLimits,
    header: CrlHeader,
    /// The AlgorithmIdentifier inside the signed part, to compare with the one outside.
    algorithm: Box<[u8]>,
    list_end: u64,
    message_end: u64,
    entries_end: u64,
    entries: u64,
    issuer: IssuerInForce,
    /// Where the first entry names another issuer than the list's; allowed in an indirect list only.
    first_foreign: Option<u64>,
    /// Where the first removeFromCRL stands; allowed in a delta CRL only.
    first_removal: Option<u64>,
    failed: bool,
}

/// The certificateIssuer that entries without one inherit.
#[derive(Default)]
struct IssuerInForce {
    /// The value of the extension, to recognise it when it is repeated entry after entry.
    encoded: Vec<u8>,
    /// The name, unless it is the issuer of the list.
    name: Option<Name>,
}

impl<R: Read> CrlReader<R> {
    /// Reads what stands before the entries.
    ///
    /// # Errors
    /// [`CrlError`], as for everything that follows.
    pub fn new(input: R, limits: CrlLimits) -> Result<Self, CrlError> {
        let mut window = Window::new(input);
        let list_end = window.enter(tag::SEQUENCE, u64::MAX)?;
        if list_end > limits.max_size {
            return Err(CrlError::LimitExceeded {
                offset: 0,
                limit: "max_size",
                maximum: limits.max_size,
                found: list_end,
            });
        }
        window.begin_message();
        let message_end = window.enter(tag::SEQUENCE, list_end)?;
        let mut block = Block { window: &mut window, end: message_end, maximum: limits.max_block };
        let version = block.version()?;
        let algorithm_offset = block.window.position();
        let (algorithm, signature_algorithm) = block.algorithm()?;
        block.window.digest_with(signature_algorithm.known(), message_end, &limits);
        let issuer = block.issuer()?;
        let this_update = block.time()?;
        let next_update =
            if block.window.peek(message_end)?.is_some_and(is_time) { Some(block.time()?) } else { None };
        // revokedCertificates is left out when it is empty (RFC 5280 section 5.1.2.6); an empty one is the same.
        let entries_end = match window.peek(message_end)? {
            Some(tag::SEQUENCE) => window.enter(tag::SEQUENCE, message_end)?,
            _ => window.position(),
        };
        let header =
            CrlHeader { version, signature_algorithm, issuer, this_update, next_update, algorithm_offset };
        Ok(Self {
            window,
            limits,
            header,
            algorithm,
            list_end,
            message_end,
            entries_end,
            entries: 0,
            issuer: IssuerInForce::default(),
            first_foreign: None,
            first_removal: None,
            failed: false,
        })
    }

    /// What stands before the entries.
    #[must_use]
    pub fn header(&self) -> &CrlHeader {
        &self.header
    }

    /// Octets of the DER encoding read so far, for showing progress.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.window.position()
    }

    /// Octets of the whole DER encoding, as it announces.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.list_end
    }

    /// Reads the next entry; `None` behind the last.
    ///
    /// # Errors
    /// [`CrlError`]; the reader is of no use afterwards.
    #[inline]
    pub fn next_entry(&mut self) -> Result<Option<CrlEntry<'_>>, CrlError> {
        let Some(step) = self.advance()? else { return Ok(None) };
        let octets = self.window.behind(step.size, step.serial_start, step.serial_length);
        let Ok(serial) = SerialRef::new(octets) else {
            // The step has checked it.
            return Err(CrlError::broken(self.window.position(), "a serial number has at least one octet"));
        };
        Ok(Some(CrlEntry {
            serial,
            revoked_at: step.revoked_at,
            reason: step.reason,
            invalidity_date: step.invalidity_date,
            certificate_issuer: self.issuer.name.as_ref(),
        }))
    }

    /// Reads the rest: entries not asked for, extensions, signature; and demands that nothing follows.
    ///
    /// # Errors
    /// [`CrlError`]. What the entries said must then be forgotten.
    pub fn finish(mut self) -> Result<UnverifiedCrl, CrlError> {
        while self.advance()?.is_some() {}
        let extensions = self.read_extensions()?;
        if let (Some(offset), false) = (self.first_foreign, extensions.scope.indirect) {
            return Err(CrlError::broken(
                offset,
                "certificateIssuer names another issuer in a list that is not indirect",
            ));
        }
        if let (Some(offset), None) = (self.first_removal, &extensions.base_crl_number) {
            return Err(CrlError::broken(offset, "removeFromCRL in a list that is not a delta CRL"));
        }
        self.end_of("the signed part", self.message_end)?;
        let message = self.window.end_message()?;
        let maximum = self.limits.max_block;
        let size = self.window.load(tag::SEQUENCE, self.list_end, "max_block", maximum)?;
        if self.window.loaded(size)?.raw != &*self.algorithm {
            return Err(CrlError::broken(
                self.window.position(),
                "the signature algorithms inside and outside the signed part differ",
            ));
        }
        self.window.consume(size);
        let size = self.window.load(tag::BIT_STRING, self.list_end, "max_block", maximum)?;
        let signature = self.window.loaded(size)?.octet_bits()?.into();
        self.window.consume(size);
        self.end_of("the list", self.list_end)?;
        if !self.window.at_end()? {
            return Err(CrlError::broken(self.window.position(), "something follows the list"));
        }
        let contents =
            CrlContents { header: self.header, extensions, entries: self.entries, size: self.list_end };
        Ok(UnverifiedCrl::new(contents, message, signature))
    }

    /// Reads one entry and consumes it.
    #[inline]
    fn advance(&mut self) -> Result<Option<Step>, CrlError> {
        let position = self.window.position();
        if self.failed {
            return Err(CrlError::broken(position, "reading goes on after an error"));
        }
        if position >= self.entries_end {
            return Ok(None);
        }
        if let Some(step) = read_common(self.window.available(), self.header.version == CrlVersion::V2)
            && position + count(step.size) <= self.entries_end
            && self.entries < self.limits.max_entries
        {
            self.accept(&step);
            return Ok(Some(step));
        }
        let step = self.advance_slowly().inspect_err(|_| self.failed = true)?;
        self.accept(&step);
        Ok(Some(step))
    }

    #[inline]
    fn accept(&mut self, step: &Step) {
        if step.reason == ReasonCode::RemoveFromCrl && self.first_removal.is_none() {
            self.first_removal = Some(self.window.position());
        }
        self.window.consume(step.size);
        self.entries += 1;
    }

    /// Reads an entry of any shape, after making sure that it is in the window.
    #[cold]
    fn advance_slowly(&mut self) -> Result<Step, CrlError> {
        let offset = self.window.position();
        if self.entries >= self.limits.max_entries {
            return Err(CrlError::LimitExceeded {
                offset,
                limit: "max_entries",
                maximum: self.limits.max_entries,
                found: self.entries + 1,
            });
        }
        let size = self.window.load(tag::SEQUENCE, self.entries_end, "max_entry", self.limits.max_entry)?;
        let element = self.window.loaded(size)?;
        let extensions_allowed = self.header.version == CrlVersion::V2;
        let (step, issuer) = read_any(element, extensions_allowed, self.limits.max_entry_extensions)?;
        let serial = element.raw.get(step.serial_start..).and_then(|rest| rest.get(..step.serial_length));
        match SerialRef::new(serial.unwrap_or_default()) {
            Ok(_) => {}
            Err(SerialError::TooLong { octets }) => {
                return Err(CrlError::LimitExceeded {
                    offset,
                    limit: "MAX_SERIAL_OCTETS",
                    maximum: count(MAX_SERIAL_OCTETS),
                    found: count(octets),
                });
            }
            Err(_) => return Err(CrlError::broken(offset, "a serial number has at least one octet")),
        }
        if let Some(issuer) = issuer
            && issuer.raw != self.issuer.encoded
        {
            let name = only_directory_name(&read_general_names(issuer.reader())?)
                .ok_or_else(|| issuer.broken("certificateIssuer holds exactly one directory name"))?;
            self.issuer.encoded = issuer.raw.to_vec();
            self.issuer.name = (name != self.header.issuer).then_some(name);
            if self.issuer.name.is_some() && self.first_foreign.is_none() {
                self.first_foreign = Some(issuer.offset);
            }
        }
        Ok(step)
    }

    fn read_extensions(&mut self) -> Result<CrlExtensions, CrlError> {
        if self.window.position() >= self.message_end {
            return Ok(CrlExtensions::default());
        }
        let wrapper = tag::constructed(0);
        let size = self.window.load(wrapper, self.message_end, "max_block", self.limits.max_block)?;
        let element = self.window.loaded(size)?;
        if self.header.version == CrlVersion::V1 {
            return Err(CrlError::broken(element.offset, "a list without version 2 has no extensions"));
        }
        let extensions = CrlExtensions::read(element, &self.header.issuer)?;
        self.window.consume(size);
        Ok(extensions)
    }

    fn end_of(&self, what: &'static str, end: u64) -> Result<(), CrlError> {
        match end.saturating_sub(self.window.position()) {
            0 => Ok(()),
            _ if what == "the list" => Err(CrlError::broken(
                self.window.position(),
                "something follows the signature inside the list",
            )),
            _ => Err(CrlError::broken(
                self.window.position(),
                "something follows the extensions in the signed part",
            )),
        }
    }
}

/// The elements before the entries, each loaded as a whole.
struct Block<'w, R> {
    window: &'w mut Window<R>,
    end: u64,
    maximum: u64,
}

impl<R: Read> Block<'_, R> {
    fn version(&mut self) -> Result<CrlVersion, CrlError> {
        if self.window.peek(self.end)? != Some(tag::INTEGER) {
            return Ok(CrlVersion::V1);
        }
        let size = self.load(tag::INTEGER)?;
        let version = self.window.loaded(size)?;
        // Version 1 is written by leaving the field out, and there is no version 3.
        if version.content != [1] {
            return Err(CrlError::broken(
                version.offset,
                "the version of a list is 2 (1 as an INTEGER) or absent",
            ));
        }
        self.window.consume(size);
        Ok(CrlVersion::V2)
    }

    fn algorithm(&mut self) -> Result<(Box<[u8]>, AlgorithmId), CrlError> {
        let size = self.load(tag::SEQUENCE)?;
        let element = self.window.loaded(size)?;
        let algorithm = (element.raw.into(), AlgorithmId::from_element(element)?);
        self.window.consume(size);
        Ok(algorithm)
    }

    fn issuer(&mut self) -> Result<Name, CrlError> {
        let size = self.load(tag::SEQUENCE)?;
        let element = self.window.loaded(size)?;
        let name = Name::from_element(element)?;
        // RFC 5280 section 5.1.2.3: a non-empty distinguished name.
        if name.is_empty() {
            return Err(CrlError::broken(element.offset, "the issuer of a list has a name"));
        }
        self.window.consume(size);
        Ok(name)
    }

    fn time(&mut self) -> Result<UnixTime, CrlError> {
        let tag = match self.window.peek(self.end)? {
            Some(found) if is_time(found) => found,
            _ => tag::UTC_TIME,
        };
        let size = self.load(tag)?;
        let time = read_time(self.window.loaded(size)?)?;
        self.window.consume(size);
        Ok(time)
    }

    fn load(&mut self, expected: u8) -> Result<usize, CrlError> {
        self.window.load(expected, self.end, "max_block", self.maximum)
    }
}

/// The one directory name among the names, if there is exactly one.
fn only_directory_name(names: &[GeneralName]) -> Option<Name> {
    let mut directories = names.iter().filter_map(|name| match name {
        GeneralName::Directory(name) => Some(name),
        _ => None,
    });
    match (directories.next(), directories.next()) {
        (Some(only), None) => Some(only.clone()),
        _ => None,
    }
}
