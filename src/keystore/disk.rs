//! Files that are there as a whole or not at all, and nobody else's to read.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use super::KeyStoreError;

/// Makes a folder that only its owner can look into.
pub(super) fn private_folder(path: &Path) -> Result<(), KeyStoreError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(failed("make", path))
}

/// Reads a file; `None` if there is none.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, KeyStoreError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed("read", path)(error)),
    };
    let mut octets = Vec::new();
    file.take(limit + 1).read_to_end(&mut octets).map_err(failed("read", path))?;
    if u64::try_from(octets.len()).is_ok_and(|length| length <= limit) {
        return Ok(Some(octets));
    }
    let reason = format!("it has more than {limit} octets");
    Err(KeyStoreError::Damaged { path: path.into(), reason })
}

/// Puts a file in its place: written beside it, forced to the disk, renamed, and the folder forced to the disk. A crash
/// at any point leaves the file that was there or the new one, whole. Its owner alone may read it.
pub(super) fn replace(path: &Path, octets: &[u8]) -> Result<(), KeyStoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    // Such files are readable by their owner alone.
    let mut file =
        tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(folder).map_err(failed("write", path))?;
    file.write_all(octets).map_err(failed("write", path))?;
    file.as_file().sync_all().map_err(failed("write", path))?;
    file.persist(path).map_err(|error| failed("put in place", path)(error.error))?;
    sync_folder(folder)
}

/// Removes a file, if it is there.
pub(super) fn remove(path: &Path) -> Result<(), KeyStoreError> {
    match fs::remove_file(path) {
        Ok(()) => sync_folder(path.parent().unwrap_or(Path::new("."))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(failed("delete", path)(error)),
    }
}

/// Removes what a crash left half written. They hold nothing in the clear, and nobody looks at them.
pub(super) fn sweep(folder: &Path) -> Result<(), KeyStoreError> {
    for entry in fs::read_dir(folder).map_err(failed("read", folder))? {
        let entry = entry.map_err(failed("read", folder))?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

/// How files begin that are not in their place yet.
const TEMPORARY: &str = ".writing-";

fn sync_folder(folder: &Path) -> Result<(), KeyStoreError> {
    // Elsewhere a folder cannot be opened, and the file system orders renames by itself.
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("write", folder))?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

pub(super) fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KeyStoreError {
    let path = path.to_path_buf();
    move |source| KeyStoreError::Io { action, path, source }
}
