//! The errors that end a command.

use std::fmt::Display;
use std::io;
use std::path::PathBuf;

use super::exit::Exit;
use super::serve::ServeError;
use crate::config::{ApplyError, ConfigError};
use crate::fetch::FetchError;
use crate::index::IndexError;
use crate::ingest::IngestError;
use crate::ingest::source::SourcesError;
use crate::publish::PublishError;
use crate::service::orders::RegistryError;
use crate::store::StoreError;

/// Why a command could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
    #[error("{0}")]
    Usage(String),
    #[error("{}: {reason}", .path.display())]
    Data { path: PathBuf, reason: String },
    #[error("{0}")]
    Index(#[from] IndexError),
    #[error("{0}")]
    Publish(#[from] PublishError),
    #[error("{0}")]
    Ingest(#[from] IngestError),
    #[error("{0}")]
    Fetch(#[from] FetchError),
    #[error("{0}")]
    Unavailable(String),
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    #[error("{0}")]
    Config(#[source] ConfigError),
    #[error("{0}")]
    Apply(#[from] ApplyError),
    #[error("{0}")]
    Sources(#[from] SourcesError),
    #[error("{0}")]
    Serve(#[from] ServeError),
    #[error("{0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Registry(#[from] RegistryError),
    #[error("the demonstration failed: {0}")]
    Demo(String),
}

impl CliError {
    pub(super) fn data(path: impl Into<PathBuf>, reason: impl Display) -> Self {
        Self::Data { path: path.into(), reason: format!("{reason}") }
    }

    pub(super) fn exit(&self) -> Exit {
        let of_publish = |error: &PublishError| match error {
            PublishError::BadIndex { .. } | PublishError::BadControlPage { .. } => Exit::Data,
            _ => Exit::Io,
        };
        let of_ingest = |error: &IngestError| match error {
            IngestError::Publish(error) => of_publish(error),
            IngestError::Damaged(_) | IngestError::Build(_) | IngestError::NoAnchor => Exit::Data,
            _ => Exit::Io,
        };
        let of_store = |error: &StoreError| match error {
            StoreError::Constraint { .. }
            | StoreError::Corrupt { .. }
            | StoreError::NewerSchema { .. }
            | StoreError::ChangedMigration { .. }
            | StoreError::Url { .. } => Exit::Data,
            error if error.is_temporary() => Exit::Unavailable,
            _ => Exit::Io,
        };
        match self {
            Self::Usage(_) => Exit::Usage,
            Self::Data { .. } | Self::Index(_) | Self::Config(_) | Self::Apply(_) => Exit::Data,
            Self::Unavailable(_) => Exit::Unavailable,
            Self::Publish(error) | Self::Sources(SourcesError::Index(error)) => of_publish(error),
            Self::Ingest(error) | Self::Sources(SourcesError::FirstBuild(error)) => of_ingest(error),
            Self::Serve(error) => error.exit(),
            Self::Store(error) | Self::Registry(RegistryError::Store(error)) => of_store(error),
            Self::Registry(_) => Exit::Data,
            Self::Sources(_) | Self::Fetch(_) | Self::Output(_) | Self::Demo(_) => Exit::Io,
        }
    }
}
