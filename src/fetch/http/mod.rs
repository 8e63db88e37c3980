//! HTTP, for OCSP responders and CRLs.
//!
//! The URLs come out of certificates that anybody may have made, and the bytes out of servers that nobody here runs.
//! An [`HttpClient`] therefore bounds what a server can cost (octets, time, redirects, headers) and where a URL can
//! lead: an [`AddressPolicy`] admits public addresses only, unless the configuration says otherwise. The policy is
//! asked about the URL before a connection is made, about every address that a name resolves to (only those that
//! pass are connected to, so that a name cannot change its mind between check and use), and again at each redirect.
//!
//! What is transferred is signed, so `http` is as good as `https` for its integrity; that is what nearly every
//! certificate names. Nothing of the environment is used: no proxy, no cookies, no credentials. HTTP/1.1 with
//! keep-alive is spoken, without compression, since signed data hardly shrinks and a bomb cannot then go off.

mod address;
mod client;
mod download;
mod error;
mod get;
mod ocsp;
mod policy;
mod resolver;
mod switch;

pub use address::{AddressKind, address_kind};
pub use client::{HttpClient, HttpSettings, HttpSetupError};
pub use download::{Caches, Download, DownloadLimits, Fetched, Validators};
pub use error::{HttpError, RedirectProblem, UrlProblem};
pub use get::{Document, Get, Got, SecretHeader};
pub use ocsp::{ContentTypeCheck, OcspMethod};
pub use policy::{AddressPolicy, PolicyError};
pub use switch::OutboundSwitch;
