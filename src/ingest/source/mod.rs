//! Sources kept fresh: where CRLs come from, when to look again, and what becomes of what was found.
//!
//! A *source* is one or more files or folders, or a list of mirrors that serve the same CRL. Each has a task of its
//! own that looks at it when its time has come ([`Schedule`]), so that a source that fails holds up no other. What a
//! task finds goes to one builder, which waits a moment for more to arrive and makes one build of it, on a thread that
//! may block. The build judges: only a list that verifies and is not older than the one in force replaces it. A
//! mirror whose list was refused is passed over for the next one, and the last good list stays.
//!
//! ```text
//! files   ──poll──┐
//! mirrors ─fetch──┼─▶ builder ─▶ build_if_changed ─▶ the next generation
//! found   ─fetch──┘      │
//!    ▲                   ▼
//!    └──── steward: deltas that lists name, partitions that are missing, new issuers
//! ```
//!
//! [`Sources`] owns the tasks, [`SourcesHandle`] is for everybody else: status, emergency refresh, certificates whose
//! distribution points are worth a look. How octets come over the network is behind [`CrlFetcher`]; what time it is
//! and chance are given too, so that a test decides over all three.

mod attempt;
mod builder;
mod context;
#[cfg(feature = "ldap")]
mod directory;
mod discovery;
mod fetcher;
mod files;
mod memory;
mod metrics;
mod mirrors;
mod network;
mod partitions;
mod randomness;
mod schedule;
mod settings;
mod sources;
mod spec;
mod spool;
mod status;
mod steward;
mod watch;

pub use discovery::Offer;
pub use fetcher::{CrlFetcher, CrlQuery, FetchFailure, FetchFuture, Fetched, Provenance};
pub use network::{NetworkFetcher, NetworkSettings};
pub use partitions::{AuthorityPartitions, MissingPartitions};
pub use randomness::{FixedRandomness, Randomness, SystemRandomness};
pub use schedule::{Schedule, Standing};
pub use settings::{SourcesSettings, Trust};
pub use sources::{RefreshReport, RefreshedSource, Sources, SourcesError, SourcesHandle};
pub use spec::{Origin, Place, Remote, SourceName, SourceSpec, SpecError};
pub use spool::SpoolWriter;
pub use status::{BuildsStatus, ListStatus, MirrorStatus, SourceProblem, SourceStatus, SourcesStatus};
