//! The use cases: a question in, an answer out, by the operator's policy.
//!
//! A [`Checker`] has an index that it follows through its generations and, if the operator wants it, responders to
//! ask. What the index can tell is told at once, without waiting for anybody; only what is left over goes out to a
//! responder. Nothing here knows by which protocol a question came.

mod checker;
mod delegates;
mod issuer;
mod method;
mod named;
mod outcome;
mod question;
mod responders;
mod serving;
mod settings;

pub use checker::{Checker, Pending, Step, Told};
pub use delegates::DelegatesInIndex;
pub use method::{MethodPolicy, UnknownMethod};
pub use named::{AuthorityName, NamedAuthority};
pub use outcome::Outcome;
pub use question::{Options, Question};
pub use responders::Responders;
pub use settings::{AuthoritySettings, CheckSettings, Issuers};
