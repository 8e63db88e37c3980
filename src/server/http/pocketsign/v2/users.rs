//! `UserService`.

use axum::response::Response;

use super::Call;
use super::connect::ConnectError;
use super::convert::{certificate_type, check_method};
use super::objects::{CheckedUser, Empty, Page, UserOnly};
use super::paging::{Paging, read_created};
use crate::service::verify::UserFilter;

pub(super) async fn get(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("user_id")?;
    call.answer("get_user", async |state, caller| {
        state.service.user(caller.tenant, id).await.map(UserOnly::from)
    })
    .await
}

pub(super) async fn list(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let paging = Paging::read(&mut call.message)?;
    let filter = call
        .message
        .message("filter", |filter| Ok(UserFilter { users: Vec::new(), created: read_created(filter)? }))?;
    let asked = paging.of(&mut call.message, "ListUsers", call.caller, &filter);
    call.answer("list_users", async |state, caller| {
        let found = state.service.users(caller.tenant, filter, asked.slice()).await;
        found.map(|found| -> Page<UserOnly> { asked.page(found) })
    })
    .await
}

pub(super) async fn delete(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("user_id")?;
    call.answer("delete_user", async |state, caller| {
        state.service.delete_user(caller.tenant, id).await.map(|()| Empty {})
    })
    .await
}

pub(super) async fn check(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("user_id")?;
    let certificate_type = certificate_type(&mut call.message, "certificate_type")?;
    let method = check_method(&mut call.message)?;
    call.answer("check_user", async |state, caller| {
        state.service.check_user(caller.tenant, id, certificate_type, method).await.map(CheckedUser::from)
    })
    .await
}
