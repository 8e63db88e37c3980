//! Reading.

use aws_lc_rs::constant_time::verify_slices_are_equal;

use super::{
    DIGEST, FORMAT, Jks, JksContent, JksEntry, MAGIC, MAGIC_JCEKS, PRIVATE_KEY, ProtectedKey, TRUSTED,
    VERSION_1, VERSION_2, X509, store_digest, utf,
};
use crate::keystore::{ContainerError, ContainerLimits};

/// Reads a Java KeyStore. Its digest is checked before anything in it is looked at; private keys stay protected until
/// [`ProtectedKey::open`].
///
/// # Errors
/// [`ContainerError`]: a wrong password and a damaged file are one error, because the format cannot tell them apart.
pub fn read_jks(octets: &[u8], password: &str, limits: &ContainerLimits) -> Result<Jks, ContainerError> {
    if octets.len() > limits.octets {
        return Err(ContainerError::TooMany { what: "octets", limit: limits.octets });
    }
    if octets.starts_with(&MAGIC_JCEKS) {
        return Err(ContainerError::Unsupported {
            what: "JCEKS".to_owned(),
            advice: "convert the store with keytool -importkeystore -deststoretype pkcs12",
        });
    }
    if !octets.starts_with(&MAGIC) {
        return Err(ContainerError::malformed(FORMAT, "it does not begin with feedfeed"));
    }
    let split = octets.len().checked_sub(DIGEST).ok_or_else(cut_off)?;
    let (body, expected) = octets.split_at_checked(split).ok_or_else(cut_off)?;
    let mut input = Input(body);
    input.take(MAGIC.len())?;
    let version = input.u32()?;
    if version != VERSION_1 && version != VERSION_2 {
        return Err(ContainerError::Unsupported {
            what: format!("version {version} of the Java KeyStore"),
            advice: "convert the store with keytool -importkeystore -deststoretype pkcs12",
        });
    }
    verify_slices_are_equal(&store_digest(password, body), expected)
        .map_err(|_| ContainerError::WrongPassword)?;
    let entries = input.count("entries", limits.entries)?;
    let mut store = Jks { entries: Vec::with_capacity(entries) };
    for _ in 0..entries {
        store.entries.push(input.entry(version, limits)?);
    }
    if input.0.is_empty() {
        Ok(store)
    } else {
        Err(ContainerError::malformed(FORMAT, "octets behind the last entry"))
    }
}

fn cut_off() -> ContainerError {
    ContainerError::malformed(FORMAT, "the file is cut off")
}

/// What is left to read.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn take(&mut self, octets: usize) -> Result<&'a [u8], ContainerError> {
        let (taken, rest) = self.0.split_at_checked(octets).ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ContainerError> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or_else(cut_off)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, ContainerError> {
        self.array().map(u32::from_be_bytes)
    }

    /// A number of things, within a bound.
    fn count(&mut self, what: &'static str, limit: usize) -> Result<usize, ContainerError> {
        let count = usize::try_from(self.u32()?).unwrap_or(usize::MAX);
        if count <= limit { Ok(count) } else { Err(ContainerError::TooMany { what, limit }) }
    }

    fn octets(&mut self, limits: &ContainerLimits) -> Result<&'a [u8], ContainerError> {
        let length = self.count("octets of one key or certificate", limits.entry_octets)?;
        self.take(length)
    }

    fn text(&mut self) -> Result<String, ContainerError> {
        let length = usize::from(u16::from_be_bytes(self.array()?));
        let octets = self.take(length)?;
        utf::decode(octets)
            .ok_or_else(|| ContainerError::malformed(FORMAT, "a name that is no modified UTF-8"))
    }

    fn entry(&mut self, version: u32, limits: &ContainerLimits) -> Result<JksEntry, ContainerError> {
        let tag = self.u32()?;
        let alias = self.text()?;
        let created_ms = u64::from_be_bytes(self.array()?);
        let content = match tag {
            PRIVATE_KEY => {
                let key = ProtectedKey::read(self.octets(limits)?, &alias)?;
                let length = self.count("certificates behind one key", limits.chain)?;
                let chain =
                    (0..length).map(|_| self.certificate(version, limits)).collect::<Result<_, _>>()?;
                JksContent::PrivateKey { key, chain }
            }
            TRUSTED => JksContent::Trusted { certificate: self.certificate(version, limits)? },
            other => {
                return Err(ContainerError::Unsupported {
                    what: format!("an entry of type {other} ('{alias}')"),
                    advice: "only private keys (1) and trusted certificates (2) are; delete it with keytool -delete",
                });
            }
        };
        Ok(JksEntry { alias, created_ms, content })
    }

    fn certificate(&mut self, version: u32, limits: &ContainerLimits) -> Result<Vec<u8>, ContainerError> {
        if version == VERSION_2 {
            let kind = self.text()?;
            if kind != X509 {
                return Err(ContainerError::Unsupported {
                    what: format!("a certificate of type '{}'", kind.escape_debug()),
                    advice: "only X.509 is",
                });
            }
        }
        self.octets(limits).map(<[u8]>::to_vec)
    }
}
