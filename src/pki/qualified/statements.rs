//! `qcStatements` (RFC 3739 section 3.2.6): what the issuer of a qualified certificate states of it.

use super::super::der::{DerError, Element, Reader, cap, read_single, tag};
use super::super::oid;

/// Statements of one certificate; ten are many.
const MAX_STATEMENTS: usize = 256;
/// Kinds in one QcType statement; there are three.
const MAX_TYPES: usize = 64;

/// The statements of one certificate, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QcStatements(Vec<QcStatement>);

/// One statement: what is stated, and the particulars, whose form depends on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QcStatement {
    id: Box<[u8]>,
    info: Option<Box<[u8]>>,
    /// Where `info` stands in what was read.
    offset: u64,
}

impl QcStatements {
    /// Reads a DER QCStatements.
    ///
    /// # Errors
    /// For malformed DER, and statements beyond the cap. The offset counts from the start of `der`.
    pub fn from_der(der: &[u8]) -> Result<Self, DerError> {
        Self::from_element(read_single(der, tag::SEQUENCE)?)
    }

    pub(in super::super) fn from_element(element: Element<'_>) -> Result<Self, DerError> {
        let mut statements = Vec::new();
        let mut reader = element.reader();
        while !reader.is_empty() {
            cap(statements.len(), MAX_STATEMENTS, "statements in one certificate", reader.offset())?;
            let mut parts = reader.read(tag::SEQUENCE)?.reader();
            let id = parts.read(tag::OID)?.oid()?;
            let offset = parts.offset();
            let info = if parts.is_empty() { None } else { Some(parts.any()?.raw.into()) };
            parts.finish()?;
            statements.push(QcStatement { id: id.into(), info, offset });
        }
        Ok(Self(statements))
    }

    /// Whether this is stated; `id` in dotted decimal.
    #[must_use]
    pub fn states(&self, id: &str) -> bool {
        self.0.iter().any(|statement| statement.id() == id)
    }

    /// The kinds that QcType names (ETSI EN 319 412-5 section 4.2.3), in dotted decimal; empty without that statement.
    ///
    /// # Errors
    /// For a QcType that is no list of identifiers.
    pub fn types(&self) -> Result<Vec<String>, DerError> {
        let mut types = Vec::new();
        for statement in self.0.iter().filter(|statement| *statement.id == *oid::QC_TYPE) {
            let info = statement.info.as_deref().unwrap_or_default();
            let mut list = Reader::at(info, statement.offset).read(tag::SEQUENCE)?.reader();
            while !list.is_empty() {
                cap(types.len(), MAX_TYPES, "kinds of a qualified certificate", list.offset())?;
                types.push(oid::dotted(list.read(tag::OID)?.oid()?));
            }
        }
        Ok(types)
    }

    /// The statements, in the order of the certificate.
    pub fn iter(&self) -> impl Iterator<Item = &QcStatement> {
        self.0.iter()
    }
}

impl QcStatement {
    /// What is stated, in dotted decimal.
    #[must_use]
    pub fn id(&self) -> String {
        oid::dotted(&self.id)
    }

    /// The particulars in DER, whose form depends on the statement.
    #[must_use]
    pub fn info(&self) -> Option<&[u8]> {
        self.info.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0.4.0.1862.1.` without the last arc.
    const ETSI: [u8; 5] = [0x04, 0x00, 0x8e, 0x46, 0x01];

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn etsi(rest: &[u8]) -> Vec<u8> {
        element(6, &[&ETSI, rest].concat())
    }

    fn statements(list: &[Vec<u8>]) -> Result<QcStatements, DerError> {
        let list: Vec<u8> = list.iter().flat_map(|content| element(0x30, content)).collect();
        QcStatements::from_der(&element(0x30, &list))
    }

    #[test]
    fn statements_with_and_without_particulars() {
        let seal = element(0x30, &etsi(&[6, 2]));
        let read = statements(&[etsi(&[1]), [etsi(&[6]), seal.clone()].concat()]).unwrap();
        assert!(read.states("0.4.0.1862.1.1"));
        assert!(!read.states("0.4.0.1862.1.4"));
        assert_eq!(read.types().unwrap(), ["0.4.0.1862.1.6.2"]);
        assert_eq!(read.iter().last().unwrap().info(), Some(&*seal));
    }

    #[test]
    fn what_is_no_statement_is_refused() {
        let two = [etsi(&[1]), element(5, &[]), element(5, &[])].concat();
        for list in [&[two][..], &[vec![]], &[element(5, &[])]] {
            assert!(statements(list).is_err(), "{list:02x?}");
        }
        let broken = statements(&[etsi(&[6])]).unwrap();
        assert!(broken.types().is_err(), "a QcType without kinds");
        let broken = statements(&[[etsi(&[6]), element(0x30, &element(5, &[]))].concat()]).unwrap();
        assert_eq!(broken.types().unwrap_err().offset, 14, "counted from the start");
    }
}
