//! The part of the tour where other machines ask: over QUIC and HTTP.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::ca::DemoCa;
use super::daemon::Daemon;
use super::steps::{describe, failed, microseconds, only_certificate};
use super::tour::Demo;
use crate::cli::error::CliError;
use crate::cli::output::count;
use crate::cli::{refresh, runtime};
use crate::client::{Client, ClientSettings, ServerTrust};
use crate::pki::Certificate;
use crate::types::{Verdict, to_hex};
use crate::wire::{Options, Question, Target};

/// The serial of the certificate that is revoked while a client watches.
const WATCHED: u64 = 3;

/// What was shown over QUIC and HTTP, for `--json`.
#[derive(Debug, Serialize)]
pub(super) struct OverNetwork {
    quic: SocketAddr,
    http: SocketAddr,
    fingerprint: String,
    before: &'static str,
    after: &'static str,
    round_trip_microseconds: u64,
    noticed_microseconds: u64,
    entries: u64,
}

/// What the tour tells of the server's status.
#[derive(Debug, Deserialize)]
struct Status {
    ready: bool,
    builds: Builds,
}

#[derive(Debug, Deserialize)]
struct Builds {
    generation: u64,
    entries: u64,
}

impl Demo {
    /// A server, a client, and a revocation between two questions.
    pub(super) fn over_network(
        &self,
        ca: &mut DemoCa,
        place: &Path,
        daemon: &Daemon,
    ) -> Result<OverNetwork, CliError> {
        let pem = ca.issue("watched.example", WATCHED)?;
        std::fs::write(place.join("watched.pem"), &pem)?;
        let certificate = only_certificate(&pem)?;
        runtime::new()?.block_on(async {
            let trust = ServerTrust::Fingerprint(daemon.fingerprint);
            let client =
                Client::connect(daemon.quic, trust, ClientSettings::default()).await.map_err(failed)?;
            let before = ask(&client, &certificate).await?;
            let started = Instant::now();
            let again = ask(&client, &certificate).await?;
            let round_trip = microseconds(started.elapsed());
            self.say(&format!(
                "7. `revocache serve` follows the list and answers over QUIC at {}, with a certificate of its own \
                 (SHA-256 {}…).\n   A client that knows this fingerprint asks, and has its answer after {round_trip} µs:\n   \
                 {:<12} {}",
                daemon.quic,
                to_hex(daemon.fingerprint.get(..4).unwrap_or_default()),
                "watched.pem",
                describe(&again)
            ));

            let mut news = client.subscribe(&[]).await.map_err(failed)?;
            ca.revoke(WATCHED);
            let list = ca.crl()?;
            let revoked = Instant::now();
            replace(&place.join("list.crl"), &list)?;
            let http = daemon.http.to_string();
            let refresh = tokio::spawn(async move { refresh::ask(&http, None).await });
            // The first notice tells the generation that was there before.
            let mut after = before;
            while after.generation == before.generation {
                news.next().await.ok_or_else(|| failed("the server is gone"))?.map_err(failed)?;
                after = ask(&client, &certificate).await?;
            }
            let noticed = microseconds(revoked.elapsed());
            let _ = refresh.await;
            self.say(&format!(
                "   watched.example is revoked, and a new list published. The server verifies it, builds from it and tells \
                 the client,\n   which asks again and knows, {:.1} ms after the list was there:\n   {:<12} {}",
                f64::from(u32::try_from(noticed).unwrap_or(u32::MAX)) / 1e3,
                "watched.pem",
                describe(&after)
            ));
            client.close().await;

            let status = status(daemon.http).await?;
            self.say(&format!(
                "8. The same server over HTTP, for people and monitoring: http://{}/status says {}, generation {}, {}.",
                daemon.http,
                if status.ready { "ready" } else { "not ready" },
                status.builds.generation,
                count(status.builds.entries, "revoked certificate", "revoked certificates")
            ));
            Ok(OverNetwork {
                quic: daemon.quic,
                http: daemon.http,
                fingerprint: to_hex(&daemon.fingerprint),
                before: before.status.name(),
                after: after.status.name(),
                round_trip_microseconds: round_trip,
                noticed_microseconds: noticed,
                entries: status.builds.entries,
            })
        })
    }
}

/// Puts a file in the place of another at once, so that the server never reads half of it.
fn replace(path: &Path, octets: &[u8]) -> Result<(), CliError> {
    let new = path.with_file_name(".new.crl");
    std::fs::write(&new, octets)?;
    std::fs::rename(&new, path)?;
    Ok(())
}

async fn status(http: SocketAddr) -> Result<Status, CliError> {
    let client = reqwest::Client::builder().no_proxy().build().map_err(failed)?;
    let response = client.get(format!("http://{http}/status")).send().await.map_err(failed)?;
    let body = response.error_for_status().map_err(failed)?.bytes().await.map_err(failed)?;
    serde_json::from_slice(&body).map_err(failed)
}

async fn ask(client: &Client, certificate: &Certificate) -> Result<Verdict, CliError> {
    let target = Target::Certificate { certificate: certificate.der(), issuer: None };
    client.ask(&Question { target, options: Options::default() }).await.map_err(failed)
}
