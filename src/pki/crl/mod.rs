//! Certificate revocation lists (RFC 5280 section 5), read as a stream.
//!
//! A list may have millions of entries and comes from a place anybody can write to, so it is read once, through a
//! window of fixed size, without an allocation per entry, and the signed part is digested on the way.
//!
//! What has been read is not to be trusted until the end: the extensions that decide what the entries mean come
//! after them, and the signature last. [`CrlReader::finish`] judges the list as a whole and gives an
//! [`UnverifiedCrl`], and only a key that made its signature turns that into a [`VerifiedCrl`] with facts in it.
//!
//! ```text
//! CrlReader::new ── next_entry* ── finish ──► UnverifiedCrl ── verify(key) ──► VerifiedCrl ── facts
//! ```
//!
//! When in doubt a list is refused: an entry that cannot be interpreted must not become one that is not there.

mod digester;
mod entry;
mod error;
mod extensions;
mod limits;
mod reader;
mod verified;
mod window;

pub use entry::CrlEntry;
pub use error::CrlError;
pub use extensions::CrlExtensions;
pub use limits::CrlLimits;
pub use reader::{CrlHeader, CrlReader, CrlVersion};
pub use verified::{CrlContents, UnverifiedCrl, VerifiedCrl};
