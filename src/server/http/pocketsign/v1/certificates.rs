//! `/certificates`.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Extension, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};

use super::super::PocketSign;
use super::super::token::Caller;
use super::VERSION;
use super::convert::{page_of, parse_id};
use super::error::{ApiError, Failures};
use super::objects::{
    CertificateStatusEntry, CertificateWithUser, CheckedCertificate, CheckedCertificateWithContent, Page,
};
use super::requests::{
    CheckCertificateRequest, CheckStatusRequest, CreatedParameters, PageParameters, Query, read_body,
};
use crate::service::verify::CertificateFilter;

/// Check a certificate by its data.
#[utoipa::path(
    post, path = "/certificates/status", tag = "certificates", operation_id = "checkCertificateByContent",
    request_body = CheckCertificateRequest,
    responses((status = 200, description = "The check was made", body = CheckedCertificateWithContent), Failures),
    security(("token" = []))
)]
pub(super) async fn check_content(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CheckedCertificateWithContent>, ApiError> {
    state
        .counted(VERSION, "check_content", async {
            let request: CheckCertificateRequest = read_body(&headers, body)?;
            let (method, identify) = (request.status_check_method.into(), request.identify_user.into());
            let checked =
                state.service.check_content(caller.tenant, &request.certificate.0, method, identify).await?;
            Ok(Json(checked.into()))
        })
        .await
}

/// Search certificates.
#[utoipa::path(
    get, path = "/certificates", tag = "certificates", operation_id = "listCertificates",
    params(
        PageParameters,
        ("certificate_id" = Option<Vec<uuid::Uuid>>, Query, description = "Only these"),
        ("certificate_type" = Option<Vec<super::objects::CertificateType>>, Query, description = "Only of these kinds"),
        ("user_id" = Option<Vec<uuid::Uuid>>, Query, description = "Only of these users"),
        ("latest" = Option<bool>, Query, description = "Only the newest ones of users, or only the others"),
        CreatedParameters,
    ),
    responses((status = 200, description = "A page", body = Page<CertificateWithUser>), Failures),
    security(("token" = []))
)]
pub(super) async fn list(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<CertificateWithUser>>, ApiError> {
    state
        .counted(VERSION, "list_certificates", async {
            let query = Query::new(query.as_deref());
            let page = query.page()?;
            let filter = CertificateFilter {
                certificates: query.ids(&["certificate_id"])?,
                types: query.types(&["certificate_type", "type"])?,
                users: query.ids(&["user_id"])?,
                latest: query.boolean("latest")?,
                created: query.created()?,
            };
            let found = state.service.certificates(caller.tenant, filter, page.slice()).await?;
            Ok(Json(page_of(page, found)))
        })
        .await
}

/// Get a certificate.
#[utoipa::path(
    get, path = "/certificates/{id}", tag = "certificates", operation_id = "getCertificate",
    params(("id" = uuid::Uuid, Path, description = "Id of the certificate")),
    responses((status = 200, description = "The certificate", body = CertificateWithUser), Failures),
    security(("token" = []))
)]
pub(super) async fn get(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<CertificateWithUser>, ApiError> {
    state
        .counted(VERSION, "get_certificate", async {
            let found = state.service.certificate(caller.tenant, parse_id("certificate", &id)?).await?;
            Ok(Json(found.into()))
        })
        .await
}

/// Delete a certificate with the history of its checks. Verifications stay, without the certificate.
#[utoipa::path(
    delete, path = "/certificates/{id}", tag = "certificates", operation_id = "deleteCertificate",
    params(("id" = uuid::Uuid, Path, description = "Id of the certificate")),
    responses((status = 204, description = "Deleted"), Failures),
    security(("token" = []))
)]
pub(super) async fn delete(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    state
        .counted(VERSION, "delete_certificate", async {
            state.service.delete_certificate(caller.tenant, parse_id("certificate", &id)?).await?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Check a certificate that was stored.
#[utoipa::path(
    post, path = "/certificates/{id}/status", tag = "certificates", operation_id = "checkCertificate",
    params(("id" = uuid::Uuid, Path, description = "Id of the certificate")),
    request_body = CheckStatusRequest,
    responses((status = 200, description = "The check was made", body = CheckedCertificate), Failures),
    security(("token" = []))
)]
pub(super) async fn check(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CheckedCertificate>, ApiError> {
    state
        .counted(VERSION, "check_certificate", async {
            let request: CheckStatusRequest = read_body(&headers, body)?;
            let (method, identify) = (request.status_check_method.into(), request.identify_user.into());
            let id = parse_id("certificate", &id)?;
            let checked = state.service.check_certificate(caller.tenant, id, method, identify).await?;
            Ok(Json(checked.into()))
        })
        .await
}

/// Get the history of the checks of a certificate, ascending by the time of creation.
#[utoipa::path(
    get, path = "/certificates/{id}/status", tag = "certificates", operation_id = "listCertificateStatuses",
    params(("id" = uuid::Uuid, Path, description = "Id of the certificate"), PageParameters),
    responses((status = 200, description = "A page", body = Page<CertificateStatusEntry>), Failures),
    security(("token" = []))
)]
pub(super) async fn history(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<CertificateStatusEntry>>, ApiError> {
    state
        .counted(VERSION, "list_statuses", async {
            let page = Query::new(query.as_deref()).page()?;
            let id = parse_id("certificate", &id)?;
            let found = state.service.history(caller.tenant, id, page.slice()).await?;
            Ok(Json(page_of(page, found)))
        })
        .await
}
