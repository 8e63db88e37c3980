//! What the operator decides about sources as a whole.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::partitions::AuthorityPartitions;
use super::schedule::Schedule;
use crate::pki::AlgorithmPolicy;
use crate::policy::Policy;
use crate::publish::IndexFolder;

/// Settings of [`super::Sources`]. Those marked with "start" are read once; the others may change while it runs.
#[derive(Debug, Clone)]
pub struct SourcesSettings {
    /// Start: where to publish.
    pub index: IndexFolder,
    /// Start: where bodies under way and what servers said of their versions are kept. One process at a time.
    pub folder: PathBuf,
    /// How many generations to keep on disk.
    pub keep: NonZeroUsize,
    /// How often files are looked at.
    pub poll: Duration,
    /// How long the builder waits for more once something has arrived.
    pub gather: Duration,
    /// Start: fetches at once.
    pub concurrency: NonZeroUsize,
    /// When to look at sources that were found rather than configured.
    pub schedule: Schedule,
    /// How many sources may be found in certificates and lists; 0 for none.
    pub max_found: usize,
    /// Whose lists count.
    pub trust: Trust,
    /// The partitions each authority must have.
    pub partitions: Vec<AuthorityPartitions>,
    /// How verdicts treat time, for telling what is enforced.
    pub policy: Policy,
}

/// Whose lists count, and how they may be signed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trust {
    /// Files and folders of certificates to trust. If there are any, other issuers must chain to one of them.
    pub anchors: Vec<PathBuf>,
    /// Files and folders of certificates of authorities and CRL signers.
    pub issuers: Vec<PathBuf>,
    /// Signature algorithms that are accepted.
    pub algorithms: AlgorithmPolicy,
}

impl SourcesSettings {
    /// The usual settings over an index and a data folder.
    #[must_use]
    pub fn new(index: IndexFolder, folder: PathBuf) -> Self {
        Self {
            index,
            folder,
            keep: NonZeroUsize::new(3).unwrap_or(NonZeroUsize::MIN),
            poll: Duration::from_secs(2),
            gather: Duration::from_millis(200),
            concurrency: NonZeroUsize::new(8).unwrap_or(NonZeroUsize::MIN),
            schedule: Schedule::default(),
            max_found: 1000,
            trust: Trust::default(),
            partitions: Vec::new(),
            policy: Policy::default(),
        }
    }
}
