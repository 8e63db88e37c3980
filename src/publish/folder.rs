//! The names in an index folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::error::PublishError;
use super::generation::Generation;

/// A folder that holds generations of an index.
#[derive(Debug, Clone)]
pub struct IndexFolder(PathBuf);

impl IndexFolder {
    /// The folder at this path, which need not exist yet.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The file of a generation.
    #[must_use]
    pub fn index_path(&self, generation: Generation) -> PathBuf {
        // Twenty digits hold every u64, so that names sort as numbers.
        self.0.join(format!("index-{:020}.rvx", generation.0))
    }

    /// The generations whose files are there, ascending. One that is not yet, or no longer, in force may be among
    /// them.
    ///
    /// # Errors
    /// [`PublishError::Io`] if the folder cannot be read; a folder that does not exist holds none.
    pub fn generations(&self) -> Result<Vec<Generation>, PublishError> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(PublishError::io("read", &self.0)(error)),
        };
        let mut generations = Vec::new();
        for entry in entries {
            let entry = entry.map_err(PublishError::io("read", &self.0))?;
            generations.extend(entry.file_name().to_str().and_then(parse_index_name));
        }
        generations.sort_unstable();
        Ok(generations)
    }

    pub(super) fn control_path(&self) -> PathBuf {
        self.0.join("control")
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.0.join("lock")
    }

    pub(super) fn events_path(&self) -> PathBuf {
        self.0.join("events.jsonl")
    }

    /// Where a file is written before it is renamed to its own name.
    pub(super) fn temporary_path(&self, name: &str) -> PathBuf {
        self.0.join(format!("{name}.tmp"))
    }

    /// Makes the folder's entries durable: a rename is lost by a power cut until its folder is synced.
    pub(super) fn sync(&self) -> Result<(), PublishError> {
        fs::File::open(&self.0)
            .and_then(|folder| folder.sync_all())
            .map_err(PublishError::io("sync", &self.0))
    }
}

fn parse_index_name(name: &str) -> Option<Generation> {
    let digits = name.strip_prefix("index-")?.strip_suffix(".rvx")?;
    let well_formed = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.parse().ok().filter(|_| well_formed)?;
    (number > 0).then_some(Generation(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        let folder = IndexFolder::new("x");
        for number in [1, 7, u64::MAX] {
            let path = folder.index_path(Generation(number));
            assert_eq!(
                parse_index_name(path.file_name().unwrap().to_str().unwrap()),
                Some(Generation(number))
            );
        }
        for foreign in
            ["index-7.rvx", "index-00000000000000000000.rvx", "index-+0000000000000000007.rvx", "lock"]
        {
            assert_eq!(parse_index_name(foreign), None, "{foreign}");
        }
    }
}
