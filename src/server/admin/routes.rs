//! The routes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Serialize;
use tokio::sync::Mutex;

use super::access::{AdminAccess, Decision};
use super::audit::{AuditState, audit};
use super::exposition::{CONTENT_TYPE, exposition};
use super::readiness::Readiness;
use crate::ingest::source::{SourcesHandle, SourcesStatus};
use crate::store::Store;
use crate::telemetry::{Family, Metrics};

/// How long a refresh is waited for; what takes longer goes on.
const REFRESH: Duration = Duration::from_secs(60);

/// What the admin listener shows.
pub struct Admin {
    /// The sources.
    pub sources: SourcesHandle,
    /// Whoever else has numbers.
    pub metrics: Vec<Arc<dyn Metrics>>,
    /// Whether this server should be asked.
    pub readiness: Arc<Readiness>,
    /// Who may ask for a refresh.
    pub access: AdminAccess,
    /// When the process began.
    pub started: Instant,
    /// Where who changed what is kept; `None` if nothing is on that could be changed.
    pub audit: Option<Store>,
    /// Held while a refresh is under way.
    refreshing: Mutex<()>,
}

#[derive(Debug, Serialize)]
struct Status {
    version: &'static str,
    uptime_seconds: u64,
    ready: bool,
    obstacles: Vec<&'static str>,
    #[serde(flatten)]
    sources: SourcesStatus,
}

#[derive(Debug, Serialize)]
struct Ready {
    ready: bool,
    obstacles: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
pub(super) struct Problem {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Admin {
    /// Shows the sources, and whatever else has numbers.
    #[must_use]
    pub fn new(
        sources: SourcesHandle,
        metrics: Vec<Arc<dyn Metrics>>,
        readiness: Arc<Readiness>,
        access: AdminAccess,
    ) -> Self {
        let (started, refreshing) = (Instant::now(), Mutex::default());
        Self { sources, metrics, readiness, access, started, audit: None, refreshing }
    }

    /// Shows the audit log in this database, too.
    #[must_use]
    pub fn with_audit(self, audit: Option<Store>) -> Self {
        Self { audit, ..self }
    }

    fn families(&self) -> Vec<Family> {
        let mut families = self.sources.families();
        families.extend(self.metrics.iter().flat_map(|metrics| metrics.families()));
        let mut process = Family::gauge("revocache_info", "1, with the version of the program");
        process.number(&[("version", env!("CARGO_PKG_VERSION"))], 1.0);
        let mut uptime = Family::gauge("revocache_uptime_seconds", "Time since the process began");
        uptime.number(&[], self.started.elapsed().as_secs_f64());
        let mut ready = Family::gauge("revocache_ready", "1 while the server should be asked");
        ready.number(&[], f64::from(u8::from(self.readiness.obstacles().is_empty())));
        families.extend([process, uptime, ready]);
        families
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin").field("readiness", &self.readiness).finish_non_exhaustive()
    }
}

/// The paths of the routes.
pub const PATHS: [&str; 6] = ["/metrics", HEALTH, "/readyz", "/status", "/refresh", AUDIT];
/// The path that says whether the process works.
const HEALTH: &str = "/healthz";
/// The path of the audit log.
const AUDIT: &str = "/audit";

/// The routes, to be served by themselves or merged into others. They need `ConnectInfo<SocketAddr>`.
pub fn router(admin: Arc<Admin>) -> Router {
    let audited = match &admin.audit {
        Some(store) => {
            let state = AuditState { store: store.clone(), access: admin.access.clone() };
            Router::new().route(AUDIT, get(audit)).with_state(state)
        }
        None => Router::new(),
    };
    Router::new()
        .route("/metrics", get(metrics))
        .route("/readyz", get(readyz))
        .route("/status", get(status))
        .route("/refresh", post(refresh))
        .with_state(admin)
        .merge(audited)
        .merge(health())
}

/// The one route that tells nothing but that there is an answer.
pub fn health() -> Router {
    Router::new().route(HEALTH, get(async || "ok\n"))
}

async fn metrics(State(admin): State<Arc<Admin>>) -> Response {
    // Walking a large index and many sources takes milliseconds, which other connections should not wait for.
    let families = tokio::task::spawn_blocking(move || exposition(admin.families())).await;
    match families {
        Ok(Ok(text)) => {
            ([(header::CONTENT_TYPE, HeaderValue::from_static(CONTENT_TYPE))], text).into_response()
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn readyz(State(admin): State<Arc<Admin>>) -> Response {
    let obstacles = admin.readiness.obstacles();
    let ready = obstacles.is_empty();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(Ready { ready, obstacles })).into_response()
}

async fn status(State(admin): State<Arc<Admin>>) -> Response {
    let obstacles = admin.readiness.obstacles();
    Json(Status {
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: admin.started.elapsed().as_secs(),
        ready: obstacles.is_empty(),
        obstacles,
        sources: admin.sources.status(),
    })
    .into_response()
}

async fn refresh(
    State(admin): State<Arc<Admin>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if let Some(refusal) = refusal(&admin.access, peer, &headers, "refresh") {
        return refusal;
    }
    // One at a time: a second one would bring nothing but traffic.
    let Ok(_refreshing) = admin.refreshing.try_lock() else {
        let message = "a refresh is under way already".to_owned();
        let problem = Json(Problem { code: "under_way", message });
        return (StatusCode::TOO_MANY_REQUESTS, problem).into_response();
    };
    tracing::info!(%peer, "emergency refresh");
    Json(admin.sources.refresh_now(REFRESH).await).into_response()
}

/// The answer to those who may not do this; `None` for who may.
pub(super) fn refusal(
    access: &AdminAccess,
    peer: SocketAddr,
    headers: &HeaderMap,
    what: &str,
) -> Option<Response> {
    let (status, code, message) = match access.decide(peer, headers) {
        Decision::Granted => return None,
        Decision::TokenNeeded => (
            StatusCode::UNAUTHORIZED,
            "token_needed",
            "send Authorization: Bearer with the admin token".to_owned(),
        ),
        Decision::NotFromThere => (
            StatusCode::FORBIDDEN,
            "not_from_there",
            format!("without an admin token only programs on this machine may {what}"),
        ),
    };
    tracing::warn!(%peer, code, what, "refused");
    Some((status, Json(Problem { code, message })).into_response())
}
