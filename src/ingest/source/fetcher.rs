//! What is asked of the network.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::spec::{Origin, Remote};
use super::spool::SpoolWriter;
use crate::fetch::http::{Caches, Validators};

/// Who named the URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provenance {
    /// The operator: every address may be meant.
    Operator,
    /// A certificate or a list: a private address is not meant unless the operator allowed it.
    Stranger,
}

impl From<Origin> for Provenance {
    fn from(origin: Origin) -> Self {
        match origin {
            Origin::Configured => Self::Operator,
            Origin::DistributionPoint | Origin::FreshestCrl => Self::Stranger,
        }
    }
}

/// One question to a server.
#[derive(Debug, Clone, Copy)]
pub struct CrlQuery<'a> {
    /// Where to.
    pub remote: &'a Remote,
    /// Of the version in hand; empty if there is none.
    pub validators: &'a Validators,
    /// Who named the URL.
    pub provenance: Provenance,
    /// Whether caches may answer.
    pub caches: Caches,
}

/// What a server answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// The version in hand is the current one.
    NotModified,
    /// The body is in the spool, whole.
    Body {
        /// What to send the next time.
        validators: Validators,
    },
}

/// Why nothing could be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchFailure {
    /// In snake case, such as `timeout`; a label of metrics, so one of few.
    pub code: &'static str,
    /// In a sentence.
    pub message: String,
    /// When the server asks to be asked again (RFC 9110 section 10.2.3).
    pub retry_after: Option<Duration>,
}

impl FetchFailure {
    /// A failure without advice.
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An answer under way.
pub type FetchFuture<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchFailure>> + Send + 'a>>;

/// Fetches CRLs from servers.
///
/// An implementation caps the time, the octets and the redirects of each fetch, and keeps to the address policy that
/// goes with the provenance. It is asked for several URLs at once.
pub trait CrlFetcher: Send + Sync + 'static {
    /// Asks one server and writes the body of its answer into the spool.
    fn fetch<'a>(&'a self, query: CrlQuery<'a>, spool: &'a mut SpoolWriter) -> FetchFuture<'a>;
}
