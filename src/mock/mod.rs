//! A mock authority, so that a client of the HTTP APIs can be written without a card and without an authority.
//!
//! [`MockFolder`] makes two certification authorities like those of the Japanese Public Key Infrastructure, one for
//! digital signatures and one for user authentication, people with a certificate of each, lists of revoked certificates
//! for each municipality, and the links between the certificates of one person. Everything, private keys too, is left
//! in a folder: that is the point of it, and why nothing real may ever trust it. [`Responder`] answers OCSP requests for
//! one of the authorities.
//!
//! Keys are made once; only the lists are signed again when the folder is opened, so that they are current.

mod authority;
mod der;
mod folder;
mod people;
mod responder;

pub use authority::MockError;
pub use folder::{CertificateState, MockAuthorities, MockCertificate, MockFolder, MockPerson, PersonLink};
pub use responder::{Known, Responder};
