//! The server of the tour: `revocache serve`, a process of its own as it would be anywhere.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tokio::signal::unix::{SignalKind, signal};

use super::steps::failed;
use crate::cli::error::CliError;
use crate::types::from_hex;

/// What the tour's server is told; paths begin in the folder of the file.
const CONFIGURATION: &str = r#"# The server of the tour, `revocache demo`.
[trust]
issuers = ["ca.pem"]
[sources]
gather = "0s"
[[source]]
name = "lists"
paths = ["list.crl"]
"#;

/// How often it is looked whether the server is still there.
const LOOK: Duration = Duration::from_millis(500);

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(super) struct Daemon {
    child: Child,
    pub(super) quic: SocketAddr,
    pub(super) http: SocketAddr,
    pub(super) fingerprint: [u8; 32],
}

/// The line that it prints when it is ready.
#[derive(Debug, Deserialize)]
struct Ready {
    quic: SocketAddr,
    http: SocketAddr,
    fingerprint: String,
}

impl Daemon {
    /// Starts it over the files of the tour and waits until it is ready.
    pub(super) fn start(place: &Path) -> Result<Self, CliError> {
        let (config, log) = (place.join("revocache.toml"), place.join("server.log"));
        std::fs::write(&config, CONFIGURATION)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("serve").arg("--config").arg(&config).arg("--data").arg(place.join("server"));
        command.args(["--quic", "127.0.0.1:0", "--http", "127.0.0.1:0", "--mock"]);
        let mut child =
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(File::create(&log)?).spawn()?;
        let ready = child.stdout.take().ok_or_else(|| failed("the server has no output")).and_then(|out| {
            let mut line = String::new();
            BufReader::new(out).read_line(&mut line)?;
            let ready: Ready = serde_json::from_str(&line).map_err(|error| {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                failed(format!("the server does not start ({error}): {log}"))
            })?;
            let fingerprint = from_hex(&ready.fingerprint).ok().and_then(|octets| octets.try_into().ok());
            Ok((ready.quic, ready.http, fingerprint.ok_or_else(|| failed("no fingerprint"))?))
        });
        match ready {
            Ok((quic, http, fingerprint)) => Ok(Self { child, quic, http, fingerprint }),
            Err(error) => {
                end(&mut child);
                Err(error)
            }
        }
    }

    /// Keeps it up until somebody interrupts or terminates this process.
    pub(super) async fn stay(&mut self) -> Result<(), CliError> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        loop {
            tokio::select! {
                _ = interrupt.recv() => return Ok(()),
                _ = terminate.recv() => return Ok(()),
                () = tokio::time::sleep(LOOK) => if self.child.try_wait()?.is_some() {
                    return Err(failed("the server has ended"));
                }
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// It has nothing to lose: what it keeps is whole at any moment.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
