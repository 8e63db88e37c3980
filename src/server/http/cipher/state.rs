//! What the methods work on.

use std::fmt;
use std::sync::Arc;

use super::language::{CurrentLanguage, Language};
use super::protected::ProtectedKeys;
use super::tree::Style;
use crate::server::admin::Readiness;
use crate::service::Checker;
use crate::service::tickets::Tickets;
use crate::telemetry::{Family, Metrics};
use crate::types::{Clock, Seconds};

/// What the operator decides, beside the bounds of tickets.
#[derive(Debug, Clone, Default)]
pub struct CipherSettings {
    /// The language at the start.
    pub language: Language,
    /// How certificates are shown.
    pub style: Style,
    /// After which the key of protected parameters is replaced.
    pub protected_key: Seconds,
}

/// The service.
pub struct Cipher {
    pub(super) tickets: Arc<Tickets>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) protected: ProtectedKeys,
    pub(super) style: Style,
    /// Judges certificates, if that is wanted.
    pub(super) revocation: Option<Arc<Checker>>,
    language: CurrentLanguage,
    readiness: Arc<Readiness>,
}

impl Cipher {
    /// A service over these tickets. With a checker, what is told of a certificate includes whether it is revoked.
    #[must_use]
    pub fn new(
        settings: CipherSettings,
        tickets: Arc<Tickets>,
        clock: Arc<dyn Clock>,
        readiness: Arc<Readiness>,
        revocation: Option<Arc<Checker>>,
    ) -> Self {
        Self {
            tickets,
            clock,
            protected: ProtectedKeys::new(settings.protected_key),
            style: settings.style,
            revocation,
            language: CurrentLanguage::new(settings.language),
            readiness,
        }
    }

    /// The language in force.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language.get()
    }

    /// Changes the language for everybody.
    pub(super) fn set_language(&self, language: Language) {
        self.language.set(language);
    }

    /// Whether the server is neither starting nor stopping. That some source of lists is out of date is no obstacle
    /// here.
    pub(super) fn is_running(&self) -> bool {
        !self.readiness.obstacles().iter().any(|obstacle| matches!(*obstacle, "starting" | "stopping"))
    }
}

impl Metrics for Cipher {
    fn families(&self) -> Vec<Family> {
        let numbers = self.tickets.numbers();
        let gauge = |name, help, value: usize| {
            let mut family = Family::gauge(name, help);
            // Exact up to 2^53, which no memory reaches.
            family.number(&[], u32::try_from(value).map_or(f64::INFINITY, f64::from));
            family
        };
        let counter = |name, help, value| {
            let mut family = Family::counter(name, help);
            family.count(&[], value);
            family
        };
        vec![
            gauge("revocache_cipher_tickets", "Tickets of the Cipher API", numbers.tickets),
            gauge("revocache_cipher_containers", "Containers that tickets hold", numbers.containers),
            gauge("revocache_cipher_container_octets", "Octets of these containers", numbers.octets),
            counter("revocache_cipher_tickets_made", "Tickets made since the start", numbers.made),
            counter(
                "revocache_cipher_tickets_expired",
                "Tickets that nobody used for too long",
                numbers.expired,
            ),
            counter("revocache_cipher_wrong_passwords", "Passwords that were wrong", numbers.wrong_passwords),
        ]
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cipher").field("language", &self.language()).finish_non_exhaustive()
    }
}
