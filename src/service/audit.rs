//! Who changed what, when, from where, and how it ended.
//!
//! Whatever changes something of this server for somebody writes an [`AuditEvent`] to an [`AuditLog`], also when it was
//! refused. Entries are only ever added. They hold no secrets: names and numbers, never what was entered.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;
use std::str::FromStr;

use crate::store::{NewAuditEntry, Store};

/// Characters of a text in an entry that are kept; names come from outside.
const MAX_TEXT: usize = 200;

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditOutcome {
    /// It was done.
    Done,
    /// Whoever asked was not allowed to, or asked for what cannot be.
    Refused,
    /// It was tried, and something of this server failed.
    Failed,
}

/// Something that was done or asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Through which API or command: `asteria`, `digicert`, `cli`, ….
    pub family: &'static str,
    /// Who; empty for nobody known.
    pub actor: String,
    /// From which address; `None` for this machine's command line.
    pub peer: Option<IpAddr>,
    /// What was done, such as `server/ca/delete`.
    pub action: String,
    /// To what, such as an alias or an order.
    pub target: String,
    /// How it ended.
    pub outcome: AuditOutcome,
    /// What else there is to say, such as an error code.
    pub detail: String,
}

/// Takes events. What cannot be kept is logged with all that is in it, and stops nobody: the thing is done.
pub trait AuditLog: Send + Sync {
    /// Takes an event; done when it is on disk.
    fn log(&self, event: AuditEvent) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

impl AuditLog for Store {
    fn log(&self, event: AuditEvent) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            if let Err(error) = self.add_audit_entry(event.entry()).await {
                tracing::error!(?event, %error, "not in the audit log");
            }
        })
    }
}

impl AuditEvent {
    fn entry(&self) -> NewAuditEntry {
        let cut = |text: &str| text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect();
        NewAuditEntry {
            family: self.family.to_owned(),
            actor: cut(&self.actor),
            peer: self.peer.map(|peer| peer.to_canonical().to_string()),
            action: cut(&self.action),
            target: cut(&self.target),
            outcome: self.outcome.code(),
            detail: cut(&self.detail),
        }
    }
}

impl AuditOutcome {
    const ALL: [Self; 3] = [Self::Done, Self::Refused, Self::Failed];

    fn code(self) -> i64 {
        match self {
            Self::Done => 0,
            Self::Refused => 1,
            Self::Failed => 2,
        }
    }

    /// The outcome of a code in the store; one of a newer program counts as a failure.
    #[must_use]
    pub fn of_code(code: i64) -> Self {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code).unwrap_or(Self::Failed)
    }
}

impl fmt::Display for AuditOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        })
    }
}

impl FromStr for AuditOutcome {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|outcome| outcome.to_string() == text)
            .ok_or_else(|| format!("'{text}' is none of done, refused, failed"))
    }
}
