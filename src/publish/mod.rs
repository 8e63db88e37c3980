//! An index's life on disk: written beside, made durable, renamed into place, announced by one word.
//!
//! A folder holds numbered, immutable index files and a small *control page* whose one word names the generation in
//! force. A [`Publisher`] (one at a time, by a lock on a file) writes the next generation to a temporary file, makes
//! it durable, renames it, makes the folder durable, and only then changes the word. Whatever instant a crash
//! picks, the word names a whole file. An [`IndexReader`] maps the file that the word names and notices a change by
//! loading the word from its mapping: no system call, no signal, no lock. Files are never written in place and
//! never truncated, so a reader of an old generation keeps answering from it for as long as it likes.
//!
//! ```text
//! DIR/control                          the word (see control.rs)
//! DIR/index-00000000000000000007.rvx   generation 7
//! DIR/lock                             held by the publisher at work
//! DIR/events.jsonl                     what an operator forced
//! ```
//!
//! This is the only module that maps files; see `map.rs` for the one place with unsafe code.

mod changes;
mod control;
mod error;
mod folder;
mod generation;
mod map;
mod publisher;
mod reader;

pub use changes::{Change, ChangeKind, changes};
pub use error::PublishError;
pub use folder::IndexFolder;
pub use generation::Generation;
pub use map::MappedFile;
pub use publisher::{Event, Publisher};
pub use reader::{IndexReader, MappedIndex, Snapshot, open_file, open_generation};
