//! Where protocols are plugged in.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::answering::Answering;
use super::error::ServeError;
use super::families::{self, Shared};
use crate::cli::exit::CliError;
use crate::config::{Config, Listen};
use crate::ingest::source::SourcesHandle;
use crate::server::admin::{Admin, AdminAccess, CappedListener, Peer, Readiness, router};
use crate::types::Clock;

/// How long open requests may take to end.
const GRACE: Duration = Duration::from_secs(5);

/// The listeners that run.
pub(super) struct Listeners {
    /// Address of the query protocol; `None` if it is off.
    pub(super) quic: Option<SocketAddr>,
    /// SHA-256 of the certificate of the query protocol, in hexadecimal.
    pub(super) fingerprint: Option<String>,
    /// Address of the admin listener; `None` if it is off.
    pub(super) http: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

/// Starts every listener of the configuration.
pub(super) async fn start_listeners(
    config: &Config,
    data: &Path,
    clock: &Arc<dyn Clock>,
    sources: &SourcesHandle,
    readiness: &Arc<Readiness>,
    answering: &Answering,
) -> Result<Listeners, CliError> {
    let (stop, stopped) = watch::channel(false);
    let mut listeners = Listeners {
        quic: answering.quic,
        fingerprint: answering.fingerprint(),
        http: None,
        stop,
        tasks: answering.run(|| until(stopped.clone())),
    };
    let shared = Shared::new(config, data, clock, sources.clone(), answering, stopped.clone())?;
    let families = families::start(config, &shared)?;
    let mut metrics = answering.metrics();
    metrics.extend(shared.metrics());
    if let Listen::At(address) = config.http.listen {
        let failed = |source| ServeError::Listen { section: "http", address, source };
        let access = match &config.http.token_file {
            Some(file) => AdminAccess::from_file(file).map_err(ServeError::Token)?,
            None => AdminAccess::ThisMachine,
        };
        let admin = Arc::new(Admin::new(sources.clone(), metrics, Arc::clone(readiness), access));
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        listeners.http = Some(listener.local_addr().map_err(failed)?);
        let listener = CappedListener::new(listener, config.http.max_connections.to_usize());
        let service = router(admin).merge(families).into_make_service_with_connect_info::<Peer>();
        let until = until(stopped.clone());
        listeners.tasks.push(tokio::spawn(async move {
            // Ends only when it is told to.
            let _ = axum::serve(listener, service).with_graceful_shutdown(until).await;
        }));
    }
    Ok(listeners)
}

impl Listeners {
    /// Accepts nothing new, lets what is open end, for a while.
    pub(super) async fn stop(self) {
        // Nobody listens if nothing was started.
        let _ = self.stop.send(true);
        for mut task in self.tasks {
            if tokio::time::timeout(GRACE, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
