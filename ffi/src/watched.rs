//! How a check sees that there is a newer generation.

use std::sync::atomic::{AtomicU64, Ordering, fence};

use revocache::publish::IndexReader;

/// A generation's word in its folder. Side by side and without a way to go, because every check looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Watched {
    /// The folder's control word; borrowed from the mapping of a reader.
    word: &'static AtomicU64,
    /// What it was when the generation was opened.
    seen: u64,
}

/// Watched where nothing is to be noticed by checks.
static NOTHING: AtomicU64 = AtomicU64::new(0);

impl Watched {
    /// Sees nothing.
    pub(crate) const NOTHING: Self = Self { word: &NOTHING, seen: 0 };

    /// Sees what comes after the generation that the reader has opened, if its folder has a word for that.
    ///
    /// # Safety
    /// The reader stays for as long as this is looked at.
    pub(crate) unsafe fn new(reader: &IndexReader) -> Self {
        match reader.watched() {
            Some((word, seen)) => {
                // SAFETY: the word stays where it is for as long as the reader, for which the caller cares.
                Self { word: unsafe { std::mem::transmute::<&AtomicU64, &'static AtomicU64>(word) }, seen }
            }
            None => Self::NOTHING,
        }
    }

    /// Whether there is a newer generation.
    #[inline(always)]
    pub(crate) fn is_outdated(self) -> bool {
        let is_outdated = self.word.load(Ordering::Relaxed) != self.seen;
        // The page may be mapped for reading only, where loads have no ordering of their own.
        fence(Ordering::Acquire);
        is_outdated
    }
}
