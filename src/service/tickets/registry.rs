//! The tickets that there are.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;
use uuid::Uuid;

use super::container::Container;
use super::error::TicketError;
use super::settings::TicketSettings;
use crate::types::{Clock, UnixTime};

/// The tickets that there are, and what each holds. To be shared by any number of threads.
pub struct Tickets {
    pub(super) settings: TicketSettings,
    /// Turns at opening a container.
    pub(super) openings: Arc<Semaphore>,
    clock: Arc<dyn Clock>,
    held: Mutex<Held>,
}

/// How much there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TicketNumbers {
    /// Tickets.
    pub tickets: usize,
    /// Tickets with a container.
    pub containers: usize,
    /// Octets of all containers.
    pub octets: usize,
    /// Tickets that were made since the start.
    pub made: u64,
    /// Tickets that ended because nobody used them.
    pub expired: u64,
    /// Passwords that were wrong.
    pub wrong_passwords: u64,
}

#[derive(Default)]
struct Held {
    tickets: HashMap<Uuid, Ticket>,
    octets: usize,
    /// When all were last looked at; once a second is enough.
    swept: Option<UnixTime>,
    made: u64,
    expired: u64,
    wrong_passwords: u64,
}

struct Ticket {
    used: UnixTime,
    container: Option<Arc<Container>>,
    /// Wrong passwords since the container came, or since a right one.
    wrong: u32,
}

impl Tickets {
    /// No tickets yet.
    #[must_use]
    pub fn new(settings: TicketSettings, clock: Arc<dyn Clock>) -> Self {
        let openings = Arc::new(Semaphore::new(settings.openings.get()));
        Self { settings, openings, clock, held: Mutex::default() }
    }

    /// The bounds.
    #[must_use]
    pub const fn settings(&self) -> &TicketSettings {
        &self.settings
    }

    /// Makes a ticket. Whoever knows its name may use it, so the name is 122 random bits.
    ///
    /// # Errors
    /// [`TicketError::TooManyTickets`].
    pub fn create(&self) -> Result<Uuid, TicketError> {
        let now = self.clock.now();
        let mut held = self.lock();
        let limit = self.settings.max_tickets.get();
        if held.tickets.len() >= limit {
            self.sweep_at(&mut held, now);
        }
        if held.tickets.len() >= limit {
            return Err(TicketError::TooManyTickets { limit });
        }
        let ticket = Uuid::new_v4();
        held.tickets.insert(ticket, Ticket { used: now, container: None, wrong: 0 });
        held.made += 1;
        Ok(ticket)
    }

    /// Deletes a ticket and all it has.
    ///
    /// # Errors
    /// [`TicketError::NoTicket`].
    pub fn delete(&self, ticket: Uuid) -> Result<(), TicketError> {
        let now = self.clock.now();
        let mut held = self.lock();
        self.living(&mut held, ticket, now)?;
        held.remove(ticket);
        Ok(())
    }

    /// Tells whether there is such a ticket, and counts that as a use.
    ///
    /// # Errors
    /// [`TicketError::NoTicket`].
    pub fn touch(&self, ticket: Uuid) -> Result<(), TicketError> {
        let now = self.clock.now();
        self.living(&mut self.lock(), ticket, now).map(|_| ())
    }

    /// Gives a ticket a container, in place of the one it has.
    ///
    /// # Errors
    /// [`TicketError::NoTicket`], [`TicketError::TooLarge`], [`TicketError::NoRoom`]; the one before then stays.
    pub fn store(&self, ticket: Uuid, container: Container) -> Result<(), TicketError> {
        let now = self.clock.now();
        let mut held = self.lock();
        let before = self.living(&mut held, ticket, now)?.size();
        let (limit, size) = (self.settings.max_container, container.size());
        if size > limit {
            return Err(TicketError::TooLarge { limit });
        }
        let fits =
            |held: &Held| held.octets.saturating_sub(before).saturating_add(size) <= self.settings.max_octets;
        if !fits(&held) {
            self.sweep_at(&mut held, now);
        }
        if !fits(&held) {
            return Err(TicketError::NoRoom { limit: self.settings.max_octets });
        }
        held.octets = held.octets.saturating_sub(before).saturating_add(size);
        let place = self.living(&mut held, ticket, now)?;
        place.container = Some(Arc::new(container));
        place.wrong = 0;
        Ok(())
    }

