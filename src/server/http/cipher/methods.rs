//! The methods: from a request to its answer.

use std::str::FromStr;
use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::answers::{Done, Failure};
use super::language::Language;
use super::parameters::{Parameters, SecretOctets, gather};
use super::state::Cipher;
use super::texts::{Cause, Message};
use super::tree::Pairs;
use super::{revocation, tree};
use crate::service::tickets::{Container, KeyCertificate, KeyType, TicketError};

/// A part of an address, or several. Octets that are no text name nothing that is there.
type Named<T> = Result<Path<T>, PathRejection>;

/// Octets of parameters other than containers; a protected password has some hundreds.
const MAX_PARAMETERS: usize = 64 << 10;

/// Answers for the methods while the service does not run.
pub(super) async fn while_running(
    State(cipher): State<Arc<Cipher>>,
    request: Request,
    next: Next,
) -> Response {
    if cipher.is_running() {
        return next.run(request).await;
    }
    let of_storage = request.uri().path().contains("/keyStore");
    let message = if of_storage { Message::StorageNotRunning } else { Message::NotRunning };
    Failure::not_running(message).answer(cipher.language())
}

/// `POST /api/v1/ticket`
pub(super) async fn create(State(cipher): State<Arc<Cipher>>) -> Response {
    let language = cipher.language();
    match cipher.tickets.create() {
        Ok(ticket) => Done::of_ticket(Message::TicketCreated, language, ticket).into_response(),
        Err(error) => failure(Message::TicketFailed, error).answer(language),
    }
}

/// `DELETE /api/v1/ticket/{uuid}`
pub(super) async fn delete(State(cipher): State<Arc<Cipher>>, ticket: Named<String>) -> Response {
    let language = cipher.language();
    let ticket = named_or_nothing(ticket);
    let deleted = ticket_named(&ticket).and_then(|ticket| cipher.tickets.delete(ticket).map(|()| ticket));
    match deleted {
        Ok(ticket) => Done::of_ticket(Message::TicketDeleted, language, ticket).into_response(),
        Err(error) => failure(Message::TicketFailed, error).answer(language),
    }
}

/// `PUT /api/v1/ticket/{uuid}/keyStore`
pub(super) async fn upload(
    State(cipher): State<Arc<Cipher>>,
    ticket: Named<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let language = cipher.language();
    match store(&cipher, &named_or_nothing(ticket), &headers, body).await {
        Ok(()) => Done::new(Message::KeyStoreStored, language).into_response(),
        Err(cause) => Failure::new(Message::UploadFailed, cause).answer(language),
    }
}

/// `PUT /api/v1/ticket/{uuid}/keyStore/certificate/info/{keyType}`, and the other address that the documentation has.
pub(super) async fn info(
    State(cipher): State<Arc<Cipher>>,
    named: Named<(String, String)>,
    body: Body,
) -> Response {
    let language = cipher.language();
    let told = match find(&cipher, named_or_nothing(named), body).await {
        Ok(found) => tell(&cipher, found, language).await,
        Err(cause) => Err(cause),
    };
    match told {
        Ok(members) => Json(members).into_response(),
        Err(cause) => Failure::new(Message::InfoFailed, cause).answer(language),
    }
}

/// `PUT /api/v1/ticket/{uuid}/keyStore/certificate/base64/{keyType}`
pub(super) async fn base64(
    State(cipher): State<Arc<Cipher>>,
    named: Named<(String, String)>,
    body: Body,
) -> Response {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        #[serde(skip_serializing_if = "Option::is_none")]
        base64_data: Option<String>,
    }
    let language = cipher.language();
    match find(&cipher, named_or_nothing(named), body).await {
        Ok(found) => {
            let base64_data = found.map(|found| STANDARD.encode(found.certificate.der()));
            Json(Data { base64_data }).into_response()
        }
        Err(cause) => Failure::new(Message::CertificateFailed, cause).answer(language),
    }
}

/// `POST /api/v1/language/{code}`; the answer is in the new language.
pub(super) async fn change_language(State(cipher): State<Arc<Cipher>>, code: Named<String>) -> Response {
    match Language::from_str(&named_or_nothing(code)) {
        Ok(language) => {
            cipher.set_language(language);
            tracing::info!(%language, "the language was changed");
            Done::new(Message::LanguageChanged, language).into_response()
        }
        Err(unknown) => {
            Failure::new(Message::LanguageFailed, Cause::Language(unknown)).answer(cipher.language())
        }
    }
}

