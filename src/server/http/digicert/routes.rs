//! The routes of clients.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{ConnectInfo, DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use axum::routing::{any, get, put};
use axum::{Extension, Router, middleware};
use serde_json::Value;
use url::form_urlencoded;

use super::Digicert;
use super::errors::ApiError;
use super::format::Format;
use super::gate::authenticate;
use super::query::selection;
use super::views;
use crate::service::audit::{AuditEvent, AuditOutcome};
use crate::service::orders::{
    Caller, ControlReport, Freshness, OrderId, OrderList, Page, Told, UpstreamAnswer, turn_ended,
};
use crate::types::UnixTime;

/// The most octets of a body.
const MAX_BODY: usize = 64 << 10;
/// The most names of one check.
const MAX_NAMES: usize = 1000;
/// How an answer of another server was come by (RFC 9211).
const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");

type Reply = Result<Response<Body>, ApiError>;

/// The routes below `/services/v2`, where every other path is unknown in the words of the API.
pub(super) fn router(digicert: &Arc<Digicert>) -> Router {
    Router::new()
        .route("/services/v2/order/certificate", get(list))
        .route("/services/v2/order/certificate/status-changes", get(changes))
        .route("/services/v2/order/certificate/{id}", get(info))
        .route("/services/v2/order/certificate/{id}/validation", get(validation))
        .route("/services/v2/order/certificate/{id}/check-dcv", put(check_control))
        .route("/services/v2/user/me", get(myself))
        // Routes and not a fallback, which would be for the paths of other families too.
        .route("/services/v2", any(unknown))
        .route("/services/v2/", any(unknown))
        .route("/services/v2/{*rest}", any(unknown))
        .method_not_allowed_fallback(unknown)
        .route_layer(middleware::from_fn_with_state(Arc::clone(digicert), authenticate))
        .route_layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(Arc::clone(digicert))
}

async fn unknown(headers: HeaderMap) -> Response<Body> {
    Format::wanted(&headers).refuse(&ApiError::NoRoute)
}

async fn validation(
    State(digicert): State<Arc<Digicert>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    let format = Format::wanted(&headers);
    let answer = async {
        let id = order_id(path)?;
        let with_risk_check = flag(query.as_deref(), "include_risk_check");
        let now = digicert.desk.now();
        match digicert.desk.validation(&caller, id, with_risk_check).await? {
            Told::Local(file) => {
                let ended = digicert.settings.ended_domain;
                let document = views::validation(&file, now, ended, with_risk_check);
                Ok(format.respond(StatusCode::OK, &document))
            }
            Told::Upstream(answer) => relay(&digicert, format, &answer, now),
        }
    };
    answer.await.unwrap_or_else(|error| format.refuse(&error))
}

