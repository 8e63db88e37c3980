//! The verdict rules against a second opinion.
//!
//! [`model`] says what the answer has to be. It was written from RFC 5280 section 6.3.3 and `docs/decisions.md`, without
//! a look at the production code, and is slow and plain on purpose. [`agreement`] compares the two on thousands of
//! generated cases, [`stories`] on cases with a history, [`laws`] says what must hold whatever the answer is.
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what helpers of tests expect, they may say as tests do"
)]

#[path = "policy_model/agreement.rs"]
mod agreement;
#[path = "policy_model/laws.rs"]
mod laws;
#[path = "policy_model/model.rs"]
mod model;
#[path = "policy_model/slips.rs"]
mod slips;
#[path = "policy_model/stories.rs"]
mod stories;
#[path = "policy_model/strategies.rs"]
mod strategies;
#[path = "policy_model/view.rs"]
mod view;
#[path = "policy_model/world.rs"]
mod world;
