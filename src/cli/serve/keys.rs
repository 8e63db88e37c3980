//! The key store in a running server: what it holds goes into effect at every listener and in every request that goes out.
//!
//! Certificates of the configuration stay what they were: the identity of `[quic]` is presented while the store has none,
//! and roots of `client_ca` count beside the anchors of the store.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use rustls::pki_types::CertificateDer;

use super::error::ServeError;
use crate::cli::error::CliError;
use crate::config::Config;
use crate::fetch::http::OutboundSwitch;
use crate::keystore::{Anchor, Half, KeyStore, KeyStoreObserver, LiveIdentity};
use crate::server::quic::{ClientDemand, ClientSwitch, Identity, IdentitySwitch, PeerJudge};
use crate::types::Clock;

/// The key store of a server, and what it moves.
pub(super) struct Keys {
    pub(super) store: Arc<KeyStore>,
    effects: Arc<Effects>,
}

/// Whatever follows the store.
struct Effects {
    outbound: Arc<OutboundSwitch>,
    presented: Mutex<Presented>,
    clients: Mutex<Vec<Followed>>,
    anchors: ArcSwap<Vec<CertificateDer<'static>>>,
}

/// What is presented to clients.
#[derive(Default)]
struct Presented {
    switch: Option<Arc<IdentitySwitch>>,
    /// Of the configuration.
    usual: Option<Identity>,
    /// Of the store, which goes first.
    stored: Option<Identity>,
}

/// The clients of one listener.
struct Followed {
    switch: Arc<ClientSwitch>,
    demand: ClientDemand,
    /// Of the configuration.
    roots: Vec<CertificateDer<'static>>,
}

impl Keys {
    /// Opens the store, if it is in use.
    pub(super) fn open(
        config: &Config,
        data: &Path,
        clock: &Arc<dyn Clock>,
    ) -> Result<Option<Self>, CliError> {
        let settings = config.keystore.settings(data);
        if !config.asteria.enabled && !settings.folder.exists() {
            return Ok(None);
        }
        let store = Arc::new(KeyStore::open(settings, Arc::clone(clock)).map_err(ServeError::KeyStore)?);
        let effects = Arc::new(Effects {
            outbound: Arc::default(),
            presented: Mutex::default(),
            clients: Mutex::default(),
            anchors: ArcSwap::default(),
        });
        store.observe(Arc::<Effects>::clone(&effects)).map_err(ServeError::KeysInEffect)?;
        Ok(Some(Self { store, effects }))
    }

    /// What requests that go out present, and whom they trust.
    pub(super) fn outbound(&self) -> Arc<OutboundSwitch> {
        Arc::clone(&self.effects.outbound)
    }

    /// Moves what is presented; `usual` is the identity of the configuration.
    pub(super) fn present(&self, switch: &Arc<IdentitySwitch>, usual: Identity) {
        self.effects.present(|presented| {
            presented.switch = Some(Arc::clone(switch));
            presented.usual = Some(usual);
        });
    }

    /// The identity of the configuration is another one now.
    pub(super) fn set_usual(&self, usual: Identity) {
        self.effects.present(|presented| presented.usual = Some(usual));
    }

    /// Which clients a listener lets in, from now on as the store has it.
    pub(super) fn clients(
        &self,
        config: &Config,
        roots: Vec<CertificateDer<'static>>,
        judge: Arc<dyn PeerJudge>,
    ) -> Result<Arc<ClientSwitch>, ServeError> {
        let demand = config.keystore.demand(!roots.is_empty());
        // Held until the switch is in the list, so that no change is missed.
        let mut clients = self.effects.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let all = with_anchors(&roots, &self.effects.anchors.load());
        let switch = Arc::new(ClientSwitch::new(demand, &all, judge).map_err(ServeError::Tls)?);
        clients.push(Followed { switch: Arc::clone(&switch), demand, roots });
        Ok(switch)
    }
}

impl Effects {
    fn present(&self, change: impl FnOnce(&mut Presented)) {
        let mut presented = self.presented.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut presented);
        let identity = presented.stored.as_ref().or(presented.usual.as_ref());
        if let (Some(switch), Some(identity)) = (&presented.switch, identity) {
            switch.replace(identity.clone());
        }
    }
}

impl KeyStoreObserver for Effects {
    fn identity_changed(&self, half: Half, identity: Option<&LiveIdentity>) -> Result<(), String> {
        let key = identity.map(LiveIdentity::certified_key);
        match half {
            Half::Client => self.outbound.set_identity(key.cloned()),
            Half::Server => {
                let stored = key.map(Identity::of_certified_key).transpose();
                let stored = stored.map_err(|error| error.to_string())?;
                tracing::info!(?stored, "the server identity of the key store");
                self.present(|presented| presented.stored = stored);
            }
        }
        Ok(())
    }

    fn anchors_changed(&self, half: Half, anchors: &[Anchor]) -> Result<(), String> {
        let roots: Vec<CertificateDer<'static>> =
            anchors.iter().map(|anchor| anchor.certificate.der().to_vec().into()).collect();
        match half {
            Half::Client => self.outbound.set_roots(&roots),
            Half::Server => {
                let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
                for followed in clients.iter() {
                    let all = with_anchors(&followed.roots, &roots);
                    followed.switch.replace(followed.demand, &all).map_err(|error| error.to_string())?;
                }
                self.anchors.store(Arc::new(roots));
            }
        }
        Ok(())
    }
}

fn with_anchors(
    roots: &[CertificateDer<'static>],
    anchors: &[CertificateDer<'static>],
) -> Vec<CertificateDer<'static>> {
    [roots, anchors].concat()
}
