//! Whatever is kept of orders, as JSON documents: what is imported, edited, shown and stored has one form.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::certificate::CertificateProblem;
use super::domain::Domain;
use super::ids::{DomainId, OrganizationId, UserId};
use super::key::{NoRandomness, new_token};
use super::order::Order;
use super::organization::Organization;
use super::user::User;
use crate::types::{Seconds, UnixTime};

/// The most octets of one document.
pub const MAX_DOCUMENT: usize = 256 << 10;
/// The most names of a domain or of an order, and the most of whatever else there may be several of.
const MAX_ITEMS: usize = 1000;
/// How long a random value may be used.
const TOKEN_LIFE: Seconds = Seconds(30 * 86_400);

/// What kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A user.
    User,
    /// An organization.
    Organization,
    /// A domain.
    Domain,
    /// An order.
    Order,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entity {
    /// A user.
    User(User),
    /// An organization.
    Organization(Organization),
    /// A domain.
    Domain(Domain),
    /// An order.
    Order(Box<Order>),
}

/// Something that another thing needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// What kind of thing.
    pub kind: Kind,
    /// Its number.
    pub id: i64,
}

/// Why a document is not one of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntityProblem {
    /// It has not the form.
    #[error("{reason}")]
    Form {
        /// What the parser says.
        reason: String,
    },
    /// It is too large.
    #[error("it has more than {limit} octets of JSON")]
    TooLarge {
        /// The most octets.
        limit: usize,
    },
    /// There are too many of something in it.
    #[error("it has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many there may be.
        limit: usize,
    },
    /// One time without the other, or the two in the wrong order.
    #[error("{first} and {second} go together, {first} before {second}")]
    Times {
        /// The earlier one.
        first: &'static str,
        /// The later one.
        second: &'static str,
    },
    /// Two validations of one type.
    #[error("it has two validations of type {kind}")]
    DoubledValidation {
        /// The type.
        kind: &'static str,
    },
    /// A component that validations of its type do not have.
    #[error("validations of type {kind} have no component {component}")]
    ForeignComponent {
        /// The type.
        kind: &'static str,
        /// The component.
        component: &'static str,
    },
    /// A name that is none of DNS.
    #[error("'{name}' is not a name of DNS")]
    Name {
        /// As given.
        name: String,
    },
    /// A random value that could not stand in a file name and a DNS label.
    #[error("the token is not 1 to 63 letters, digits and hyphens")]
    Token,
    /// The certificate of an order.
    #[error("{0}")]
    Certificate(#[from] CertificateProblem),
    /// The operating system gives no random numbers for a random value.
    #[error("{0}")]
    Randomness(#[from] NoRandomness),
}

impl PartialEq for NoRandomness {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for NoRandomness {}

impl Kind {
    /// Every kind, what is needed before what needs it.
    pub const ALL: [Self; 4] = [Self::User, Self::Organization, Self::Domain, Self::Order];

    /// The name in commands, paths and messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Organization => "organization",
            Self::Domain => "domain",
            Self::Order => "order",
        }
    }

    /// The kind of a name, in the singular or plural.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let singular = name.strip_suffix('s').unwrap_or(name);
        Self::ALL.into_iter().find(|kind| kind.name() == singular)
    }
}

impl Entity {
    /// Reads a document of a kind, fills in what follows from it and checks it. `at` is the time from which a new random
    /// value may be used.
    ///
    /// # Errors
    /// [`EntityProblem`].
    pub fn read(kind: Kind, document: Value, at: UnixTime) -> Result<Self, EntityProblem> {
        Self::stored(kind, document)?.checked(at)
    }

    /// Fills in what follows from it and checks it.
    ///
    /// # Errors
    /// [`EntityProblem`].
    pub fn checked(mut self, at: UnixTime) -> Result<Self, EntityProblem> {
        match &mut self {
            Self::User(_) => {}
            Self::Organization(organization) => check_organization(organization)?,
            Self::Domain(domain) => complete_domain(domain, at)?,
            Self::Order(order) => complete_order(order)?,
        }
        if self.document().to_string().len() > MAX_DOCUMENT {
            return Err(EntityProblem::TooLarge { limit: MAX_DOCUMENT });
        }
        Ok(self)
    }

    /// A document that was checked when it came in.
    ///
    /// # Errors
    /// [`EntityProblem::Form`] if it has not the form, as after an upgrade back.
    pub fn stored(kind: Kind, document: Value) -> Result<Self, EntityProblem> {
        Ok(match kind {
            Kind::User => Self::User(read(document)?),
            Kind::Organization => Self::Organization(read(document)?),
            Kind::Domain => Self::Domain(read(document)?),
            Kind::Order => Self::Order(Box::new(read(document)?)),
        })
    }

