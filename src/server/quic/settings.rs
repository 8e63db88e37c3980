//! What a QUIC server allows.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::wire::Limits;

/// Whether 0-RTT data is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EarlyData {
    /// Refused in the handshake; clients send again after it.
    Refuse,
    /// Taken, and what it may ask is limited to questions.
    #[default]
    Questions,
}

/// Whether questions may be about other times than now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OtherTimes {
    /// Refused: a client could make a revoked certificate look good.
    #[default]
    Refuse,
    /// Answered, for tests and for the validation of old signatures.
    Answer,
}

/// Addresses, limits and times of a QUIC server.
#[derive(Debug, Clone)]
pub struct QuicSettings {
    /// Where to listen; port 0 picks a free one. Default `127.0.0.1:4433`.
    pub address: SocketAddr,
    /// Sockets that share the address (SO_REUSEPORT), each with a task of its own that sends and receives. One socket
    /// is enough for a core; more need as many cores, and clients can then no longer change their address in the
    /// middle of a connection, because the system sends their packets to another socket. Default 1, at most 64.
    pub sockets: usize,
    /// Octets of the system's buffers for each socket, in each direction, as far as the system grants them. A burst
    /// that does not fit is lost. Default 4 MiB.
    pub socket_buffer: usize,
    /// The limits that clients are told.
    pub limits: Limits,
    /// Connections at one time; more are refused. Default 10,000.
    pub max_connections: usize,
    /// Handshakes of clients whose address is not validated, above which new ones have to come back with a token
    /// (Retry, RFC 9000 section 8.1.2), so that a flood from forged addresses costs next to nothing. Default 64.
    pub retry_above: usize,
    /// Streams of one connection at one time; a client begins with fewer and may open all once it has some open.
    /// Default 1,024.
    pub max_streams: u32,
    /// Octets of one stream that a client may send ahead of what was read. Default 256 KiB.
    pub stream_window: u32,
    /// Octets that one connection keeps: of what the client sent and was not read, of beginnings of frames, and, once
    /// more, of answers that the client has not acknowledged. Default 1 MiB.
    pub connection_window: u32,
    /// Octets of datagrams that one connection keeps in each direction. Default 256 KiB.
    pub datagram_buffer: usize,
    /// Questions of all connections that wait for somebody else's answer. Default 4,096.
    pub max_late: usize,
    /// Subscriptions of one connection. Default 16.
    pub max_subscriptions: usize,
    /// From the first packet to the end of the handshake. Default 5 seconds.
    pub handshake_timeout: Duration,
    /// Without any packet, after which a connection is over. Default 30 seconds.
    pub idle_timeout: Duration,
    /// For a frame from its first octet to its last, and for a client to make room for answers. Default 10 seconds.
    pub stall_timeout: Duration,
    /// For an answer that has to be asked for elsewhere. Default 5 seconds.
    pub late_timeout: Duration,
    /// At the end: for clients to take what they asked for. Default 5 seconds.
    pub drain_timeout: Duration,
    /// Sessions that can be resumed; each takes some hundred octets. Default 10,000.
    pub max_sessions: usize,
    /// Whether 0-RTT data is taken.
    pub early_data: EarlyData,
    /// Whether questions may be about other times than now.
    pub other_times: OtherTimes,
}

impl Default for QuicSettings {
    fn default() -> Self {
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 4433)),
            sockets: 1,
            socket_buffer: 4 << 20,
            limits: Limits::default(),
            max_connections: 10_000,
            retry_above: 64,
            max_streams: 1_024,
            stream_window: 256 << 10,
            connection_window: 1 << 20,
            datagram_buffer: 256 << 10,
            max_late: 4_096,
            max_subscriptions: 16,
            handshake_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(10),
            late_timeout: Duration::from_secs(5),
            drain_timeout: Duration::from_secs(5),
            max_sessions: 10_000,
            early_data: EarlyData::default(),
            other_times: OtherTimes::default(),
        }
    }
}
