//! The answers in hand: bounded, least recently used out, and kept over a restart.

mod entry;
mod file;
mod parts;

pub use file::{CacheFileError, LoadReport};

pub(super) use entry::{Insertion, Lifetime, Lookup};
pub(super) use file::CacheFile;
pub(super) use parts::Cache;
