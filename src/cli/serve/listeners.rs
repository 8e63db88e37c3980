//! Where protocols are plugged in.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout_at};

use super::answering::Answering;
use super::error::ServeError;
use super::families::{self, Shared, Started};
use super::keeping;
use crate::cli::error::CliError;
use crate::config::{Config, Listen, PlaceListen};
use crate::ingest::source::SourcesHandle;
use crate::server::admin::{self, Admin, AdminAccess, Readiness};
use crate::server::http::{Cors, Edge, HttpListener, Mount, Site, Transport, mount};
use crate::server::quic::OtherProtocol;
use crate::service::tenants::SecretToken;
use crate::types::Clock;

/// How long the query protocol, and tasks beside the listeners, may take to end.
const GRACE: Duration = Duration::from_secs(6);
/// The name of what operators need, where families have theirs.
const ADMIN: &str = "admin";

/// The listeners that run.
pub(super) struct Listeners {
    /// Address of the query protocol; `None` if it is off.
    pub(super) quic: Option<SocketAddr>,
    /// SHA-256 of the certificate that is presented, in hexadecimal.
    pub(super) fingerprint: Option<String>,
    /// Address of `[http]`; `None` if it is off.
    pub(super) http: Option<SocketAddr>,
    /// Addresses of families that have one of their own.
    pub(super) own: BTreeMap<&'static str, SocketAddr>,
    /// The URL under which metrics, status and refresh are; `None` if they are off.
    pub(super) admin: Option<String>,
    /// The token of a tenant that was made at this start.
    pub(super) first_token: Option<SecretToken>,
    stop: watch::Sender<bool>,
    grace: Duration,
    tasks: Vec<JoinHandle<()>>,
}

/// What is served at one place, before it is.
#[derive(Default)]
struct Place {
    mounts: Vec<Mount>,
    /// Paths that are answered however many other requests there are.
    reserved: Vec<String>,
}

/// Everything that is served by HTTP, by place.
#[derive(Default)]
struct Plan {
    shared: Place,
    /// By address, and whether with TLS.
    own: BTreeMap<(SocketAddr, bool), Place>,
}

/// Starts every listener of the configuration.
pub(super) async fn start_listeners(
    config: &Config,
    data: &Path,
    clock: &Arc<dyn Clock>,
    sources: &SourcesHandle,
    readiness: &Arc<Readiness>,
    answering: &mut Answering,
) -> Result<Listeners, CliError> {
    let (stop, stopped) = watch::channel(false);
    let store = keeping::open(config, data, clock).await?;
    let shared = Shared::new(config, data, clock, sources.clone(), readiness, answering, stopped.clone())?
        .with_store(store);
    let families = families::start(config, &shared)?;
    let edge = Arc::new(Edge::new(config.http.edge_settings(), clock));
    let quic = answering.listen(config, over_http3(config, &families, &edge)?)?;

    let mut metrics = answering.metrics();
    metrics.push(edge.numbers());
    metrics.extend(shared.metrics());
    let access = match &config.http.token_file {
        Some(file) => AdminAccess::from_file(file).map_err(ServeError::Token)?,
        None => AdminAccess::ThisMachine,
    };
    let admin = Admin::new(sources.clone(), metrics, Arc::clone(readiness), access);
    let admin = Arc::new(admin.with_audit(shared.store.clone()));
    let mut listeners = Listeners {
        quic,
        fingerprint: answering.fingerprint(),
        http: None,
        own: BTreeMap::new(),
        admin: None,
        first_token: shared.first_token(),
        stop,
        grace: GRACE.max(config.http.stop_timeout.get() + Duration::from_secs(1)),
        tasks: answering.run(|| until(stopped.clone())),
    };
    let Plan { shared, own } = plan(config, &families, admin);
    if let Listen::At(address) = config.http.listen {
        let mut site = shared.site(&edge)?;
        if let Some(port) = advertised(config, address, quic) {
            site = site.with_http3_at(port);
        }
        let http = listen(config, answering, address, config.http.tls, site).await?;
        listeners.note(&shared, http.local_address(), config, config.http.tls);
        listeners.http = Some(http.local_address());
        listeners.tasks.push(tokio::spawn(http.run(until(stopped.clone()))));
    }
    for ((address, tls), place) in own {
        let http = listen(config, answering, address, tls, place.site(&edge)?).await?;
        listeners.note(&place, http.local_address(), config, tls);
        listeners.own.extend(place.mounts.iter().map(|mount| (mount.name, http.local_address())));
        listeners.tasks.push(tokio::spawn(http.run(until(stopped.clone()))));
    }
    Ok(listeners)
}

