//! What the operator decides.

use std::num::{NonZeroU32, NonZeroUsize};

use crate::types::Seconds;

/// Bounds of what strangers may keep in memory here, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketSettings {
    /// Tickets at once. Default 10,000.
    pub max_tickets: NonZeroUsize,
    /// A ticket that was not used for so long is deleted with all it has. Default 30 minutes.
    pub idle: Seconds,
    /// Octets of one container. Default 1 MiB; those in use have a few KiB.
    pub max_container: usize,
    /// Octets of all containers together. Default 64 MiB.
    pub max_octets: usize,
    /// Wrong passwords in a row, after which a container is deleted. Default 10. Whoever holds a ticket may have
    /// stolen it, and must not be able to try for ever.
    pub max_wrong_passwords: NonZeroU32,
    /// Containers that are opened at once; more wait. Default 2. Deriving a key takes a processor for as long as the
    /// container demands.
    pub openings: NonZeroUsize,
    /// Rounds of key derivation that a container may demand, all its parts together. Default 4,000,000;
    /// OpenSSL and Java write 10,000 to 600,000 for a part.
    pub max_iterations: u64,
}

impl Default for TicketSettings {
    fn default() -> Self {
        let count = |number: usize| NonZeroUsize::MIN.saturating_add(number - 1);
        Self {
            max_tickets: count(10_000),
            idle: Seconds(1800),
            max_container: 1 << 20,
            max_octets: 64 << 20,
            max_wrong_passwords: NonZeroU32::MIN.saturating_add(9),
            openings: count(2),
            max_iterations: 4_000_000,
        }
    }
}
