//! The desk: answers callers about orders, from the registry and from another server.

use std::sync::Arc;

use serde_json::Value;
use tokio::task::JoinSet;

use super::certificate::{normalized, normalized_serial};
use super::control::{ControlCheck, NotShown};
use super::domain::{ControlMethod, ControlState, Domain};
use super::ids::{CertificateId, OrderId};
use super::order::{Order, OrderStatus};
use super::registry::{OrderFile, Registry, RegistryError};
use super::upstream::{Upstream, UpstreamAnswer, UpstreamError};
use super::user::{Action, Caller};
use crate::service::{Checker, Options, Outcome, Question};
use crate::store::{OrderKey, OrderSelection};
use crate::types::{Clock, Seconds, UnixTime};

/// Domains that are looked at for one caller at the same time.
const AT_ONCE: usize = 8;
/// The most octets of a query that goes to another server.
const MAX_QUERY: usize = 1024;

/// What the operator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskSettings {
    /// Who has the first word about an order. Default: the registry.
    pub precedence: Precedence,
    /// Whose orders lists show. Default: those of the registry.
    pub lists: Lists,
    /// How long control over a domain counts once it was shown. Default 200 days, as CAs have it from March 2026 on.
    pub approval: Seconds,
    /// The most domains that one request may have looked at. Default 50.
    pub max_checks: usize,
}

/// Who has the first word about an order that both may know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Precedence {
    /// The registry: what the operator entered overrides what comes from elsewhere.
    #[default]
    Local,
    /// The other server; the registry for what that does not know or while it cannot be asked.
    Upstream,
}

/// Whose orders lists show. The two are never mixed, since pages of both would not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lists {
    /// Those of the registry.
    #[default]
    Local,
    /// Those of the other server.
    Upstream,
}

/// A list of orders: what is told of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderList {
    /// The orders themselves.
    Orders,
    /// What became of them.
    Changes,
}

impl OrderList {
    /// Where another server has it.
    fn path(self) -> &'static str {
        match self {
            Self::Orders => "order/certificate",
            Self::Changes => "order/certificate/status-changes",
        }
    }
}

/// What is known, from here or from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told<T> {
    /// From the registry.
    Local(T),
    /// From the other server, in its own words.
    Upstream(UpstreamAnswer),
}

/// An order and whether its certificate is revoked.
#[derive(Debug)]
pub struct OrderInfo {
    /// The order with what it needs.
    pub file: OrderFile,
    /// What is known of the certificate; `None` where the order has none, or nobody can tell.
    pub revocation: Option<Outcome>,
}

/// A page of orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The orders.
    pub orders: Vec<OrderFile>,
    /// How many there are in all.
    pub total: u64,
}

