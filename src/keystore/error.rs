//! Why containers cannot be read, and why the store cannot be used.

use std::io;
use std::path::PathBuf;

use crate::pki::CertificateError;
use crate::pki::der::DerError;

/// Why a container of keys and certificates cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ContainerError {
    /// The password does not open the container, or the container was altered: the two cannot be told apart.
    #[error("the password does not open the container, or the container is damaged")]
    WrongPassword,
    /// The password of the container is right, that of a key is not.
    #[error("the password does not open the private key '{alias}'")]
    WrongKeyPassword {
        /// Name of the entry.
        alias: String,
    },
    /// Neither of the formats that are read.
    #[error("neither {expected}")]
    UnknownFormat {
        /// What it could have been.
        expected: &'static str,
    },
    /// A format that is known and not read.
    #[error("{what} is not read; {advice}")]
    Unsupported {
        /// What was found.
        what: String,
        /// What to do instead.
        advice: &'static str,
    },
    /// The structure is broken.
    #[error("malformed {format}: {reason}")]
    Malformed {
        /// Which format it began as.
        format: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// A bound of [`super::ContainerLimits`].
    #[error("more than {limit} {what} in one container")]
    TooMany {
        /// What there is too much of.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// The bound on key derivation.
    #[error("opening the container takes more than {limit} rounds of key derivation")]
    TooManyRounds {
        /// The bound.
        limit: u64,
    },
    /// A certificate in it is not one.
    #[error("certificate {position}: {source}")]
    Certificate {
        /// Which one, counted from 1.
        position: usize,
        /// What is wrong with it.
        source: CertificateError,
    },
    /// It holds nothing of what was looked for.
    #[error("there is no {what} in it")]
    Nothing {
        /// What was looked for.
        what: &'static str,
    },
}

impl ContainerError {
    pub(super) fn malformed(format: &'static str, reason: &(impl ToString + ?Sized)) -> Self {
        Self::Malformed { format, reason: reason.to_string() }
    }

    pub(super) fn der(format: &'static str) -> impl Fn(DerError) -> Self {
        move |error| Self::malformed(format, &error)
    }
}

/// Why a key cannot be made or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The library did not make a key.
    #[error("no key could be made: {reason}")]
    Generate {
        /// What it says.
        reason: String,
    },
    /// A key that TLS here cannot use.
    #[error("the private key cannot be used: {reason}")]
    Unusable {
        /// Why not.
        reason: String,
    },
    /// A subject that a certificate cannot have.
    #[error("no certificate can have this subject: {reason}")]
    Subject {
        /// Why not.
        reason: String,
    },
    /// A certificate or a request could not be made.
    #[error("{what} could not be made: {reason}")]
    Issue {
        /// What was to be made.
        what: &'static str,
        /// What the library says.
        reason: String,
    },
}

/// Why the store cannot do what it was asked to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyStoreError {
    /// There is nothing there.
    #[error("there is no {what}")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A password is wrong.
    #[error("the password is wrong")]
    WrongPassword,
    /// The key was not made here, so that there is no request for its certificate.
    #[error("there is no certificate signing request: the key was imported")]
    NoRequest,
    /// The issued certificate is for another key.
    #[error("the certificate is not for the stored key: its public key is another")]
    OtherKey,
    /// A certificate that has expired cannot be trusted.
    #[error("the certificate of {subject} expired at {not_after}")]
    Expired {
        /// Its subject.
        subject: String,
        /// When it expired.
        not_after: crate::types::UnixTime,
    },
    /// More anchors than the store holds.
    #[error("a trust store holds at most {limit} certificates")]
    TooManyAnchors {
        /// The bound.
        limit: usize,
    },
    /// A file that was uploaded cannot be read.
    #[error(transparent)]
    Container(#[from] ContainerError),
    /// A key cannot be made or used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An archive could not be made.
    #[error("the archive could not be made: {reason}")]
    Archive {
        /// What the library says.
        reason: String,
    },
    /// A change was kept, and those who should use it could not be told.
    #[error("the change is stored and comes into effect at the next start only: {reason}")]
    NotInEffect {
        /// Why.
        reason: String,
    },
    /// A file of the store cannot be read or written.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// A file of the store is not what this program wrote.
    #[error("{} is damaged: {reason}; restore it from a backup or delete it", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The key of the server that seals the store is not the one it was sealed with.
    #[error("{} was sealed under another key than {}; put the right one back, or delete the file and import again", .path.display(), .seal.display())]
    OtherSeal {
        /// The file of the store.
        path: PathBuf,
        /// The file of the sealing key.
        seal: PathBuf,
    },
}
