//! What can go wrong between an index and the disk.

use std::io;
use std::path::PathBuf;

use super::generation::Generation;
use crate::index::IndexError;

/// Why an index could not be published or opened. In every case the generation in force is still whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The folder holds no published index.
    #[error("{} holds no index; make one with `revocache build --index {}`", .0.display(), .0.display())]
    NoIndex(PathBuf),
    /// A file operation failed.
    #[error("cannot {action} {}: {source}", .path.display())]
    Io {
        /// What was being done, as in "cannot write".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// The control page is not one of ours, or damaged.
    #[error("{} is not a control page of revocache ({reason}); delete it and the newest whole generation is used", .path.display())]
    BadControlPage {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A generation that the control page or the caller names is not there.
    #[error("generation {generation} is not in {} (there: {})", .folder.display(), list(.present))]
    NoSuchGeneration {
        /// The generation asked for.
        generation: Generation,
        /// The folder searched.
        folder: PathBuf,
        /// The generations that are there.
        present: Vec<Generation>,
    },
    /// The index file is damaged or of another version.
    #[error("{}: {source}", .path.display())]
    BadIndex {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: IndexError,
    },
    /// The image to publish does not carry the number that is next.
    #[error("generation {found} cannot follow {current}; it must be one more")]
    WrongGeneration {
        /// The generation in force.
        current: Generation,
        /// The number in the image.
        found: Generation,
    },
}

impl PublishError {
    /// Makes a function that wraps an I/O error with what was being done to which file.
    pub(crate) fn io(action: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { action, path, source }
    }
}

fn list(generations: &[Generation]) -> String {
    let texts: Vec<String> = generations.iter().map(ToString::to_string).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}
