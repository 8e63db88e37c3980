//! Getting bytes: where sources come from, before anything is known of what they hold.

mod files;

pub use files::{FetchError, SourceFile, walk};