    /// What kind of thing it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::User(_) => Kind::User,
            Self::Organization(_) => Kind::Organization,
            Self::Domain(_) => Kind::Domain,
            Self::Order(_) => Kind::Order,
        }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> i64 {
        match self {
            Self::User(user) => user.id.number(),
            Self::Organization(organization) => organization.id.number(),
            Self::Domain(domain) => domain.id.number(),
            Self::Order(order) => order.id.number(),
        }
    }

    /// Kind and number.
    #[must_use]
    pub const fn reference(&self) -> Reference {
        Reference { kind: self.kind(), id: self.id() }
    }

    /// As JSON.
    #[must_use]
    pub fn document(&self) -> Value {
        match self {
            Self::User(user) => value(user),
            Self::Organization(organization) => value(organization),
            Self::Domain(domain) => value(domain),
            Self::Order(order) => value(order),
        }
    }

    /// What it needs.
    #[must_use]
    pub fn needs(&self) -> Vec<Reference> {
        let user = |id: UserId| Reference { kind: Kind::User, id: id.number() };
        let organization = |id: OrganizationId| Reference { kind: Kind::Organization, id: id.number() };
        let domain = |id: DomainId| Reference { kind: Kind::Domain, id: id.number() };
        match self {
            Self::User(_) | Self::Organization(_) => Vec::new(),
            Self::Domain(it) => it.organization_id.into_iter().map(organization).collect(),
            Self::Order(order) => {
                let domains = order.domains.iter().map(|it| domain(it.domain_id));
                let others = order.user_id.into_iter().map(user);
                others.chain(order.organization_id.into_iter().map(organization)).chain(domains).collect()
            }
        }
    }
}

impl std::fmt::Display for Reference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind.name(), self.id)
    }
}

