//! What can be wrong with a file, and with a build.

use std::fmt;

use super::layout::VERSION;

/// The parts of the file, for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// The first 512 octets.
    Header,
    /// Names and keys of the authorities.
    Authorities,
    /// Facts of the CRLs.
    Crls,
    /// The directory that finds an authority by name, key or CertID.
    Lookup,
    /// The directory of tables.
    Tables,
    /// Names of certificate issuers in indirect CRLs.
    Issuers,
    /// The checksums of the pages.
    PageSums,
    /// A page of the body, whichever table it belongs to.
    Body,
    /// Blocked-bitmap filter of a table.
    Filter,
    /// Tags and ranks of a hashed table.
    Buckets,
    /// Bitmap of the serials of an ordinal table.
    Bitmap,
    /// Where the records of a container of the bitmap begin.
    Ranks,
    /// Serials and fact words.
    Records,
    /// Which CRL listed a record.
    Column,
    /// Rows of what does not fit a fact word.
    Details,
    /// Serials that are negative or longer than 20 octets.
    Exceptions,
    /// Sets of records: per CRL, added, removed.
    Sets,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Header => "header",
            Self::Authorities => "authorities",
            Self::Crls => "CRL facts",
            Self::Lookup => "authority lookup",
            Self::Tables => "table directory",
            Self::Issuers => "certificate issuers",
            Self::PageSums => "page checksums",
            Self::Body => "body",
            Self::Filter => "filter",
            Self::Buckets => "buckets",
            Self::Bitmap => "serial bitmap",
            Self::Ranks => "ranks",
            Self::Records => "records",
            Self::Column => "CRL column",
            Self::Details => "detail rows",
            Self::Exceptions => "exceptions",
            Self::Sets => "record sets",
        })
    }
}

/// Why bytes are not, or no longer, a readable index.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The bytes do not begin as an index does.
    #[error(
        "not a revocache index: it does not begin with the index signature; check the path, or build one"
    )]
    NotAnIndex,
    /// A format of another version.
    #[error(
        "index format version {found}, and this program reads {VERSION}; build into a new folder, or use the program that wrote it"
    )]
    UnsupportedVersion {
        /// Version in the file.
        found: u32,
    },
    /// The file is shorter or longer than it says.
    #[error("the index has {actual} octets where it says {stated}; copy it again or rebuild it")]
    WrongLength {
        /// Length in the header, in octets.
        stated: u64,
        /// Length of the bytes given, in octets.
        actual: u64,
    },
    /// A checksum does not match: a bit was lost after the file was written.
    #[error("the {part} of the index is damaged (checksum mismatch at offset {offset}); rebuild the index")]
    Damaged {
        /// Where.
        part: Part,
        /// Offset in the file of what the checksum covers.
        offset: u64,
    },
    /// The content contradicts itself although no checksum says so: whoever wrote it made a mistake.
    #[error(
        "the {part} of the index contradicts itself ({what}); rebuild the index, and report it if that does not help"
    )]
    Malformed {
        /// Where.
        part: Part,
        /// What does not agree.
        what: &'static str,
    },
}

/// Why an index could not be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// An id that this builder did not give out.
    #[error("{what} number {id} was never added to this builder")]
    UnknownId {
        /// What kind of id.
        what: &'static str,
        /// Its number.
        id: u32,
    },
    /// More than the format can count.
    #[error("too many {what} for one index file; the limit is {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that fits.
        limit: u64,
    },
    /// The previous generation cannot be read, so nothing can be said of what changed.
    #[error("the previous index cannot be compared with: {0}; build without it")]
    Previous(#[from] IndexError),
}
