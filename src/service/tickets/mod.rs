//! Tickets: what strangers may keep here for a while, to be asked about it.
//!
//! A ticket is a name that cannot be guessed; whoever knows it may use it. It holds a container of keys (PKCS#12 or a
//! Java KeyStore), which stays in memory and nowhere else, and tells the certificate of a key in it to whoever has the
//! password as well. Private keys are of no interest: nothing is signed here.
//!
//! Everything is bounded ([`TicketSettings`]): tickets, octets, the time that nobody uses a ticket, wrong passwords,
//! the work that opening a container may take. Containers are overwritten in memory when their ticket is deleted or
//! expires, and when another takes their place.

mod container;
mod contents;
mod error;
mod key_type;
mod opening;
mod registry;
mod settings;

pub use container::{Container, Format, FormatError, Proprietary};
pub use error::TicketError;
pub use key_type::{KeyType, UnknownKeyType};
pub use opening::KeyCertificate;
pub use registry::{TicketNumbers, Tickets};
pub use settings::TicketSettings;
