//! `CertificateService`.

use axum::response::Response;

use super::Call;
use super::connect::ConnectError;
use super::convert::{certificate_types, check_method};
use super::objects::{CertificateWithUser, CheckedCertificate, Empty, Page, StatusOnly};
use super::paging::{Paging, read_created};
use crate::service::verify::{CertificateFilter, CheckFilter, Identify};

pub(super) async fn get(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("certificate_id")?;
    call.answer("get_certificate", async |state, caller| {
        state.service.certificate(caller.tenant, id).await.map(CertificateWithUser::from)
    })
    .await
}

pub(super) async fn list(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let paging = Paging::read(&mut call.message)?;
    let filter = call.message.message("filter", |filter| {
        Ok(CertificateFilter {
            certificates: Vec::new(),
            types: certificate_types(filter, "certificate_types")?,
            users: filter.ids("user_ids")?,
            latest: None,
            created: read_created(filter)?,
        })
    })?;
    let asked = paging.of(&mut call.message, "ListCertificates", call.caller, &filter);
    call.answer("list_certificates", async |state, caller| {
        let found = state.service.certificates(caller.tenant, filter, asked.slice()).await;
        found.map(|found| -> Page<CertificateWithUser> { asked.page(found) })
    })
    .await
}

pub(super) async fn delete(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("certificate_id")?;
    call.answer("delete_certificate", async |state, caller| {
        state.service.delete_certificate(caller.tenant, id).await.map(|()| Empty {})
    })
    .await
}

pub(super) async fn check(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("certificate_id")?;
    let method = check_method(&mut call.message)?;
    let identify = Identify::from(call.message.boolean("identify_user")?);
    call.answer("check_certificate", async |state, caller| {
        let checked = state.service.check_certificate(caller.tenant, id, method, identify).await;
        checked.map(CheckedCertificate::from)
    })
    .await
}

pub(super) async fn get_status(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("certificate_status_id")?;
    call.answer("get_status", async |state, caller| {
        state.service.check(caller.tenant, id).await.map(StatusOnly::from)
    })
    .await
}

pub(super) async fn list_statuses(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let paging = Paging::read(&mut call.message)?;
    let filter = call.message.message("filter", |filter| {
        Ok(CheckFilter { certificates: filter.ids("certificate_ids")?, created: read_created(filter)? })
    })?;
    let asked = paging.of(&mut call.message, "ListCertificateStatuses", call.caller, &filter);
    call.answer("list_statuses", async |state, caller| {
        let found = state.service.checks(caller.tenant, filter, asked.slice()).await;
        found.map(|found| -> Page<StatusOnly> { asked.page(found) })
    })
    .await
}
