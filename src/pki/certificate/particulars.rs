//! More that is read when it is asked for: every alternative name, purposes, and what qualified certificates say. A
//! mistake in them does not keep anybody from asking whether the certificate is revoked.

use super::super::der::{DerError, cap, tag};
use super::super::general_name::{GeneralName, read_general_names};
use super::super::oid;
use super::super::qualified::{DirectoryAttributes, QcStatements};
use super::Certificate;

/// Purposes of one certificate; a handful is usual.
const MAX_PURPOSES: usize = 256;

impl Certificate {
    /// `subjectAltName` (RFC 5280 section 4.2.1.6), empty without the extension.
    ///
    /// # Errors
    /// For malformed DER, and names beyond the cap.
    pub fn subject_alternative_names(&self) -> Result<Vec<GeneralName>, DerError> {
        match self.extension(oid::SUBJECT_ALT_NAME)? {
            Some(extension) => read_general_names(extension.value(tag::SEQUENCE)?.reader()),
            None => Ok(Vec::new()),
        }
    }

    /// The purposes of `extKeyUsage` (RFC 5280 section 4.2.1.12) in dotted decimal, empty without the extension.
    ///
    /// # Errors
    /// For malformed DER, and purposes beyond the cap.
    pub fn key_purposes(&self) -> Result<Vec<String>, DerError> {
        let mut purposes = Vec::new();
        let Some(extension) = self.extension(oid::EXTENDED_KEY_USAGE)? else { return Ok(purposes) };
        let mut reader = extension.value(tag::SEQUENCE)?.reader();
        while !reader.is_empty() {
            cap(purposes.len(), MAX_PURPOSES, "purposes in one certificate", reader.offset())?;
            purposes.push(oid::dotted(reader.read(tag::OID)?.oid()?));
        }
        Ok(purposes)
    }

    /// `subjectDirectoryAttributes` (RFC 5280 section 4.2.1.8), empty without the extension.
    ///
    /// # Errors
    /// As [`DirectoryAttributes::from_der`].
    pub fn directory_attributes(&self) -> Result<DirectoryAttributes, DerError> {
        match self.extension(oid::SUBJECT_DIRECTORY_ATTRIBUTES)? {
            Some(extension) => DirectoryAttributes::from_element(extension.value(tag::SEQUENCE)?),
            None => Ok(DirectoryAttributes::default()),
        }
    }

    /// `qcStatements` (RFC 3739 section 3.2.6), empty without the extension.
    ///
    /// # Errors
    /// As [`QcStatements::from_der`].
    pub fn qc_statements(&self) -> Result<QcStatements, DerError> {
        match self.extension(oid::QC_STATEMENTS)? {
            Some(extension) => QcStatements::from_element(extension.value(tag::SEQUENCE)?),
            None => Ok(QcStatements::default()),
        }
    }
}
