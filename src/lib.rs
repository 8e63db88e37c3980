#![doc = include_str!("../README.md")]
#![cfg_attr(
    test,
    allow(clippy::as_conversions, reason = "what a test counts or converts is not from outside")
)]

pub mod index;
pub mod pki;
pub mod policy;
pub mod publish;
pub mod types;

#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "wire")]
pub mod wire;

#[cfg(feature = "ocsp")]
pub mod fetch;
#[cfg(feature = "ocsp")]
pub mod live;
#[cfg(feature = "ocsp-messages")]
pub mod ocsp;
#[cfg(feature = "ocsp")]
pub mod telemetry;

#[cfg(feature = "server")]
pub mod cli;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod ingest;
#[cfg(feature = "server")]
pub mod keystore;
#[cfg(feature = "server")]
pub mod mock;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "ocsp")]
pub mod service;
#[cfg(feature = "server")]
pub mod store;
