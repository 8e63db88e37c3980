//! One generation, under the settings in force.

use std::sync::{Arc, OnceLock};

use super::method::MethodPolicy;
use super::settings::{CheckSettings, Exceptions};
use crate::index::AuthorityId;
use crate::policy::AuthorityView;
use crate::publish::Snapshot;

/// One generation, and the settings as it numbers authorities.
pub(super) struct Serving {
    pub(super) index: Snapshot,
    pub(super) settings: Arc<CheckSettings>,
    pub(super) exceptions: Exceptions,
    /// The authorities by their ids, each prepared when the first question about it comes.
    prepared: Box<[OnceLock<Box<Prepared>>]>,
}

/// An authority of one generation, ready for many questions.
pub(super) struct Prepared {
    /// Where to look unless the question says otherwise.
    pub(super) method: MethodPolicy,
    pub(super) view: AuthorityView<Snapshot>,
}

impl Serving {
    pub(super) fn new(index: Snapshot, settings: Arc<CheckSettings>) -> Self {
        let exceptions = Exceptions::resolve(&settings, &index);
        let prepared = index.authorities().map(|_| OnceLock::new()).collect();
        Self { index, settings, exceptions, prepared }
    }

    /// An authority, prepared for as long as this generation and these settings are in force and shared by all who
    /// ask. `None` for an id of another generation.
    #[inline]
    pub(super) fn prepared(&self, authority: AuthorityId) -> Option<&Prepared> {
        let place = self.prepared.get(usize::try_from(authority.number()).ok()?)?;
        Some(place.get_or_init(|| self.prepare(authority)))
    }

    #[cold]
    fn prepare(&self, authority: AuthorityId) -> Box<Prepared> {
        let exception = self.exceptions.of(authority);
        let policy = exception.and_then(|it| it.policy).unwrap_or(self.settings.policy);
        Box::new(Prepared {
            method: exception.and_then(|it| it.method).unwrap_or(self.settings.method),
            view: AuthorityView::new(Arc::clone(&self.index), authority, policy),
        })
    }
}
