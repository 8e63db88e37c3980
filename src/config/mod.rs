//! The configuration: one TOML file, and environment variables over it.
//!
//! A [`Config`] that exists is right: every value has a type that only holds what is allowed, with its limits in the
//! type ([`DurationIn`], [`SizeIn`], [`CountIn`]). A key that is not known is refused with the one that was probably
//! meant. `REVOCACHE_SECTION_KEY` overrides `key` of `[section]`, `REVOCACHE_HTTP_ADMIN_KEY` that of `[http.admin]`; lists of tables have no variables.
//!
//! [`DEFAULT_TEXT`] is the commented file that a first start writes; a test holds it against the types.

mod apply;
mod asteria;
mod cipher;
mod digicert;
mod error;
mod http;
mod listen;
mod log_filter;
mod overrides;
mod parse;
mod pocketsign;
mod quantity;
mod sections;
mod store;

pub use apply::{ApplyError, NeedsRestart};
pub use asteria::{AsteriaSection, ClientAuthenticationWish, KeystoreSection, UtcOffset};
pub use cipher::{CipherSection, LabelStyle, LanguageCode, NameStyle, ObjectId, ProfileSource, ZoneName};
pub use digicert::{DigicertSection, EndedDomainWord, PrecedenceWord};
pub use error::{ConfigError, UnknownKey};
pub use http::{HttpSection, Origin, PathPrefix, PlaceListen, PlaceSection};
pub use listen::Listen;
pub use log_filter::LogFilter;
pub use overrides::Environment;
pub use pocketsign::{AcceptedSection, PocketSignSection, ProfileName, Results, TypeName, UnknownFields};
pub use quantity::{CountIn, DurationIn, QuantityError, SizeIn};
pub use sections::{
    AuthoritySection, ClientCertificates, Config, DataSection, FetchSection, LogFormat, LogSection, Method,
    OcspSection, PolicySection, QuicSection, SourceSection, SourcesSection, TestSection, TrustSection,
};
pub use store::{DatabaseLocation, StoreSection};

/// The default configuration with an explanation of every key, in TOML.
pub const DEFAULT_TEXT: &str = include_str!("../../assets/revocache.toml");
