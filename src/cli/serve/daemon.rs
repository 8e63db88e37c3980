//! The daemon from its first step to its last.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::super::error::CliError;
use super::ConfigSource;
use super::answering::{Answering, with_outbound};
use super::data::{DataFolder, Running};
use super::error::ServeError;
use super::keys::Keys;
use super::listeners::{Listeners, start_listeners};
use super::logging::Logs;
use super::notify::notify;
use crate::config::{Config, NeedsRestart};
use crate::ingest::source::{NetworkFetcher, Sources, SourcesHandle, SystemRandomness};
use crate::server::admin::Readiness;
use crate::types::{Clock, FixedClock, SystemClock};

/// How long a refresh by signal is waited for before its outcome is logged.
const REFRESH: Duration = Duration::from_secs(120);
/// How long blocking work may go on after everything has stopped.
const LAST_WORK: Duration = Duration::from_secs(5);

/// The line that tells that the server is ready.
#[derive(Debug, Serialize)]
struct Ready {
    ready: bool,
    quic: Option<String>,
    http: Option<String>,
    fingerprint: Option<String>,
    generation: u64,
    /// Addresses of families that have one of their own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    own: BTreeMap<&'static str, String>,
    /// The token of the tenant that a first start makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
}

/// What a signal says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

/// Runs until a signal ends it.
pub(super) fn run(source: &ConfigSource, data: &Path, json: bool) -> Result<(), CliError> {
    let config = source.read()?;
    let logs = Logs::start(&config.log, json)?;
    let folder = DataFolder::take(data)?;
    let runtime =
        tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(ServeError::Runtime)?;
    let result = runtime.block_on(serve(source, config, data, &folder, &logs));
    runtime.shutdown_timeout(LAST_WORK);
    result
}

async fn serve(
    source: &ConfigSource,
    mut config: Config,
    data: &Path,
    folder: &DataFolder,
    logs: &Logs,
) -> Result<(), CliError> {
    // Before anything takes long, so that a signal during the start is not lost.
    let mut signals = Signals::listen()?;
    let clock: Arc<dyn Clock> = match config.test.at {
        Some(at) => {
            tracing::warn!(%at, "the clock stands still, for tests");
            Arc::new(FixedClock(at))
        }
        None => Arc::new(SystemClock),
    };
    let keys = Keys::open(&config, data, &clock)?;
    let specs = config.source_specs();
    let mut network = config.network_settings()?;
    network.http = with_outbound(keys.as_ref(), network.http);
    let fetcher = NetworkFetcher::new(&network, &specs).map_err(ServeError::Network)?;
    let settings = config.sources_settings(data)?;
    let mut sources =
        Sources::start(settings, specs, Arc::new(fetcher), Arc::clone(&clock), Arc::new(SystemRandomness))
            .await?;
    let readiness = Arc::new(Readiness::starting());
    let mut answering = Answering::start(&config, data, &clock, sources.handle(), keys)?;
    let listeners =
        start_listeners(&config, data, &clock, &sources.handle(), &readiness, &mut answering).await?;
    let is_stopped = tokio::select! {
        all = sources.first_looks(config.sources.first_look()) => {
            if !all {
                tracing::warn!("not every source was looked at in time; the last good lists answer meanwhile");
            }
            false
        }
        () = signals.stop() => true,
    };
    if !is_stopped {
        let running = Running {
            pid: std::process::id(),
            admin: listeners.admin.clone(),
            token_file: config.http.token_file.clone(),
        };
        folder.note(&running)?;
        readiness.started();
        announce(&listeners, &sources.handle())?;
        while signals.next().await == Told::Reload {
            config = reload(source, config, data, logs, &sources.handle(), &answering).await;
        }
    }
    tracing::info!("stopping");
    notify("STOPPING=1");
    readiness.add("stopping");
    listeners.stop().await;
    sources.stop().await;
    Ok(())
}

fn announce(listeners: &Listeners, sources: &SourcesHandle) -> Result<(), CliError> {
    let ready = Ready {
        ready: true,
        quic: listeners.quic.map(|address| address.to_string()),
        http: listeners.http.map(|address| address.to_string()),
        fingerprint: listeners.fingerprint.clone(),
        generation: sources.status().builds.generation,
        own: listeners.own.iter().map(|(name, address)| (*name, address.to_string())).collect(),
        token: listeners.first_token.as_ref().map(|token| token.reveal().to_owned()),
    };
    let mut stdout = std::io::stdout().lock();
    serde_json::to_writer(&mut stdout, &ready).map_err(std::io::Error::from)?;
    stdout.write_all(b"\n")?;
    stdout.flush()?;
    notify("READY=1");
    tracing::info!(http = ready.http, quic = ready.quic, generation = ready.generation, "ready");
    Ok(())
}

/// Takes over what a running server can of a changed configuration, and looks at every source. A configuration that
/// is not right changes nothing.
async fn reload(
    source: &ConfigSource,
    config: Config,
    data: &Path,
    logs: &Logs,
    sources: &SourcesHandle,
    answering: &Answering,
) -> Config {
    notify("RELOADING=1");
    let path = source.path().display().to_string();
    let next = match take_over(source, data, logs, sources, answering).await {
        Ok(next) => {
            for NeedsRestart(part) in config.needs_restart(&next) {
                tracing::warn!(part, path, "changed, and needs a restart");
            }
            tracing::info!(path, "configuration reloaded");
            next
        }
        Err(error) => {
            tracing::error!(%error, "the configuration stays as it was");
            config
        }
    };
    let sources = sources.clone();
    tokio::spawn(async move {
        let report = sources.refresh_now(REFRESH).await;
        tracing::info!(
            generation = report.generation,
            sources = report.sources.len(),
            unfinished = report.unfinished,
            "refreshed"
        );
    });
    notify("READY=1");
    next
}

async fn take_over(
    source: &ConfigSource,
    data: &Path,
    logs: &Logs,
    sources: &SourcesHandle,
    answering: &Answering,
) -> Result<Config, CliError> {
    let next = source.read()?;
    let specs = next.source_specs();
    let mut network = next.network_settings()?;
    network.http = answering.outbound(network.http);
    let fetcher = NetworkFetcher::new(&network, &specs).map_err(ServeError::Network)?;
    let settings = next.sources_settings(data)?;
    answering.reload(&next, data)?;
    logs.set_filter(&next.log.level);
    sources.set_fetcher(Arc::new(fetcher));
    sources.reconfigure(settings, specs).await;
    Ok(next)
}

impl Signals {
    fn listen() -> Result<Self, ServeError> {
        let listen = |kind| signal(kind).map_err(ServeError::Runtime);
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    /// Waits for a signal.
    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hangup.recv() => Told::Reload,
        }
    }

    /// Waits for a signal that ends the daemon.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
