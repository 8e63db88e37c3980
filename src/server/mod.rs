//! The edges: how others reach what this process knows.

pub mod admin;
pub mod quic;
