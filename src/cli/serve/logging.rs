//! Logs, on stderr.

use std::io;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use super::error::ServeError;
use crate::config::{LogFilter, LogFormat, LogSection};

/// Changes what is logged while it runs.
#[derive(Debug, Clone)]
pub(super) struct Logs(reload::Handle<EnvFilter, Registry>);

impl Logs {
    /// Sets up the logs of this process.
    pub(super) fn start(section: &LogSection, json: bool) -> Result<Self, ServeError> {
        let (filter, handle) = reload::Layer::new(filter(&section.level)?);
        let registry = tracing_subscriber::registry().with(filter);
        let layer = fmt::layer().with_writer(io::stderr);
        let started = if json || section.format == LogFormat::Json {
            registry.with(layer.json().flatten_event(true)).try_init()
        } else {
            registry.with(layer.with_ansi(io::IsTerminal::is_terminal(&io::stderr()))).try_init()
        };
        started.map_err(|error| ServeError::Logging(error.to_string()))?;
        Ok(Self(handle))
    }

    /// Logs by another filter from now on.
    pub(super) fn set_filter(&self, level: &LogFilter) {
        let changed = filter(level)
            .and_then(|filter| self.0.reload(filter).map_err(|error| ServeError::Logging(error.to_string())));
        if let Err(error) = changed {
            tracing::error!(%error, "the log level stays as it was");
        }
    }
}

fn filter(level: &LogFilter) -> Result<EnvFilter, ServeError> {
    EnvFilter::try_new(level.as_str()).map_err(|error| ServeError::Logging(error.to_string()))
}
