//! The key and certificate by which the server proves itself.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

/// Why there is no identity.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// A file cannot be read or written.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file does not hold what it should.
    #[error("{} holds no usable {what} (PEM): {reason}", .path.display())]
    BadPem {
        /// The file.
        path: PathBuf,
        /// What is missing.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// Key and certificate do not belong together, or cannot be used.
    #[error("key and certificate cannot be used together: {0}")]
    Unusable(#[from] rustls::Error),
    /// No certificate could be made.
    #[error("cannot make a certificate: {0}")]
    Make(#[from] rcgen::Error),
}

/// A private key with its certificate and those above it.
#[derive(Clone)]
pub struct Identity {
    key: Arc<CertifiedKey>,
    certificate: CertificateDer<'static>,
    fingerprint: [u8; 32],
}

/// Names of the files in the folder of an identity.
const CERTIFICATE_FILE: &str = "server.crt";
const KEY_FILE: &str = "server.key";

impl Identity {
    /// Takes certificates (DER), the server's own first, and the private key.
    ///
    /// # Errors
    /// [`IdentityError::Unusable`] if they do not belong together.
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, IdentityError> {
        Self::of_certified_key(&Arc::new(CertifiedKey::from_der(chain, key, &default_provider())?))
    }

    /// Takes what TLS presents already elsewhere.
    ///
    /// # Errors
    /// [`IdentityError::Unusable`] if there is no certificate.
    pub fn of_certified_key(key: &Arc<CertifiedKey>) -> Result<Self, IdentityError> {
        let certificate = key.cert.first().cloned().ok_or(rustls::Error::NoCertificatesPresented)?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, &certificate).as_ref());
        Ok(Self { key: Arc::clone(key), certificate, fingerprint })
    }

    /// Reads PEM files: the certificates, the server's own first, and the private key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// [`IdentityError`] names the file.
    pub fn load(certificates: &Path, key: &Path) -> Result<Self, IdentityError> {
        let read = |path: &Path| {
            fs::read(path).map_err(|source| IdentityError::Io { action: "read", path: path.into(), source })
        };
        let bad =
            |path: &Path, what, reason: String| IdentityError::BadPem { path: path.into(), what, reason };
        let chain = CertificateDer::pem_slice_iter(&read(certificates)?)
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| bad(certificates, "certificate", error.to_string()))?;
        if chain.is_empty() {
            return Err(bad(certificates, "certificate", "there is none".to_owned()));
        }
        let private = PrivateKeyDer::from_pem_slice(&read(key)?)
            .map_err(|error| bad(key, "private key", error.to_string()))?;
        Self::new(chain, private)
    }

    /// Makes a key (ECDSA P-256) and a self-signed certificate for these names and addresses.
    ///
    /// # Errors
    /// [`IdentityError::Make`] for a name that a certificate cannot have.
    pub fn self_signed(names: &[&str]) -> Result<(Self, SelfSigned), IdentityError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = rcgen::CertificateParams::new(names)?;
        parameters.distinguished_name.push(rcgen::DnType::CommonName, "revocache");
        let pair = rcgen::KeyPair::generate()?;
        let certificate = parameters.self_signed(&pair)?;
        let pem = SelfSigned { certificate: certificate.pem(), key: pair.serialize_pem() };
        let key = PrivateKeyDer::Pkcs8(pair.serialize_der().into());
        Ok((Self::new(vec![certificate.der().clone()], key)?, pem))
    }

    /// Reads the identity kept in a folder, or makes a self-signed one and keeps it there. The key can be read by the
    /// owner alone.
    ///
    /// # Errors
    /// [`IdentityError`]; half an identity is an error, and is left as it is.
    pub fn load_or_create(folder: &Path, names: &[&str]) -> Result<Self, IdentityError> {
        let (certificate, key) = (folder.join(CERTIFICATE_FILE), folder.join(KEY_FILE));
        if certificate.exists() || key.exists() {
            return Self::load(&certificate, &key);
        }
        let (identity, pem) = Self::self_signed(names)?;
        fs::create_dir_all(folder).map_err(|source| IdentityError::Io {
            action: "make",
            path: folder.into(),
            source,
        })?;
        // The certificate comes last: an identity without one was never shown to anybody and may be made anew.
        keep(folder, &key, &pem.key, false)?;
        keep(folder, &certificate, &pem.certificate, true)?;
        Ok(identity)
    }

    /// The server's own certificate (DER).
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        &self.certificate
    }

    /// SHA-256 of the certificate (DER), by which a client may know the server.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

/// A self-signed identity as text.
#[derive(Clone)]
pub struct SelfSigned {
    /// The certificate (PEM).
    pub certificate: String,
    /// The private key (PEM, PKCS#8).
    pub key: String,
}

/// Writes a file beside its place and puts it there, so that it is there as a whole or not at all.
fn keep(folder: &Path, path: &Path, text: &str, public: bool) -> Result<(), IdentityError> {
    let failed = |source: io::Error| IdentityError::Io { action: "write", path: path.into(), source };
    // Such files are readable by their owner alone.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    #[cfg(unix)]
    if public {
        let readable = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(readable).map_err(failed)?;
    }
    #[cfg(not(unix))]
    let _ = public;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(path).map_err(|error| failed(error.error))?;
    Ok(())
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", crate::types::to_hex(&self.fingerprint))
    }
}

/// The identity that new handshakes use; it can be replaced while the server runs.
#[derive(Debug)]
pub struct IdentitySwitch(ArcSwap<Identity>);

impl IdentitySwitch {
    /// Begins with this identity.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self(ArcSwap::from_pointee(identity))
    }

    /// Uses another identity for handshakes from now on. Connections that are there stay.
    pub fn replace(&self, identity: Identity) {
        self.0.store(Arc::new(identity));
    }

    /// The identity in use.
    #[must_use]
    pub fn current(&self) -> Arc<Identity> {
        self.0.load_full()
    }
}

impl ResolvesServerCert for IdentitySwitch {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().key))
    }
}
