//! Many documents at once: what is imported and exported.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::entity::{Entity, EntityProblem, Kind};
use crate::types::UnixTime;

/// The most octets of a bundle.
pub const MAX_BUNDLE: usize = 64 << 20;
/// The most documents of a bundle.
pub const MAX_DOCUMENTS: usize = 100_000;

/// Documents by kind. What an order needs comes along or is there already.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bundle {
    /// Users.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub users: Vec<Value>,
    /// Organizations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub organizations: Vec<Value>,
    /// Domains.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<Value>,
    /// Orders.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<Value>,
}

/// Why a text is not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleProblem {
    /// It is too long.
    #[error("more than {MAX_BUNDLE} octets")]
    TooLarge,
    /// It is no JSON of this form.
    #[error("not a document with the lists users, organizations, domains and orders: {reason}")]
    Form {
        /// What the parser says.
        reason: String,
    },
    /// There are too many documents in it.
    #[error("more than {MAX_DOCUMENTS} documents")]
    TooMany,
    /// One document is not of its kind.
    #[error("{kind} {place}: {problem}", kind = .kind.name())]
    Document {
        /// What it should be.
        kind: Kind,
        /// Its number if it has one, else its place in the list from 1.
        place: String,
        /// What is wrong.
        problem: EntityProblem,
    },
    /// Two of one number.
    #[error("two documents for {kind} {id}", kind = .kind.name())]
    Doubled {
        /// Of what kind.
        kind: Kind,
        /// The number.
        id: i64,
    },
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// [`BundleProblem`].
    pub fn parse(text: &[u8]) -> Result<Self, BundleProblem> {
        if text.len() > MAX_BUNDLE {
            return Err(BundleProblem::TooLarge);
        }
        serde_json::from_slice(text).map_err(|error| BundleProblem::Form { reason: error.to_string() })
    }

    /// Adds a document.
    pub fn push(&mut self, kind: Kind, document: Value) {
        match kind {
            Kind::User => &mut self.users,
            Kind::Organization => &mut self.organizations,
            Kind::Domain => &mut self.domains,
            Kind::Order => &mut self.orders,
        }
        .push(document);
    }

    /// Every document, checked, what is needed before what needs it.
    ///
    /// # Errors
    /// [`BundleProblem`].
    pub fn into_entities(self, at: UnixTime) -> Result<Vec<Entity>, BundleProblem> {
        let lists = [
            (Kind::User, self.users),
            (Kind::Organization, self.organizations),
            (Kind::Domain, self.domains),
            (Kind::Order, self.orders),
        ];
        if lists.iter().map(|(_, list)| list.len()).sum::<usize>() > MAX_DOCUMENTS {
            return Err(BundleProblem::TooMany);
        }
        let mut entities = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for (kind, list) in lists {
            for (position, document) in (1..).zip(list) {
                let place = match document.get("id").and_then(Value::as_i64) {
                    Some(id) => id.to_string(),
                    None => format!("number {position}"),
                };
                let entity = Entity::read(kind, document, at).map_err(|problem| BundleProblem::Document {
                    kind,
                    place,
                    problem,
                })?;
                if !seen.insert(entity.reference()) {
                    return Err(BundleProblem::Doubled { kind, id: entity.id() });
                }
                entities.push(entity);
            }
        }
        Ok(entities)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime::from_seconds(1_740_441_600);

    fn problem(text: &str) -> String {
        Bundle::parse(text.as_bytes()).and_then(|bundle| bundle.into_entities(NOW)).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_bundle_is_named_with_its_place() {
        assert!(problem("{").contains("not a document"));
        assert!(problem(r#"{"order": []}"#).contains("order"));
        let domain = r#"{"id": 7, "name": "example.com", "method": "email"}"#;
        assert_eq!(problem(&format!(r#"{{"domains": [{domain}, {domain}]}}"#)), "two documents for domain 7");
        assert!(
            problem(r#"{"domains": [{"id": 7, "name": "a b", "method": "email"}]}"#)
                .starts_with("domain 7: ")
        );
        assert!(problem(r#"{"domains": [{"name": "a"}]}"#).starts_with("domain number 1: "));
    }

    #[test]
    fn what_is_needed_comes_first() {
        let text = r#"{
            "domains": [{"id": 7, "name": "example.com", "method": "email", "organization_id": 3}],
            "organizations": [{"id": 3, "name": "Example"}]}"#;
        let entities = Bundle::parse(text.as_bytes()).unwrap().into_entities(NOW).unwrap();
        let kinds: Vec<Kind> = entities.iter().map(Entity::kind).collect();
        assert_eq!(kinds, [Kind::Organization, Kind::Domain]);
        assert_eq!(entities[1].needs(), [entities[0].reference()]);
    }
}
