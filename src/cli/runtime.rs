//! The runtime of commands that wait for somebody.

use tokio::runtime::{Builder, Runtime};

use super::error::CliError;

/// A runtime that works on this thread while it is waited for.
pub(super) fn new() -> Result<Runtime, CliError> {
    Ok(Builder::new_current_thread().enable_all().build()?)
}
