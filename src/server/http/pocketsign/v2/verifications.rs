//! `VerificationService`.

use axum::response::Response;

use super::super::failure::Failure;
use super::Call;
use super::connect::ConnectError;
use super::convert::{certificate_types, check_method, hash_algorithm};
use super::objects::{Empty, KeptVerification, Page, Verified};
use super::paging::{Paging, read_created};
use crate::service::jpki::{HashAlgorithm, SignedDigest, SignedDigestError};
use crate::service::verify::{Identify, VerificationFilter};

pub(super) async fn verify(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let message = &mut call.message;
    let certificate = message.bytes("certificate")?;
    if certificate.is_empty() {
        message.violate("certificate", "bytes.min_len", "value length must be at least 1 bytes");
    }
    let hash = hash_algorithm(message)?;
    let (digest, signature) = (message.bytes("digest")?, message.bytes("signature")?);
    let method = check_method(message)?;
    let identify = Identify::from(message.boolean("identify_user")?);
    let signed = SignedDigest::new(hash.unwrap_or(HashAlgorithm::Sha256), digest, signature);
    // Without a hash there is no length to compare with.
    if let (Err(error), Some(_)) = (&signed, hash) {
        let (field, rule) = match error {
            SignedDigestError::DigestLength { .. } => ("digest", "bytes.len"),
            SignedDigestError::SignatureTooLong { .. } => ("signature", "bytes.max_len"),
            _ => ("signature", "bytes.min_len"),
        };
        message.violate(field, rule, error.to_string());
    }
    call.answer("verify", async |state, caller| {
        // Every violation has been told by now.
        let signed = signed.map_err(|error| Failure::InvalidArgument {
            field: "digest",
            rule: "bytes.len",
            message: error.to_string(),
        })?;
        let verified = state.service.verify(caller.tenant, &certificate, signed, method, identify).await;
        verified.map(Verified::from).map_err(Failure::from)
    })
    .await
}

pub(super) async fn get(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("verification_id")?;
    call.answer("get_verification", async |state, caller| {
        state.service.verification(caller.tenant, id).await.map(KeptVerification::from)
    })
    .await
}

pub(super) async fn list(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let paging = Paging::read(&mut call.message)?;
    let filter = call.message.message("filter", |filter| {
        Ok(VerificationFilter {
            certificates: filter.ids("certificate_ids")?,
            types: certificate_types(filter, "certificate_types")?,
            users: filter.ids("user_ids")?,
            created: read_created(filter)?,
        })
    })?;
    let asked = paging.of(&mut call.message, "ListVerifications", call.caller, &filter);
    call.answer("list_verifications", async |state, caller| {
        let found = state.service.verifications(caller.tenant, filter, asked.slice()).await;
        found.map(|found| -> Page<KeptVerification> { asked.page(found) })
    })
    .await
}

pub(super) async fn delete(mut call: Call<'_>) -> Result<Response, ConnectError> {
    let id = call.message.id("verification_id")?;
    call.answer("delete_verification", async |state, caller| {
        state.service.delete_verification(caller.tenant, id).await.map(|()| Empty {})
    })
    .await
}
