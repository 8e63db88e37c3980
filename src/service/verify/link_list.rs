//! Lists of links as text: a line for each certificate, with commas between columns, and a first line that names them.
//!
//! ```text
//! person,issuer_name_hash,serial
//! 4711,5f1e…,0a3b
//! ```
//!
//! `person` is whatever tells persons apart where the list comes from, `issuer_name_hash` the SHA-256 of the issuer's
//! name in DER (as in OCSP, RFC 6960 section 4.1.1), `serial` is hexadecimal. A list that belongs to one issuer may leave
//! out the hash. The certificates of a person come in the order in which they were issued. There are no quotes: none of
//! the columns needs any.

use std::io::{self, BufRead, Read};

use crate::pki::{Certificate, sha256};
use crate::store::{CertificateName, Link};
use crate::types::{Serial, from_hex};

/// Reads a list line by line.
pub struct LinkList<R> {
    input: R,
    columns: Columns,
    line: u64,
    issuer: Option<[u8; 32]>,
}

/// Where the columns are.
#[derive(Debug, Clone, Copy)]
struct Columns {
    person: usize,
    issuer: Option<usize>,
    serial: usize,
}

/// Why a list cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkListError {
    /// The input failed.
    #[error("line {line}: {source}")]
    Input {
        /// From 1.
        line: u64,
        /// The system's reason.
        source: io::Error,
    },
    /// A line is not what it should be.
    #[error("line {line}: {reason}")]
    Line {
        /// From 1.
        line: u64,
        /// What is wrong.
        reason: LinkLineError,
    },
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkLineError {
    /// Too many octets.
    #[error("it has more than {MAX_LINE} octets")]
    TooLong,
    /// Not a text.
    #[error("it is not UTF-8")]
    NotText,
    /// The first line does not name the columns.
    #[error("the first line has to name the columns person, issuer_name_hash and serial; it is '{found}'")]
    Columns {
        /// What was found.
        found: String,
    },
    /// There is no column for the issuer, and nobody says whose the serials are.
    #[error("without a column issuer_name_hash the certificate of the issuer has to be given")]
    NoIssuer,
    /// Fewer or more values than columns, or an empty one.
    #[error("it does not have a value for each column")]
    Values,
    /// A name for a person that is longer than any.
    #[error("a person's name has at most {MAX_PERSON} octets")]
    Person,
    /// Not 32 octets in hexadecimal.
    #[error("'{found}' is not a SHA-256 hash in hexadecimal")]
    Hash {
        /// What was found.
        found: String,
    },
    /// Not a serial.
    #[error("'{found}' is not a serial in hexadecimal")]
    Serial {
        /// What was found.
        found: String,
    },
}

/// Octets of a line.
const MAX_LINE: usize = 1024;
/// Octets of a person's name.
const MAX_PERSON: usize = 256;

impl<R: BufRead> LinkList<R> {
    /// Reads the first line. `issuer` is the certificate of the issuer, for lists that do not name it.
    ///
    /// # Errors
    /// [`LinkListError`].
    pub fn new(input: R, issuer: Option<&Certificate>) -> Result<Self, LinkListError> {
        let issuer = issuer.map(|certificate| sha256(certificate.subject().der()));
        let columns = Columns { person: 0, issuer: None, serial: 0 };
        let mut list = Self { input, columns, line: 0, issuer };
        let first = list.next_line()?.unwrap_or_default();
        list.columns = Columns::named(&first).map_err(|reason| list.wrong(reason))?;
        if list.columns.issuer.is_none() && list.issuer.is_none() {
            return Err(list.wrong(LinkLineError::NoIssuer));
        }
        Ok(list)
    }

    /// The next line that is not empty.
    fn next_line(&mut self) -> Result<Option<String>, LinkListError> {
        loop {
            self.line += 1;
            let mut octets = Vec::new();
            let limit = u64::try_from(MAX_LINE).unwrap_or(u64::MAX);
            let mut input = (&mut self.input).take(limit + 1);
            let read = input.read_until(b'\n', &mut octets);
            read.map_err(|source| LinkListError::Input { line: self.line, source })?;
            if octets.is_empty() {
                return Ok(None);
            }
            if octets.len() > MAX_LINE {
                return Err(self.wrong(LinkLineError::TooLong));
            }
            let text = String::from_utf8(octets).map_err(|_| self.wrong(LinkLineError::NotText))?;
            // Spreadsheets begin files with a byte order mark.
            let text = text.trim_start_matches('\u{feff}').trim();
            if !text.is_empty() {
                return Ok(Some(text.to_owned()));
            }
        }
    }

