//! Reading: mapping the generation in force, and noticing the next one.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, TryLockError};

use arc_swap::ArcSwap;

use super::control::{ControlPage, decode, encode};
use super::error::PublishError;
use super::folder::IndexFolder;
use super::generation::Generation;
use super::map::MappedFile;
use crate::index::Index;

/// An index over a mapped file.
pub type MappedIndex = Index<MappedFile>;

/// A share in one generation; it stays valid, and answers from that generation, for as long as it is held.
pub type Snapshot = Arc<MappedIndex>;

/// Opens the file of one generation.
///
/// # Errors
/// [`PublishError::NoSuchGeneration`] if it is not there (any more), else as [`open_file`].
pub fn open_generation(folder: &IndexFolder, generation: Generation) -> Result<MappedIndex, PublishError> {
    match open_file(&folder.index_path(generation)) {
        Err(PublishError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            let present = folder.generations()?;
            Err(PublishError::NoSuchGeneration { generation, folder: folder.path().into(), present })
        }
        result => result,
    }
}

/// Opens an index file wherever it lies.
///
/// # Errors
/// [`PublishError::Io`] if it cannot be mapped, [`PublishError::BadIndex`] if it is damaged or foreign.
pub fn open_file(path: &Path) -> Result<MappedIndex, PublishError> {
    let map = MappedFile::open_published(path).map_err(PublishError::io("open", path))?;
    Index::open(map).map_err(|source| PublishError::BadIndex { path: path.into(), source })
}

/// Follows the generation in force of one folder. To be shared by any number of threads.
#[derive(Debug)]
pub struct IndexReader {
    folder: IndexFolder,
    /// `None` where somebody removed the control page: then the newest whole generation stays in force.
    control: Option<ControlPage>,
    current: ArcSwap<MappedIndex>,
    /// The control word that `current` was opened for.
    seen: AtomicU64,
    /// Held while one thread opens the next generation, so that the others do not do the same.
    opening: Mutex<()>,
}

impl IndexReader {
    /// Opens the generation in force.
    ///
    /// # Errors
    /// [`PublishError::NoIndex`] for a folder without one, else as [`open_generation`].
    pub fn open(folder: IndexFolder) -> Result<Self, PublishError> {
        let control = ControlPage::open(&folder)?;
        let (word, index) = match &control {
            Some(page) => open_in_force(&folder, page)?,
            None => {
                let generation = newest_whole(&folder)?;
                if generation == Generation::NONE {
                    return Err(PublishError::NoIndex(folder.path().into()));
                }
                (encode(generation), open_generation(&folder, generation)?)
            }
        };
        let (current, seen) = (ArcSwap::from_pointee(index), AtomicU64::new(word));
        Ok(Self { folder, control, current, seen, opening: Mutex::new(()) })
    }

    /// The folder that is followed.
    #[must_use]
    pub fn folder(&self) -> &IndexFolder {
        &self.folder
    }

    /// The index last opened, without looking for a newer one.
    #[must_use]
    pub fn current(&self) -> Snapshot {
        self.current.load_full()
    }

    /// Whether a generation other than the one opened is in force: one atomic load.
    #[must_use]
    pub fn is_outdated(&self) -> bool {
        self.control.as_ref().is_some_and(|page| page.word() != self.seen.load(Ordering::Acquire))
    }

    /// What [`IndexReader::is_outdated`] compares, for who asks so often that the way there counts: the word of the
    /// control page as it lies in memory, and what it was for the index opened last. `None` without a control page. The
    /// word may only be loaded, with [`Ordering::Relaxed`] and a fence.
    #[must_use]
    pub fn watched(&self) -> Option<(&AtomicU64, u64)> {
        let seen = self.seen.load(Ordering::Acquire);
        self.control.as_ref().map(|page| (page.word_in_memory(), seen.to_le()))
    }

    /// The index in force now. Usually that is one atomic load and a shared pointer; the thread that first notices a
    /// new generation opens it while the others go on with the one before.
    ///
    /// # Errors
    /// As [`open_generation`]. The index opened before stays usable through [`IndexReader::current`].
    pub fn refreshed(&self) -> Result<Snapshot, PublishError> {
        let Some(page) = self.control.as_ref().filter(|_| self.is_outdated()) else {
            return Ok(self.current());
        };
        let _opening = match self.opening.try_lock() {
            Ok(guard) => guard,
            Err(TryLockError::WouldBlock) => return Ok(self.current()),
            // The lock guards no data that a panic could have left half changed.
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
        };
        if self.is_outdated() {
            let (word, index) = open_in_force(&self.folder, page)?;
            self.current.store(Arc::new(index));
            // After the index, so that whoever finds nothing new finds that index.
            self.seen.store(word, Ordering::Release);
        }
        Ok(self.current())
    }
}

/// The generation in force and the word that names it.
fn open_in_force(folder: &IndexFolder, page: &ControlPage) -> Result<(u64, MappedIndex), PublishError> {
    loop {
        let generation = page.generation(folder)?;
        match open_generation(folder, generation) {
            Ok(index) => return Ok((encode(generation), index)),
            // Between the load and the open a publisher may have gone several generations further and removed it.
            Err(PublishError::NoSuchGeneration { .. }) if decode(page.word()) != Some(generation) => {}
            Err(error) => return Err(error),
        }
    }
}

/// The newest generation whose file opens, for a folder whose control page is gone.
pub(super) fn newest_whole(folder: &IndexFolder) -> Result<Generation, PublishError> {
    let whole = folder
        .generations()?
        .into_iter()
        .rev()
        .find(|generation| open_generation(folder, *generation).is_ok());
    Ok(whole.unwrap_or(Generation::NONE))
}
