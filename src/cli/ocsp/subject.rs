//! Which certificate a command is about.

use std::path::PathBuf;

use clap::Args;

use crate::cli::certificates;
use crate::cli::error::CliError;
use crate::pki::Certificate;
use crate::types::Serial;

/// A certificate, or the serial of one, and its issuer.
#[derive(Debug, Args)]
pub(super) struct Subject {
    /// Certificate of the issuer
    #[arg(long, value_name = "FILE")]
    issuer: PathBuf,
    /// The certificate
    #[arg(long, value_name = "FILE", required_unless_present = "serial", conflicts_with = "serial")]
    cert: Option<PathBuf>,
    /// Its serial number
    #[arg(long, value_name = "HEX", value_parser = Serial::parse)]
    serial: Option<Serial>,
}

/// What a command is about, read.
pub(super) struct Known {
    pub(super) issuer: Certificate,
    pub(super) certificate: Option<Certificate>,
    pub(super) serial: Serial,
}

impl Subject {
    pub(super) fn read(&self) -> Result<Known, CliError> {
        let issuer = certificates::load_one(&self.issuer)?;
        if let Some(serial) = &self.serial {
            return Ok(Known { issuer, certificate: None, serial: serial.clone() });
        }
        let Some(path) = &self.cert else {
            return Err(CliError::Usage("either --cert or --serial is needed".to_owned()));
        };
        let certificate = certificates::load_one(path)?;
        if certificate.issuer() != issuer.subject() {
            let reason =
                format!("issued by {}, which {} is not", certificate.issuer(), self.issuer.display());
            return Err(CliError::data(path, reason));
        }
        let serial = certificate.serial().clone();
        Ok(Known { issuer, certificate: Some(certificate), serial })
    }
}
