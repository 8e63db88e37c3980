//! The part of the tour where a client of the PocketSign Verify API asks.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::daemon::Daemon;
use super::steps::failed;
use super::tour::Demo;
use crate::cli::error::CliError;
use crate::cli::runtime;

/// Whose certificate is asked about, in the folder of the mock authority.
const SOMEBODY: &str = "people/makoto/1-signature.der";

/// What was shown of the API, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct VerifyApi {
    status: String,
    revocation_reason: String,
}

#[derive(Debug, Deserialize)]
struct Answer {
    certificate_status: Status,
}

#[derive(Debug, Deserialize)]
struct Status {
    status: String,
    revocation_reason: String,
}

impl Demo {
    /// One request of version 1, about a certificate of the server's mock authority.
    pub(super) fn verify_api(&self, place: &Path, daemon: &Daemon) -> Result<VerifyApi, CliError> {
        let mock = place.join("server/mock");
        let read = |name: &str| {
            std::fs::read(mock.join(name)).map_err(|error| CliError::data(mock.join(name), error))
        };
        let token = String::from_utf8_lossy(&read("token")?).trim().to_owned();
        let body = serde_json::json!({
            "certificate": STANDARD.encode(read(SOMEBODY)?),
            "status_check_method": "crl",
        });
        let url = format!("http://{}/certificates/status", daemon.http);
        let asking = async {
            let http = reqwest::Client::builder().no_proxy().build()?;
            let request = http.post(url).bearer_auth(token).header("content-type", "application/json");
            request.body(body.to_string()).send().await?.text().await
        };
        let text = runtime::new()?.block_on(asking).map_err(failed)?;
        let Answer { certificate_status: Status { status, revocation_reason } } =
            serde_json::from_str(&text).map_err(|error| failed(format!("{error}: {text}")))?;
        self.say(&format!(
            "10. The same server speaks the HTTP APIs of other systems. For the PocketSign Verify API it has made a mock \
             authority,\n   so that a client can be written without a card (docs/pocketsign.md):\n   \
             POST /certificates/status   {status}, {revocation_reason}"
        ));
        Ok(VerifyApi { status, revocation_reason })
    }
}
