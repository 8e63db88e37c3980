//! The registry: what this machine knows of orders, and who may ask about them.

use std::sync::Arc;

use serde_json::Value;
use zeroize::Zeroizing;

use super::bundle::{Bundle, BundleProblem};
use super::domain::Domain;
use super::entity::{Entity, EntityProblem, Kind, Reference, merge};
use super::ids::{OrganizationId, UserId};
use super::key::{ApiKey, KeyDigest, KeyId, NoRandomness, new_secret};
use super::order::Order;
use super::organization::Organization;
use super::user::{Caller, Restriction, User};
use crate::store::{
    Change, Changed, KeyRecord, OrderColumns, OrderKey, OrderRecords, OrderSelection, PartId, PartKind,
    PartRecord, Put, Removed, Store, StoreError,
};
use crate::types::{Clock, UnixTime};

/// What this machine knows of orders. Cloning is cheap.
///
/// Nothing is remembered between questions, so that what a command beside the server changes counts at once.
#[derive(Clone)]
pub struct Registry {
    store: Store,
    clock: Arc<dyn Clock>,
}

/// An order with what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderFile {
    /// The order.
    pub order: Order,
    /// For whom.
    pub organization: Option<Organization>,
    /// Who ordered it.
    pub user: Option<User>,
    /// Its domains, in the order in which it names them.
    pub domains: Vec<Domain>,
}

/// How many documents were kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    /// Those that were not there before.
    pub added: u64,
    /// Those that were.
    pub replaced: u64,
}

/// Whether documents may take the place of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// They may.
    Replace,
    /// Their numbers must be free.
    Refuse,
}

/// Why the registry did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// There is no such thing.
    #[error("there is no {0}")]
    NotFound(Reference),
    /// There is no such key.
    #[error("there is no API key {0}")]
    NoKey(KeyId),
    /// There is one already.
    #[error("there is {0} already; change it with `set`, or import it to replace it")]
    Exists(Reference),
    /// It needs something that is not there.
    #[error("{part} needs {needed}, which is not there; import that first, or with it")]
    Missing {
        /// What needs.
        part: Reference,
        /// What is needed.
        needed: Reference,
    },
    /// Something needs it.
    #[error("{part} cannot be removed: {by} needs it")]
    Needed {
        /// What was to be removed.
        part: Reference,
        /// What needs it.
        by: Reference,
    },
    /// API keys belong to it.
    #[error("{part} cannot be removed: {keys} of the API keys are theirs; remove those first")]
    HasKeys {
        /// The user.
        part: Reference,
        /// How many.
        keys: u64,
    },
    /// The document is not one of its kind.
    #[error("{part}: {problem}")]
    Document {
        /// Of what.
        part: Reference,
        /// What is wrong.
        problem: EntityProblem,
    },
    /// A change that gives something another number.
    #[error("{0} cannot be given another number")]
    OtherNumber(Reference),
    /// The bundle.
    #[error("{0}")]
    Bundle(#[from] BundleProblem),
    /// The database.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// A document of the database, as after an upgrade back.
    #[error("the database holds a {part} that this program does not understand: {problem}")]
    Stored {
        /// What it should be.
        part: Reference,
        /// What is wrong.
        problem: EntityProblem,
    },
    /// No key can be made.
    #[error("{0}")]
    Randomness(#[from] NoRandomness),
}

/// Why a change is not made.
#[derive(Debug)]
enum Refusal {
    Problem(EntityProblem),
    Stored(EntityProblem),
    OtherNumber,
}

impl RegistryError {
    /// Whether what was asked for cannot be, rather than that something failed here.
    #[must_use]
    pub const fn is_refusal(&self) -> bool {
        !matches!(self, Self::Store(_) | Self::Stored { .. } | Self::Randomness(_))
    }

    /// One word for what is wrong.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) | Self::NoKey(_) => "not_found",
            Self::Exists(_) => "exists",
            Self::Missing { .. } => "missing",
            Self::Needed { .. } | Self::HasKeys { .. } => "needed",
            Self::Document { .. } | Self::OtherNumber(_) | Self::Bundle(_) => "bad_document",
            Self::Store(error) if error.is_temporary() => "unavailable",
            Self::Store(_) | Self::Stored { .. } | Self::Randomness(_) => "internal",
        }
    }
}

