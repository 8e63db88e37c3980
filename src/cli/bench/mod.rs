//! `revocache bench`: how many questions a server answers, and how fast.
//!
//! The load is closed: each connection keeps a fixed number of questions in the air and asks the next one when an
//! answer comes. Every answer is read and judged, and a time is taken for each. What the server did before the
//! measurement began (handshakes, first answers) is not counted.
//!
//! The generator speaks the protocol on bare connections, not through [`crate::client::Client`]: a program that shares
//! the machine with the server must cost less than the server, or it measures itself.

mod authority;
mod command;
mod connection;
mod control;
mod cpu;
mod datagrams;
mod lane;
mod mode;
mod name;
mod pipeline;
mod questions;
mod report;
mod streams;
mod tally;

pub(super) use self::command::Bench;
