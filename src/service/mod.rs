//! The use cases: a question in, an answer out, by the operator's policy.
//!
//! A [`Checker`] has an index that it follows through its generations and, if the operator wants it, responders to
//! ask. What the index can tell is told at once, without waiting for anybody; only what is left over goes out to a
//! responder. Nothing here knows by which protocol a question came.

#[cfg(feature = "server")]
pub mod accounts;
#[cfg(feature = "server")]
pub mod audit;
mod checker;
mod delegates;
mod issuer;
#[cfg(feature = "server")]
pub mod jpki;
mod method;
mod named;
#[cfg(feature = "server")]
pub mod orders;
mod outcome;
mod question;
mod responders;
mod serving;
mod settings;
#[cfg(feature = "server")]
pub mod tenants;
#[cfg(feature = "server")]
pub mod tickets;
#[cfg(feature = "server")]
pub mod verify;

pub use checker::{Checker, Pending, Step, Told};
pub use delegates::DelegatesInIndex;
pub use method::{MethodPolicy, UnknownMethod};
pub use named::{AuthorityName, NamedAuthority};
pub use outcome::Outcome;
pub use question::{Options, Question};
pub use responders::Responders;
pub use settings::{AuthoritySettings, CheckSettings, Issuers};
