//! Files and folders of files.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Where it is; also the name by which reports call it.
    pub path: PathBuf,
}

/// Why files could not be listed or opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}: {source}", .path.display())]
pub struct FetchError {
    /// The file or folder.
    pub path: PathBuf,
    /// The system's reason.
    pub source: io::Error,
}

impl SourceFile {
    /// The path as reports print it.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Opens the file and tells its size in octets.
    ///
    /// # Errors
    /// [`FetchError`] with the system's reason.
    pub fn open(&self) -> Result<(File, u64), FetchError> {
        File::open(&self.path)
            .and_then(|file| file.metadata().map(|metadata| (file, metadata.len())))
            .map_err(|source| FetchError { path: self.path.clone(), source })
    }

    /// Reads the file, but never more than one octet beyond `limit`: enough for whoever parses it to see that it is
    /// too long.
    ///
    /// # Errors
    /// [`FetchError`] with the system's reason.
    pub fn read(&self, limit: usize) -> Result<Vec<u8>, FetchError> {
        let (file, _) = self.open()?;
        let mut octets = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        file.take(most)
            .read_to_end(&mut octets)
            .map_err(|source| FetchError { path: self.path.clone(), source })?;
        Ok(octets)
    }
}

/// The files at each path: the path itself, or, if it is a folder, every file below it. Files and folders whose name
/// begins with a dot are passed over below a folder. The order is that of the paths, names sorted within a folder,
/// so that two runs over the same files report alike.
///
/// # Errors
/// [`FetchError`] for a path that does not exist or a folder that cannot be read.
pub fn walk<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<SourceFile>, FetchError> {
    let mut files = Vec::new();
    for root in paths {
        let hidden = |entry: &walkdir::DirEntry| {
            entry.depth() > 0 && entry.file_name().as_encoded_bytes().starts_with(b".")
        };
        let entries = walkdir::WalkDir::new(root).follow_links(true).sort_by_file_name().into_iter();
        for entry in entries.filter_entry(|entry| !hidden(entry)) {
            let entry = entry.map_err(|error| FetchError {
                path: error.path().unwrap_or(root.as_ref()).to_path_buf(),
                source: error.into(),
            })?;
            if !entry.file_type().is_dir() {
                files.push(SourceFile { path: entry.into_path() });
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn folders_are_walked_in_order_without_hidden_files() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("b")).unwrap();
        for name in ["c.crl", "a.crl", ".hidden", "b/d.crl", "b/.swp"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = walk(&[folder.path()]).unwrap();
        let names: Vec<_> = found.iter().map(|file| file.path.strip_prefix(folder.path()).unwrap()).collect();
        assert_eq!(names, [Path::new("a.crl"), Path::new("b/d.crl"), Path::new("c.crl")]);
        let single = walk(&[folder.path().join(".hidden")]).unwrap();
        assert_eq!(single.len(), 1, "a file that is named is meant");
    }

    #[test]
    fn what_is_not_there_is_an_error_with_its_name() {
        let error = walk(&["no/such/path"]).unwrap_err();
        assert_eq!(error.path, Path::new("no/such/path"));
        assert_eq!(error.source.kind(), io::ErrorKind::NotFound);
    }
}
