//! Answers: a message, and for failures their cause, in the language in force.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use uuid::Uuid;

use super::language::Language;
use super::texts::{Cause, Message};
use crate::service::tickets::TicketError;

/// The answer to a request that was done.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Done {
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_uuid: Option<Uuid>,
}

impl Done {
    pub(super) fn new(message: Message, language: Language) -> Json<Self> {
        Json(Self { message: message.text().in_language(language), ticket_uuid: None })
    }

    pub(super) fn of_ticket(message: Message, language: Language, ticket: Uuid) -> Json<Self> {
        Json(Self { message: message.text().in_language(language), ticket_uuid: Some(ticket) })
    }
}

/// Why a request was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    message: Message,
    cause: Option<Cause>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FailureBody {
    message: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    failure_cause: Option<String>,
}

impl Failure {
    /// A failure of an operation. That there is no such ticket is always said in the same words.
    pub(super) fn new(message: Message, cause: Cause) -> Self {
        match cause {
            Cause::Ticket(TicketError::NoTicket) => Self { message: Message::NoTicket, cause: None },
            cause => Self { message, cause: Some(cause) },
        }
    }

    /// The service does not run.
    pub(super) const fn not_running(message: Message) -> Self {
        Self { message, cause: None }
    }

    /// Clients know four statuses: 200, 400 for a ticket that is not there, 503 for a service that cannot serve now, and
    /// 500 for everything else.
    fn status(&self) -> StatusCode {
        match (self.message, &self.cause) {
            (Message::NoTicket, _) => StatusCode::BAD_REQUEST,
            (Message::NotRunning | Message::StorageNotRunning, _)
            | (
                _,
                Some(Cause::Ticket(
                    TicketError::TooManyTickets { .. } | TicketError::NoRoom { .. } | TicketError::Stopped,
                )),
            ) => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    pub(super) fn answer(&self, language: Language) -> Response {
        let body = FailureBody {
            message: self.message.text().in_language(language),
            failure_cause: self.cause.as_ref().map(|cause| cause.text(language)),
        };
        (self.status(), Json(body)).into_response()
    }
}
