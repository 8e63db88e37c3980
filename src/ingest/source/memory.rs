//! What is remembered of servers across restarts, so that a restart does not fetch everything again.
//!
//! For each mirror: what the server said of the version it sent, the digest of the body, and the digests of the lists
//! in it. It is used only while the index in force holds those lists; with another index folder, or a lost file, the
//! lists are simply fetched again. Sources that were found in certificates are remembered too.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use super::spec::Origin;

const FILE: &str = "sources.json";
const VERSION: u32 = 1;
/// Octets of the file that are read at most.
const MAX_FILE: u64 = 64 << 20;

/// What is remembered of one mirror.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    /// The validators, as the server spelt them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_modified: Option<String>,
    /// Of the body, in hexadecimal.
    pub(super) sha256: String,
    /// Digests of the lists in it, in hexadecimal.
    pub(super) lists: Vec<String>,
}

/// A source that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    pub(super) origin: FoundIn,
    pub(super) urls: Vec<String>,
}

/// Where a source was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum FoundIn {
    DistributionPoint,
    FreshestCrl,
}

impl From<FoundIn> for Origin {
    fn from(found: FoundIn) -> Self {
        match found {
            FoundIn::DistributionPoint => Self::DistributionPoint,
            FoundIn::FreshestCrl => Self::FreshestCrl,
        }
    }
}

#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Stored {
    version: u32,
    #[serde(default)]
    mirrors: BTreeMap<String, Kept>,
    #[serde(default)]
    found: Vec<Found>,
}

/// The memory, and the file it is written to.
#[derive(Debug)]
pub(super) struct Memory {
    folder: PathBuf,
    stored: Mutex<Stored>,
    changed: Notify,
}

impl Memory {
    /// Reads the file of this folder. One that is missing, damaged or of another version is an empty memory.
    pub(super) fn open(folder: &Path) -> Self {
        let stored = match read(&folder.join(FILE)) {
            Ok(stored) => stored,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Stored::default(),
            Err(error) => {
                tracing::warn!(%error, "what was remembered of the sources cannot be read; everything is fetched anew");
                Stored::default()
            }
        };
        Self { folder: folder.into(), stored: Mutex::new(stored), changed: Notify::new() }
    }

    pub(super) fn recall(&self, url: &str) -> Option<Kept> {
        self.with(|stored| stored.mirrors.get(url).cloned())
    }

    pub(super) fn keep(&self, url: &str, kept: Kept) {
        self.with(|stored| stored.mirrors.insert(url.to_owned(), kept));
        self.changed.notify_one();
    }

    pub(super) fn forget(&self, url: &str) {
        if self.with(|stored| stored.mirrors.remove(url)).is_some() {
            self.changed.notify_one();
        }
    }

    pub(super) fn found(&self) -> Vec<Found> {
        self.with(|stored| stored.found.clone())
    }

    pub(super) fn set_found(&self, found: Vec<Found>) {
        self.with(|stored| stored.found = found);
        self.changed.notify_one();
    }

    /// Drops what is remembered of mirrors that are no longer asked.
    pub(super) fn retain(&self, is_used: impl Fn(&str) -> bool) {
        self.with(|stored| stored.mirrors.retain(|url, _| is_used(url)));
        self.changed.notify_one();
    }

    /// Waits until there is something to write.
    pub(super) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Writes the file: beside, durable, then renamed.
    pub(super) fn save(&self) -> io::Result<()> {
        let stored = Stored { version: VERSION, ..self.with(|stored| stored.clone()) };
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(&mut file, &stored).map_err(io::Error::from)?;
        file.flush()?;
        file.as_file().sync_all()?;
        file.persist(self.folder.join(FILE)).map_err(|error| error.error)?;
        Ok(())
    }

    fn with<T>(&self, work: impl FnOnce(&mut Stored) -> T) -> T {
        work(&mut self.stored.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn read(path: &Path) -> io::Result<Stored> {
    let mut content = Vec::new();
    let read = fs::File::open(path)?.take(MAX_FILE + 1).read_to_end(&mut content)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > MAX_FILE {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "larger than 64 MiB"));
    }
    let stored: Stored = serde_json::from_slice(&content)?;
    if stored.version != VERSION {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("version {}", stored.version)));
    }
    Ok(stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept() -> Kept {
        Kept {
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            sha256: "00".to_owned(),
            lists: vec!["ff".to_owned()],
        }
    }

    #[test]
    fn what_was_kept_is_recalled_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::open(folder.path());
        memory.keep("http://a/", kept());
        memory.keep("http://b/", kept());
        memory.retain(|url| url == "http://a/");
        let found = Found { origin: FoundIn::FreshestCrl, urls: vec!["http://d/".to_owned()] };
        memory.set_found(vec![found.clone()]);
        memory.save().unwrap();
        let again = Memory::open(folder.path());
        assert_eq!((again.recall("http://a/"), again.recall("http://b/")), (Some(kept()), None));
        assert_eq!(again.found(), [found]);
    }

    #[test]
    fn a_damaged_file_is_an_empty_memory() {
        let folder = tempfile::tempdir().unwrap();
        let memory = Memory::open(folder.path());
        memory.keep("http://a/", kept());
        memory.save().unwrap();
        let path = folder.path().join(FILE);
        let whole = fs::read(&path).unwrap();
        for end in 0..whole.len() {
            fs::write(&path, &whole[..end]).unwrap();
            assert_eq!(Memory::open(folder.path()).recall("http://a/"), None, "cut to {end}");
        }
        fs::write(&path, String::from_utf8(whole).unwrap().replace("\"version\":1", "\"version\":2"))
            .unwrap();
        assert_eq!(Memory::open(folder.path()).recall("http://a/"), None);
    }
}
