//! Mapping files: the one place of this crate, besides the C boundary, with unsafe code.
//!
//! Two kinds of file are mapped, and each has an invariant that makes it sound:
//!
//! * *index files* are written under a temporary name, renamed once complete, and from then on never changed,
//!   extended or truncated by this crate, only unlinked, which leaves mappings intact. What an outsider with write
//!   access does to them is the limit of this promise: a flipped octet is found by the reader's page checksums, a
//!   truncated file ends the process with SIGBUS.
//! * the *control page* changes while it is mapped, but only by atomic stores of one aligned word, and is only read
//!   by atomic loads of it.
#![allow(unsafe_code, reason = "mapping a file is unsafe; the invariants are in the module's documentation")]

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering, fence};

use memmap2::{Mmap, MmapOptions, MmapRaw};

/// The octets of a published, immutable index file.
#[derive(Debug)]
pub struct MappedFile(Mmap);

impl MappedFile {
    /// Maps a whole published file for reading.
    ///
    /// # Errors
    /// The system's reason, for example that there is no such file.
    pub(super) fn open_published(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: a file was complete before it got its published name and is never written to again.
        unsafe { map_immutable(&file) }.map(Self)
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// Maps a whole file for reading.
///
/// # Safety
/// For as long as the mapping lives nobody may write to the file or truncate it.
unsafe fn map_immutable(file: &File) -> io::Result<Mmap> {
    // SAFETY: the caller promises that the file stays as it is.
    unsafe { MmapOptions::new().map(file) }
}

/// A word in a mapped file that processes share.
#[derive(Debug)]
pub(super) struct SharedWord {
    map: MmapRaw,
    offset: usize,
}

impl SharedWord {
    /// Maps the word at `offset` of a file of `length` octets for loading.
    pub(super) fn map_read(file: &File, length: usize, offset: usize) -> io::Result<Self> {
        Self::checked(MmapOptions::new().len(length).map_raw_read_only(file)?, file, length, offset)
    }

    /// Maps the word for loading and storing.
    pub(super) fn map_write(file: &File, length: usize, offset: usize) -> io::Result<Self> {
        Self::checked(MmapOptions::new().len(length).map_raw(file)?, file, length, offset)
    }

    fn checked(map: MmapRaw, file: &File, length: usize, offset: usize) -> io::Result<Self> {
        let long_enough = file.metadata()?.len() >= u64::try_from(length).map_err(io::Error::other)?;
        let inside = offset.checked_add(size_of::<u64>()).is_some_and(|end| end <= length);
        if !long_enough || !inside || !offset.is_multiple_of(align_of::<u64>()) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the file is too short for the mapped word",
            ));
        }
        Ok(Self { map, offset })
    }

    /// Loads the word; everything its writer did before storing it is visible afterwards.
    pub(super) fn load(&self) -> u64 {
        // A read-only page may only be loaded from without an ordering of its own, hence the fence.
        let word = self.in_memory().load(Ordering::Relaxed);
        fence(Ordering::Acquire);
        u64::from_le(word)
    }

    /// Stores the word for every process that maps it, and makes it durable. Only for a word mapped for storing.
    pub(super) fn store_durably(&self, word: u64) -> io::Result<()> {
        self.in_memory().store(word.to_le(), Ordering::Release);
        self.map.flush()
    }

    /// The word, little-endian on every machine. Of a word mapped for loading it may only be loaded, and relaxed.
    pub(super) fn in_memory(&self) -> &AtomicU64 {
        // SAFETY: `checked` found the offset within the mapping, which is page-aligned and lives as long as `self`,
        // so the result is in bounds.
        let pointer = unsafe { self.map.as_mut_ptr().add(self.offset) };
        // SAFETY: the pointer is valid and aligned (`checked`), and all accesses to these octets, in every process,
        // are atomic. Stores happen only through words mapped for storing.
        unsafe { AtomicU64::from_ptr(pointer.cast()) }
    }
}
