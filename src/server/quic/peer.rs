//! Clients that show certificates.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;

use super::answerer::Refusal;
use super::client_switch::ClientSwitch;

/// Judges the certificates of clients beyond their path to a root, which TLS has checked: above all whether they are
/// revoked.
pub trait PeerJudge: Send + Sync + 'static {
    /// Whether this client may ask. `chain` are its certificates (DER), its own first; none if it showed none.
    ///
    /// # Errors
    /// The [`Refusal`] with which the connection is closed.
    fn judge(&self, chain: &[&[u8]]) -> Result<(), Refusal>;
}

/// Whether clients show certificates.
#[derive(Clone, Default)]
pub enum ClientAuthentication {
    /// They need not, and are not asked to.
    #[default]
    None,
    /// They may; those who do must be acceptable.
    Optional(ClientRoots),
    /// They must.
    Required(ClientRoots),
    /// As the switch has it.
    Switched(Arc<ClientSwitch>),
}

/// What makes the certificate of a client acceptable.
#[derive(Clone)]
pub struct ClientRoots {
    /// Certificates (DER) to one of which it must have a path.
    pub roots: Vec<CertificateDer<'static>>,
    /// What else must hold.
    pub judge: Arc<dyn PeerJudge>,
}

impl ClientAuthentication {
    /// Who judges the clients that come now; `None` if they are not asked for certificates.
    pub(in crate::server) fn judge(&self) -> Option<Arc<dyn PeerJudge>> {
        match self {
            Self::None => None,
            Self::Optional(roots) | Self::Required(roots) => Some(Arc::clone(&roots.judge)),
            Self::Switched(switch) => {
                let judge: Arc<dyn PeerJudge> = Arc::<ClientSwitch>::clone(switch);
                Some(judge).filter(|_| switch.asks())
            }
        }
    }
}

impl fmt::Debug for ClientAuthentication {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Optional(_) => "Optional",
            Self::Required(_) => "Required",
            Self::Switched(_) => "Switched",
        })
    }
}
