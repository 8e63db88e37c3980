//! Being gentle with those who are asked, and not waiting for those who are down.
//!
//! [`Gates`] has one gate per URL: a *breaker* that leaves a server alone for a while when it keeps failing (closed, open,
//! half-open), and a bound on the requests under way and on those who wait for their turn. [`Flights`] lets everybody who
//! asks the same wait for one request. Neither knows what is asked: OCSP responders stand behind gates, and so does
//! whatever else answers over HTTP.

mod breaker;
mod flight;
mod gates;
mod instant;
mod lock;
mod random;
mod settings;

pub use breaker::BreakerState;
pub use flight::{Boarding, Flight, Flights, NoOutcome, Ticket};
pub use gates::{Admission, Gate, GateError, GateStats, Gates};
pub(crate) use instant::after;
pub(crate) use lock::lock;
pub(crate) use random::between;
pub use random::{Random, SystemRandom};
pub use settings::{BreakerSettings, UpstreamSettings};
