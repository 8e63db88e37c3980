//! `GET /audit`: who changed what.

use std::net::SocketAddr;

use axum::Json;
use axum::extract::{ConnectInfo, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::access::AdminAccess;
use super::routes::{Problem, refusal};
use crate::service::audit::AuditOutcome;
use crate::store::{AuditEntry, AuditQuery, Store};
use crate::types::UnixTime;

/// Entries in one answer, at most.
const MAX: u32 = 1000;
/// Entries where nothing is said.
const USUAL: u32 = 100;

/// The log, and who may read it.
#[derive(Clone)]
pub(super) struct AuditState {
    pub(super) store: Store,
    pub(super) access: AdminAccess,
}

/// An entry of the audit log as it is shown, by the command line too.
#[derive(Debug, Serialize)]
pub struct ShownEntry {
    /// Its id, by which to ask for older ones.
    pub id: Uuid,
    /// When it happened (RFC 3339).
    pub time: String,
    /// Through which API or command.
    pub family: String,
    /// Who; empty for nobody known.
    pub actor: String,
    /// From which address; null for this machine's command line.
    pub peer: Option<String>,
    /// What was done.
    pub action: String,
    /// To what.
    pub target: String,
    /// `done`, `refused` or `failed`.
    pub outcome: String,
    /// What else there is to say.
    pub detail: String,
}

impl From<AuditEntry> for ShownEntry {
    fn from(found: AuditEntry) -> Self {
        let entry = found.entry;
        Self {
            id: found.id,
            time: found.happened_at.to_string(),
            family: entry.family,
            actor: entry.actor,
            peer: entry.peer,
            action: entry.action,
            target: entry.target,
            outcome: AuditOutcome::of_code(entry.outcome).to_string(),
            detail: entry.detail,
        }
    }
}

/// What is asked for; all of it may be left out.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    since: Option<String>,
    until: Option<String>,
    actor: Option<String>,
    before: Option<Uuid>,
    limit: Option<u32>,
}

pub(super) async fn audit(
    State(state): State<AuditState>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    Query(asked): Query<Asked>,
) -> Response {
    if let Some(refusal) = refusal(&state.access, peer, &headers, "read the audit log") {
        return refusal;
    }
    let query = match query(asked) {
        Ok(query) => query,
        Err(message) => {
            let problem = Problem { code: "bad_query", message };
            return (StatusCode::BAD_REQUEST, Json(problem)).into_response();
        }
    };
    match state.store.audit_entries(query).await {
        Ok(entries) => Json(entries.into_iter().map(ShownEntry::from).collect::<Vec<_>>()).into_response(),
        Err(error) => {
            tracing::error!(%error, "the audit log cannot be read");
            let message = "the audit log cannot be read".to_owned();
            let problem = Problem { code: "unavailable", message };
            (StatusCode::SERVICE_UNAVAILABLE, Json(problem)).into_response()
        }
    }
}

fn query(asked: Asked) -> Result<AuditQuery, String> {
    let time = |text: Option<String>| {
        text.map(|text| UnixTime::parse_rfc3339(&text)).transpose().map_err(|error| error.to_string())
    };
    let limit = asked.limit.unwrap_or(USUAL);
    if !(1..=MAX).contains(&limit) {
        return Err(format!("limit is 1 to {MAX}"));
    }
    let actor = asked.actor.map(|actor| actor.strip_prefix('/').map_or(actor.clone(), str::to_owned));
    Ok(AuditQuery {
        since: time(asked.since)?,
        until: time(asked.until)?,
        actor,
        before: asked.before,
        limit,
    })
}