    fn link(&self, text: &str) -> Result<Link, LinkLineError> {
        let values: Vec<&str> = text.split(',').map(str::trim).collect();
        if values.len() != 2 + usize::from(self.columns.issuer.is_some()) {
            return Err(LinkLineError::Values);
        }
        let value = |column: usize| {
            values.get(column).copied().filter(|value| !value.is_empty()).ok_or(LinkLineError::Values)
        };
        let person = value(self.columns.person)?;
        if person.len() > MAX_PERSON {
            return Err(LinkLineError::Person);
        }
        let issuer_name_hash = match self.columns.issuer {
            Some(column) => {
                let found = value(column)?;
                let octets = from_hex(found).ok().and_then(|octets| octets.try_into().ok());
                octets.ok_or_else(|| LinkLineError::Hash { found: found.to_owned() })?
            }
            None => self.issuer.ok_or(LinkLineError::NoIssuer)?,
        };
        let found = value(self.columns.serial)?;
        let serial = Serial::parse(found).map_err(|_| LinkLineError::Serial { found: found.to_owned() })?;
        let certificate = CertificateName { issuer_name_hash, serial: serial.octets().to_vec() };
        Ok(Link { person: person.to_owned(), certificate })
    }

    fn wrong(&self, reason: LinkLineError) -> LinkListError {
        LinkListError::Line { line: self.line, reason }
    }
}

impl<R: BufRead> Iterator for LinkList<R> {
    type Item = Result<Link, LinkListError>;

    fn next(&mut self) -> Option<Self::Item> {
        let text = match self.next_line() {
            Ok(text) => text?,
            Err(error) => return Some(Err(error)),
        };
        Some(self.link(&text).map_err(|reason| self.wrong(reason)))
    }
}

impl Columns {
    fn named(line: &str) -> Result<Self, LinkLineError> {
        let names: Vec<String> = line.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        let issuer = place("issuer_name_hash");
        match (place("person"), place("serial")) {
            (Some(person), Some(serial)) if names.len() == 2 + usize::from(issuer.is_some()) => {
                Ok(Self { person, issuer, serial })
            }
            _ => Err(LinkLineError::Columns { found: line.chars().take(80).collect() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Link>, String> {
        let list = LinkList::new(text.as_bytes(), None).map_err(|error| error.to_string())?;
        list.collect::<Result<_, _>>().map_err(|error| error.to_string())
    }

    #[test]
    fn columns_come_in_any_order() {
        let hash = "ab".repeat(32);
        let links =
            read(&format!("\u{feff}Serial, person,issuer_name_hash\r\n0A3B,A-1,{hash}\n\n 05 , B , {hash}"));
        let links = links.unwrap();
        assert_eq!(links.len(), 2);
        assert_eq!((links[0].person.as_str(), &links[0].certificate.serial[..]), ("A-1", &[0x0a, 0x3b][..]));
        assert_eq!(links[1].certificate.issuer_name_hash, [0xab; 32]);
        assert_eq!(read(&format!("person,issuer_name_hash,serial\n{}", "")).unwrap(), []);
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let hash = "ab".repeat(32);
        let head = "person,issuer_name_hash,serial\n";
        for (text, told) in [
            (String::new(), "line 1: the first line has to name"),
            ("person,serial\n".to_owned(), "certificate of the issuer has to be given"),
            (format!("{head}a,{hash}"), "line 2: it does not have a value"),
            (format!("{head}a,{hash},5,6"), "line 2: it does not have a value"),
            (format!("{head}\n,{hash},5"), "line 3: it does not have a value"),
            (format!("{head}a,abcd,5"), "SHA-256"),
            (format!("{head}a,{hash},xyz"), "'xyz' is not a serial"),
            (format!("{head}{},{hash},05", "p".repeat(300)), "at most 256 octets"),
            (format!("{head}{}", "x".repeat(2000)), "more than 1024 octets"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
        let error = LinkList::new(&b"person,\xff"[..], None).err().unwrap().to_string();
        assert!(error.contains("not UTF-8"), "{error}");
    }
}
