//! The Cipher API (Сайфер): a certificate in a container of keys, told field by field in a language of people.
//!
//! | request | answer |
//! |---|---|
//! | `POST /api/v1/ticket` | makes a ticket |
//! | `DELETE /api/v1/ticket/{uuid}` | deletes it with all it has |
//! | `PUT /api/v1/ticket/{uuid}/keyStore` | takes a container, as it is or in JSON |
//! | `PUT /api/v1/ticket/{uuid}/keyStore/certificate/info/{keyType}` | tells the certificate of a key |
//! | `PUT /api/v1/ticket/{uuid}/keyStore/certificateInfo/{keyType}` | the same |
//! | `PUT /api/v1/ticket/{uuid}/keyStore/certificate/base64/{keyType}` | the certificate itself |
//! | `POST /api/v1/language/{code}` | changes the language for everybody |
//! | `GET /api/v1/language` | the languages |
//! | `GET /api/v1/protectedParameters/settings` | how to protect parameters |
//!
//! [`tree`] is what is told of a certificate, [`labels`] and [`texts`] are the words, [`protected`] the parameters that
//! are encrypted. What was decided where the original is silent is in `docs/cipher.md`.

mod answers;
mod labels;
mod language;
mod methods;
mod parameters;
mod protected;
mod revocation;
mod state;
mod texts;
mod tree;
mod zone;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post, put};

pub use labels::Labels;
pub use language::{Language, UnknownLanguage};
pub use protected::{ProtectedError, ProtectedKeys, ProtectedSettings, Sealed};
pub use state::{Cipher, CipherSettings};
pub use tree::{NameValues, Places, Profile, Style};
pub use zone::Zone;

/// The routes.
pub fn router(cipher: Arc<Cipher>) -> Router {
    Router::new()
        .route("/api/v1/ticket", post(methods::create))
        .route("/api/v1/ticket/{uuid}", axum::routing::delete(methods::delete))
        .route("/api/v1/ticket/{uuid}/keyStore", put(methods::upload))
        .route("/api/v1/ticket/{uuid}/keyStore/certificate/info/{key_type}", put(methods::info))
        .route("/api/v1/ticket/{uuid}/keyStore/certificateInfo/{key_type}", put(methods::info))
        .route("/api/v1/ticket/{uuid}/keyStore/certificate/base64/{key_type}", put(methods::base64))
        .route("/api/v1/language", get(methods::languages))
        .route("/api/v1/language/{code}", post(methods::change_language))
        .route("/api/v1/protectedParameters/settings", get(methods::protected_settings))
        .route_layer(from_fn_with_state(Arc::clone(&cipher), methods::while_running))
        // Every method has a cap of its own.
        .layer(DefaultBodyLimit::disable())
        .with_state(cipher)
}
