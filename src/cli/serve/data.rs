//! The data folder: one server at a time, and a note of how to reach it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::ServeError;

const LOCK: &str = "serve.lock";
const NOTE: &str = "serve.json";

/// A data folder that belongs to this process until it is dropped.
#[derive(Debug)]
pub(super) struct DataFolder {
    path: PathBuf,
    // Held for its lock, which the system releases however the process ends.
    _lock: File,
}

/// How a running server is reached, for commands on the same machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::cli) struct Running {
    /// Its process.
    pub(in crate::cli) pid: u32,
    /// The URL under which metrics, status and refresh are.
    pub(in crate::cli) admin: Option<String>,
    /// The file its admin token is in.
    pub(in crate::cli) token_file: Option<PathBuf>,
}

/// Makes the folder.
pub(super) fn make(path: &Path) -> Result<(), ServeError> {
    fs::create_dir_all(path).map_err(ServeError::data("make", path))
}

/// Writes a file that is not there yet.
pub(super) fn write_if_missing(path: &Path, text: &str) -> Result<(), ServeError> {
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(mut file) => file.write_all(text.as_bytes()).map_err(ServeError::data("write", path)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(ServeError::data("write", path)(error)),
    }
}

impl DataFolder {
    /// Takes the folder.
    pub(super) fn take(path: &Path) -> Result<Self, ServeError> {
        make(path)?;
        let lock_path = path.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(ServeError::data("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.into(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(ServeError::AlreadyRunning(path.into())),
            Err(TryLockError::Error(error)) => Err(ServeError::data("lock", &lock_path)(error)),
        }
    }

    /// Notes how this server is reached.
    pub(super) fn note(&self, running: &Running) -> Result<(), ServeError> {
        let path = self.path.join(NOTE);
        let written = || -> io::Result<()> {
            let mut file = tempfile::NamedTempFile::new_in(&self.path)?;
            serde_json::to_writer(&mut file, running).map_err(io::Error::from)?;
            file.persist(&path).map_err(|error| error.error)?;
            Ok(())
        };
        written().map_err(ServeError::data("write", path.clone()))
    }
}

impl Drop for DataFolder {
    fn drop(&mut self) {
        // Best effort: who reads a stale note finds nobody at the address.
        let _ = fs::remove_file(self.path.join(NOTE));
    }
}

/// How the server of a data folder is reached.
pub(in crate::cli) fn running(data: &Path) -> Result<Running, ServeError> {
    let text = fs::read_to_string(data.join(NOTE)).map_err(|_| ServeError::NotRunning(data.into()))?;
    serde_json::from_str(&text).map_err(|_| ServeError::NotRunning(data.into()))
}
