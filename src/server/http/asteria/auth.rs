//! Module `auth`: logging in and out.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::answer::Success;
use super::code::{Code, Failure};
use super::handlers::Asteria;
use super::parameters::Parameters;
use crate::service::accounts::LoginError;
use crate::service::audit::AuditOutcome;
use crate::types::Seconds;

/// Idle minutes of a session where nothing else is said.
const USUAL_MINUTES: u32 = 30;
/// Idle minutes a session may have: a day.
const MAX_MINUTES: u32 = 1440;

/// `auth/login`
pub(super) async fn log_in(
    asteria: &Asteria,
    parameters: &Parameters,
    peer: Option<IpAddr>,
) -> Result<Success, Failure> {
    parameters.demand(&["userName", "password"])?;
    let minutes = match parameters.get("timeout") {
        None => USUAL_MINUTES,
        Some(text) => text
            .parse()
            .ok()
            .filter(|minutes| (1..=MAX_MINUTES).contains(minutes))
            .ok_or_else(|| Failure::with(Code::C2003, format!("timeout is 1 to {MAX_MINUTES} minutes")))?,
    };
    let with_role = match parameters.get("getRole") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Failure::with(Code::C2003, "getRole is true or false")),
    };
    let name = parameters.get("userName").unwrap_or_default();
    let idle = Seconds(minutes * 60);
    let logged_in = asteria.accounts.log_in(name, parameters.secret("password"), peer, idle).await;
    let (outcome, detail) = match &logged_in {
        Ok(_) => (AuditOutcome::Done, String::new()),
        Err(LoginError::Wrong | LoginError::Throttled { .. }) => {
            (AuditOutcome::Refused, describe(&logged_in))
        }
        Err(_) => (AuditOutcome::Failed, describe(&logged_in)),
    };
    asteria.record(name, peer, "auth/login", "", outcome, detail).await;
    let logged_in = logged_in.map_err(|error| match error {
        LoginError::Wrong => Failure::from(Code::C3002),
        LoginError::Throttled { retry_after } => {
            Failure::with(Code::C3004, format!("in {} seconds", retry_after.0))
        }
        other => {
            tracing::error!(error = %other, "a login failed");
            Failure::from(Code::C5102)
        }
    })?;
    let mut data: Map<String, Value> = [
        ("sessionId", json!(logged_in.session.as_str())),
        ("serverName", json!(asteria.settings.server_name)),
        ("serverId", json!(asteria.settings.server_id)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    if with_role {
        data.insert("role".to_owned(), json!(logged_in.caller.role.to_string()));
    }
    Ok(Success::Data(data))
}

fn describe<T>(outcome: &Result<T, LoginError>) -> String {
    outcome.as_ref().err().map(ToString::to_string).unwrap_or_default()
}
