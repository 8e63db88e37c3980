//! The keys of an opened container, by their certificates.

use p12_keystore::Pkcs12Archive;
use p12_keystore::error::Error as Pkcs12Error;

use super::container::{Container, Format, Proprietary};
use super::error::TicketError;
use super::opening::KeyEntry;
use super::settings::TicketSettings;

/// Opens a container.
pub(super) fn open(
    container: &Container,
    password: &str,
    settings: &TicketSettings,
) -> Result<Vec<KeyEntry>, TicketError> {
    match container.format() {
        Format::Pkcs12 => pkcs12(container.octets(), password, settings),
        Format::Jks => Err(TicketError::Unsupported { reason: "JKS".to_owned() }),
    }
}

fn pkcs12(octets: &[u8], password: &str, settings: &TicketSettings) -> Result<Vec<KeyEntry>, TicketError> {
    let archive = Pkcs12Archive::from_pkcs12(octets, password).map_err(|error| match error {
        Pkcs12Error::MacError(_) => TicketError::WrongPassword,
        Pkcs12Error::InvalidParameters => TicketError::TooMuchWork { limit: settings.max_iterations },
        Pkcs12Error::UnsupportedEncryptionScheme if has_gost(octets) => {
            TicketError::Proprietary(Proprietary::Zs2)
        }
        other => TicketError::Damaged { reason: other.to_string() },
    })?;
    Ok(archive
        .keys
        .iter()
        .map(|key| {
            let id = key.local_key_id.as_ref().map(AsRef::as_ref);
            let (own, others): (Vec<_>, Vec<_>) =
                archive.certs.iter().partition(|bag| bag.local_key_id.as_deref() == id);
            let chain = own.iter().chain(&others).map(|bag| bag.cert.as_der().to_vec()).collect();
            KeyEntry { chain }
        })
        .collect())
}

fn has_gost(octets: &[u8]) -> bool {
    const UKRAINE: &[u8] = &[0x2a, 0x86, 0x24, 0x02, 0x01, 0x01, 0x01];
    octets.windows(UKRAINE.len()).any(|window| window == UKRAINE)
}
