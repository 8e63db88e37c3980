//! The index: one immutable file that tells whether a serial is revoked, since when, why and by which CRL.
//!
//! A file holds authorities, the facts of their CRLs, and *tables*. A table has the revoked serials for one pair of
//! an authority and a certificate issuer (`None` for the authority's own certificates). How it stores them is chosen
//! when it is built: small numbers as a Roaring bitmap, everything else in the order of a keyed hash, with one word of a
//! filter in front that settles almost every question about a serial that is not there. An answer is exact: what the
//! word lets through is compared with the stored serial.
//!
//! [`Builder`] makes an [`Image`] of a file, [`Index`] reads one from any octets. Neither knows X.509 or files, and
//! nothing here is unsafe. What a reader cannot trust yet it checks when it first touches it, page by page, so that
//! damage is an [`IndexError`] and never a wrong answer; [`Index::verify`] checks everything at once. The format is
//! drawn in `docs/format.md`.
//!
//! ```
//! use revocache::index::{AuthorityFacts, Builder, FileFacts, Index, Listings};
//! use revocache::types::{CrlFacts, Listing, NameKey, ReasonCode, Scope, Serial, SignatureAlgorithm, UnixTime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now = UnixTime::parse_rfc3339("2026-01-01T00:00:00Z")?;
//! let mut builder = Builder::new(FileFacts { generation: 1, created_at: now, secret: [7; 32] });
//! let authority = builder.add_authority(AuthorityFacts {
//!     name: NameKey::from_octets(*b"example ca"),
//!     display: "CN=Example CA".to_owned(),
//!     name_hashes: Vec::new(),
//!     keys: Vec::new(),
//! });
//! let crl = builder.add_crl(authority, CrlFacts {
//!     this_update: now,
//!     next_update: None,
//!     crl_number: None,
//!     base_crl_number: None,
//!     scope: Scope::default(),
//!     expired_certs_on_crl: None,
//!     freshest_crl_uris: Vec::new(),
//!     signature_algorithm: SignatureAlgorithm::EcdsaSha256,
//!     signer_key: [0; 32],
//!     tbs_digest: Vec::new(),
//!     entries: 1,
//!     size: 0,
//! });
//! let serial = Serial::parse("0xd41d8cd98f00b204e9800998ecf8427e")?;
//! let mut listings = Listings::new();
//! listings.push(
//!     serial.as_ref(),
//!     Listing { revoked_at: now, reason: ReasonCode::KeyCompromise, invalidity_date: None },
//! );
//! builder.add_listings(crl, None, listings)?;
//! let image = builder.finish::<Vec<u8>>(None)?;
//!
//! let index = Index::open(image.to_vec())?;
//! let table = index.table(authority, None).ok_or("no table")?;
//! let found = table.find(serial.as_ref())?.ok_or("not found")?;
//! let (by, listing) = found.listings().next().ok_or("no listing")??;
//! assert_eq!((by, listing.reason), (crl, ReasonCode::KeyCompromise));
//! assert!(!table.contains(Serial::from_u64(5).as_ref())?);
//! # Ok(())
//! # }
//! ```

mod authority;
mod batch;
mod builder;
mod bytes;
mod codec;
mod directory;
mod error;
mod fact;
mod facts;
mod filter;
mod found;
mod hash;
mod layout;
mod near;
mod pages;
mod probe;
mod reader;
mod records;
mod reseal;
mod roaring;
mod set;
mod short_way;
mod table;
mod verify;

pub use self::authority::{Authority, AuthorityKey};
pub use self::batch::BatchListener;
pub use self::builder::{Builder, Image, Listings};
pub use self::directory::Encoding;
pub use self::error::{BuildError, IndexError, Part};
pub use self::facts::{AuthorityFacts, AuthorityId, CrlId, FileFacts, KeyFacts, NameHashes};
pub use self::found::{Found, FoundListings};
pub use self::near::{NearAnswer, NearTable};
pub use self::reader::Index;
pub use self::records::{Record, Records};
#[doc(hidden)]
pub use self::reseal::reseal;
pub use self::set::RecordSet;
pub use self::table::Table;
pub use self::verify::Summary;
