//! Domains, and who controls them.

use serde::{Deserialize, Serialize};

use super::ids::{DomainId, OrganizationId};
use crate::types::{UnixTime, rfc3339};

/// A domain whose control is validated.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its number.
    pub id: DomainId,
    /// The domain at which control is validated: `example.com`.
    pub name: String,
    /// What else the validation speaks for.
    #[serde(default)]
    pub approval_scope: ApprovalScope,
    /// How control is shown.
    pub method: ControlMethod,
    /// When it was shown the last time; absent while it never was.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub approved_at: Option<UnixTime>,
    /// When that ends. Together with `approved_at`.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub approval_expiration_date: Option<UnixTime>,
    /// The random value to be put where only those can put it who control the domain. Not a secret: it is meant to be
    /// published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Until when the random value may be used.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rfc3339::option")]
    pub token_expires: Option<UnixTime>,
    /// The organization it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<OrganizationId>,
}

/// What a validation at one domain speaks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalScope {
    /// Its subdomains as well.
    #[default]
    Subdomains,
    /// The very name.
    Fqdn,
}

/// How control over a domain is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ControlMethod {
    /// By an answer to an email, which happens elsewhere.
    Email,
    /// By the random value in a TXT record.
    DnsTxtToken,
    /// By a CNAME record of a name with the random value.
    DnsCnameToken,
    /// By the random value in a file of the domain's web server.
    HttpToken,
    /// The same, with a file whose name is random too.
    HttpTokenDynamic,
}

/// How a domain stands at some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ControlState {
    /// Control was never shown.
    Pending,
    /// It was, and counts until this time.
    Approved {
        /// The first second at which it no longer counts.
        until: UnixTime,
    },
    /// It was, and no longer counts.
    Expired {
        /// Since when.
        since: UnixTime,
    },
}

impl Domain {
    /// How it stands at some time: approved from the approval until just before its end.
    #[must_use]
    pub fn state(&self, at: UnixTime) -> ControlState {
        match self.approved_at.zip(self.approval_expiration_date) {
            Some((from, until)) if from <= at && at < until => ControlState::Approved { until },
            Some((from, since)) if from <= at => ControlState::Expired { since },
            _ => ControlState::Pending,
        }
    }

    /// Whether the validation speaks for a name: the domain itself, and with [`ApprovalScope::Subdomains`] what is below
    /// it. A wildcard stands for the names below its base, of which a file on a web server says nothing.
    #[must_use]
    pub fn covers(&self, name: &str) -> bool {
        let by_file = matches!(self.method, ControlMethod::HttpToken | ControlMethod::HttpTokenDynamic);
        if by_file && name.starts_with("*.") {
            return false;
        }
        let base = name.strip_prefix("*.").unwrap_or(name).to_ascii_lowercase();
        let own = self.name.to_ascii_lowercase();
        let is_below = || base.strip_suffix(&own).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        match self.approval_scope {
            ApprovalScope::Subdomains => is_below(),
            ApprovalScope::Fqdn => base == own && !name.starts_with("*."),
        }
    }
}

impl ApprovalScope {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Subdomains => "subdomains",
            Self::Fqdn => "fqdn",
        }
    }
}

impl ControlMethod {
    /// The name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::DnsTxtToken => "dns-txt-token",
            Self::DnsCnameToken => "dns-cname-token",
            Self::HttpToken => "http-token",
            Self::HttpTokenDynamic => "http-token-dynamic",
        }
    }

    /// Whether control is shown by a random value.
    #[must_use]
    pub const fn needs_token(self) -> bool {
        !matches!(self, Self::Email)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> Domain {
        Domain {
            id: DomainId::try_from(1234).unwrap(),
            name: "example.com".to_owned(),
            approval_scope: ApprovalScope::Subdomains,
            method: ControlMethod::Email,
            approved_at: None,
            approval_expiration_date: None,
            token: None,
            token_expires: None,
            organization_id: None,
        }
    }

    #[test]
    fn approval_ends_at_its_second() {
        let at = UnixTime::from_seconds;
        assert_eq!(domain().state(at(150)), ControlState::Pending);
        let domain =
            Domain { approved_at: Some(at(100)), approval_expiration_date: Some(at(200)), ..domain() };
        assert_eq!(domain.state(at(99)), ControlState::Pending);
        assert_eq!(domain.state(at(100)), ControlState::Approved { until: at(200) });
        assert_eq!(domain.state(at(199)), ControlState::Approved { until: at(200) });
        assert_eq!(domain.state(at(200)), ControlState::Expired { since: at(200) });
    }

    #[test]
    fn a_scope_says_which_names_are_covered() {
        let domain = domain();
        for name in ["example.com", "EXAMPLE.com", "sub.example.com", "a.b.example.com", "*.example.com"] {
            assert!(domain.covers(name), "{name}");
        }
        for name in ["example.org", "badexample.com", "com", ""] {
            assert!(!domain.covers(name), "{name}");
        }
        let by_file = Domain { method: ControlMethod::HttpToken, ..domain.clone() };
        assert!(by_file.covers("sub.example.com") && !by_file.covers("*.example.com"));
        let exact = Domain { approval_scope: ApprovalScope::Fqdn, ..domain };
        assert!(exact.covers("example.com"));
        assert!(!exact.covers("sub.example.com") && !exact.covers("*.example.com"));
    }

    #[test]
    fn methods_are_spelt_as_the_api_spells_them() {
        for method in [
            ControlMethod::Email,
            ControlMethod::DnsTxtToken,
            ControlMethod::DnsCnameToken,
            ControlMethod::HttpToken,
            ControlMethod::HttpTokenDynamic,
        ] {
            assert_eq!(serde_json::to_value(method).unwrap(), method.name());
        }
    }
}
