//! A registry with some orders, and routes over it that are asked without sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use revocache::fetch::dns::{DnsClient, DnsSettings};
use revocache::fetch::http::{AddressPolicy, HttpClient, HttpSettings};
use revocache::pki::sha256;
use revocache::server::admin::AdminAccess;
use revocache::server::http::digicert::{Digicert, DigicertSettings, router};
use revocache::service::Checker;
use revocache::service::orders::{
    Bundle, ControlCheck, ControlSettings, Desk, DeskSettings, Existing, OrderUpstreamSettings, Registry,
    Restriction, Upstream, UserId,
};
use revocache::store::{Location, Store, StoreSettings};
use revocache::types::{Clock, UnixTime};
use serde_json::{Value, json};
use tower::ServiceExt;

/// A moment at which the documented sample is what there is to say: the validation of the organization has ended, that
/// of the domain has not.
pub(crate) const SAMPLE: &str = "2019-06-01T00:00:00Z";
pub(crate) const TOKEN: &str = "an-admin-token-for-tests";

/// A clock that is set by hand.
#[derive(Debug)]
pub(crate) struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime::from_seconds(self.0.load(Ordering::SeqCst))
    }
}

impl Hand {
    pub(crate) fn at(text: &str) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(UnixTime::parse_rfc3339(text).unwrap().seconds())))
    }

    pub(crate) fn set(&self, text: &str) {
        self.0.store(UnixTime::parse_rfc3339(text).unwrap().seconds(), Ordering::SeqCst);
    }

    pub(crate) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// What differs from world to world.
pub(crate) struct Plan {
    pub(crate) at: &'static str,
    pub(crate) upstream: Option<OrderUpstreamSettings>,
    pub(crate) desk: DeskSettings,
    pub(crate) control: ControlSettings,
    pub(crate) dns: DnsSettings,
    pub(crate) addresses: AddressPolicy,
    pub(crate) checker: Option<Arc<Checker>>,
    pub(crate) settings: DigicertSettings,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            at: SAMPLE,
            upstream: None,
            desk: DeskSettings::default(),
            control: ControlSettings::default(),
            dns: DnsSettings { servers: vec!["127.0.0.1:1".parse().unwrap()], ..DnsSettings::default() },
            addresses: AddressPolicy::public_only().with_private(),
            checker: None,
            settings: DigicertSettings::default(),
        }
    }
}

pub(crate) struct World {
    _folder: tempfile::TempDir,
    pub(crate) clock: Arc<Hand>,
    pub(crate) registry: Registry,
    pub(crate) store: Store,
    pub(crate) router: Router,
    /// A key that may everything.
    pub(crate) key: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and code of the only error.
    pub(crate) fn error(&self) -> (u16, String) {
        let document = self.json();
        let errors = document["errors"].as_array().unwrap();
        assert_eq!(errors.len(), 1, "{document}");
        assert!(!errors[0]["message"].as_str().unwrap().is_empty());
        (self.status.as_u16(), errors[0]["code"].as_str().unwrap().to_owned())
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Plan::default()).await
    }

    pub(crate) async fn with(plan: Plan) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Hand::at(plan.at);
        let shared: Arc<dyn Clock> = Arc::<Hand>::clone(&clock);
        let location = Location::Sqlite(folder.path().join("store.db"));
        let store = Store::open(&StoreSettings::new(location), Arc::clone(&shared)).await.unwrap();
        let registry = Registry::new(store.clone(), Arc::clone(&shared));
        registry.import(serde_json::from_value(bundle()).unwrap(), Existing::Refuse).await.unwrap();
        let addresses = plan.addresses;
        let http = HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() }).unwrap();
        let dns = DnsClient::new(&plan.dns).unwrap();
        let control = ControlCheck::new(http.clone(), dns, plan.control);
        let upstream =
            plan.upstream.map(|settings| Upstream::new(settings, http.clone(), Arc::clone(&shared)));
        let desk =
            Desk::new(registry.clone(), upstream, plan.checker, control, Arc::clone(&shared), plan.desk);
        let access = AdminAccess::Token { sha256: sha256(TOKEN.as_bytes()) };
        let router =
            router(Arc::new(Digicert::new(desk, plan.settings, access, Arc::new(store.clone()), shared)));
        let mut world = Self { _folder: folder, clock, registry, store, router, key: String::new() };
        world.key = world.key_of(1, Restriction::None).await;
        world
    }

    pub(crate) async fn key_of(&self, user: i64, restriction: Restriction) -> String {
        let user = UserId::try_from(user).unwrap();
        self.registry.add_key("test", user, restriction).await.unwrap().1.to_string()
    }

    pub(crate) async fn import(&self, documents: Value) {
        let bundle: Bundle = serde_json::from_value(documents).unwrap();
        self.registry.import(bundle, Existing::Replace).await.unwrap();
    }

    /// Asks with the key that may everything.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[("x-dc-devkey", &self.key)], "").await
    }

    pub(crate) async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        let key = [("x-dc-devkey", self.key.as_str())];
        self.ask("GET", path, &[&key[..], headers].concat(), "").await
    }

    pub(crate) async fn put(&self, path: &str, body: &str) -> Reply {
        let headers = [("x-dc-devkey", self.key.as_str()), ("content-type", "application/json")];
        self.ask("PUT", path, &headers, body).await
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        self.ask_at(method, &format!("/services/v2/{path}"), headers, body).await
    }

    /// Asks as the operator.
    pub(crate) async fn admin(&self, method: &str, path: &str, body: &Value) -> Reply {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.ask_at(method, &format!("/admin/orders/{path}"), &headers, &body).await
    }

    pub(crate) async fn ask_at(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.to_owned())).unwrap();
        let peer: SocketAddr = "192.0.2.7:4711".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(peer));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(octets.to_vec()).unwrap();
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

