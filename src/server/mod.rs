//! The edges of the server: what speaks to the network.

pub mod quic;
