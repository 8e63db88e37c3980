//! Certificates named on the command line.

use std::path::Path;

use super::error::CliError;
use crate::fetch::SourceFile;
use crate::pki::{Certificate, read_certificates};

/// The certificates in a file: one in DER, or one or more in PEM.
pub(super) fn load(path: &Path) -> Result<Vec<Certificate>, CliError> {
    let (file, _) = SourceFile { path: path.into() }.open()?;
    let certificates = read_certificates(file).map_err(|error| CliError::data(path, error))?;
    if certificates.is_empty() {
        return Err(CliError::data(path, "no certificate in this file"));
    }
    Ok(certificates)
}

/// The only certificate in a file.
pub(super) fn load_one(path: &Path) -> Result<Certificate, CliError> {
    let mut certificates = load(path)?;
    match (certificates.pop(), certificates.len()) {
        (Some(certificate), 0) => Ok(certificate),
        (_, others) => {
            Err(CliError::data(path, format!("{} certificates where one is meant", others.saturating_add(1))))
        }
    }
}