/// `GET /api/v1/language`, which the service that clients know does not have: the language in force, and all there are.
pub(super) async fn languages(State(cipher): State<Arc<Cipher>>) -> Response {
    #[derive(Serialize)]
    struct Languages {
        language: &'static str,
        supported: [&'static str; 3],
    }
    let (language, supported) = (cipher.language().code(), Language::ALL.map(Language::code));
    Json(Languages { language, supported }).into_response()
}

/// `GET /api/v1/protectedParameters/settings`
pub(super) async fn protected_settings(State(cipher): State<Arc<Cipher>>) -> Response {
    match cipher.protected.settings(&*cipher.clock) {
        Ok(settings) => Json(settings).into_response(),
        Err(error) => {
            Failure::new(Message::SettingsFailed, Cause::Protected(error)).answer(cipher.language())
        }
    }
}

async fn store(cipher: &Cipher, ticket: &str, headers: &HeaderMap, body: Body) -> Result<(), Cause> {
    let ticket = ticket_named(ticket).map_err(Cause::Ticket)?;
    // Nothing is read for a ticket that is not there.
    cipher.tickets.touch(ticket).map_err(Cause::Ticket)?;
    let limit = cipher.tickets.settings().max_container;
    let too_large = |cause| match cause {
        Cause::TooLarge(_) => Cause::Ticket(TicketError::TooLarge { limit }),
        other => other,
    };
    let octets: SecretOctets = match content_type(headers).as_deref() {
        Some("application/json") => {
            // Four digits for three octets, twice where they are protected as well, and lines.
            let most = limit.saturating_mul(2).saturating_add(MAX_PARAMETERS);
            let body = gather(body, most).await.map_err(too_large)?;
            parameters(cipher, ticket, &body)?.data()?
        }
        None | Some("application/octet-stream") => gather(body, limit).await.map_err(too_large)?,
        Some(_) => return Err(Cause::ContentType),
    };
    let container = Container::new(octets).map_err(|error| Cause::Ticket(error.into()))?;
    cipher.tickets.store(ticket, container).map_err(Cause::Ticket)
}

/// The certificate that a request asks for; `None` if the container has no key of that type.
async fn find(
    cipher: &Cipher,
    (ticket, key_type): (String, String),
    body: Body,
) -> Result<Option<KeyCertificate>, Cause> {
    let ticket = ticket_named(&ticket).map_err(Cause::Ticket)?;
    cipher.tickets.touch(ticket).map_err(Cause::Ticket)?;
    let key_type = KeyType::from_str(&key_type).map_err(|unknown| Cause::Ticket(unknown.into()))?;
    let body = gather(body, MAX_PARAMETERS).await?;
    let password: Zeroizing<String> = parameters(cipher, ticket, &body)?.password()?;
    cipher.tickets.key_certificate(ticket, key_type, password).await.map_err(Cause::Ticket)
}

async fn tell(
    cipher: &Cipher,
    found: Option<KeyCertificate>,
    language: Language,
) -> Result<serde_json::Map<String, serde_json::Value>, Cause> {
    let Some(found) = found else { return Ok(serde_json::Map::new()) };
    let mut members = tree::describe(&found.certificate, language, &cipher.style)
        .map_err(|error| Cause::Ticket(error.into()))?;
    if let Some(checker) = &cipher.revocation {
        let pairs = Pairs::new(language, cipher.style.labels);
        members.extend(revocation::describe(checker, &found, pairs).await.finish());
    }
    Ok(members)
}

fn parameters(cipher: &Cipher, ticket: Uuid, body: &[u8]) -> Result<Parameters, Cause> {
    let ticket = ticket.hyphenated().to_string();
    Parameters::read(body, &cipher.protected, &ticket, &*cipher.clock)
}

fn named_or_nothing<T: Default>(named: Named<T>) -> T {
    named.map_or_else(|_| T::default(), |Path(named)| named)
}

/// The ticket of a name in an address. What is no name of a ticket is the name of none that is there.
fn ticket_named(text: &str) -> Result<Uuid, TicketError> {
    const HYPHENATED: usize = 36;
    let ticket = Uuid::try_parse(text).ok().filter(|_| text.len() == HYPHENATED);
    ticket.ok_or(TicketError::NoTicket)
}

fn failure(message: Message, error: TicketError) -> Failure {
    Failure::new(message, Cause::Ticket(error))
}

/// The type of the body without its parameters, in lower case.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::CONTENT_TYPE)?.to_str().unwrap_or_default();
    let (essence, _) = value.split_once(';').unwrap_or((value, ""));
    Some(essence.trim().to_ascii_lowercase())
}
