//! Orders of certificates, and how far their validation is: what a DigiCert account answers to its clients.
//!
//! An [`Order`] asks for a certificate. Before it can be issued, the CA validates the [`Organization`] (types such as OV
//! and EV, each made of components) and control over each [`Domain`]. Validations end; what their state is *now* is
//! never stored but told by [`OrganizationValidation::state`], [`Domain::state`] and [`Order::status_at`] from the times
//! that are, so that it turns at the right second.
//!
//! [`registry`](Registry) keeps the orders of this machine, [`Upstream`] remembers what another server says of its
//! own, and the [`Desk`] answers from both, for a [`Caller`] with the rights of an API key. [`ControlCheck`] looks whether
//! somebody controls a domain.

mod bundle;
mod certificate;
mod control;
mod desk;
mod domain;
mod entity;
mod ids;
mod key;
mod order;
mod organization;
mod registry;
mod times;
mod upstream;
mod user;

pub use bundle::{Bundle, BundleProblem, MAX_BUNDLE, MAX_DOCUMENTS};
pub use certificate::{CertificateProblem, OrderCertificate, ServerPlatform};
pub use control::{ControlCheck, ControlSettings, NotShown};
pub use desk::{
    ControlReport, Desk, DeskError, DeskSettings, Lists, OrderInfo, OrderList, Page, Precedence, Told,
    turn_ended,
};
pub use domain::{ApprovalScope, ControlMethod, ControlState, Domain};
pub use entity::{Entity, EntityProblem, Kind, MAX_DOCUMENT, Reference};
pub use ids::{CertificateId, DomainId, NotAnId, OrderId, OrganizationId, UserId};
pub use key::{ApiKey, KeyDigest, KeyId, NoRandomness};
pub use order::{Container, NameScope, Order, OrderDomain, OrderRequest, OrderStatus, Product};
pub use organization::{
    Component, Organization, OrganizationStatus, OrganizationValidation, Progress, ValidationState,
    ValidationType, VerifiedContact,
};
pub use registry::{Existing, Imported, OrderFile, Registry, RegistryError};
pub use times::{date, days_between, offset_time, parse_lenient};
pub use upstream::{Freshness, OrderUpstreamSettings, Upstream, UpstreamAnswer, UpstreamError};
pub use user::{Action, Caller, Restriction, Role, User};
