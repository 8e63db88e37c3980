//! The registry, for operators: what `revocache order` does, over HTTP.
//!
//! | request | answer |
//! |---|---|
//! | `POST /admin/orders/import` | keeps the documents of a bundle; with `?new=true` only if none is there yet |
//! | `GET /admin/orders/{kind}?after=&limit=` | documents by rising number |
//! | `GET`, `PATCH`, `DELETE /admin/orders/{kind}/{id}` | shows, changes (RFC 7396), removes one |
//! | `GET`, `POST /admin/orders/keys` | API keys; a new one is shown in the answer and nowhere else |
//! | `DELETE /admin/orders/keys/{id}` | ends an API key |
//!
//! A kind is `users`, `organizations`, `domains` or `orders`. Who may is decided as for the admin listener.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, Query, Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Digicert;
use crate::server::admin::{AdminAccess, Decision};
use crate::service::audit::{AuditEvent, AuditOutcome};
use crate::service::orders::{
    ApiKey, Bundle, Existing, Kind, MAX_BUNDLE, MAX_DOCUMENT, Reference, RegistryError, Restriction, UserId,
};

/// The most documents of a page.
const MAX_PAGE: u32 = 1000;

/// Who changes something.
#[derive(Debug, Clone, Copy)]
struct Operator {
    /// Whoever has the token, or is on this machine.
    name: &'static str,
    peer: Option<IpAddr>,
}

/// Why a request is refused.
#[derive(Debug)]
struct Problem {
    status: StatusCode,
    code: &'static str,
    message: String,
}

#[derive(Debug, Deserialize)]
struct ImportQuery {
    #[serde(default)]
    new: bool,
}

#[derive(Debug, Deserialize)]
struct PageQuery {
    #[serde(default)]
    after: i64,
    #[serde(default = "whole_page")]
    limit: u32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKey {
    name: String,
    user_id: UserId,
    #[serde(default)]
    restriction: Restriction,
}

/// A key that has just been made.
#[derive(Debug, Serialize)]
struct MadeKey<'a> {
    #[serde(flatten)]
    key: &'a ApiKey,
    api_key: &'a str,
}

/// The routes.
pub(super) fn router(digicert: Arc<Digicert>) -> Router {
    Router::new()
        .route("/admin/orders/import", post(import).layer(DefaultBodyLimit::max(MAX_BUNDLE)))
        .route("/admin/orders/keys", get(keys).post(add_key))
        .route("/admin/orders/keys/{id}", delete(remove_key))
        .route("/admin/orders/{kind}", get(list))
        .route("/admin/orders/{kind}/{id}", get(show).patch(change).delete(remove))
        .route_layer(DefaultBodyLimit::max(MAX_DOCUMENT))
        // Of these routes alone: a layer would have every path that nobody knows as well.
        .route_layer(middleware::from_fn_with_state(Arc::clone(&digicert), permit))
        .with_state(digicert)
}

/// Lets those through who may.
async fn permit(State(digicert): State<Arc<Digicert>>, mut request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    // Somebody whose address is not known is not on this machine.
    let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
    let problem = match digicert.access.decide(peer.unwrap_or(unknown), request.headers()) {
        Decision::Granted => {
            let name = match digicert.access {
                AdminAccess::ThisMachine => "this machine",
                AdminAccess::Token { .. } => "admin token",
            };
            request.extensions_mut().insert(Operator { name, peer: peer.map(|peer| peer.ip()) });
            return next.run(request).await;
        }
        Decision::TokenNeeded => Problem {
            status: StatusCode::UNAUTHORIZED,
            code: "token_needed",
            message: "send Authorization: Bearer with the admin token".to_owned(),
        },
        Decision::NotFromThere => Problem {
            status: StatusCode::FORBIDDEN,
            code: "not_from_there",
            message: "without an admin token only programs on this machine may change orders".to_owned(),
        },
    };
    tracing::warn!(?peer, code = problem.code, "refused a change of orders");
    problem.into_response()
}

async fn import(
    State(digicert): State<Arc<Digicert>>,
    Extension(operator): Extension<Operator>,
    Query(query): Query<ImportQuery>,
    body: Bytes,
) -> Result<Response, Problem> {
    let existing = if query.new { Existing::Refuse } else { Existing::Replace };
    let imported = match Bundle::parse(&body) {
        Ok(bundle) => digicert.desk.registry().import(bundle, existing).await,
        Err(problem) => Err(RegistryError::Bundle(problem)),
    };
    let imported = digicert.noted(operator, "import", String::new(), imported).await?;
    Ok(Json(imported).into_response())
}

