//! The control page: which generation is in force, as one word that all processes see change at once.
//!
//! ```text
//! offset  size  field
//!      0     8  magic: 89 'R' 'V' 'C' 0D 0A 1A 0A
//!      8     4  version, 1 (little-endian)
//!     12     4  zero
//!     16     8  the word: generation in the upper 48 bits, its check sum in the lower 16
//!     24    40  zero
//! ```
//!
//! The check sum tells a damaged word from a generation, so that damage is an error and not a missing file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::sync::atomic::AtomicU64;

use super::error::PublishError;
use super::folder::IndexFolder;
use super::generation::Generation;
use super::map::SharedWord;

const MAGIC: [u8; 8] = *b"\x89RVC\r\n\x1a\n";
const VERSION: u32 = 1;
const WORD_OFFSET: usize = 16;
const PAGE_LENGTH: usize = 64;

/// The mapped control page of one folder.
#[derive(Debug)]
pub(super) struct ControlPage {
    word: SharedWord,
}

impl ControlPage {
    /// Opens the page for reading; `None` if the folder has none.
    pub(super) fn open(folder: &IndexFolder) -> Result<Option<Self>, PublishError> {
        Self::open_with(folder, OpenOptions::new().read(true), SharedWord::map_read)
    }

    /// Opens the page for announcing generations; `None` if the folder has none.
    pub(super) fn open_for_writing(folder: &IndexFolder) -> Result<Option<Self>, PublishError> {
        Self::open_with(folder, OpenOptions::new().read(true).write(true), SharedWord::map_write)
    }

    /// Makes the page of a folder that has none, naming `generation`. Durable when this returns.
    pub(super) fn create(folder: &IndexFolder, generation: Generation) -> Result<(), PublishError> {
        let mut page = [0_u8; PAGE_LENGTH];
        let fields: [(usize, &[u8]); 3] = [
            (0, &MAGIC),
            (MAGIC.len(), &VERSION.to_le_bytes()),
            (WORD_OFFSET, &encode(generation).to_le_bytes()),
        ];
        for (offset, field) in fields {
            for (place, octet) in page.iter_mut().skip(offset).zip(field) {
                *place = *octet;
            }
        }
        let temporary = folder.temporary_path("control");
        File::create(&temporary)
            .and_then(|mut file| file.write_all(&page).and_then(|()| file.sync_all()))
            .map_err(PublishError::io("write", &temporary))?;
        let path = folder.control_path();
        fs::rename(&temporary, &path).map_err(PublishError::io("put in place", &path))?;
        folder.sync()
    }

    /// The generation in force.
    pub(super) fn generation(&self, folder: &IndexFolder) -> Result<Generation, PublishError> {
        decode(self.word.load()).ok_or_else(|| bad_page(folder, "its word fails its check sum"))
    }

    /// The word as it stands, to compare with an earlier one: one atomic load.
    pub(super) fn word(&self) -> u64 {
        self.word.load()
    }

    /// The word itself, little-endian on every machine.
    pub(super) fn word_in_memory(&self) -> &AtomicU64 {
        self.word.in_memory()
    }

    /// Announces a generation. Durable when this returns; visible to readers even before.
    pub(super) fn announce(&self, folder: &IndexFolder, generation: Generation) -> Result<(), PublishError> {
        self.word
            .store_durably(encode(generation))
            .map_err(PublishError::io("make durable", folder.control_path()))
    }

    fn open_with(
        folder: &IndexFolder,
        options: &OpenOptions,
        map: fn(&File, usize, usize) -> io::Result<SharedWord>,
    ) -> Result<Option<Self>, PublishError> {
        let path = folder.control_path();
        let mut file = match options.open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(PublishError::io("open", path)(error)),
        };
        let mut page = [0_u8; PAGE_LENGTH];
        file.read_exact(&mut page).map_err(|_| bad_page(folder, "it is shorter than 64 octets"))?;
        let version = page.get(MAGIC.len()..).and_then(|rest| rest.first_chunk::<4>());
        if !page.starts_with(&MAGIC) {
            return Err(bad_page(folder, "it does not begin like one"));
        }
        if version.is_none_or(|version| u32::from_le_bytes(*version) != VERSION) {
            return Err(bad_page(folder, "it is of a version this program does not know"));
        }
        let word = map(&file, PAGE_LENGTH, WORD_OFFSET).map_err(PublishError::io("map", path))?;
        Ok(Some(Self { word }))
    }
}

/// The word that names a generation.
pub(super) fn encode(generation: Generation) -> u64 {
    (generation.0 << 16) | u64::from(check_sum(generation.0))
}

/// The generation a word names, `None` if the word is damaged.
pub(super) fn decode(word: u64) -> Option<Generation> {
    let generation = Generation(word >> 16);
    (encode(generation) == word && generation > Generation::NONE).then_some(generation)
}

fn check_sum(generation: u64) -> u16 {
    let [a, b, ..] = crc32fast::hash(&generation.to_le_bytes()).to_le_bytes();
    u16::from_le_bytes([a, b])
}

fn bad_page(folder: &IndexFolder, reason: &'static str) -> PublishError {
    PublishError::BadControlPage { path: folder.control_path(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_single_bit_flip_of_a_word_is_noticed() {
        for number in [1, 2, 255, 65_536, (1 << 48) - 1] {
            let word = encode(Generation(number));
            assert_eq!(decode(word), Some(Generation(number)));
            for bit in 0..64 {
                assert_eq!(decode(word ^ (1 << bit)), None, "generation {number}, bit {bit}");
            }
        }
        assert_eq!(decode(0), None);
    }

    #[test]
    fn a_page_is_read_as_it_was_made_and_announces() {
        let directory = tempfile::tempdir().unwrap();
        let folder = IndexFolder::new(directory.path());
        assert!(ControlPage::open(&folder).unwrap().is_none());
        ControlPage::create(&folder, Generation(1)).unwrap();
        let reader = ControlPage::open(&folder).unwrap().unwrap();
        let writer = ControlPage::open_for_writing(&folder).unwrap().unwrap();
        assert_eq!(reader.generation(&folder).unwrap(), Generation(1));
        writer.announce(&folder, Generation(2)).unwrap();
        assert_eq!(reader.generation(&folder).unwrap(), Generation(2));
    }

    #[test]
    fn a_foreign_page_is_refused_with_a_reason() {
        let directory = tempfile::tempdir().unwrap();
        let folder = IndexFolder::new(directory.path());
        for (content, reason) in [(&b"short"[..], "shorter"), (&[0; 64], "begin")] {
            fs::write(folder.control_path(), content).unwrap();
            assert!(ControlPage::open(&folder).unwrap_err().to_string().contains(reason));
        }
    }
}
