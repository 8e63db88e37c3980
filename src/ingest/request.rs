//! What is asked of a build.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use crate::pki::AlgorithmPolicy;
use crate::publish::IndexFolder;
use crate::types::UnixTime;

/// What a refused CRL means for the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejections {
    /// Publish what was accepted.
    PublishTheRest,
    /// Publish nothing if any CRL was rejected; one that is merely superseded was not.
    PublishNothing,
}

/// What becomes of a CRL that is older than the published one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rollbacks {
    /// It is refused.
    Refused,
    /// It replaces the published one, and the folder records that.
    Forced,
}

/// What to build.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// Where to publish.
    pub folder: IndexFolder,
    /// Certificates to trust. If there are any, other issuers must chain to one of them.
    pub anchors: Vec<PathBuf>,
    /// Certificates of authorities and CRL signers: files or folders.
    pub issuers: Vec<PathBuf>,
    /// CRLs: files or folders.
    pub crls: Vec<PathBuf>,
    /// The time of the build: lists that begin later are refused.
    pub at: UnixTime,
    /// Whether a refusal stops the build.
    pub rejections: Rejections,
    /// Whether older lists may replace newer ones.
    pub rollbacks: Rollbacks,
    /// Which signature algorithms are accepted.
    pub algorithms: AlgorithmPolicy,
    /// How many generations to keep on disk, the new one included.
    pub keep: NonZeroUsize,
}
