//! `revocache refresh`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use super::error::CliError;
use super::exit::Exit;
use super::output::print_json;
use super::serve::{ServeError, USUAL_DATA, running};
use crate::server::admin::read_token;

/// Longer than the server waits for its sources.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Make a running server look at every source now
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  revocache refresh --data /var/lib/revocache
  revocache refresh --http 127.0.0.1:8080 --token-file admin.token --json

For an emergency revocation: every source is fetched past caches, and when the command ends every process that reads the
index has the outcome. Exit code 0 if all sources could be read, 69 if not or if no server could be asked.")]
pub(super) struct Refresh {
    /// Data folder of the server
    #[arg(long, value_name = "DIR", default_value = USUAL_DATA)]
    data: PathBuf,
    /// Its address, or the URL before /refresh [default: what the data folder tells]
    #[arg(long, value_name = "HOST:PORT")]
    http: Option<String>,
    /// A file whose first line is the admin token [default: what the data folder tells]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Refresh {
    pub(super) fn run(&self) -> Result<Exit, CliError> {
        let (address, token_file) = match &self.http {
            Some(address) => (address.clone(), self.token_file.clone()),
            None => {
                let running = running(&self.data)?;
                let address = running.admin.ok_or_else(|| ServeError::Unreachable {
                    address: self.data.display().to_string(),
                    reason: "its admin listener is off; send SIGHUP instead".to_owned(),
                })?;
                (address, self.token_file.clone().or(running.token_file))
            }
        };
        let token = token_file.map(|file| read_token(&file)).transpose().map_err(ServeError::Token)?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(ServeError::Runtime)?;
        let report = runtime.block_on(ask(&address, token.as_deref()))?;
        let is_fine = |source: &Source| matches!(source.outcome.as_str(), "accepted" | "unchanged");
        let all_fine = report.sources.iter().all(is_fine) && report.unfinished == 0;
        if self.json {
            print_json(&report)?;
        } else {
            for Source { name, outcome, message } in &report.sources {
                let message = message.as_deref().map(|text| format!(": {text}")).unwrap_or_default();
                println!("{outcome:<12} {name}{message}");
            }
            println!("generation {}, before it was {}", report.generation, report.generation_before);
        }
        Ok(if all_fine { Exit::Good } else { Exit::Unavailable })
    }
}

/// The report of the server, read leniently: it may be of another version.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Report {
    generation_before: u64,
    generation: u64,
    sources: Vec<Source>,
    #[serde(default)]
    unfinished: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Source {
    name: String,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
}

/// Why the server refused.
#[derive(Debug, Deserialize)]
struct Problem {
    message: String,
}

/// Whether a URL leads to this machine itself, which then needs no proof of who it is: without TLS there would be none.
fn is_this_machine(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    })
}

/// Makes the server at an address look at its sources.
pub(super) async fn ask(address: &str, token: Option<&str>) -> Result<Report, ServeError> {
    let unreachable = |error: reqwest::Error| {
        let reason = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
        ServeError::Unreachable { address: address.to_owned(), reason }
    };
    let base = match address.contains("://") {
        true => address.to_owned(),
        false => format!("http://{address}"),
    };
    let client = reqwest::Client::builder()
        .no_proxy()
        .timeout(TIMEOUT)
        .tls_danger_accept_invalid_certs(is_this_machine(&base))
        .build()
        .map_err(unreachable)?;
    let mut request = client.post(format!("{base}/refresh"));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let body = response.bytes().await.map_err(unreachable)?;
    if status.is_success() {
        return serde_json::from_slice(&body).map_err(|error| ServeError::Unreachable {
            address: address.to_owned(),
            reason: format!("what answers is no server of this program ({error})"),
        });
    }
    let problem: Option<Problem> = serde_json::from_slice(&body).ok();
    let reason = problem.map_or_else(|| status.to_string(), |problem| problem.message);
    Err(ServeError::Refused { address: address.to_owned(), reason })
}