/// How control over the names of an order stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlReport {
    /// The status of the order.
    pub status: OrderStatus,
    /// Its certificate.
    pub certificate_id: CertificateId,
    /// Each name, and whether control is shown.
    pub names: Vec<(String, bool)>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// There is no such order for the caller.
    #[error("there is no such order in this account")]
    NoOrder,
    /// User or key do not allow it.
    #[error("the API key has no permission for this; ask an administrator, and see user/me")]
    Forbidden,
    /// The order has no such name.
    #[error("the order has no DNS name '{name}'")]
    NoName {
        /// The name.
        name: String,
    },
    /// Too many domains would have to be looked at.
    #[error(
        "{found} domains would have to be looked at, more than {limit}; name some in dns_names_validations"
    )]
    TooManyDomains {
        /// How many.
        found: usize,
        /// How many may be.
        limit: usize,
    },
    /// A file does not have the random value.
    #[error("{0}")]
    FileNotFound(NotShown),
    /// A query that is too long for another server.
    #[error("the query has more than {limit} octets")]
    QueryTooLong {
        /// How many it may have.
        limit: usize,
    },
    /// The registry.
    #[error("{0}")]
    Registry(#[from] RegistryError),
    /// The other server.
    #[error("{0}")]
    Upstream(#[from] UpstreamError),
}

/// Answers callers. To be shared by any number of tasks.
pub struct Desk {
    registry: Registry,
    upstream: Option<Upstream>,
    checker: Option<Arc<Checker>>,
    control: ControlCheck,
    clock: Arc<dyn Clock>,
    settings: DeskSettings,
}

impl Default for DeskSettings {
    fn default() -> Self {
        Self {
            precedence: Precedence::default(),
            lists: Lists::default(),
            approval: Seconds::days(200),
            max_checks: 50,
        }
    }
}

impl Desk {
    /// Answers from a registry at the time of `clock`. `checker` tells whether certificates of orders are revoked.
    #[must_use]
    pub fn new(
        registry: Registry,
        upstream: Option<Upstream>,
        checker: Option<Arc<Checker>>,
        control: ControlCheck,
        clock: Arc<dyn Clock>,
        settings: DeskSettings,
    ) -> Self {
        Self { registry, upstream, checker, control, clock, settings }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> UnixTime {
        self.clock.now()
    }

    /// The registry.
    #[must_use]
    pub const fn registry(&self) -> &Registry {
        &self.registry
    }

    /// How far the validation for an order is.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn validation(
        &self,
        caller: &Caller,
        id: OrderId,
        with_risk_check: bool,
    ) -> Result<Told<OrderFile>, DeskError> {
        allowed(caller, Action::ViewOrders)?;
        let query = if with_risk_check { "?include_risk_check=true" } else { "" };
        let path = format!("order/certificate/{id}/validation{query}");
        self.told(caller, vec![OrderKey::Id(id.number())], &path).await
    }

    /// An order by its number, or by thumbprint or serial number of its certificate, with the verdict on that.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn info(&self, caller: &Caller, reference: &str) -> Result<Told<OrderInfo>, DeskError> {
        allowed(caller, Action::ViewOrders)?;
        let keys = order_keys(reference);
        if keys.is_empty() {
            return Err(DeskError::NoOrder);
        }
        let path = format!("order/certificate/{}", normalized(reference));
        Ok(match self.told(caller, keys, &path).await? {
            Told::Upstream(answer) => Told::Upstream(answer),
            Told::Local(file) => {
                let revocation = self.revocation(&file.order).await;
                Told::Local(OrderInfo { file, revocation })
            }
        })
    }

    /// The orders of a selection. `query` is what another server is asked, where lists are its business.
    ///
    /// # Errors
    /// [`DeskError`].
    pub async fn list(
        &self,
        caller: &Caller,
        list: OrderList,
        mut selection: OrderSelection,
        query: &str,
    ) -> Result<Told<Page>, DeskError> {
        allowed(caller, Action::ViewOrders)?;
        let upstream = self.upstream.as_ref().filter(|_| caller.sees_all());
        if let (Lists::Upstream, Some(upstream)) = (self.settings.lists, upstream) {
            if query.len() > MAX_QUERY {
                return Err(DeskError::QueryTooLong { limit: MAX_QUERY });
            }
            let path = list.path();
            let path = if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") };
            return Ok(Told::Upstream(upstream.get(&path).await?));
        }
        selection.at = Some(self.clock.now());
        if !caller.sees_all() {
            selection.user_id = Some(caller.user.id.number());
        }
        let (orders, total) = self.registry.select(selection).await?;
        Ok(Told::Local(Page { orders, total }))
    }

    /// Looks whether control over the domains of an order is shown, those of some names or all, and notes what is.
    ///
    /// # Errors
    /// [`DeskError`]; [`DeskError::FileNotFound`] if a web server does not have the random value. What was shown for other
    /// domains is noted all the same.
    pub async fn check_control(
        &self,
        caller: &Caller,
        id: OrderId,
        names: &[String],
    ) -> Result<ControlReport, DeskError> {
        allowed(caller, Action::EditOrders)?;
        let found = self.registry.order(OrderKey::Id(id.number())).await?;
        let file = found.filter(|file| caller.sees(&file.order)).ok_or(DeskError::NoOrder)?;
        let known = file.order.names();
        let is_known = |name: &String| {
            known.iter().any(|it| it.eq_ignore_ascii_case(name))
                || file.domains.iter().any(|domain| domain.name.eq_ignore_ascii_case(name))
        };
        if let Some(name) = names.iter().find(|name| !is_known(name)) {
            return Err(DeskError::NoName { name: name.clone() });
        }
        let asked: Vec<String> = if names.is_empty() {
            let domains = file.domains.iter().map(|domain| domain.name.as_str());
            let names = if known.is_empty() { domains.collect() } else { known };
            names.into_iter().map(str::to_owned).collect()
        } else {
            names.to_vec()
        };
        let at = self.clock.now();
        let is_due = |domain: &&Domain| {
            !matches!(domain.state(at), ControlState::Approved { .. })
                && asked.iter().any(|name| domain.covers(name) || stands_for(&file.order, domain, name))
        };
        let due: Vec<Domain> = file.domains.iter().filter(is_due).cloned().collect();
        if due.len() > self.settings.max_checks {
            return Err(DeskError::TooManyDomains { found: due.len(), limit: self.settings.max_checks });
        }
        let (shown, missing) = self.look(due, at).await;
        let until = at.plus(self.settings.approval);
        for domain in &shown {
            self.registry.approve(domain, until).await?;
        }
        if let Some(missing) = missing {
            return Err(DeskError::FileNotFound(missing));
        }
        let approved = |name: &String| {
            file.domains.iter().any(|domain| {
                let is_shown = matches!(domain.state(at), ControlState::Approved { .. })
                    || shown.iter().any(|it| it.id == domain.id);
                is_shown && domain.covers(name)
            })
        };
        let names = asked.into_iter().map(|name| {
            let approved = approved(&name);
            (name, approved)
        });
        Ok(ControlReport {
            status: file.order.status_at(at),
            certificate_id: file.order.certificate.id,
            names: names.collect(),
        })
    }

    /// Looks at domains, some at a time: those that show control, and the first that should have a file and has not.
    async fn look(&self, due: Vec<Domain>, at: UnixTime) -> (Vec<Domain>, Option<NotShown>) {
        let (mut shown, mut missing) = (Vec::new(), None);
        let mut under_way = JoinSet::new();
        let mut due = due.into_iter();
        loop {
            while under_way.len() < AT_ONCE {
                let Some(domain) = due.next() else { break };
                let control = self.control.clone();
                under_way.spawn(async move {
                    let looked = control.look(&domain, at).await;
                    (domain, looked)
                });
            }
            let Some(looked) = under_way.join_next().await else { return (shown, missing) };
            match looked {
                Ok((domain, Ok(()))) => shown.push(domain),
                Ok((domain, Err(reason))) => {
                    tracing::info!(domain = domain.name, ?reason, "control is not shown");
                    let by_file =
                        matches!(domain.method, ControlMethod::HttpToken | ControlMethod::HttpTokenDynamic);
                    if by_file {
                        missing.get_or_insert(reason);
                    }
                }
                // The runtime is ending.
                Err(_) => {}
            }
        }
    }

    /// What is known of an order, by whoever has the first word.
    async fn told(
        &self,
        caller: &Caller,
        keys: Vec<OrderKey>,
        path: &str,
    ) -> Result<Told<OrderFile>, DeskError> {
        // Orders of another server belong to none of our users: they are for those who see all.
        let upstream = self.upstream.as_ref().filter(|_| caller.sees_all());
        let first = match (self.settings.precedence, upstream) {
            (Precedence::Upstream, Some(upstream)) => Some(upstream.get(path).await),
            _ => None,
        };
        if let Some(Ok(answer)) = first {
            return Ok(Told::Upstream(answer));
        }
        for key in keys {
            if let Some(file) = self.registry.order(key).await? {
                // One of somebody else is as good as none, and does not become another one elsewhere.
                return if caller.sees(&file.order) {
                    Ok(Told::Local(file))
                } else {
                    Err(DeskError::NoOrder)
                };
            }
        }
        let last = match (first, upstream) {
            (Some(asked), _) => asked,
            (None, Some(upstream)) => upstream.get(path).await,
            (None, None) => Err(UpstreamError::NotFound),
        };
        match last {
            Ok(answer) => Ok(Told::Upstream(answer)),
            Err(UpstreamError::NotFound) => Err(DeskError::NoOrder),
            Err(error) => Err(DeskError::Upstream(error)),
        }
    }

    async fn revocation(&self, order: &Order) -> Option<Outcome> {
        let checker = self.checker.as_ref()?;
        let (certificate, issuer) = order.certificate.parsed()?;
        let question = Question::Certificate { certificate, issuer };
        match checker.check(&question, Options::default()).await {
            Ok(outcome) => Some(outcome),
            Err(error) => {
                tracing::error!(order = %order.id, %error, "the index cannot tell whether a certificate is revoked");
                None
            }
        }
    }
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Desk").field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// What an order may be found by: its number, or what is in its certificate. A serial number may look like an order's
/// number, which comes first then.
fn order_keys(reference: &str) -> Vec<OrderKey> {
    let is_hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | ' '));
    let digits = normalized(reference);
    if !is_hex(reference) || digits.is_empty() || digits.len() > 128 {
        return Vec::new();
    }
    let number = reference.parse::<OrderId>().ok().map(|id| OrderKey::Id(id.number()));
    let thumbprint = (digits.len() == 40).then(|| OrderKey::Thumbprint(digits.clone()));
    let serial = OrderKey::Serial(normalized_serial(reference));
    number.into_iter().chain(thumbprint).chain([serial]).collect()
}