/// Changes a document as RFC 7396 says: members of the patch replace those of the document, and null removes them.
pub(super) fn merge(document: &mut Value, patch: Value) {
    match patch {
        Value::Object(members) => {
            if !document.is_object() {
                *document = Value::Object(serde_json::Map::new());
            }
            let Value::Object(target) = document else { return };
            for (name, value) in members {
                if value.is_null() {
                    target.shift_remove(&name);
                } else {
                    merge(target.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        other => *document = other,
    }
}

/// Whether a text is a name of DNS (RFC 1123 section 2.1, with underscores as they occur), without a wildcard.
#[must_use]
fn is_dns_name(name: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(is_label)
}

fn read<T: DeserializeOwned>(document: Value) -> Result<T, EntityProblem> {
    serde_json::from_value(document).map_err(|error| EntityProblem::Form { reason: error.to_string() })
}

fn value(entity: &impl Serialize) -> Value {
    // These have string keys only, and nothing else can fail.
    serde_json::to_value(entity).unwrap_or_default()
}

fn at_most(what: &'static str, count: usize) -> Result<(), EntityProblem> {
    if count > MAX_ITEMS { Err(EntityProblem::TooMany { what, limit: MAX_ITEMS }) } else { Ok(()) }
}

fn in_order(
    first: (&'static str, Option<UnixTime>),
    second: (&'static str, Option<UnixTime>),
) -> Result<(), EntityProblem> {
    match (first.1, second.1) {
        (None, None) => Ok(()),
        (Some(from), Some(until)) if from < until => Ok(()),
        _ => Err(EntityProblem::Times { first: first.0, second: second.0 }),
    }
}

fn check_organization(organization: &Organization) -> Result<(), EntityProblem> {
    let validations = &organization.validations;
    at_most("validations", validations.len())?;
    for (position, validation) in validations.iter().enumerate() {
        let kind = validation.kind;
        if validations.iter().take(position).any(|earlier| earlier.kind == kind) {
            return Err(EntityProblem::DoubledValidation { kind: kind.id() });
        }
        if let Some(foreign) = validation.verified.iter().find(|it| !kind.components().contains(it)) {
            return Err(EntityProblem::ForeignComponent { kind: kind.id(), component: foreign.name() });
        }
        at_most("verified contacts", validation.verified_contacts.len())?;
        in_order(("date_created", validation.date_created), ("validated_until", validation.validated_until))?;
    }
    Ok(())
}

fn complete_domain(domain: &mut Domain, at: UnixTime) -> Result<(), EntityProblem> {
    domain.name = domain.name.trim_end_matches('.').to_ascii_lowercase();
    if !is_dns_name(&domain.name) {
        return Err(EntityProblem::Name { name: domain.name.clone() });
    }
    in_order(
        ("approved_at", domain.approved_at),
        ("approval_expiration_date", domain.approval_expiration_date),
    )?;
    if domain.method.needs_token() && domain.token.is_none() {
        domain.token = Some(new_token()?);
        domain.token_expires = Some(at.plus(TOKEN_LIFE));
    }
    let is_token = |token: &String| {
        (1..=63).contains(&token.len())
            && token.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
    };
    if domain.token.as_ref().is_some_and(|token| !is_token(token)) {
        return Err(EntityProblem::Token);
    }
    Ok(())
}

fn complete_order(order: &mut Order) -> Result<(), EntityProblem> {
    order.certificate.complete()?;
    at_most("domains", order.domains.len())?;
    at_most("requests", order.requests.len())?;
    at_most("DNS names", order.names().len())?;
    let named = order.domains.iter_mut().flat_map(|domain| &mut domain.dns_names);
    for name in named.chain(&mut order.certificate.dns_names) {
        *name = name.to_ascii_lowercase();
        if !is_dns_name(name.strip_prefix("*.").unwrap_or(name)) {
            return Err(EntityProblem::Name { name: name.clone() });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const NOW: UnixTime = UnixTime::from_seconds(1_740_441_600);

    fn problem(kind: Kind, document: Value) -> String {
        Entity::read(kind, document, NOW).unwrap_err().to_string()
    }

    #[test]
    fn a_patch_replaces_adds_and_removes() {
        let mut document = json!({"a": 1, "b": {"c": 2, "d": 3}, "e": [1, 2]});
        merge(&mut document, json!({"a": null, "b": {"c": 4, "x": {"y": null, "z": 5}}, "e": [3]}));
        assert_eq!(document, json!({"b": {"c": 4, "d": 3, "x": {"z": 5}}, "e": [3]}));
        merge(&mut document, json!("text"));
        assert_eq!(document, json!("text"));
    }

    #[test]
    fn names_that_would_lead_elsewhere_are_refused() {
        for name in ["example.com", "xn--bcher-kva.example", "_dnsauth.example.com", "localhost", "a-b.c"] {
            assert!(is_dns_name(name), "{name}");
        }
        let long = format!("{}.com", "a".repeat(64));
        for name in
            ["", ".", "a..b", "-a.com", "a-.com", "a b", "a/b", "a@b", "a:80", "*.a.com", "bücher.de", &long]
        {
            assert!(!is_dns_name(name), "{name}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_document_is_named() {
        let domain = |more: Value| {
            let mut document = json!({"id": 1, "name": "example.com", "method": "http-token"});
            merge(&mut document, more);
            document
        };
        assert!(problem(Kind::Domain, domain(json!({"methd": "email"}))).contains("methd"));
        assert!(problem(Kind::Domain, domain(json!({"name": "example.com/x"}))).contains("example.com/x"));
        assert!(problem(Kind::Domain, domain(json!({"token": "a/../b"}))).contains("token"));
        let lone = domain(json!({"approved_at": "2025-01-01T00:00:00Z"}));
        assert!(problem(Kind::Domain, lone).contains("approval_expiration_date"));
        let twice = json!({"id": 1, "name": "X", "validations": [{"type": "ov"}, {"type": "ov"}]});
        assert!(problem(Kind::Organization, twice).contains("two validations of type ov"));
        let foreign = json!({"id": 1, "name": "X", "validations": [{"type": "ov", "verified": ["approver_blacklist"]}]});
        assert!(problem(Kind::Organization, foreign).contains("approver_blacklist"));
        assert!(problem(Kind::User, json!({"id": 0})).contains("not a number from 1"));
    }

    #[test]
    fn a_domain_gets_a_random_value_where_its_method_needs_one() {
        let document = json!({"id": 1, "name": "Example.COM.", "method": "dns-txt-token"});
        let Entity::Domain(domain) = Entity::read(Kind::Domain, document, NOW).unwrap() else { panic!() };
        assert_eq!(domain.name, "example.com");
        assert_eq!(domain.token.unwrap().len(), 32);
        assert_eq!(domain.token_expires, Some(NOW.plus(TOKEN_LIFE)));
        let document = json!({"id": 1, "name": "example.com", "method": "email"});
        let Entity::Domain(domain) = Entity::read(Kind::Domain, document, NOW).unwrap() else { panic!() };
        assert_eq!(domain.token, None);
    }

    #[test]
    fn kinds_have_names_in_singular_and_plural() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.name()), Some(kind));
            assert_eq!(Kind::parse(&format!("{}s", kind.name())), Some(kind));
        }
        assert_eq!(Kind::parse("key"), None);
    }
}