impl Registry {
    /// What `store` has, at the time of `clock`.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Keeps every document of a bundle, or none.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn import(&self, bundle: Bundle, existing: Existing) -> Result<Imported, RegistryError> {
        let entities = bundle.into_entities(self.clock.now())?;
        let records = entities.iter().map(record).collect();
        match self.store.put_order_parts(records, existing == Existing::Refuse).await? {
            Put::Done { added, replaced } => Ok(Imported { added, replaced }),
            Put::Exists(part) => Err(RegistryError::Exists(reference(part))),
            Put::Missing { part, needed } => {
                Err(RegistryError::Missing { part: reference(part), needed: reference(needed) })
            }
        }
    }

    /// Changes a document as RFC 7396 says. An order whose status changes has that status from now on, unless the change
    /// says since when. Tells the new document.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn change(&self, part: Reference, patch: Value) -> Result<Value, RegistryError> {
        let now = self.clock.now();
        let change = move |before: &str| changed(part, before, patch.clone(), now);
        self.change_by(part, Arc::new(change)).await
    }

    /// Notes that control over a domain was shown, until `until`.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn approve(&self, domain: &Domain, until: UnixTime) -> Result<(), RegistryError> {
        let now = self.clock.now();
        let part = Reference { kind: Kind::Domain, id: domain.id.number() };
        let token = domain.token.clone();
        let change = move |before: &str| {
            let Entity::Domain(mut domain) = stored(part, before)? else {
                return Err(Refusal::OtherNumber);
            };
            // Another random value was set while this one was looked for: what was seen says nothing of it.
            if domain.token == token {
                domain.approved_at = Some(now);
                domain.approval_expiration_date = Some(until);
            }
            Ok(record(&Entity::Domain(domain)))
        };
        self.change_by(part, Arc::new(change)).await.map(drop)
    }

    /// Removes a document, unless something needs it.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn remove(&self, part: Reference) -> Result<(), RegistryError> {
        match self.store.remove_order_part(part_id(part)).await? {
            Removed::Done => Ok(()),
            Removed::NotFound => Err(RegistryError::NotFound(part)),
            Removed::Needed(by) => Err(RegistryError::Needed { part, by: reference(by) }),
            Removed::HasKeys(keys) => Err(RegistryError::HasKeys { part, keys }),
        }
    }

    /// A document.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn entity(&self, part: Reference) -> Result<Entity, RegistryError> {
        let found = self.store.order_part(part_id(part)).await?;
        understood(part, &found.ok_or(RegistryError::NotFound(part))?)
    }

    /// Documents of a kind by rising number, from behind `after` on.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn entities(&self, kind: Kind, after: i64, limit: u32) -> Result<Vec<Entity>, RegistryError> {
        let found = self.store.order_parts(part_kind(kind), after, limit).await?;
        found.iter().map(|document| understood(Reference { kind, id: 0 }, document)).collect()
    }

    /// An order with what it needs.
    ///
    /// # Errors
    /// [`RegistryError`], but not for an order that is not there.
    pub async fn order(&self, key: OrderKey) -> Result<Option<OrderFile>, RegistryError> {
        self.store.order(key).await?.as_ref().map(file).transpose()
    }

    /// A page of orders with the organizations they are for, and how many there are in all.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn select(&self, selection: OrderSelection) -> Result<(Vec<OrderFile>, u64), RegistryError> {
        let (records, total) = self.store.select_orders(selection).await?;
        let files: Result<Vec<OrderFile>, RegistryError> = records.iter().map(file).collect();
        Ok((files?, total))
    }

    /// Makes an API key. The text is shown once and kept nowhere.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn add_key(
        &self,
        name: &str,
        user_id: UserId,
        restriction: Restriction,
    ) -> Result<(ApiKey, Zeroizing<String>), RegistryError> {
        let (secret, digest) = new_secret()?;
        let key = ApiKey {
            id: KeyId::from(self.store.new_id()),
            name: name.to_owned(),
            user_id,
            restriction,
            date_created: self.clock.now(),
            digest,
        };
        let record = KeyRecord {
            id: key.id.uuid(),
            name: key.name.clone(),
            user_id: user_id.number(),
            restriction: restriction.number().into(),
            created_at: key.date_created,
            digest: digest.octets(),
        };
        if !self.store.add_api_key(record).await? {
            return Err(RegistryError::NotFound(Reference { kind: Kind::User, id: user_id.number() }));
        }
        Ok((key, secret))
    }

    /// Every API key, without its text.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn keys(&self) -> Result<Vec<ApiKey>, RegistryError> {
        let keys = self.store.api_keys().await?;
        Ok(keys.into_iter().map(api_key).collect::<Result<_, _>>()?)
    }

    /// Removes an API key, which nobody can use from now on.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn remove_key(&self, id: KeyId) -> Result<ApiKey, RegistryError> {
        let removed = self.store.remove_api_key(id.uuid()).await?;
        Ok(api_key(removed.ok_or(RegistryError::NoKey(id))?)?)
    }

    /// Whose key somebody sent; `None` if it is nobody's.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn authenticate(&self, sent: &str) -> Result<Option<Caller>, RegistryError> {
        let Some(digest) = KeyDigest::of(sent) else { return Ok(None) };
        let Some(owner) = self.store.api_key_owner(digest.octets()).await? else { return Ok(None) };
        let key = api_key(owner.key)?;
        // The index of a database is not compared in constant time, but of digests, which nobody can choose.
        if !key.digest.matches(&digest) {
            return Ok(None);
        }
        let part = Reference { kind: Kind::User, id: key.user_id.number() };
        match understood(part, &owner.user)? {
            Entity::User(user) => Ok(Some(Caller { key: key.id, restriction: key.restriction, user })),
            _ => Ok(None),
        }
    }

    async fn change_by(&self, part: Reference, change: Change<Refusal>) -> Result<Value, RegistryError> {
        match self.store.change_order_part(part_id(part), change).await? {
            Changed::Done(document) => understood(part, &document).map(|entity| entity.document()),
            Changed::NotFound => Err(RegistryError::NotFound(part)),
            Changed::Missing(needed) => Err(RegistryError::Missing { part, needed: reference(needed) }),
            Changed::Refused(Refusal::OtherNumber) => Err(RegistryError::OtherNumber(part)),
            Changed::Refused(Refusal::Problem(problem)) => Err(RegistryError::Document { part, problem }),
            Changed::Refused(Refusal::Stored(problem)) => Err(RegistryError::Stored { part, problem }),
        }
    }
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Registry")
    }
}

