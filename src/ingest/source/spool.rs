//! Where a body lies between the network and the build: a file, because a list may have hundreds of megabytes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{self, SHA256};
use tokio::io::AsyncWriteExt;

/// Octets that are kept in memory to tell what a body looks like.
const OPENING: usize = 64;
/// A body is handed to the system in pieces of this size, so that a fetch costs few changes of thread.
const BUFFER: usize = 1 << 20;

/// A folder of bodies under way. Files of a process that died are removed when it is opened.
#[derive(Debug, Clone)]
pub(super) struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// Opens the folder, making it if need be.
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "part") {
                fs::remove_file(&path)?;
            }
        }
        Ok(Self { folder })
    }

    /// A new file for one body.
    pub(super) fn writer(&self) -> io::Result<SpoolWriter> {
        let named = tempfile::Builder::new().prefix("crl-").suffix(".part").tempfile_in(&self.folder)?;
        let (file, path) = named.into_parts();
        let mut file = tokio::fs::File::from_std(file);
        file.set_max_buf_size(BUFFER);
        Ok(SpoolWriter { file, path, digest: digest::Context::new(&SHA256), octets: 0, opening: Vec::new() })
    }
}

/// A body being written. Dropped, it is gone.
pub struct SpoolWriter {
    file: tokio::fs::File,
    path: tempfile::TempPath,
    digest: digest::Context,
    octets: u64,
    opening: Vec<u8>,
}

impl SpoolWriter {
    /// Appends octets.
    ///
    /// # Errors
    /// The system's, for example for a full disk.
    pub async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        self.digest.update(octets);
        let missing = OPENING.saturating_sub(self.opening.len());
        self.opening.extend(octets.iter().take(missing));
        self.octets = self.octets.saturating_add(u64::try_from(octets.len()).unwrap_or(u64::MAX));
        self.file.write_all(octets).await
    }

    /// Octets written so far.
    #[must_use]
    pub fn octets(&self) -> u64 {
        self.octets
    }

    /// The whole body.
    pub(super) async fn finish(mut self) -> io::Result<Spooled> {
        // Not synced: after a crash the body is fetched again.
        self.file.flush().await?;
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref().get(..32).unwrap_or(&[0; 32]));
        Ok(Spooled { path: self.path, sha256, opening: self.opening })
    }
}

impl std::fmt::Debug for SpoolWriter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpoolWriter").field("path", &self.path).field("octets", &self.octets).finish()
    }
}

/// A whole body. Dropped, it is gone.
#[derive(Debug)]
pub(super) struct Spooled {
    path: tempfile::TempPath,
    pub(super) sha256: [u8; 32],
    opening: Vec<u8>,
}

impl Spooled {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it looks like a web page: captive portals and error pages come with status 200.
    pub(super) fn looks_like_markup(&self) -> bool {
        let text = self.opening.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&self.opening);
        text.iter().find(|octet| !octet.is_ascii_whitespace()) == Some(&b'<')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::sha256;

    #[tokio::test]
    async fn a_body_is_kept_while_it_is_held() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(folder.path().join("spool")).unwrap();
        let mut writer = spool.writer().unwrap();
        writer.write(b"\n <!DOCTYPE").await.unwrap();
        writer.write(&[b' '; 1000]).await.unwrap();
        assert_eq!(writer.octets(), 1011);
        let spooled = writer.finish().await.unwrap();
        let content = fs::read(spooled.path()).unwrap();
        assert_eq!((content.len(), spooled.sha256), (1011, sha256(&content)));
        assert!(spooled.looks_like_markup());
        let path = spooled.path().to_owned();
        drop(spooled);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_dead_process_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("crl-x.part"), "half").unwrap();
        fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
        Spool::open(folder.path().into()).unwrap();
        assert!(!folder.path().join("crl-x.part").exists());
        assert!(folder.path().join("notes.txt").exists());
    }
}
