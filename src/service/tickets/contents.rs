//! The keys of an opened container, by their certificates.

use super::container::{Container, Format, Proprietary};
use super::error::TicketError;
use super::settings::TicketSettings;
use crate::keystore::jks::{JksContent, read_jks};
use crate::keystore::pkcs12::read_pkcs12;
use crate::keystore::{ContainerError, ContainerLimits};
use crate::pki::{Certificate, CertificateError};

/// A key of a container, by its certificates: its own first, then those that came along.
#[derive(Debug)]
pub(super) struct KeyEntry {
    pub(super) chain: Vec<Certificate>,
}

/// Opens a container.
pub(super) fn open(
    container: &Container,
    password: &str,
    settings: &TicketSettings,
) -> Result<Vec<KeyEntry>, TicketError> {
    let limits = ContainerLimits {
        octets: settings.max_container,
        iterations: settings.max_iterations,
        ..ContainerLimits::default()
    };
    match container.format() {
        Format::Pkcs12 => pkcs12(container.octets(), password, &limits),
        Format::Jks => jks(container.octets(), password, &limits),
    }
    .map_err(explain)
}

/// Certificates that belong to no key by their number are given to every key: some authorities put the certificate for
/// agreement so beside that for signatures.
fn pkcs12(octets: &[u8], password: &str, limits: &ContainerLimits) -> Result<Vec<KeyEntry>, ContainerError> {
    let container = read_pkcs12(octets, password, &[], limits)?;
    let beside: Vec<Certificate> =
        container.certificates.into_iter().map(|entry| entry.certificate).collect();
    let with_others = |mut chain: Vec<Certificate>| {
        chain.extend_from_slice(&beside);
        KeyEntry { chain }
    };
    Ok(container.keys.into_iter().map(|key| with_others(key.chain)).collect())
}

/// Private keys stay protected by their own passwords, which nobody is asked for.
fn jks(octets: &[u8], password: &str, limits: &ContainerLimits) -> Result<Vec<KeyEntry>, ContainerError> {
    let mut position = 0;
    let mut certificate = |der: &Vec<u8>| {
        position += 1;
        Certificate::from_der(der)
            .map_err(|source: CertificateError| ContainerError::Certificate { position, source })
    };
    let mut keys = Vec::new();
    for entry in read_jks(octets, password, limits)?.entries {
        if let JksContent::PrivateKey { chain, .. } = entry.content {
            keys.push(KeyEntry { chain: chain.iter().map(&mut certificate).collect::<Result<_, _>>()? });
        }
    }
    Ok(keys)
}

fn explain(error: ContainerError) -> TicketError {
    /// Where the algorithms of Ukraine are; of encryption, those of GOST 28147 and DSTU 7624.
    const UKRAINE: &str = "1.2.804.2.1.1.1.";
    match error {
        ContainerError::WrongPassword | ContainerError::WrongKeyPassword { .. } => TicketError::WrongPassword,
        ContainerError::TooManyRounds { limit } => TicketError::TooMuchWork { limit },
        ContainerError::Unsupported { what, .. } if what.contains(UKRAINE) => {
            TicketError::Proprietary(Proprietary::Zs2)
        }
        ContainerError::Unsupported { what, .. } => TicketError::Unsupported { reason: what },
        ContainerError::Certificate { source, .. } => TicketError::Certificate(source),
        other => TicketError::Damaged { reason: other.to_string() },
    }
}