/// The families that are shared, over HTTP/3.
#[cfg(feature = "http3")]
fn over_http3(
    config: &Config,
    families: &[Started],
    edge: &Arc<Edge>,
) -> Result<Option<Arc<dyn OtherProtocol>>, ServeError> {
    if !config.http.http3 {
        return Ok(None);
    }
    let shared = families.iter().filter(|family| family.place.listen == PlaceListen::Shared);
    let health = Mount {
        name: ADMIN,
        prefix: config.http.admin.prefix.get().clone(),
        router: admin::health(),
        cors: Cors::default(),
    };
    let mounts = shared.map(|family| of_family(config, family)).chain([health]).collect();
    let router = mount(mounts, &edge.numbers())?;
    let site = Arc::new(Site::new(Arc::clone(edge), router));
    Ok(Some(Arc::new(crate::server::http::Http3::new(site))))
}

#[cfg(not(feature = "http3"))]
fn over_http3(
    _: &Config,
    _: &[Started],
    _: &Arc<Edge>,
) -> Result<Option<Arc<dyn OtherProtocol>>, ServeError> {
    Ok(None)
}

/// The port at which clients of `[http]` find HTTP/3: only who is sure of the server's name may be told to go elsewhere.
fn advertised(config: &Config, http: SocketAddr, quic: Option<SocketAddr>) -> Option<u16> {
    let quic = quic.filter(|_| cfg!(feature = "http3") && config.http.http3 && config.http.tls)?;
    (quic.ip().is_unspecified() || quic.ip() == http.ip()).then_some(quic.port())
}

fn of_family(config: &Config, family: &Started) -> Mount {
    Mount {
        name: family.name,
        prefix: family.place.prefix.get().clone(),
        router: family.router.clone(),
        cors: config.http.cors(),
    }
}

fn plan(config: &Config, families: &[Started], admin: Arc<Admin>) -> Plan {
    let mut plan = Plan::default();
    let section = &config.http.admin;
    let prefix = section.prefix.get().clone();
    let reserved = admin::PATHS.map(|path| format!("{prefix}{path}"));
    if let Some(place) = plan.place(section.listen, section.tls) {
        let router = admin::router(admin);
        place.mounts.push(Mount { name: ADMIN, prefix, router, cors: Cors::default() });
        place.reserved.extend(reserved);
    }
    for family in families {
        if let Some(place) = plan.place(family.place.listen, family.place.tls) {
            place.mounts.push(of_family(config, family));
        }
    }
    plan
}

async fn listen(
    config: &Config,
    answering: &Answering,
    address: SocketAddr,
    tls: bool,
    site: Site,
) -> Result<HttpListener, CliError> {
    let transport = match answering.identity().filter(|_| tls) {
        Some(identity) => {
            let clients = answering.clients(config, config.http_client_roots()?)?;
            Transport::tls(identity, &clients).map_err(ServeError::Tls)?
        }
        None => Transport::Plain,
    };
    let most = config.http.max_connections.to_usize();
    let listener = HttpListener::bind(address, most, transport, Arc::new(site)).await;
    Ok(listener.map_err(ServeError::Listen)?)
}

impl Plan {
    fn place(&mut self, listen: PlaceListen, tls: bool) -> Option<&mut Place> {
        match listen {
            PlaceListen::Shared => Some(&mut self.shared),
            PlaceListen::Own(Listen::At(address)) => Some(self.own.entry((address, tls)).or_default()),
            PlaceListen::Own(Listen::Off) => None,
        }
    }
}

impl Place {
    fn site(&self, edge: &Arc<Edge>) -> Result<Site, ServeError> {
        let router = mount(self.mounts.clone(), &edge.numbers())?;
        Ok(Site::new(Arc::clone(edge), router).with_reserved(self.reserved.clone()))
    }
}

impl Listeners {
    /// Notes what is served at an address.
    fn note(&mut self, place: &Place, address: SocketAddr, config: &Config, tls: bool) {
        let names: Vec<&str> = place.mounts.iter().map(|mount| mount.name).collect();
        tracing::info!(%address, tls, families = names.join(", "), "listening for HTTP");
        if names.contains(&ADMIN) {
            let scheme = if tls { "https" } else { "http" };
            self.admin = Some(format!("{scheme}://{}{}", reachable(address), config.http.admin.prefix.get()));
        }
    }

    /// Accepts nothing new, lets what is open end, for a while.
    pub(super) async fn stop(self) {
        // Nobody listens if nothing was started.
        let _ = self.stop.send(true);
        let end = Instant::now() + self.grace;
        for mut task in self.tasks {
            if timeout_at(end, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

/// The address at which this machine reaches a listener.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

async fn until(mut stopped: watch::Receiver<bool>) {
    // An error means that the sender is gone, which is a stop as well.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