/// Users of every role, two organizations, some domains, and an order of each type.
pub(crate) fn bundle() -> Value {
    let user = |id: i64, name: &str, role: &str| {
        json!({"id": id, "username": name, "first_name": name, "last_name": "Doe",
               "email": format!("{name}@example.com"), "role": role})
    };
    let product = |kind: &str| json!({"name_id": format!("ssl_{kind}"), "name": format!("Product {kind}"), "validation_type": kind});
    json!({
        "users": [
            user(1, "ada", "administrator"), user(2, "lim", "limited_user"), user(3, "fin", "finance_manager"),
            user(4, "man", "manager"), user(5, "std", "standard_user"),
        ],
        "organizations": [
            {"id": 12345, "name": "Example Organization", "city": "Lehi", "state": "Utah", "country": "US",
             "validations": [
                {"type": "ov", "date_created": "2018-04-25T21:52:33Z", "validated_until": "2019-04-25T21:52:33Z"},
                {"type": "ev", "date_created": "2019-01-01T00:00:00Z", "validated_until": "2020-01-01T00:00:00Z",
                 "verified_contacts": [{"user_id": 9, "first_name": "Vera", "last_name": "Fied",
                                        "job_title": "CEO", "status": "active"}]}]},
            {"id": 23456, "name": "Fresh Organization", "validations": [
                {"type": "ov", "verified": ["organization_type", "blacklist_fraud"]}]},
        ],
        "domains": [
            {"id": 1234, "name": "example.com", "method": "email", "approved_at": "2018-06-11T16:27:39Z",
             "approval_expiration_date": "2020-09-11T16:27:39Z", "organization_id": 12345},
            {"id": 1235, "name": "fresh.example", "method": "dns-txt-token", "approval_scope": "fqdn",
             "token": "5f4dcc3b5aa765d61d8327deb882cf99"},
        ],
        "orders": [
            {"id": 112211, "status": "issued", "date_created": "2018-04-20T10:00:00Z", "product": product("ov"),
             "organization_id": 12345, "user_id": 1,
             "domains": [{"domain_id": 1234, "dns_names": ["sub.example.com"]}],
             "certificate": {"id": 501, "common_name": "example.com", "dns_names": ["example.com", "sub.example.com"],
                             "thumbprint": "AB12CD34EF56AB12CD34EF56AB12CD34EF56AB12", "serial_number": "00:0a:1b:2c",
                             "signature_hash": "sha256", "key_size": 2048,
                             "date_issued": "2018-04-26T00:00:00Z", "valid_from": "2018-04-26T00:00:00Z",
                             "valid_till": "2020-04-26T12:00:00Z"},
             "validity_years": 2, "container": {"id": 7, "name": "Web"}, "payment_method": "balance",
             "requests": [{"id": 71, "date": "2018-04-20T10:00:00Z", "type": "new_request", "status": "approved",
                           "comments": "please"}]},
            {"id": 112212, "status": "pending", "date_created": "2019-05-01T10:00:00Z", "product": product("ev"),
             "organization_id": 12345, "user_id": 4, "name_scope": "base_domain", "dcv_method": "email",
             "domains": [{"domain_id": 1234, "dns_names": []}],
             "certificate": {"id": 502, "common_name": "example.com"}},
            {"id": 112213, "status": "pending", "date_created": "2019-05-02T10:00:00Z", "product": product("dv"),
             "user_id": 2, "domains": [{"domain_id": 1235, "dns_names": ["fresh.example"]}],
             "certificate": {"id": 503, "common_name": "fresh.example"}},
            {"id": 112214, "status": "processing", "date_created": "2019-05-03T10:00:00Z", "product": product("ov"),
             "organization_id": 23456, "user_id": 5,
             "domains": [{"domain_id": 1235, "dns_names": []}, {"domain_id": 1234, "dns_names": ["a.example.com"]}],
             "certificate": {"id": 504, "common_name": "fresh.example", "dns_names": ["a.example.com"]}},
        ],
    })
}