/// What is kept of an entity.
fn record(entity: &Entity) -> PartRecord {
    let columns = match entity {
        Entity::Order(order) => Some(columns(order)),
        Entity::User(_) | Entity::Organization(_) | Entity::Domain(_) => None,
    };
    PartRecord {
        id: part_id(entity.reference()),
        document: entity.document().to_string(),
        needs: entity.needs().into_iter().map(part_id).collect(),
        columns,
    }
}

fn columns(order: &Order) -> OrderColumns {
    let certificate = &order.certificate;
    OrderColumns {
        status: order.status.name().to_owned(),
        status_at: order.status_last_updated.unwrap_or(order.date_created),
        product: order.product.name_id.clone(),
        product_name: order.product.name.clone(),
        common_name: certificate.common_name.as_deref().unwrap_or_default().to_lowercase(),
        user_id: order.user_id.map(UserId::number),
        organization_id: order.organization_id.map(OrganizationId::number),
        validity_years: order.validity_years.unwrap_or(0).into(),
        created_at: order.date_created,
        valid_till: certificate.valid_till,
        thumbprint: certificate.thumbprint.clone(),
        serial: certificate.serial_number.clone(),
    }
}

fn changed(part: Reference, before: &str, patch: Value, now: UnixTime) -> Result<PartRecord, Refusal> {
    let entity = stored(part, before)?;
    let mut document = entity.document();
    let status = document.get("status").cloned();
    let says_when = patch.get("status_last_updated").is_some();
    merge(&mut document, patch);
    if part.kind == Kind::Order && document.get("status").cloned() != status && !says_when {
        merge(&mut document, serde_json::json!({"status_last_updated": now.to_string()}));
    }
    let entity = Entity::read(part.kind, document, now).map_err(Refusal::Problem)?;
    if entity.reference() != part {
        return Err(Refusal::OtherNumber);
    }
    Ok(record(&entity))
}

