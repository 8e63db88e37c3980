//! Protected parameters: the parameters of a request encrypted for this service alone, by HPKE (RFC 9180).
//!
//! The request carries them in two members: `secretKey`, what HPKE calls `enc`, and `encryptedData`, the ciphertext of a
//! JSON object of parameters, both in Base64. This is a scheme of our own; that of the service that clients know was
//! never published. A ciphertext is bound to its ticket, so that it is of no use for another.
//!
//! The key of the service is in memory only and is replaced now and then. The one before stays good for as long again,
//! so that nobody is cut off who asked for it a moment too early.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::aws_lc_rs::hpke::DH_KEM_P256_HKDF_SHA256_AES_256;
use rustls::crypto::hpke::{EncapsulatedSecret, Hpke, HpkePrivateKey, HpkePublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::pki::sha256;
use crate::types::{Clock, Seconds, UnixTime, to_hex};

/// The version of the scheme, in the settings.
const PROTOCOL: &str = "revocache-protected-parameters/1";
/// What HPKE calls `info`.
const INFO: &str = "revocache protected parameters 1";

/// Why parameters cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProtectedError {
    /// One of the two members is there without the other.
    #[error("protected parameters need both secretKey and encryptedData")]
    HalfThere,
    /// A member is no Base64.
    #[error("{0} is not Base64")]
    NotBase64(&'static str),
    /// They were encrypted for another key or another session, or were changed.
    #[error("the protected parameters do not open: they are for another key or another session, or damaged")]
    DoNotOpen,
    /// What was encrypted is no JSON object of parameters.
    #[error("what was protected is not a JSON object of parameters")]
    NotParameters,
    /// A key could not be made, or nothing be encrypted with one.
    #[error("the cryptographic library failed")]
    Library,
}

/// The two members of a request with protected parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sealed {
    /// What HPKE calls `enc`, in Base64: the ephemeral public key, an uncompressed point of P-256.
    pub secret_key: String,
    /// The ciphertext in Base64.
    pub encrypted_data: String,
}

/// What a client needs to protect parameters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProtectedSettings {
    /// The scheme.
    pub protocol: String,
    /// The first 8 octets of SHA-256 of the public key, in hexadecimal.
    pub key_id: String,
    /// The public key in Base64: an uncompressed point of P-256.
    pub public_key: String,
    /// The key encapsulation of HPKE, and its number in the registry of RFC 9180.
    pub kem: String,
    /// See `kem`.
    pub kem_id: u16,
    /// The key derivation of HPKE.
    pub kdf: String,
    /// See `kdf`.
    pub kdf_id: u16,
    /// The encryption of HPKE.
    pub aead: String,
    /// See `aead`.
    pub aead_id: u16,
    /// What HPKE calls `info`.
    pub info: String,
    /// What HPKE calls `aad`, in words.
    pub aad: String,
    /// Until when what was encrypted for this key is opened, at least.
    pub valid_until: String,
}

/// The keys of the service.
pub struct ProtectedKeys {
    period: Seconds,
    keys: Mutex<Keys>,
}

#[derive(Default)]
struct Keys {
    current: Option<KeyPair>,
    previous: Option<KeyPair>,
}

struct KeyPair {
    public: Vec<u8>,
    private: HpkePrivateKey,
    /// When another takes its place.
    until: UnixTime,
}

impl ProtectedKeys {
    /// Keys that are replaced after this time, the first of which is made when it is needed.
    #[must_use]
    pub fn new(period: Seconds) -> Self {
        Self { period, keys: Mutex::default() }
    }

    /// What a client needs to know now.
    ///
    /// # Errors
    /// [`ProtectedError::Library`].
    pub fn settings(&self, clock: &dyn Clock) -> Result<ProtectedSettings, ProtectedError> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let current = keys.at(clock.now(), self.period)?;
        let id = sha256(&current.public);
        Ok(ProtectedSettings {
            protocol: PROTOCOL.to_owned(),
            key_id: to_hex(id.first_chunk::<8>().unwrap_or(&[0; 8])),
            public_key: STANDARD.encode(&current.public),
            kem: "DHKEM(P-256, HKDF-SHA256)".to_owned(),
            kem_id: 0x0010,
            kdf: "HKDF-SHA256".to_owned(),
            kdf_id: 0x0001,
            aead: "AES-256-GCM".to_owned(),
            aead_id: 0x0002,
            info: INFO.to_owned(),
            aad: "the UUID of the ticket in lower case".to_owned(),
            valid_until: current.until.plus(self.period).to_string(),
        })
    }

    /// Opens protected parameters of a ticket.
    ///
    /// # Errors
    /// [`ProtectedError`].
    pub fn open(
        &self,
        secret_key: &str,
        encrypted_data: &str,
        ticket: &str,
        clock: &dyn Clock,
    ) -> Result<Zeroizing<Vec<u8>>, ProtectedError> {
        let decode = |name, text: &str| STANDARD.decode(text).map_err(|_| ProtectedError::NotBase64(name));
        let secret = EncapsulatedSecret(decode("secretKey", secret_key)?);
        let ciphertext = decode("encryptedData", encrypted_data)?;
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        keys.at(clock.now(), self.period)?;
        let pairs = keys.current.iter().chain(&keys.previous);
        let mut opened = pairs.filter_map(|pair| {
            suite().open(&secret, INFO.as_bytes(), ticket.as_bytes(), &ciphertext, &pair.private).ok()
        });
        opened.next().map(Zeroizing::new).ok_or(ProtectedError::DoNotOpen)
    }
}

