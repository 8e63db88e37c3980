//! Getting bytes: where sources come from, before anything is known of what they hold.

#[cfg(feature = "server")]
pub mod dns;
#[cfg(feature = "server")]
mod files;
pub mod gate;
pub mod http;
#[cfg(feature = "ldap")]
pub mod ldap;

#[cfg(feature = "server")]
pub use files::{FetchError, SourceFile, walk};
