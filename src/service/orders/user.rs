//! Who asks, and what they may.

use serde::{Deserialize, Serialize};

use super::ids::UserId;
use super::key::KeyId;
use super::order::{Container, Order};

/// A user of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// Its number.
    pub id: UserId,
    /// The name for signing in.
    pub username: String,
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Email address.
    pub email: String,
    /// What they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub telephone: Option<String>,
    /// What they may.
    pub role: Role,
    /// The division they belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
}

/// What a user may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// What concerns their own orders.
    LimitedUser,
    /// Looking, because they pay.
    FinanceManager,
    /// Everything about orders.
    Manager,
    /// Everything about orders, short of approving them.
    StandardUser,
}

/// To what an API key is restricted, beyond what its user may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Restriction {
    /// To nothing (0).
    #[default]
    None,
    /// To orders (100).
    Orders,
    /// To orders, domains and organizations (101).
    OrdersDomainsOrganizations,
    /// To looking (102).
    ViewOnly,
    /// To users (103).
    UserManagement,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Look at orders.
    ViewOrders,
    /// Change how orders stand.
    EditOrders,
    /// Look at domains or organizations.
    ViewValidations,
    /// Look at one's own user, for which no permission is needed: it is where one finds out why others are missing.
    ViewSelf,
}

/// Whoever sent an API key that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The key.
    pub key: KeyId,
    /// To what the key is restricted.
    pub restriction: Restriction,
    /// Whose key it is.
    pub user: User,
}

impl Caller {
    /// Whether user and key allow it.
    #[must_use]
    pub const fn may(&self, action: Action) -> bool {
        self.user.role.may(action) && self.restriction.allows(action)
    }

    /// Whether this order is there for the user.
    #[must_use]
    pub fn sees(&self, order: &Order) -> bool {
        self.sees_all() || order.user_id == Some(self.user.id)
    }

    /// Whether all orders are.
    #[must_use]
    pub const fn sees_all(&self) -> bool {
        !matches!(self.user.role, Role::LimitedUser)
    }
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] =
        [Self::Administrator, Self::LimitedUser, Self::FinanceManager, Self::Manager, Self::StandardUser];

    /// The number in answers.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Administrator => 1,
            Self::LimitedUser => 2,
            Self::FinanceManager => 3,
            Self::Manager => 4,
            Self::StandardUser => 5,
        }
    }

    /// The name in answers.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Administrator => "Administrator",
            Self::LimitedUser => "Limited user",
            Self::FinanceManager => "Finance manager",
            Self::Manager => "Manager",
            Self::StandardUser => "Standard user",
        }
    }

    const fn may(self, action: Action) -> bool {
        match action {
            Action::ViewSelf | Action::ViewOrders => true,
            Action::EditOrders => !matches!(self, Self::FinanceManager),
            Action::ViewValidations => !matches!(self, Self::FinanceManager | Self::LimitedUser),
        }
    }
}

impl Restriction {
    /// Every restriction.
    pub const ALL: [Self; 5] =
        [Self::None, Self::Orders, Self::OrdersDomainsOrganizations, Self::ViewOnly, Self::UserManagement];

    /// The number in the glossary.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Orders => 100,
            Self::OrdersDomainsOrganizations => 101,
            Self::ViewOnly => 102,
            Self::UserManagement => 103,
        }
    }

    /// The name in documents.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Orders => "orders",
            Self::OrdersDomainsOrganizations => "orders_domains_organizations",
            Self::ViewOnly => "view_only",
            Self::UserManagement => "user_management",
        }
    }

    /// The restriction of a number.
    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|restriction| restriction.number() == number)
    }

    const fn allows(self, action: Action) -> bool {
        match self {
            Self::None => true,
            Self::Orders => !matches!(action, Action::ViewValidations),
            Self::OrdersDomainsOrganizations => true,
            Self::ViewOnly => !matches!(action, Action::EditOrders),
            Self::UserManagement => matches!(action, Action::ViewSelf),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_what_both_its_user_and_its_restriction_allow() {
        use Action::{EditOrders, ViewOrders, ViewSelf, ViewValidations};
        let user: User = serde_json::from_value(serde_json::json!({
            "id": 1, "username": "jane", "first_name": "Jane", "last_name": "Doe", "email": "j@example.com",
            "role": "administrator"
        }))
        .unwrap();
        let allowed = |role: Role, restriction: Restriction| -> Vec<Action> {
            let user = User { role, ..user.clone() };
            let caller = Caller { key: KeyId::from(uuid::Uuid::nil()), restriction, user };
            [ViewSelf, ViewOrders, EditOrders, ViewValidations]
                .into_iter()
                .filter(|action| caller.may(*action))
                .collect()
        };
        let everything = vec![ViewSelf, ViewOrders, EditOrders, ViewValidations];
        assert_eq!(allowed(Role::Administrator, Restriction::None), everything);
        assert_eq!(allowed(Role::StandardUser, Restriction::OrdersDomainsOrganizations), everything);
        assert_eq!(allowed(Role::Manager, Restriction::Orders), [ViewSelf, ViewOrders, EditOrders]);
        assert_eq!(allowed(Role::Manager, Restriction::ViewOnly), [ViewSelf, ViewOrders, ViewValidations]);
        assert_eq!(allowed(Role::Administrator, Restriction::UserManagement), [ViewSelf]);
        assert_eq!(allowed(Role::FinanceManager, Restriction::None), [ViewSelf, ViewOrders]);
        assert_eq!(allowed(Role::LimitedUser, Restriction::None), [ViewSelf, ViewOrders, EditOrders]);
        let numbers: Vec<u8> = Restriction::ALL.iter().map(|restriction| restriction.number()).collect();
        assert_eq!(numbers, [0, 100, 101, 102, 103]);
    }
}
