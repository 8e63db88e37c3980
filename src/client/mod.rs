//! Asking a server over QUIC.
//!
//! A [`Client`] keeps connections to one server and shares them among all who ask. Questions are pipelined: any number
//! of tasks ask at once, what they ask together leaves together, and each gets its own answer. A connection that is
//! lost is made again, and what was not answered is asked again, because questions change nothing.
//!
//! Authorities get a handle once ([`Client::resolve`]); it stays good over all connections of the client.
//!
//! ```no_run
//! use revocache::client::{Client, ClientSettings, ServerTrust};
//! use revocache::types::Serial;
//! use revocache::wire::{AuthorityRef, Options};
//!
//! # async fn example(issuer_der: &[u8]) -> Result<(), revocache::client::ClientError> {
//! let trust = ServerTrust::Fingerprint([0x5a; 32]);
//! let client = Client::connect("192.0.2.1:4433".parse().unwrap(), trust, ClientSettings::default()).await?;
//! let authority = client.resolve(&AuthorityRef::Certificate(issuer_der)).await?;
//! let serial = Serial::from_u64(255);
//! let verdict = client.ask_serial(authority.handle, serial.as_ref(), &Options::default()).await?;
//! println!("{}", verdict.status.name());
//! # Ok(())
//! # }
//! ```

mod authorities;
mod batch;
mod datagrams;
mod error;
mod link;
mod pipeline;
mod question;
mod session;
mod settings;
mod slots;
mod stream;
mod subscription;
mod tls;

pub use self::error::ClientError;
pub use self::question::{Info, InfoAuthority};
pub use self::session::Client;
#[cfg(feature = "server")]
pub(crate) use self::session::endpoint;
pub use self::settings::{ClientIdentity, ClientSettings, ServerTrust};
pub use self::subscription::{Event, Subscription};
