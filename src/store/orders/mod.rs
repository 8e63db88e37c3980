//! Orders of certificates, what they need, and the API keys of their clients.
//!
//! The store knows documents, the columns that orders are looked for by, and which document needs which; what they
//! mean is the service's business.

mod keys;
mod parts;
mod select;

pub use keys::{KeyOwner, KeyRecord};
pub use parts::{Change, Changed, OrderColumns, PartId, PartKind, PartRecord, Put, Removed};
pub use select::{OrderKey, OrderRecords, OrderSelection, OrderSort, Span};
