//! The ASTERIA Warp MC API (flow service management console), module `certificate` and the logins of module `auth`.
//!
//! `/mcapi/{Module}/{Function}[.{Format}]`: certificates that this server presents and trusts, made, exchanged and
//! shown. `function` says for each function who may call it and how it can fail, `code` what failures are called,
//! `answer` how answers look; `handlers` puts the two ends together. What is done is done by a
//! [`KeyVault`](crate::keystore::KeyVault), and noted in an [`AuditLog`](crate::service::audit::AuditLog).
//!
//! The evaluation of a call is in one order: function, method, session, role, request, presence and values of
//! parameters, existence, passwords, processing. `docs/asteria.md` tells what was decided where the manual is silent.

mod answer;
mod auth;
mod certificate;
mod code;
mod create;
mod function;
mod handlers;
mod parameters;
mod settings;
mod upload;

use std::sync::Arc;

use axum::Router;
use axum::routing::any;

pub use self::code::Code;
pub use self::function::{Action, Function};
pub use self::handlers::Asteria;
pub use self::settings::{AsteriaSettings, ChainInfo, CodeForm, MissingStatus, WeakRequests};

/// The header that carries the session.
pub const SESSION_HEADER: &str = "X-As-SessionId";

/// The routes.
pub fn router(asteria: Arc<Asteria>) -> Router {
    Router::new().route("/mcapi/{*call}", any(handlers::call)).with_state(asteria)
}
