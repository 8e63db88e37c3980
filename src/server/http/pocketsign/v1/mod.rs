//! Version 1: resources at the root of the host, without a prefix for the version.
//!
//! The OpenAPI document is generated from what is here; a test compares it with the committed one.

mod certificates;
mod convert;
mod error;
mod objects;
mod openapi;
mod requests;
mod users;
mod verifications;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

pub use openapi::document;

use super::PocketSign;
use super::token::{Caller, Refused};
use error::{ApiError, ErrorCode};

/// The name in metrics.
const VERSION: &str = "v1";

/// The routes. `/openapi.json` needs no token.
pub(super) fn router(state: &Arc<PocketSign>) -> Router {
    Router::new()
        .route("/verifications", post(verifications::verify).get(verifications::list))
        .route("/verifications/{id}", get(verifications::get).delete(verifications::delete))
        .route("/certificates", get(certificates::list))
        .route("/certificates/status", post(certificates::check_content))
        .route("/certificates/{id}", get(certificates::get).delete(certificates::delete))
        .route("/certificates/{id}/status", post(certificates::check).get(certificates::history))
        .route("/users", get(users::list))
        .route("/users/{id}", get(users::get).delete(users::delete))
        .route("/users/{id}/status", post(users::check))
        .route_layer(from_fn_with_state(Arc::clone(state), authenticate))
        .route("/openapi.json", get(|| async { Json(document()) }))
        .with_state(Arc::clone(state))
}

/// Lets requests with a token pass, and tells whose they are.
async fn authenticate(State(state): State<Arc<PocketSign>>, mut request: Request, next: Next) -> Response {
    match state.caller(request.headers()).await {
        Ok(caller) => {
            request.extensions_mut().insert::<Caller>(caller);
            next.run(request).await
        }
        Err(Refused::Token) => {
            let error = ApiError::new(ErrorCode::AuthenticationFailed, Refused::NO_TOKEN);
            ([(header::WWW_AUTHENTICATE, "Bearer")], error).into_response()
        }
        Err(Refused::Failed(failure)) => {
            state.numbers.count(VERSION, "authenticate", failure.name());
            ApiError::from(failure).into_response()
        }
    }
}
