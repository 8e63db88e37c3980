//! Orders.

use serde::{Deserialize, Serialize};

use super::certificate::OrderCertificate;
use super::domain::ControlMethod;
use super::ids::{DomainId, OrderId, OrganizationId, UserId};
use super::organization::{Progress, ValidationType};
use crate::types::{UnixTime, rfc3339};

/// An order of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// Its number.
    pub id: OrderId,
    /// Its status as it was set; see [`Order::status_at`].
    pub status: OrderStatus,
    /// When it was made.
    #[serde(with = "rfc3339")]
    pub date_created: UnixTime,
    /// When its status was set the last time; as `date_created` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub status_last_updated: Option<UnixTime>,
    /// What was ordered.
    pub product: Product,
    /// For whom; none for DV.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
    /// Who ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<UserId>,
    /// At which level the names are validated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name_scope: Option<NameScope>,
    /// How control over its domains was meant to be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dcv_method: Option<ControlMethod>,
    /// The domains it needs, with the names that each stands for.
    #[serde(default)]
    pub domains: Vec<OrderDomain>,
    /// What was asked for or issued.
    pub certificate: OrderCertificate,
    /// Years the order is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity_years: Option<u32>,
    /// Whether it renews another order.
    #[serde(default)]
    pub is_renewal: bool,
    /// The order it renews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewed_order_id: Option<OrderId>,
    /// Whether another order renews it.
    #[serde(default)]
    pub is_renewed: bool,
    /// The division it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<Container>,
    /// What was asked of the administrators.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<OrderRequest>,
    /// How it is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment_method: Option<String>,
    /// Whether duplicates of the certificate may be had.
    #[serde(default)]
    pub allow_duplicates: bool,
    /// How the check for risks stands; as good as pending if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk_check: Option<Progress>,
}

/// The status of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Something is missing.
    Pending,
    /// An administrator has to agree.
    NeedsApproval,
    /// The administrators agreed.
    Approved,
    /// The CA works on it.
    Processing,
    /// The certificate exists.
    Issued,
    /// It exists, and another one is asked for.
    ReissuePending,
    /// An administrator or the CA declined.
    Rejected,
    /// Whoever ordered it took it back.
    Canceled,
    /// The certificate was revoked with the order.
    Revoked,
    /// The certificate has ended.
    Expired,
}

/// What was ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Product {
    /// Its id: `ssl_plus`.
    pub name_id: String,
    /// Its name: `Standard SSL`.
    pub name: String,
    /// What kind of product it is: `ssl_certificate`.
    #[serde(rename = "type", default = "ssl_certificate")]
    pub kind: String,
    /// What is validated for it.
    pub validation_type: ValidationType,
}

/// At which level names are validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameScope {
    /// Each at its base domain.
    BaseDomain,
    /// Exactly as named.
    Fqdn,
}

/// A domain that an order needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderDomain {
    /// The domain.
    pub domain_id: DomainId,
    /// The names of the certificate that it stands for, beside its own.
    #[serde(default)]
    pub dns_names: Vec<String>,
}

/// A division of the account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// Its number.
    pub id: i64,
    /// Its name.
    pub name: String,
}

/// Something that was asked of the administrators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderRequest {
    /// Its number.
    pub id: i64,
    /// When it was asked.
    #[serde(with = "rfc3339")]
    pub date: UnixTime,
    /// `new_request`, `reissue`, `revoke` and so on.
    #[serde(rename = "type")]
    pub kind: String,
    /// `submitted`, `pending`, `approved` or `rejected`.
    pub status: String,
    /// What was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comments: Option<String>,
}

impl Order {
    /// Its status at some time: an issued order is expired from the second its certificate ends.
    #[must_use]
    pub fn status_at(&self, at: UnixTime) -> OrderStatus {
        match (self.status, self.certificate.valid_till) {
            (OrderStatus::Issued, Some(end)) if end <= at => OrderStatus::Expired,
            (status, _) => status,
        }
    }

    /// When its status at some time began.
    #[must_use]
    pub fn status_since(&self, at: UnixTime) -> UnixTime {
        let set = self.status_last_updated.unwrap_or(self.date_created);
        match self.certificate.valid_till {
            Some(end) if self.status == OrderStatus::Issued && end <= at => set.max(end),
            _ => set,
        }
    }

    /// Every name of the certificate, the common name first, each once.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        let all = self.certificate.common_name.iter().chain(&self.certificate.dns_names);
        for name in all.chain(self.domains.iter().flat_map(|domain| &domain.dns_names)) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 10] = [
        Self::Pending,
        Self::NeedsApproval,
        Self::Approved,
        Self::Processing,
        Self::Issued,
        Self::ReissuePending,
        Self::Rejected,
        Self::Canceled,
        Self::Revoked,
        Self::Expired,
    ];

    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::NeedsApproval => "needs_approval",
            Self::Approved => "approved",
            Self::Processing => "processing",
            Self::Issued => "issued",
            Self::ReissuePending => "reissue_pending",
            Self::Rejected => "rejected",
            Self::Canceled => "canceled",
            Self::Revoked => "revoked",
            Self::Expired => "expired",
        }
    }

    /// The status of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl NameScope {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BaseDomain => "base_domain",
            Self::Fqdn => "fqdn",
        }
    }
}

fn ssl_certificate() -> String {
    "ssl_certificate".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issued_order_expires_with_its_certificate() {
        let order: Order = serde_json::from_value(serde_json::json!({
            "id": 1, "status": "issued", "date_created": "2025-01-01T00:00:00Z",
            "product": {"name_id": "ssl_plus", "name": "Standard SSL", "validation_type": "ov"},
            "certificate": {"id": 2, "common_name": "example.com", "dns_names": ["example.com", "a.example.com"],
                            "valid_till": "2026-01-01T00:00:00Z"}
        }))
        .unwrap();
        let end = UnixTime::parse_rfc3339("2026-01-01T00:00:00Z").unwrap();
        let before = UnixTime::from_seconds(end.seconds() - 1);
        assert_eq!(order.status_at(before), OrderStatus::Issued);
        assert_eq!(order.status_since(before), order.date_created);
        assert_eq!(order.status_at(end), OrderStatus::Expired);
        assert_eq!(order.status_since(end), end);
        let canceled = Order { status: OrderStatus::Canceled, ..order.clone() };
        assert_eq!(canceled.status_at(end), OrderStatus::Canceled);
        assert_eq!(order.names(), ["example.com", "a.example.com"]);
        for status in OrderStatus::ALL {
            assert_eq!(serde_json::to_value(status).unwrap(), status.name());
            assert_eq!(OrderStatus::parse(status.name()), Some(status));
        }
    }
}
