//! The query protocol over QUIC: many connections, many streams, one [`Answerer`].
//!
//! [`QuicServer`] owns sockets, TLS and limits; what is true of a certificate it asks an [`Answerer`]. A question that
//! the answerer can answer at once is answered where it was read: frames are decoded in the buffers they arrived in,
//! the answers to everything that arrived together leave in one write. What takes longer becomes a task of its own,
//! and its answer follows when it is there, so that it holds up nothing else.
//!
//! Everything a client controls has a bound ([`QuicSettings`]): connections, handshakes, streams, octets in buffers,
//! requests in the air, the time for each of them. A client that does not read what it asked for is not read any
//! further, and in the end disconnected.
//!
//! Another protocol may share the port ([`OtherProtocol`]): which one a client speaks is told in the handshake.
//!
//! 0-RTT data may be a replay. Questions in it are answered, from the index alone until the handshake is complete;
//! everything else in it is refused.

mod answerer;
mod bind;
mod client_switch;
mod connection;
mod counters;
mod error;
mod groups;
mod handles;
mod identity;
mod late;
mod other;
mod peer;
mod poll;
mod requests;
mod server;
mod session;
mod settings;
mod stream;
mod subscription;
mod tls;

pub use self::answerer::{
    About, Answerer, Asked, ChangedSerials, GroupReply, InfoStart, LateAbout, LateQuestion, Refusal, Reply,
};
pub use self::client_switch::{ClientDemand, ClientSwitch};
pub use self::counters::{Counter, CounterSnapshot};
pub use self::error::QuicError;
pub use self::identity::{Identity, IdentityError, IdentitySwitch, SelfSigned};
pub use self::other::{Course, OtherProtocol};
pub use self::peer::{ClientAuthentication, ClientRoots, PeerJudge};
pub use self::server::QuicServer;
pub use self::settings::{EarlyData, OtherTimes, QuicSettings};
