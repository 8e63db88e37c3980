//! Numbers about the program itself: counting where it is hot, and telling where it is not.
//!
//! A counter on a hot path must not be one word that every core writes: the cache line would travel between them and
//! cost more than the work that is counted. [`StripedCounter`] and [`StripedHistogram`] give each thread a stripe of
//! its own and add the stripes up when somebody reads.
//!
//! Whoever has numbers implements [`Metrics`] and hands out [`Family`] values. What format they are shown in is
//! decided elsewhere, so that the layers below need not know it.

mod family;
mod lookups;
mod striped;

pub use family::{Family, Kind, Metrics, Sample, Value};
pub use lookups::LookupMetrics;
pub use striped::{HistogramSnapshot, StripedCounter, StripedHistogram};
