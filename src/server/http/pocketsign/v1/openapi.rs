//! The OpenAPI document.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{certificates, users, verifications};

/// The document, generated from the handlers and the objects.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    Version1::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "PocketSign Verify API, version 1, as served by revocache",
        version = "1",
        description = "Certificates, revocation checks with their history, users and verifications of signatures. \
                       Written from public descriptions of the API; docs/pocketsign.md tells what was known and what was \
                       chosen.",
        license(name = "MIT OR Apache-2.0"),
    ),
    paths(
        verifications::verify,
        verifications::list,
        verifications::get,
        verifications::delete,
        certificates::check_content,
        certificates::list,
        certificates::get,
        certificates::delete,
        certificates::check,
        certificates::history,
        users::list,
        users::get,
        users::delete,
        users::check,
    ),
    tags(
        (name = "verifications", description = "Signatures, and what came of verifying them"),
        (name = "certificates", description = "Certificates, and checks whether they are revoked"),
        (name = "users", description = "Whom certificates were issued to"),
    ),
    modifiers(&Token),
)]
struct Version1;

/// The way in which requests show whose they are.
struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let components = document.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", scheme);
    }
}
