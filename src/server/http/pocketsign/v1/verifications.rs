//! `/verifications`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};

use super::super::PocketSign;
use super::super::token::Caller;
use super::VERSION;
use super::convert::{parse_id, signed_digest};
use super::error::{ApiError, Failures};
use super::objects::{KeptVerification, Page, Verified};
use super::requests::{CreatedParameters, PageParameters, Query, VerifyRequest, read_body};
use crate::service::verify::VerificationFilter;

/// Verify a signature.
#[utoipa::path(
    post, path = "/verifications", tag = "verifications", operation_id = "verify",
    request_body = VerifyRequest,
    responses((status = 200, description = "The signature was looked at; what came of it is in the result", body = Verified), Failures),
    security(("token" = []))
)]
pub(super) async fn verify(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Verified>, ApiError> {
    state
        .counted(VERSION, "verify", async {
            let request: VerifyRequest = read_body(&headers, body)?;
            let signed = signed_digest(request.hash_algorithm, request.digest.0, request.signature.0)?;
            let (method, identify) = (request.status_check_method.into(), request.identify_user.into());
            let verified =
                state.service.verify(caller.tenant, &request.certificate.0, signed, method, identify).await?;
            Ok(Json(Verified::new(verified, state.settings.results)))
        })
        .await
}

/// Search verifications.
#[utoipa::path(
    get, path = "/verifications", tag = "verifications", operation_id = "listVerifications",
    params(
        PageParameters,
        ("certificate_id" = Option<Vec<uuid::Uuid>>, Query, description = "Only with these certificates"),
        ("certificate_type" = Option<Vec<super::objects::CertificateType>>, Query, description = "Only of these kinds"),
        ("user_id" = Option<Vec<uuid::Uuid>>, Query, description = "Only of these users"),
        CreatedParameters,
    ),
    responses((status = 200, description = "A page", body = Page<KeptVerification>), Failures),
    security(("token" = []))
)]
pub(super) async fn list(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<KeptVerification>>, ApiError> {
    state
        .counted(VERSION, "list_verifications", async {
            let query = Query::new(query.as_deref());
            let page = query.page()?;
            let filter = VerificationFilter {
                certificates: query.ids(&["certificate_id"])?,
                types: query.types(&["certificate_type", "type"])?,
                users: query.ids(&["user_id"])?,
                created: query.created()?,
            };
            let found = state.service.verifications(caller.tenant, filter, page.slice()).await?;
            Ok(Json(page.with(found, |kept| KeptVerification::new(&kept, state.settings.results))))
        })
        .await
}

/// Get a verification.
#[utoipa::path(
    get, path = "/verifications/{id}", tag = "verifications", operation_id = "getVerification",
    params(("id" = uuid::Uuid, Path, description = "Id of the verification")),
    responses((status = 200, description = "The verification", body = KeptVerification), Failures),
    security(("token" = []))
)]
pub(super) async fn get(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<KeptVerification>, ApiError> {
    state
        .counted(VERSION, "get_verification", async {
            let kept = state.service.verification(caller.tenant, parse_id("verification", &id)?).await?;
            Ok(Json(KeptVerification::new(&kept, state.settings.results)))
        })
        .await
}

/// Delete a verification. The certificate and the history of its checks stay.
#[utoipa::path(
    delete, path = "/verifications/{id}", tag = "verifications", operation_id = "deleteVerification",
    params(("id" = uuid::Uuid, Path, description = "Id of the verification")),
    responses((status = 204, description = "Deleted"), Failures),
    security(("token" = []))
)]
pub(super) async fn delete(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    state
        .counted(VERSION, "delete_verification", async {
            state.service.delete_verification(caller.tenant, parse_id("verification", &id)?).await?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}