fn stored(part: Reference, document: &str) -> Result<Entity, Refusal> {
    let form = |error: serde_json::Error| EntityProblem::Form { reason: error.to_string() };
    serde_json::from_str(document)
        .map_err(form)
        .and_then(|value| Entity::stored(part.kind, value))
        .map_err(Refusal::Stored)
}

fn understood(part: Reference, document: &str) -> Result<Entity, RegistryError> {
    stored(part, document).map_err(|refusal| match refusal {
        Refusal::Stored(problem) | Refusal::Problem(problem) => RegistryError::Stored { part, problem },
        Refusal::OtherNumber => RegistryError::OtherNumber(part),
    })
}

fn file(records: &OrderRecords) -> Result<OrderFile, RegistryError> {
    let unknown = Reference { kind: Kind::Order, id: 0 };
    let Entity::Order(order) = understood(unknown, &records.order)? else {
        return Err(RegistryError::OtherNumber(unknown));
    };
    let mut file = OrderFile { order: *order, organization: None, user: None, domains: Vec::new() };
    for (id, document) in &records.needs {
        match understood(reference(*id), document)? {
            Entity::Organization(it) => file.organization = Some(it),
            Entity::User(it) => file.user = Some(it),
            Entity::Domain(it) => file.domains.push(it),
            Entity::Order(_) => {}
        }
    }
    let named = &file.order.domains;
    let place = |domain: &Domain| named.iter().position(|it| it.domain_id == domain.id);
    file.domains.sort_by_key(place);
    Ok(file)
}

fn api_key(record: KeyRecord) -> Result<ApiKey, StoreError> {
    let wrong = |what: &str| StoreError::Corrupt { reason: format!("an API key has a {what} that is none") };
    let restriction = u8::try_from(record.restriction).ok().and_then(Restriction::of_number);
    Ok(ApiKey {
        id: KeyId::from(record.id),
        name: record.name,
        user_id: UserId::try_from(record.user_id).map_err(|_| wrong("user"))?,
        restriction: restriction.ok_or_else(|| wrong("restriction"))?,
        date_created: record.created_at,
        digest: KeyDigest::from_octets(record.digest),
    })
}

const fn part_kind(kind: Kind) -> PartKind {
    match kind {
        Kind::User => PartKind::User,
        Kind::Organization => PartKind::Organization,
        Kind::Domain => PartKind::Domain,
        Kind::Order => PartKind::Order,
    }
}

const fn part_id(reference: Reference) -> PartId {
    PartId { kind: part_kind(reference.kind), id: reference.id }
}

const fn reference(part: PartId) -> Reference {
    let kind = match part.kind {
        PartKind::User => Kind::User,
        PartKind::Organization => Kind::Organization,
        PartKind::Domain => Kind::Domain,
        PartKind::Order => Kind::Order,
    };
    Reference { kind, id: part.id }
}
