//! Zip archives of a few small files, as downloads.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::KeyStoreError;

/// A file in an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ArchiveFile {
    /// Its name, without any folder.
    pub(super) name: String,
    /// What is in it.
    pub(super) octets: Vec<u8>,
}

/// Packs files. They are small and do not compress, so they are stored as they are.
pub(super) fn pack(files: &[ArchiveFile]) -> Result<Vec<u8>, KeyStoreError> {
    let failed = |error: &dyn std::fmt::Display| KeyStoreError::Archive { reason: error.to_string() };
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for file in files {
        archive.start_file(file.name.as_str(), options).map_err(|error| failed(&error))?;
        archive.write_all(&file.octets).map_err(|error| failed(&error))?;
    }
    archive.finish().map(Cursor::into_inner).map_err(|error| failed(&error))
}
