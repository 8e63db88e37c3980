//! Files of certificates and CRLs: one object in DER, or any number in PEM.

use std::io::{self, BufRead, BufReader, Read};

use super::certificate::{Certificate, CertificateError};
use super::crl::{CrlError, CrlLimits, CrlReader};
use super::pem::{Encoding, PemError, PemReader};

/// The largest certificate that is read, in octets. Real ones have a few thousand.
const MAX_CERTIFICATE: u64 = 1 << 20;

/// Why a file of certificates or CRLs cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// The file looks like text and is not PEM.
    #[error(transparent)]
    Pem(#[from] PemError),
    /// An object in it is not a certificate.
    #[error("certificate {position}: {source}")]
    Certificate {
        /// Which object, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// An object in it is larger than any certificate.
    #[error("certificate {position} is larger than {MAX_CERTIFICATE} octets")]
    TooLarge {
        /// Which object, counted from 1.
        position: usize,
    },
    /// The file could not be read.
    #[error("reading failed: {0}")]
    Io(#[from] io::Error),
}

/// Reads the certificates of a file. PEM blocks of other things are passed over; a file may hold none.
///
/// # Errors
/// [`BundleError`] for the first object that is wrong.
pub fn read_certificates(input: impl Read) -> Result<Vec<Certificate>, BundleError> {
    let mut certificates = Vec::new();
    let mut input = BufReader::new(input);
    match Encoding::detect(input.fill_buf()?) {
        Encoding::Der => certificates.push(read_certificate(input, 1)?),
        Encoding::Pem => {
            let mut blocks = PemReader::new(input);
            while let Some(block) = blocks.next_block()? {
                if matches!(block.label(), "CERTIFICATE" | "X509 CERTIFICATE") {
                    certificates.push(read_certificate(block, certificates.len() + 1)?);
                }
            }
        }
    }
    Ok(certificates)
}

/// Calls `visit` with a reader for each CRL of a file, in order, or with the reason why one cannot be begun.
///
/// # Errors
/// [`BundleError::Pem`] or [`BundleError::Io`] if the next object cannot be found; those before were visited.
pub fn for_each_crl<R: Read>(
    input: R,
    limits: CrlLimits,
    mut visit: impl FnMut(Result<CrlReader<&mut dyn Read>, CrlError>),
) -> Result<(), BundleError> {
    let mut input = BufReader::new(input);
    match Encoding::detect(input.fill_buf()?) {
        Encoding::Der => visit(CrlReader::new(&mut input, limits)),
        Encoding::Pem => {
            let mut blocks = PemReader::new(input);
            while let Some(mut block) = blocks.next_block()? {
                if matches!(block.label(), "X509 CRL" | "CRL") {
                    visit(CrlReader::new(&mut block, limits));
                }
            }
        }
    }
    Ok(())
}

fn read_certificate(input: impl Read, position: usize) -> Result<Certificate, BundleError> {
    let mut der = Vec::new();
    let length = input.take(MAX_CERTIFICATE + 1).read_to_end(&mut der)?;
    if u64::try_from(length).map_or(true, |length| length > MAX_CERTIFICATE) {
        return Err(BundleError::TooLarge { position });
    }
    Certificate::from_der(&der).map_err(|source| BundleError::Certificate { position, source })
}
