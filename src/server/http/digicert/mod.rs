//! The CertCentral Services API, version 2, as far as it tells how orders and their validation stand.
//!
//! | request | answer |
//! |---|---|
//! | `GET /services/v2/order/certificate/{id}/validation` | how far the validation for an order is |
//! | `GET /services/v2/order/certificate/{id}` | an order, by its number or by thumbprint or serial number of its certificate |
//! | `GET /services/v2/order/certificate` | orders, filtered, sorted and in pages |
//! | `GET /services/v2/order/certificate/status-changes` | what became of orders |
//! | `PUT /services/v2/order/certificate/{id}/check-dcv` | looks whether control over the domains is shown |
//! | `GET /services/v2/user/me` | whose key it is |
//! | `/admin/orders/…` | the registry behind them, for operators |
//!
//! Who asks is told by the `X-DC-DEVKEY` header; every key has its rolling limits. Answers are JSON, or XML for those
//! who accept that. Errors are lists of a code and a message. `docs/digicert.md` says more, and what of it is inferred.

mod admin;
mod errors;
mod format;
mod gate;
mod query;
mod routes;
mod views;
mod xml;

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use axum::Router;

pub use self::xml::{XmlProblem, read_document};
use super::limits::{RollingWindow, Window};
use crate::server::admin::AdminAccess;
use crate::service::audit::AuditLog;
use crate::service::orders::Desk;
use crate::types::{Clock, Seconds};

/// What the operator decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigicertSettings {
    /// How often one key may ask. Default 1000 times in 3 minutes and 100 times in 5 seconds.
    pub limits: Vec<Window>,
    /// The most keys and addresses whose requests are counted. Default 10,000.
    pub max_callers: NonZeroUsize,
    /// The status of a domain whose approval has ended. Default `expired`.
    pub ended_domain: EndedDomain,
}

/// The status of a domain whose approval has ended. The documented lists contradict each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EndedDomain {
    /// `expired`
    #[default]
    Expired,
    /// `pending`, as validations of organizations have it.
    Pending,
}

/// What the routes work with.
pub struct Digicert {
    desk: Desk,
    settings: DigicertSettings,
    limits: RollingWindow,
    access: AdminAccess,
    audit: Arc<dyn AuditLog>,
}

impl Default for DigicertSettings {
    fn default() -> Self {
        let window = |requests: u32, seconds| Window {
            requests: NonZeroU32::MIN.saturating_add(requests.saturating_sub(1)),
            span: Seconds(seconds),
        };
        Self {
            limits: vec![window(1000, 180), window(100, 5)],
            max_callers: NonZeroUsize::MIN.saturating_add(9_999),
            ended_domain: EndedDomain::default(),
        }
    }
}

impl EndedDomain {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Pending => "pending",
        }
    }
}

impl Digicert {
    /// Answers from a desk; `access` says who may change the registry, and `audit` takes what was changed. Limits count
    /// by `clock`.
    #[must_use]
    pub fn new(
        desk: Desk,
        settings: DigicertSettings,
        access: AdminAccess,
        audit: Arc<dyn AuditLog>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let limits = RollingWindow::new(settings.limits.clone(), settings.max_callers, clock);
        Self { desk, settings, limits, access, audit }
    }
}

impl std::fmt::Debug for Digicert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digicert").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The routes.
pub fn router(digicert: Arc<Digicert>) -> Router {
    routes::router(&digicert).merge(admin::router(digicert))
}
