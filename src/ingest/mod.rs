//! From sources to a published index: read, verify, choose, merge with what is known, build, publish.
//!
//! [`build()`] is one run. It works out which authorities the given certificates make, reads every CRL once (hashing
//! while parsing, so that nothing of a CRL counts before its signature is verified), decides which issue of each
//! list stands, takes over from the generation in force whatever no new list replaces, and publishes the result. A
//! source that is refused is reported with its reason and changes nothing else.
//!
//! [`source`] does it over and over: it keeps the sources of a configuration fresh.

mod authorities;
mod build;
mod carry;
mod crls;
mod error;
mod report;
mod request;
mod select;
pub mod source;

pub use build::{build, build_if_changed};
pub use error::IngestError;
pub use report::{
    AcceptedCrl, BuildReport, CrlReport, IgnoredIssuer, IssuersReport, RejectedCrl, SourceCode,
};
pub use request::{BuildRequest, Rejections, Rollbacks};

/// Told how far a long build has come.
pub trait Progress {
    /// A step begins that will read this many octets in all.
    fn begin(&self, step: &str, octets: u64);
    /// So many octets more are done.
    fn advance(&self, octets: u64);
    /// The step is over.
    fn end(&self);
}

/// For whoever does not want to know.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _step: &str, _octets: u64) {}
    fn advance(&self, _octets: u64) {}
    fn end(&self) {}
}
