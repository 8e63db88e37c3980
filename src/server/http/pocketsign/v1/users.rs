//! `/users`.

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
use super::objects::{CheckedUser, Page, UserEntry};
use super::requests::{CheckUserRequest, CreatedParameters, PageParameters, Query, read_body};
use crate::service::verify::UserFilter;

/// Search users.
#[utoipa::path(
    get, path = "/users", tag = "users", operation_id = "listUsers",
    params(
        PageParameters,
        ("user_id" = Option<Vec<uuid::Uuid>>, Query, description = "Only these"),
        CreatedParameters,
    ),
    responses((status = 200, description = "A page", body = Page<UserEntry>), Failures),
    security(("token" = []))
)]
pub(super) async fn list(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    RawQuery(query): RawQuery,
) -> Result<Json<Page<UserEntry>>, ApiError> {
    state
        .counted(VERSION, "list_users", async {
            let query = Query::new(query.as_deref());
            let page = query.page()?;
            let filter = UserFilter { users: query.ids(&["user_id"])?, created: query.created()? };
            let found = state.service.users(caller.tenant, filter, page.slice()).await?;
            Ok(Json(page_of(page, found)))
        })
        .await
}

/// Get a user.
#[utoipa::path(
    get, path = "/users/{id}", tag = "users", operation_id = "getUser",
    params(("id" = uuid::Uuid, Path, description = "Id of the user")),
    responses((status = 200, description = "The user", body = UserEntry), Failures),
    security(("token" = []))
)]
pub(super) async fn get(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<Json<UserEntry>, ApiError> {
    state
        .counted(VERSION, "get_user", async {
            let found = state.service.user(caller.tenant, parse_id("user", &id)?).await?;
            Ok(Json(found.into()))
        })
        .await
}

/// Delete a user. Certificates and verifications stay; the next identification makes a new user.
#[utoipa::path(
    delete, path = "/users/{id}", tag = "users", operation_id = "deleteUser",
    params(("id" = uuid::Uuid, Path, description = "Id of the user")),
    responses((status = 204, description = "Deleted"), Failures),
    security(("token" = []))
)]
pub(super) async fn delete(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    state
        .counted(VERSION, "delete_user", async {
            state.service.delete_user(caller.tenant, parse_id("user", &id)?).await?;
            Ok(StatusCode::NO_CONTENT)
        })
        .await
}

/// Check the newest certificate that is known of a user.
#[utoipa::path(
    post, path = "/users/{id}/status", tag = "users", operation_id = "checkUser",
    params(("id" = uuid::Uuid, Path, description = "Id of the user")),
    request_body = CheckUserRequest,
    responses((status = 200, description = "The check was made", body = CheckedUser), Failures),
    security(("token" = []))
)]
pub(super) async fn check(
    State(state): State<Arc<PocketSign>>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<CheckedUser>, ApiError> {
    state
        .counted(VERSION, "check_user", async {
            let request: CheckUserRequest = read_body(&headers, body)?;
            let certificate_type = request.certificate_type.map(|named| named.0);
            let id = parse_id("user", &id)?;
            let method = request.status_check_method.into();
            let checked = state.service.check_user(caller.tenant, id, certificate_type, method).await?;
            Ok(Json(checked.into()))
        })
        .await
}