async fn list(
    State(digicert): State<Arc<Digicert>>,
    Path(kind): Path<String>,
    Query(page): Query<PageQuery>,
) -> Result<Response, Problem> {
    let kind = known_kind(&kind)?;
    let limit = page.limit.clamp(1, MAX_PAGE);
    let mut bundle = Bundle::default();
    for entity in digicert.desk.registry().entities(kind, page.after, limit).await? {
        bundle.push(kind, entity.document());
    }
    Ok(Json(bundle).into_response())
}

async fn show(
    State(digicert): State<Arc<Digicert>>,
    Path((kind, id)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let part = Reference { kind: known_kind(&kind)?, id };
    Ok(Json(digicert.desk.registry().entity(part).await?.document()).into_response())
}

async fn change(
    State(digicert): State<Arc<Digicert>>,
    Extension(operator): Extension<Operator>,
    Path((kind, id)): Path<(String, i64)>,
    Json(patch): Json<Value>,
) -> Result<Response, Problem> {
    let part = Reference { kind: known_kind(&kind)?, id };
    let changed = digicert.desk.registry().change(part, patch).await;
    let changed = digicert.noted(operator, "set", part.to_string(), changed).await?;
    Ok(Json(changed).into_response())
}

async fn remove(
    State(digicert): State<Arc<Digicert>>,
    Extension(operator): Extension<Operator>,
    Path((kind, id)): Path<(String, i64)>,
) -> Result<Response, Problem> {
    let part = Reference { kind: known_kind(&kind)?, id };
    let removed = digicert.desk.registry().remove(part).await;
    digicert.noted(operator, "remove", part.to_string(), removed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn keys(State(digicert): State<Arc<Digicert>>) -> Result<Response, Problem> {
    Ok(Json(json!({"keys": digicert.desk.registry().keys().await?})).into_response())
}

async fn add_key(
    State(digicert): State<Arc<Digicert>>,
    Extension(operator): Extension<Operator>,
    Json(new): Json<NewKey>,
) -> Result<Response, Problem> {
    let made = digicert.desk.registry().add_key(&new.name, new.user_id, new.restriction).await;
    let target = match &made {
        Ok((key, _)) => format!("{} of user {}", key.id, new.user_id),
        Err(_) => format!("user {}", new.user_id),
    };
    let (key, secret) = digicert.noted(operator, "key/add", target, made).await?;
    let made = MadeKey { key: &key, api_key: &secret };
    Ok((StatusCode::CREATED, Json(made)).into_response())
}

async fn remove_key(
    State(digicert): State<Arc<Digicert>>,
    Extension(operator): Extension<Operator>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let unknown = |_| Problem {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        message: "the id of an API key is a UUID".to_owned(),
    };
    let id = id.parse().map_err(unknown)?;
    let removed = digicert.desk.registry().remove_key(id).await;
    digicert.noted(operator, "key/remove", id.to_string(), removed).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl Digicert {
    /// Notes what became of a change, and passes it on.
    async fn noted<T>(
        &self,
        operator: Operator,
        action: &str,
        target: String,
        result: Result<T, RegistryError>,
    ) -> Result<T, Problem> {
        let (outcome, detail) = match &result {
            Ok(_) => (AuditOutcome::Done, String::new()),
            Err(error) if error.is_refusal() => (AuditOutcome::Refused, error.to_string()),
            Err(error) => (AuditOutcome::Failed, error.to_string()),
        };
        let event = AuditEvent {
            family: "digicert",
            actor: operator.name.to_owned(),
            peer: operator.peer,
            action: format!("order/{action}"),
            target,
            outcome,
            detail,
        };
        self.audit.log(event).await;
        Ok(result?)
    }
}

fn known_kind(name: &str) -> Result<Kind, Problem> {
    Kind::parse(name).ok_or_else(|| Problem {
        status: StatusCode::NOT_FOUND,
        code: "not_found",
        message: "kinds are users, organizations, domains and orders".to_owned(),
    })
}

const fn whole_page() -> u32 {
    MAX_PAGE
}

impl From<RegistryError> for Problem {
    fn from(error: RegistryError) -> Self {
        let code = error.code();
        let status = match code {
            "not_found" => StatusCode::NOT_FOUND,
            "exists" | "needed" | "missing" => StatusCode::CONFLICT,
            "bad_document" => StatusCode::BAD_REQUEST,
            "unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(%error, "the registry of orders");
        }
        Self { status, code, message: error.to_string() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        (self.status, Json(json!({"code": self.code, "message": self.message}))).into_response()
    }
}