async fn info(
    State(digicert): State<Arc<Digicert>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> Response<Body> {
    let format = Format::wanted(&headers);
    let answer = async {
        let Path(reference) = path.map_err(|_| ApiError::NoOrder)?;
        let now = digicert.desk.now();
        match digicert.desk.info(&caller, &reference).await? {
            Told::Local(info) => Ok(format.respond(StatusCode::OK, &views::info(&info, now))),
            Told::Upstream(answer) => relay(&digicert, format, &answer, now),
        }
    };
    answer.await.unwrap_or_else(|error| format.refuse(&error))
}

async fn list(
    State(digicert): State<Arc<Digicert>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    page(&digicert, &caller, &headers, query, OrderList::Orders, views::list).await
}

async fn changes(
    State(digicert): State<Arc<Digicert>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    page(&digicert, &caller, &headers, query, OrderList::Changes, views::changes).await
}

/// A page of a list of orders, as a view shows it.
async fn page(
    digicert: &Digicert,
    caller: &Caller,
    headers: &HeaderMap,
    query: Option<String>,
    list: OrderList,
    view: fn(&Page, u32, u32, UnixTime) -> Value,
) -> Response<Body> {
    let format = Format::wanted(headers);
    let answer = async {
        let (selection, spelt) = selection(query.as_deref().unwrap_or_default())?;
        let (limit, offset) = (selection.limit, selection.offset);
        let now = digicert.desk.now();
        match digicert.desk.list(caller, list, selection, &spelt).await? {
            Told::Local(page) => Ok(format.respond(StatusCode::OK, &view(&page, limit, offset, now))),
            Told::Upstream(answer) => relay(digicert, format, &answer, now),
        }
    };
    answer.await.unwrap_or_else(|error| format.refuse(&error))
}

async fn check_control(
    State(digicert): State<Arc<Digicert>>,
    Extension(caller): Extension<Caller>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
    body: Result<Bytes, BytesRejection>,
) -> Response<Body> {
    let format = Format::wanted(&headers);
    let answer: Reply = async {
        let id = order_id(path)?;
        let names = names(&headers, body)?;
        let checked = digicert.desk.check_control(&caller, id, &names).await.map_err(ApiError::from);
        let peer = peer.map(|Extension(ConnectInfo(peer))| peer);
        digicert.audit.log(noted(&caller, peer, id, &checked)).await;
        let report = checked?;
        Ok(format.respond(StatusCode::OK, &views::control(&report)))
    }
    .await;
    answer.unwrap_or_else(|error| format.refuse(&error))
}

async fn myself(Extension(caller): Extension<Caller>, headers: HeaderMap) -> Response<Body> {
    Format::wanted(&headers).respond(StatusCode::OK, &views::myself(&caller))
}

/// What a check leaves in the log of changes.
fn noted(
    caller: &Caller,
    peer: Option<SocketAddr>,
    id: OrderId,
    checked: &Result<ControlReport, ApiError>,
) -> AuditEvent {
    let (outcome, detail) = match checked {
        Ok(report) => {
            let shown = report.names.iter().filter(|(_, approved)| *approved).count();
            (AuditOutcome::Done, format!("{shown} of {} names approved", report.names.len()))
        }
        Err(error) if error.status().is_client_error() => (AuditOutcome::Refused, error.code().to_owned()),
        Err(error) => (AuditOutcome::Failed, error.code().to_owned()),
    };
    AuditEvent {
        family: "digicert",
        actor: format!("{}, key {}", caller.user.username, caller.key),
        peer: peer.map(|peer| peer.ip()),
        action: "order/check-dcv".to_owned(),
        target: format!("order {id}"),
        outcome,
        detail,
    }
}

/// The number of an order in the path. What is no number is the number of no order.
fn order_id(path: Result<Path<String>, PathRejection>) -> Result<OrderId, ApiError> {
    let Path(text) = path.map_err(|_| ApiError::NoOrder)?;
    text.parse().map_err(|_| ApiError::NoOrder)
}

/// Whether a query says so.
fn flag(query: Option<&str>, name: &str) -> bool {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.any(|(key, value)| key == name && matches!(&*value, "true" | "1"))
}

/// The names that are to be checked; none means all.
fn names(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<Vec<String>, ApiError> {
    let bad = |message: String| ApiError::BadRequest { message };
    let body = body.map_err(|_| bad(format!("The request body has more than {MAX_BODY} octets.")))?;
    let Some(document) = Format::read(headers, &body)? else { return Ok(Vec::new()) };
    let Value::Object(members) = document else {
        return Err(bad("The request body is not an object.".to_owned()));
    };
    let list = match members.get("dns_names_validations") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) if list.len() <= MAX_NAMES => list,
        Some(Value::Array(_)) => {
            return Err(bad(format!("dns_names_validations has more than {MAX_NAMES} names.")));
        }
        Some(_) => return Err(bad("dns_names_validations is not a list of names.".to_owned())),
    };
    let names = list.iter().map(|name| name.as_str().map(str::to_owned));
    names
        .collect::<Option<_>>()
        .ok_or_else(|| bad("dns_names_validations has an item that is no name.".to_owned()))
}

/// What another server said, with its age.
fn relay(digicert: &Digicert, format: Format, answer: &UpstreamAnswer, now: UnixTime) -> Reply {
    // It was read when it came.
    let mut document: Value = serde_json::from_slice(&answer.document).map_err(|_| ApiError::Internal)?;
    turn_ended(&mut document, now, digicert.settings.ended_domain.name());
    let mut response = format.respond(StatusCode::OK, &document);
    let age = u64::try_from(now.since(answer.validated)).unwrap_or(0);
    let status = match &answer.freshness {
        Freshness::Hit => "revocache; hit",
        Freshness::Fetched => "revocache; fwd=miss; stored",
        Freshness::Revalidated => "revocache; fwd=stale; fwd-status=304",
        Freshness::Stale { .. } => "revocache; hit; detail=stale-if-error",
    };
    response.headers_mut().insert(header::AGE, age.into());
    response.headers_mut().insert(CACHE_STATUS, HeaderValue::from_static(status));
    Ok(response)
}
