//! `revocache demo`: a tour for newcomers.

mod ca;
mod daemon;
mod fallback;
mod in_c;
mod over_network;
mod steps;
mod tour;
mod verify_api;

pub(super) use self::tour::Demo;
