//! Noticing that files changed, by looking at them.
//!
//! Looking costs a system call for each file and works on every file system, network mounts and renames over the old
//! name included. A size and a time are not enough: within one tick of the file system's clock a file can change
//! twice. So inode and change time count as well, and a file that changed a moment ago counts as changed once more.

use std::collections::BTreeMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::fetch::{FetchError, walk};

/// Longer than a tick of any usual file system's clock.
const UNSETTLED: Duration = Duration::from_secs(2);
/// Files of one source.
pub(super) const MAX_FILES: usize = 100_000;

/// What tells one version of a file from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    /// Whether it changed so short a time ago that the next change might not show.
    settled: bool,
}

/// The files below some paths as they are now.
pub(super) type Marks = BTreeMap<PathBuf, Mark>;

/// Why files could not be looked at.
#[derive(Debug, thiserror::Error)]
pub(super) enum WatchError {
    #[error(transparent)]
    Fetch(#[from] FetchError),
    #[error("{0} files; a source has at most {MAX_FILES}")]
    TooMany(usize),
}

/// Looks at every file below the paths. A file that disappears meanwhile is passed over.
pub(super) fn look(paths: &[PathBuf], now: SystemTime) -> Result<Marks, WatchError> {
    let files = walk(paths)?;
    if files.len() > MAX_FILES {
        return Err(WatchError::TooMany(files.len()));
    }
    let mut marks = Marks::new();
    for file in files {
        match std::fs::metadata(&file.path) {
            Ok(metadata) => {
                marks.insert(file.path, mark(&metadata, now));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(FetchError { path: file.path, source }.into()),
        }
    }
    Ok(marks)
}

/// The files that are new, different, or were not settled when they were looked at before.
pub(super) fn changed<'a>(before: &Marks, now: &'a Marks) -> Vec<&'a Path> {
    now.iter()
        .filter(|(path, mark)| {
            before.get(*path).is_none_or(|old| !old.settled || Mark { settled: true, ..**mark } != *old)
        })
        .map(|(path, _)| path.as_path())
        .collect()
}

fn mark(metadata: &Metadata, now: SystemTime) -> Mark {
    let changed = (metadata.ctime(), metadata.ctime_nsec());
    let age = u64::try_from(changed.0).ok().and_then(|seconds| {
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        now.duration_since(changed).ok()
    });
    Mark {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed,
        settled: age.is_some_and(|age| age > UNSETTLED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_change_within_one_tick_of_the_clock_is_seen() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.crl");
        fs::write(&file, "one").unwrap();
        let paths = [folder.path().to_path_buf()];
        let later = SystemTime::now() + Duration::from_secs(10);
        let settled = look(&paths, later).unwrap();
        assert!(changed(&settled, &look(&paths, later).unwrap()).is_empty());
        let fresh = look(&paths, SystemTime::now()).unwrap();
        assert_eq!(changed(&fresh, &look(&paths, later).unwrap()), [file.as_path()], "looked at too early");

        let same = fs::metadata(&file).unwrap().modified().unwrap();
        fs::write(folder.path().join(".new"), "two").unwrap();
        fs::File::open(folder.path().join(".new")).unwrap().set_modified(same).unwrap();
        fs::rename(folder.path().join(".new"), &file).unwrap();
        let renamed = look(&paths, later).unwrap();
        assert_eq!(changed(&settled, &renamed), [file.as_path()], "same size and time, another file");
    }

    #[test]
    fn new_files_are_changes_and_missing_paths_errors() {
        let folder = tempfile::tempdir().unwrap();
        let paths = [folder.path().to_path_buf()];
        let before = look(&paths, SystemTime::now()).unwrap();
        fs::write(folder.path().join("b.crl"), "").unwrap();
        let now = look(&paths, SystemTime::now()).unwrap();
        assert_eq!(changed(&before, &now), [folder.path().join("b.crl")]);
        assert!(changed(&now, &before).is_empty(), "a file that went away changes nothing");
        assert!(look(&[folder.path().join("none")], SystemTime::now()).is_err());
    }
}
