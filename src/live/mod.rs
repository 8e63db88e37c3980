//! Live OCSP: asking a responder so that it can be trusted and cannot hurt.
//!
//! [`Live::ask`] answers one question. Only what [`crate::ocsp::verify_response`] accepted is an answer; everything
//! else is a [`LiveError`] within a fixed time. What makes that cheap, from the inside out:
//!
//! - Verified answers are kept until their nextUpdate, in a cache that is bounded in number and octets and survives a
//!   restart. Read back from disk, a response is verified once more before it counts. An answer that is older than
//!   one already seen never replaces it, so that nobody can bring back the time before a revocation.
//! - Everybody who asks the same waits for one request. It runs on its own, so that it does not matter who gives up.
//! - Failures are remembered too, by cause: briefly what the responder or the network is to blame for, longer what it
//!   declines to answer.
//! - A responder that keeps failing is left alone for a while (a *breaker*: closed, open, half-open), a little longer
//!   each time. Requests under way are limited, in total and per responder.
//! - What is asked often is asked again before its answer ends, by [`Live::run_refresher`].
//!
//! Who asks is not trusted with more than his own question: requests under way and remembered failures are shared
//! only among questions that name the same responders, for a forged certificate could name a dead one.
//!
//! The network is behind [`Upstream`] and time behind [`Clock`](crate::types::Clock) and the runtime's timer, so
//! that tests simulate both.

mod answer;
mod cache;
mod engine;
mod error;
mod failures;
mod question;
mod refresh;
mod settings;
mod stats;
mod upstream;

pub use crate::fetch::gate::{
    BreakerSettings, BreakerState, GateStats as ResponderStats, Random, SystemRandom, UpstreamSettings,
};
pub use answer::{AnswerSource, LiveAnswer};
pub use cache::{CacheFileError, LoadReport};
pub use engine::{DelegateCheck, Live, LiveParts};
pub use error::{LiveError, Unavailability};
pub use question::{Issuer, LiveQuestion, ResponderUrls};
pub use settings::{CacheSettings, CertIdFunction, FailureSettings, LiveSettings, NonceUse, RefreshSettings};
pub use stats::LiveStats;
pub use upstream::{Upstream, UpstreamRequest};
