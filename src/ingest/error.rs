//! Why a build as a whole failed.

use crate::fetch::FetchError;
use crate::index::{BuildError, IndexError};
use crate::publish::PublishError;

/// Why nothing was published. A CRL that is refused is not such an error; it is in the report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IngestError {
    /// A source could not be listed or opened.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The folder could not be read or written.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// The generation in force is damaged where its entries had to be taken over.
    #[error(
        "the index in force is damaged: {0}; restore an earlier generation, or start a new folder and accept that \
         its protection against older CRLs starts anew"
    )]
    Damaged(#[from] IndexError),
    /// The entries cannot be expressed in an index.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// Anchors were asked for and none could be read. Going on would trust every issuer instead of none.
    #[error("none of the anchors given holds a certificate; without an anchor nothing can be trusted by it")]
    NoAnchor,
    /// The system gave no random octets for the hash secret.
    #[error("the system's random number generator failed: {0}")]
    NoRandomness(getrandom::Error),
}