    /// The container of a ticket. It lives on while it is in use, whatever becomes of the ticket.
    ///
    /// # Errors
    /// [`TicketError::NoTicket`], [`TicketError::NoContainer`].
    pub fn container(&self, ticket: Uuid) -> Result<Arc<Container>, TicketError> {
        let now = self.clock.now();
        let mut held = self.lock();
        self.living(&mut held, ticket, now)?.container.clone().ok_or(TicketError::NoContainer)
    }

    /// Notes what came of a password for a container.
    ///
    /// # Errors
    /// [`TicketError::TooManyWrongPasswords`] if the container was deleted for it.
    pub(super) fn note_password(
        &self,
        ticket: Uuid,
        container: &Arc<Container>,
        is_right: bool,
    ) -> Result<(), TicketError> {
        let limit = self.settings.max_wrong_passwords.get();
        let mut held = self.lock();
        held.wrong_passwords += u64::from(!is_right);
        let Some(place) = held.tickets.get_mut(&ticket) else { return Ok(()) };
        // Another container may have come meanwhile; that one is not to blame.
        if !place.container.as_ref().is_some_and(|current| Arc::ptr_eq(current, container)) {
            return Ok(());
        }
        place.wrong = if is_right { 0 } else { place.wrong.saturating_add(1) };
        if place.wrong < limit {
            return Ok(());
        }
        let freed = place.size();
        place.container = None;
        held.octets = held.octets.saturating_sub(freed);
        Err(TicketError::TooManyWrongPasswords { limit })
    }

    pub(super) fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// Deletes the tickets that nobody used for too long. To be called now and then: secrets should not wait in memory
    /// until somebody comes along.
    pub fn sweep(&self) {
        let now = self.clock.now();
        self.sweep_at(&mut self.lock(), now);
    }

    /// Deletes every ticket.
    pub fn clear(&self) {
        let mut held = self.lock();
        held.tickets.clear();
        held.octets = 0;
    }

    /// How much there is.
    #[must_use]
    pub fn numbers(&self) -> TicketNumbers {
        let held = self.lock();
        TicketNumbers {
            tickets: held.tickets.len(),
            containers: held.tickets.values().filter(|ticket| ticket.container.is_some()).count(),
            octets: held.octets,
            made: held.made,
            expired: held.expired,
            wrong_passwords: held.wrong_passwords,
        }
    }

    /// A ticket that has not expired, used from now on.
    fn living<'h>(
        &self,
        held: &'h mut Held,
        ticket: Uuid,
        now: UnixTime,
    ) -> Result<&'h mut Ticket, TicketError> {
        if held.tickets.get(&ticket).is_some_and(|ticket| self.is_expired(ticket, now)) {
            held.remove(ticket);
            held.expired += 1;
        }
        let found = held.tickets.get_mut(&ticket).ok_or(TicketError::NoTicket)?;
        found.used = now;
        Ok(found)
    }

    fn is_expired(&self, ticket: &Ticket, now: UnixTime) -> bool {
        now.since(ticket.used) >= i64::from(self.settings.idle.0)
    }

    fn sweep_at(&self, held: &mut Held, now: UnixTime) {
        // Times are whole seconds: nothing can have expired since.
        if held.swept == Some(now) {
            return;
        }
        held.swept = Some(now);
        let before = held.tickets.len();
        let octets = &mut held.octets;
        held.tickets.retain(|_, ticket| {
            let stays = !self.is_expired(ticket, now);
            if !stays {
                *octets = octets.saturating_sub(ticket.size());
            }
            stays
        });
        held.expired += u64::try_from(before - held.tickets.len()).unwrap_or(0);
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn remove(&mut self, ticket: Uuid) {
        if let Some(gone) = self.tickets.remove(&ticket) {
            self.octets = self.octets.saturating_sub(gone.size());
        }
    }
}

impl Ticket {
    fn size(&self) -> usize {
        self.container.as_ref().map_or(0, |container| container.size())
    }
}

impl fmt::Debug for Tickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tickets").field("settings", &self.settings).finish_non_exhaustive()
    }
}
