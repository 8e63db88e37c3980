//! The PocketSign Verify API: certificates, revocation checks with their history, users, and verifications of signatures.
//!
//! Version 1 ([`v1`]) is REST, version 2 ([`v2`]) calls in the Connect protocol with JSON. Both ask the same use cases and
//! put what they tell in their own words; neither knows the database. A request shows whose it is by a bearer token, and
//! whatever is not of that tenant does not exist for it.

mod base64;
mod failure;
mod numbers;
mod token;
pub mod v1;
pub mod v2;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;

use crate::service::verify::VerifyService;

use numbers::Outcome;
pub use numbers::PocketSignNumbers;

/// How the API is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PocketSignSettings {
    /// How version 1 spells the results of verifications.
    pub results: ResultSpelling,
    /// What version 2 does with fields it does not know.
    pub unknown_fields: v2::UnknownFields,
    /// Octets of a body.
    pub max_body: usize,
}

/// How version 1 spells the results of verifications. What is public about it has both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ResultSpelling {
    /// `RESULT_OK`, as its schema does.
    #[default]
    Schema,
    /// `ok`, as its prose does.
    Prose,
}

/// What the handlers work with.
pub struct PocketSign {
    service: VerifyService,
    settings: PocketSignSettings,
    numbers: Arc<PocketSignNumbers>,
}

impl Default for PocketSignSettings {
    fn default() -> Self {
        Self {
            results: ResultSpelling::default(),
            unknown_fields: v2::UnknownFields::default(),
            max_body: 256 << 10,
        }
    }
}

impl PocketSign {
    /// The API over these use cases.
    #[must_use]
    pub fn new(service: VerifyService, settings: PocketSignSettings) -> Self {
        Self { service, settings, numbers: Arc::default() }
    }

    /// What there is to monitor.
    #[must_use]
    pub fn numbers(&self) -> Arc<PocketSignNumbers> {
        Arc::clone(&self.numbers)
    }

    /// Runs an operation, and counts how it ended.
    async fn counted<T, E: Outcome>(
        &self,
        version: &'static str,
        operation: &'static str,
        running: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let result = running.await;
        self.numbers.count(version, operation, result.as_ref().err().map_or("ok", Outcome::outcome));
        result
    }
}

impl std::fmt::Debug for PocketSign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PocketSign").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// The routes of both versions.
pub fn router(state: Arc<PocketSign>) -> Router {
    let limit = DefaultBodyLimit::max(state.settings.max_body);
    v1::router(&state).merge(v2::router(state)).layer(limit)
}