/// Whether an order says that a domain stands for a name.
fn stands_for(order: &Order, domain: &Domain, name: &str) -> bool {
    let named = order.domains.iter().filter(|it| it.domain_id == domain.id);
    named.flat_map(|it| &it.dns_names).any(|it| it.eq_ignore_ascii_case(name))
}

fn allowed(caller: &Caller, action: Action) -> Result<(), DeskError> {
    if caller.may(action) { Ok(()) } else { Err(DeskError::Forbidden) }
}

/// Turns what has ended meanwhile in the words of another server: an answer may be older than an end that it names.
/// `ended` is the status of a domain whose approval has ended.
pub fn turn_ended(document: &mut Value, now: UnixTime, ended: &str) {
    let lists = [
        ("organization_validations", "validated_until", "active", "pending"),
        ("dns_name_validations", "approval_expiration_date", "approved", ended),
    ];
    for (list, end, while_valid, after) in lists {
        let items = document.get_mut(list).and_then(Value::as_array_mut);
        for item in items.into_iter().flatten() {
            let until = item.get(end).and_then(Value::as_str).and_then(super::times::parse_lenient);
            let is_over = until.is_some_and(|until| until <= now);
            let status = item.get_mut("status").filter(|status| status.as_str() == Some(while_valid));
            if let (true, Some(status)) = (is_over, status) {
                *status = Value::from(after);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_reference_is_a_number_before_it_is_anything_else() {
        assert_eq!(order_keys("112211"), [OrderKey::Id(112_211), OrderKey::Serial("112211".to_owned())]);
        let thumbprint = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(order_keys(thumbprint)[0], OrderKey::Thumbprint(thumbprint.to_uppercase()));
        assert_eq!(order_keys("00:0A"), [OrderKey::Serial("0A".to_owned())]);
        for nonsense in ["", "abc/def", "../1", "status", "%20", &"a".repeat(200)] {
            assert_eq!(order_keys(nonsense), [], "{nonsense}");
        }
    }

    #[test]
    fn what_another_server_said_is_turned_when_it_ends() {
        let mut document = json!({
            "organization_validations": [
                {"status": "active", "validated_until": "2025-01-01T00:00:00+00:00"},
                {"status": "active", "validated_until": "2025-01-01T00:00:01+00:00"},
                {"status": "complete", "validated_until": "2024-01-01T00:00:00+00:00"},
                {"status": "active"}, 7],
            "dns_name_validations": [{"status": "approved", "approval_expiration_date": "2024-12-31T00:00:00Z"}]});
        turn_ended(&mut document, UnixTime::parse_rfc3339("2025-01-01T00:00:00Z").unwrap(), "expired");
        let statuses = |list: &str| -> Vec<_> {
            let items = document[list].as_array().unwrap().iter();
            items.map(|item| item["status"].as_str().unwrap_or("none").to_owned()).collect()
        };
        assert_eq!(statuses("organization_validations"), ["pending", "active", "complete", "active", "none"]);
        assert_eq!(statuses("dns_name_validations"), ["expired"]);
        let mut other = json!({"organization_validations": "x"});
        turn_ended(&mut other, UnixTime::from_seconds(0), "expired");
    }
}
