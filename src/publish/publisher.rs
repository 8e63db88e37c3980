//! Publishing: the steps from an image in memory to a generation in force.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::num::NonZeroUsize;

use super::control::ControlPage;
use super::error::PublishError;
use super::folder::IndexFolder;
use super::generation::Generation;
use super::reader::{MappedIndex, newest_whole, open_generation};
use crate::index::Image;
use crate::types::{UnixTime, to_hex};

/// The right to publish into one folder, held until dropped.
#[derive(Debug)]
pub struct Publisher {
    folder: IndexFolder,
    current: Generation,
    // Held for its lock, which the system releases when the file is closed, however the process ends.
    _lock: File,
}

/// Something an operator forced, kept beside the index for whoever asks later.
#[derive(Debug, Clone)]
pub struct Event<'a> {
    /// When.
    pub at: UnixTime,
    /// What, in snake case.
    pub what: &'a str,
    /// About which source.
    pub source: &'a str,
    /// In one sentence.
    pub detail: &'a str,
}

impl Publisher {
    /// Takes the lock of a folder, making the folder if it does not exist; waits while another publisher is at work.
    /// Leftovers of a publisher that died are removed.
    ///
    /// # Errors
    /// [`PublishError::Io`] if the folder cannot be made, locked or cleaned; [`PublishError::BadControlPage`].
    pub fn lock(folder: IndexFolder) -> Result<Self, PublishError> {
        fs::create_dir_all(folder.path()).map_err(PublishError::io("make the folder", folder.path()))?;
        let path = folder.lock_path();
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(PublishError::io("lock", &path))?;
        let current = match ControlPage::open(&folder)? {
            Some(page) => page.generation(&folder)?,
            // Without a page nothing was announced; with files but no page, somebody removed it (see `reader`).
            None => newest_whole(&folder)?,
        };
        let publisher = Self { folder, current, _lock: lock };
        publisher.remove_leftovers()?;
        Ok(publisher)
    }

    /// The generation in force, [`Generation::NONE`] before the first.
    #[must_use]
    pub fn current(&self) -> Generation {
        self.current
    }

    /// The index in force, `None` before the first.
    ///
    /// # Errors
    /// As [`open_generation`]. A damaged index is an error and not a fresh start, because its high-water marks
    /// would be forgotten with it.
    pub fn open_current(&self) -> Result<Option<MappedIndex>, PublishError> {
        if self.current == Generation::NONE {
            return Ok(None);
        }
        open_generation(&self.folder, self.current).map(Some)
    }

    /// Publishes the next generation and removes old ones, so that `keep` are left.
    ///
    /// When this returns, the generation is durable and every reader sees it. If it fails, the one before is still
    /// in force and the disk is as it was, save for a leftover that the next publisher removes.
    ///
    /// # Errors
    /// [`PublishError::WrongGeneration`], or [`PublishError::Io`], for example for a full disk.
    pub fn publish(
        &mut self,
        image: &Image,
        generation: Generation,
        keep: NonZeroUsize,
    ) -> Result<(), PublishError> {
        if generation != self.current.next() {
            return Err(PublishError::WrongGeneration { current: self.current, found: generation });
        }
        let path = self.folder.index_path(generation);
        let temporary = self.folder.temporary_path("index");
        let written = write_durably(&temporary, image)
            .map_err(PublishError::io("write", &temporary))
            .and_then(|()| fs::rename(&temporary, &path).map_err(PublishError::io("put in place", &path)));
        if let Err(error) = written {
            // Best effort: a full disk should get its space back at once; the next publisher would clean up too.
            let _ = fs::remove_file(&temporary);
            return Err(error);
        }
        self.folder.sync()?;
        match ControlPage::open_for_writing(&self.folder)? {
            Some(page) => page.announce(&self.folder, generation)?,
            None => ControlPage::create(&self.folder, generation)?,
        }
        self.current = generation;
        self.remove_old(keep)
    }

    /// Appends to the folder's record of what operators forced. Durable when this returns.
    ///
    /// # Errors
    /// [`PublishError::Io`].
    pub fn record(&self, event: &Event<'_>) -> Result<(), PublishError> {
        let path = self.folder.events_path();
        let line = format!(
            "{{\"at\":\"{}\",\"event\":\"{}\",\"source\":\"{}\",\"detail\":\"{}\"}}\n",
            event.at,
            escape(event.what),
            escape(event.source),
            escape(event.detail)
        );
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .and_then(|mut file| file.write_all(line.as_bytes()).and_then(|()| file.sync_all()))
            .map_err(PublishError::io("append to", path))
    }

    fn remove_old(&self, keep: NonZeroUsize) -> Result<(), PublishError> {
        let generations = self.folder.generations()?;
        let old = generations.len().saturating_sub(keep.get());
        for generation in generations.into_iter().take(old) {
            remove(&self.folder.index_path(generation))?;
        }
        Ok(())
    }

    /// A publisher that died left a temporary file, or a generation it never announced.
    fn remove_leftovers(&self) -> Result<(), PublishError> {
        for name in ["index", "control"] {
            remove(&self.folder.temporary_path(name))?;
        }
        for generation in self.folder.generations()?.into_iter().filter(|found| *found > self.current) {
            remove(&self.folder.index_path(generation))?;
        }
        Ok(())
    }
}

fn write_durably(path: &std::path::Path, image: &Image) -> io::Result<()> {
    // A leftover under this name would keep its length if it were overwritten.
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).open(path)?;
    image.write_to(&mut file)?;
    file.sync_all()
}

fn remove(path: &std::path::Path) -> Result<(), PublishError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(PublishError::io("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Escapes text for a JSON string; this layer is too low for a JSON library and needs no more than this.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            control if control < ' ' => {
                escaped.push_str("\\u00");
                let [_, _, _, octet] = u32::from(control).to_be_bytes();
                escaped.push_str(&to_hex(&[octet]));
            }
            other => escaped.push(other),
        }
    }
    escaped
}
