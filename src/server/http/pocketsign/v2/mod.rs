//! Version 2: unary calls of the Connect protocol with JSON, always `POST /<package>.<Service>/<Method>`.
//!
//! `connect` is the protocol, `proto_json` reads messages, `details` are the details of errors. The messages are
//! written down in `docs/pocketsign_v2.proto`.

mod certificates;
mod connect;
mod convert;
mod details;
mod names;
mod objects;
mod page_token;
mod paging;
mod proto_json;
mod users;
mod verifications;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;

use super::PocketSign;
use super::token::{Caller, Refused};
use connect::{Code, ConnectError, check_headers, timeout};
use proto_json::MessageReader;

pub use proto_json::UnknownFields;

/// The name in metrics.
const VERSION: &str = "v2";

/// The services.
#[derive(Debug, Clone, Copy)]
enum Service {
    Certificate,
    User,
    Verification,
}

/// One call: whose it is, and its message.
struct Call<'a> {
    state: &'a PocketSign,
    caller: Caller,
    message: MessageReader,
}

/// The routes.
pub(super) fn router(state: Arc<PocketSign>) -> Router {
    let service = |service: Service| {
        post(
            move |State(state): State<Arc<PocketSign>>,
                  Path(method): Path<String>,
                  headers: HeaderMap,
                  body: Result<Bytes, BytesRejection>| async move {
                serve(&state, service, &method, &headers, body).await
            },
        )
    };
    Router::new()
        .route("/pocketsign.verify.v2.CertificateService/{method}", service(Service::Certificate))
        .route("/pocketsign.verify.v2.UserService/{method}", service(Service::User))
        .route("/pocketsign.verify.v2.VerificationService/{method}", service(Service::Verification))
        .with_state(state)
}

async fn serve(
    state: &PocketSign,
    service: Service,
    method: &str,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    if let Err(refused) = check_headers(headers) {
        return refused.into_response();
    }
    let caller = match state.caller(headers).await {
        Ok(caller) => caller,
        Err(refused) => return turned_away(state, refused),
    };
    let answering = async {
        let body = body.map_err(|rejection| {
            let code = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Code::ResourceExhausted,
                _ => Code::InvalidArgument,
            };
            ConnectError::new(code, rejection.body_text())
        })?;
        let message = MessageReader::new(&body, state.settings.unknown_fields)?;
        dispatch(service, method, Call { state, caller, message }).await
    };
    let answer = match timeout(headers) {
        // No time at all: nothing is begun.
        Some(limit) if limit.is_zero() => Err(late()),
        Some(limit) => tokio::time::timeout(limit, answering).await.unwrap_or_else(|_| Err(late())),
        None => answering.await,
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn dispatch(service: Service, method: &str, call: Call<'_>) -> Result<Response, ConnectError> {
    match (service, method) {
        (Service::Certificate, "GetCertificate") => certificates::get(call).await,
        (Service::Certificate, "ListCertificates") => certificates::list(call).await,
        (Service::Certificate, "DeleteCertificate") => certificates::delete(call).await,
        (Service::Certificate, "CheckCertificateStatus") => certificates::check(call).await,
        (Service::Certificate, "GetCertificateStatus") => certificates::get_status(call).await,
        (Service::Certificate, "ListCertificateStatuses") => certificates::list_statuses(call).await,
        (Service::User, "GetUser") => users::get(call).await,
        (Service::User, "ListUsers") => users::list(call).await,
        (Service::User, "DeleteUser") => users::delete(call).await,
        (Service::User, "CheckUserStatus") => users::check(call).await,
        (Service::Verification, "Verify") => verifications::verify(call).await,
        (Service::Verification, "GetVerification") => verifications::get(call).await,
        (Service::Verification, "ListVerifications") => verifications::list(call).await,
        (Service::Verification, "DeleteVerification") => verifications::delete(call).await,
        _ => Err(ConnectError::new(Code::Unimplemented, "there is no such method")),
    }
}

impl Call<'_> {
    /// Ends reading, runs an operation, counts how it ended, and makes its answer a response.
    async fn answer<T, E>(
        self,
        operation: &'static str,
        run: impl AsyncFnOnce(&PocketSign, Caller) -> Result<T, E>,
    ) -> Result<Response, ConnectError>
    where
        T: Serialize,
        ConnectError: From<E>,
    {
        let Self { state, caller, message } = self;
        let running = async {
            message.finish()?;
            Ok(run(state, caller).await?)
        };
        state.counted(VERSION, operation, running).await.map(|answer| Json(answer).into_response())
    }
}

fn late() -> ConnectError {
    let message = "not answered within connect-timeout-ms; what was asked may still be done";
    ConnectError::new(Code::DeadlineExceeded, message)
}

fn turned_away(state: &PocketSign, refused: Refused) -> Response {
    match refused {
        Refused::Token => {
            let error = ConnectError::new(Code::Unauthenticated, Refused::NO_TOKEN);
            ([(header::WWW_AUTHENTICATE, "Bearer")], error).into_response()
        }
        Refused::Failed(failure) => {
            state.numbers.count(VERSION, "authenticate", failure.name());
            ConnectError::from(failure).into_response()
        }
    }
}