impl ProtectedSettings {
    /// Encrypts parameters, as a client does.
    ///
    /// # Errors
    /// [`ProtectedError`] for settings of another scheme or without a usable key.
    pub fn seal(&self, parameters: &[u8], ticket: &str) -> Result<Sealed, ProtectedError> {
        let key = STANDARD.decode(&self.public_key).map_err(|_| ProtectedError::NotBase64("publicKey"))?;
        if self.protocol != PROTOCOL {
            return Err(ProtectedError::DoNotOpen);
        }
        let (secret, ciphertext) = suite()
            .seal(INFO.as_bytes(), ticket.as_bytes(), parameters, &HpkePublicKey(key))
            .map_err(|_| ProtectedError::Library)?;
        Ok(Sealed { secret_key: STANDARD.encode(&secret.0), encrypted_data: STANDARD.encode(ciphertext) })
    }
}

impl Keys {
    /// The key in force at a time; makes one if there is none, and forgets the one before when its time is over.
    fn at(&mut self, now: UnixTime, period: Seconds) -> Result<&KeyPair, ProtectedError> {
        if self.current.as_ref().is_some_and(|current| now >= current.until) {
            self.previous = self.current.take();
        }
        if self.previous.as_ref().is_some_and(|previous| now >= previous.until.plus(period)) {
            self.previous = None;
        }
        match &mut self.current {
            Some(current) => Ok(current),
            none => {
                let (HpkePublicKey(public), private) =
                    suite().generate_key_pair().map_err(|_| ProtectedError::Library)?;
                Ok(none.insert(KeyPair { public, private, until: now.plus(period) }))
            }
        }
    }
}

fn suite() -> &'static dyn Hpke {
    DH_KEM_P256_HKDF_SHA256_AES_256
}

impl fmt::Debug for ProtectedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProtectedKeys").field("period", &self.period).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::FixedClock;

    const TICKET: &str = "79343564-147f-4a2a-ac2a-182d7a55f802";
    const PERIOD: Seconds = Seconds(100);

    fn at(seconds: i64) -> FixedClock {
        FixedClock(UnixTime::from_seconds(seconds))
    }

    fn opened(keys: &ProtectedKeys, sealed: &Sealed, clock: &FixedClock) -> Result<Vec<u8>, ProtectedError> {
        keys.open(&sealed.secret_key, &sealed.encrypted_data, TICKET, clock).map(|octets| octets.to_vec())
    }

    #[test]
    fn what_was_sealed_opens_for_its_ticket_alone() {
        let keys = ProtectedKeys::new(PERIOD);
        let settings = keys.settings(&at(0)).unwrap();
        let sealed = settings.seal(b"{}", TICKET).unwrap();
        assert_eq!(opened(&keys, &sealed, &at(0)).unwrap(), b"{}");
        let other = settings.seal(b"{}", "79343564-147f-4a2a-ac2a-182d7a55f803").unwrap();
        assert_eq!(opened(&keys, &other, &at(0)), Err(ProtectedError::DoNotOpen));
        let mixed = Sealed { secret_key: other.secret_key, ..sealed };
        assert_eq!(opened(&keys, &mixed, &at(0)), Err(ProtectedError::DoNotOpen));
        let garbage = Sealed { secret_key: "*".to_owned(), ..mixed.clone() };
        assert_eq!(opened(&keys, &garbage, &at(0)), Err(ProtectedError::NotBase64("secretKey")));
        let short = Sealed { secret_key: "AA==".to_owned(), ..mixed };
        assert_eq!(opened(&keys, &short, &at(0)), Err(ProtectedError::DoNotOpen));
    }

    #[test]
    fn a_key_is_replaced_and_stays_good_for_as_long_again() {
        let keys = ProtectedKeys::new(PERIOD);
        let first = keys.settings(&at(0)).unwrap();
        assert_eq!(keys.settings(&at(99)).unwrap(), first);
        assert_eq!(first.valid_until, "1970-01-01T00:03:20Z");
        let sealed = first.seal(b"{}", TICKET).unwrap();
        let second = keys.settings(&at(100)).unwrap();
        assert_ne!(second.public_key, first.public_key);
        assert!(opened(&keys, &sealed, &at(199)).is_ok());
        assert!(opened(&keys, &second.seal(b"{}", TICKET).unwrap(), &at(199)).is_ok());
        assert_eq!(opened(&keys, &sealed, &at(200)), Err(ProtectedError::DoNotOpen));
    }

    /// A server that slept for long must not take an old key for a current one.
    #[test]
    fn a_key_does_not_outlive_its_time_because_nobody_asked() {
        let keys = ProtectedKeys::new(PERIOD);
        let sealed = keys.settings(&at(0)).unwrap().seal(b"{}", TICKET).unwrap();
        assert_eq!(opened(&keys, &sealed, &at(1000)), Err(ProtectedError::DoNotOpen));
    }
}
