//! Whether control over a domain is really looked at: against a web server and a DNS server of our own.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use hickory_resolver::proto::op::{Message, ResponseCode};
use hickory_resolver::proto::rr::rdata::{CNAME, TXT};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use revocache::fetch::dns::DnsSettings;
use revocache::fetch::http::AddressPolicy;
use revocache::service::orders::ControlSettings;
use serde_json::{Value, json};
use tokio::net::{TcpListener, UdpSocket};

use super::world::{Plan, Reply, World};

const TOKEN: &str = "d41d8cd98f00b204e9800998ecf8427e";
const NOW: &str = "2025-02-15T00:00:00Z";

/// What the web server says of a file.
#[derive(Debug, Clone)]
enum File {
    Text(String),
    Elsewhere(String),
    Silence,
}

#[derive(Clone, Default)]
struct Web {
    files: Arc<Mutex<HashMap<String, File>>>,
    asked: Arc<AtomicUsize>,
    port: u16,
}

impl Web {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let web = Self { port: listener.local_addr().unwrap().port(), ..Self::default() };
        let router = axum::Router::new()
            .route("/.well-known/pki-validation/{file}", get(serve))
            .with_state(web.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        web
    }

    fn has(&self, name: &str, file: File) {
        self.files.lock().unwrap().insert(name.to_owned(), file);
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn plan(&self) -> Plan {
        let control = ControlSettings {
            http_port: self.port,
            timeout: Duration::from_millis(500),
            ..ControlSettings::default()
        };
        Plan { at: NOW, control, ..Plan::default() }
    }
}

async fn serve(State(web): State<Web>, Path(file): Path<String>) -> Response {
    web.asked.fetch_add(1, Ordering::SeqCst);
    let file = web.files.lock().unwrap().get(&file).cloned();
    match file {
        Some(File::Text(text)) => text.into_response(),
        Some(File::Elsewhere(url)) => Redirect::temporary(&url).into_response(),
        Some(File::Silence) => std::future::pending().await,
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

type Records = HashMap<(String, RecordType), Vec<RData>>;

/// A DNS server that knows a few records.
#[derive(Clone)]
struct Dns {
    records: Arc<Mutex<Records>>,
    address: SocketAddr,
}

impl Dns {
    async fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let dns = Self { records: Arc::default(), address: socket.local_addr().unwrap() };
        let records = Arc::clone(&dns.records);
        tokio::spawn(async move {
            let mut buffer = [0; 4096];
            loop {
                let (length, peer) = socket.recv_from(&mut buffer).await.unwrap();
                let request = Message::from_vec(&buffer[..length]).unwrap();
                let query = request.queries[0].clone();
                let name = query.name().to_ascii().to_lowercase();
                let mut response = Message::response(request.metadata.id, request.metadata.op_code);
                response.add_query(query.clone());
                match records.lock().unwrap().get(&(name, query.query_type())) {
                    Some(found) => {
                        let record =
                            |data: &RData| Record::from_rdata(query.name().clone(), 60, data.clone());
                        response.add_answers(found.iter().map(record));
                    }
                    None => response.metadata.response_code = ResponseCode::NXDomain,
                }
                socket.send_to(&response.to_vec().unwrap(), peer).await.unwrap();
            }
        });
        dns
    }

    fn text(&self, name: &str, texts: &[&[&str]]) {
        let record = |parts: &&[&str]| RData::TXT(TXT::new(parts.iter().map(ToString::to_string).collect()));
        let records = texts.iter().map(record).collect();
        self.records.lock().unwrap().insert((format!("{name}."), RecordType::TXT), records);
    }

    fn alias(&self, name: &str, target: &str) {
        let record = RData::CNAME(CNAME(Name::from_ascii(target).unwrap()));
        self.records.lock().unwrap().insert((format!("{name}."), RecordType::CNAME), vec![record]);
    }

    fn plan(&self) -> Plan {
        let dns = DnsSettings { servers: vec![self.address], timeout: Duration::from_millis(600) };
        Plan { at: NOW, dns, ..Plan::default() }
    }
}

/// A pending order for one domain, with the names it stands for.
fn order(name: &str, method: &str, names: &[&str]) -> Value {
    json!({
        "domains": [{"id": 800, "name": name, "method": method, "token": TOKEN}],
        "orders": [{"id": 800, "status": "pending", "date_created": "2025-02-14T00:00:00Z",
                    "product": {"name_id": "ssl_dv", "name": "DV", "validation_type": "dv"},
                    "domains": [{"domain_id": 800, "dns_names": names}],
                    "certificate": {"id": 801, "common_name": name}}]
    })
}

async fn check(world: &World) -> Reply {
    world.put("order/certificate/800/check-dcv", "").await
}

/// Status of each name, and of all.
fn statuses(reply: &Reply) -> (Vec<(String, String)>, String) {
    assert_eq!(reply.status, 200, "{reply:?}");
    let document = reply.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let names = document["dns_name_validations"].as_array().unwrap();
    let names = names.iter().map(|name| (text(&name["dns_name"]), text(&name["status"]))).collect();
    (names, text(&document["dcv_status"]))
}

fn assert_not_found(reply: &Reply) {
    assert_eq!(reply.error(), (400, "file_random_value_not_found".to_owned()));
}

#[tokio::test]
async fn a_file_with_the_random_value_approves_the_domain() {
    let web = Web::start().await;
    let world = World::with(web.plan()).await;
    world.import(order("localhost", "http-token", &["www.localhost", "*.localhost"])).await;
    web.has("fileauth.txt", File::Text(format!("comment\r\n {TOKEN} \r\n")));
    let reply = check(&world).await;
    let expected = json!({
        "order_status": "pending", "certificate_id": 801, "dcv_status": "pending",
        "dns_name_validations": [
            {"dns_name": "localhost", "status": "approved"}, {"dns_name": "www.localhost", "status": "approved"},
            {"dns_name": "*.localhost", "status": "pending"}]
    });
    assert_eq!(reply.body, expected.to_string(), "a file says nothing of wildcards");
    let validation = world.get("order/certificate/800/validation").await.json();
    let domain = &validation["dns_name_validations"][0];
    assert_eq!(domain["status"], "approved");
    assert_eq!(domain["approval_expiration_date"], "2025-09-03T00:00:00+00:00", "200 days later");
    // Once it is approved nobody is asked again.
    let asked = web.asked();
    let body = "{\"dns_names_validations\": [\"www.localhost\"]}";
    let again = world.put("order/certificate/800/check-dcv", body).await;
    assert_eq!(
        statuses(&again),
        (vec![("www.localhost".to_owned(), "approved".to_owned())], "valid".to_owned())
    );
    assert_eq!(web.asked(), asked);
    // Until it has ended.
    world.clock.set("2025-09-03T00:00:00Z");
    check(&world).await;
    assert_eq!(web.asked(), asked + 1);
}

#[tokio::test]
async fn a_file_without_the_random_value_is_file_random_value_not_found() {
    let web = Web::start().await;
    let world = World::with(web.plan()).await;
    world.import(order("localhost", "http-token", &[])).await;
    assert_not_found(&check(&world).await);
    for text in
        [String::new(), format!("x{TOKEN}"), TOKEN.to_uppercase(), format!("{}\n{TOKEN}", "a".repeat(5000))]
    {
        web.has("fileauth.txt", File::Text(text));
        assert_not_found(&check(&world).await);
    }
    web.has("fileauth.txt", File::Silence);
    let started = Instant::now();
    assert_not_found(&check(&world).await);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let status = world.get("order/certificate/800/validation").await.json();
    assert_eq!(status["dns_name_validations"][0]["status"], "pending");
}

#[tokio::test]
async fn a_name_that_leads_inside_is_not_followed() {
    let web = Web::start().await;
    web.has("fileauth.txt", File::Text(TOKEN.to_owned()));
    let plan = Plan { addresses: AddressPolicy::public_only(), ..web.plan() };
    let world = World::with(plan).await;
    world.import(order("localhost", "http-token", &[])).await;
    let reply = check(&world).await;
    assert_not_found(&reply);
    assert!(reply.body.contains("address_refused"), "{reply:?}");
    assert_eq!(web.asked(), 0);
}

#[tokio::test]
async fn a_redirect_is_followed_by_the_same_rules() {
    let web = Web::start().await;
    web.has("other.txt", File::Text(TOKEN.to_owned()));
    let here = format!("http://127.0.0.1:{}/.well-known/pki-validation/other.txt", web.port);
    web.has("fileauth.txt", File::Elsewhere(here));
    let world = World::with(web.plan()).await;
    world.import(order("localhost", "http-token", &[])).await;
    assert_eq!(statuses(&check(&world).await).1, "valid");
    // The same, with nothing but the host itself allowed.
    let addresses = AddressPolicy::public_only().with_host("localhost").unwrap();
    let world = World::with(Plan { addresses, ..web.plan() }).await;
    world.import(order("localhost", "http-token", &[])).await;
    assert_not_found(&check(&world).await);
}

#[tokio::test]
async fn a_file_may_have_a_random_name() {
    let web = Web::start().await;
    let world = World::with(web.plan()).await;
    world.import(order("localhost", "http-token-dynamic", &[])).await;
    web.has("fileauth.txt", File::Text(TOKEN.to_owned()));
    assert_not_found(&check(&world).await);
    web.has(&format!("{TOKEN}.txt"), File::Text(TOKEN.to_owned()));
    assert_eq!(statuses(&check(&world).await).1, "valid");
}

#[tokio::test]
async fn a_txt_record_with_the_random_value_approves_the_domain() {
    let dns = Dns::start().await;
    let world = World::with(dns.plan()).await;
    let parts = TOKEN.split_at(10);
    for (place, records) in [
        ("shop.example", &[&["v=spf1 -all"][..], &[TOKEN]][..]),
        ("_dnsauth.shop.example", &[&[parts.0, parts.1]]),
    ] {
        world.import(order("shop.example", "dns-txt-token", &["*.shop.example"])).await;
        assert_eq!(statuses(&check(&world).await).1, "pending", "no error, as for files");
        dns.text("shop.example", &[&["something else"], &[&TOKEN[1..]]]);
        assert_eq!(statuses(&check(&world).await).1, "pending");
        dns.text(place, records);
        let (names, all) = statuses(&check(&world).await);
        assert_eq!(all, "valid", "{place}");
        assert_eq!(names.len(), 2, "{names:?}");
        dns.records.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn a_cname_record_with_the_random_value_approves_the_domain() {
    let dns = Dns::start().await;
    let world = World::with(dns.plan()).await;
    for (place, target) in [
        (format!("{TOKEN}.shop.example"), "DCV.digicert.com.".to_owned()),
        ("_dnsauth.shop.example".to_owned(), format!("{TOKEN}.dcv.digicert.com.")),
    ] {
        world.import(order("shop.example", "dns-cname-token", &[])).await;
        dns.alias(&place, "elsewhere.example.");
        assert_eq!(statuses(&check(&world).await).1, "pending");
        dns.alias(&place, &target);
        assert_eq!(statuses(&check(&world).await).1, "valid", "{place}");
        dns.records.lock().unwrap().clear();
    }
}

#[tokio::test]
async fn a_dns_server_that_says_nothing_does_not_hold_us_up() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let dns =
        DnsSettings { servers: vec![silent.local_addr().unwrap()], timeout: Duration::from_millis(200) };
    let world = World::with(Plan { at: NOW, dns, ..Plan::default() }).await;
    world.import(order("shop.example", "dns-txt-token", &[])).await;
    let started = Instant::now();
    assert_eq!(statuses(&check(&world).await).1, "pending");
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
}

#[tokio::test]
async fn an_email_stays_pending() {
    let web = Web::start().await;
    let world = World::with(web.plan()).await;
    world.import(order("localhost", "email", &[])).await;
    assert_eq!(statuses(&check(&world).await).1, "pending");
    assert_eq!(web.asked(), 0);
}

#[tokio::test]
async fn a_random_value_can_be_too_old() {
    let web = Web::start().await;
    let world = World::with(web.plan()).await;
    web.has("fileauth.txt", File::Text(TOKEN.to_owned()));
    let mut documents = order("localhost", "http-token", &[]);
    documents["domains"][0]["token_expires"] = json!("2025-02-15T00:00:01Z");
    world.import(documents).await;
    world.clock.forward(1);
    let reply = check(&world).await;
    assert_not_found(&reply);
    assert!(reply.body.contains("2025-02-15T00:00:01Z"), "{reply:?}");
    assert_eq!(web.asked(), 0);
    world.clock.forward(-1);
    assert_eq!(statuses(&check(&world).await).1, "valid");
}

#[tokio::test]
async fn one_request_cannot_have_too_many_domains_looked_at() {
    let web = Web::start().await;
    let world = World::with(web.plan()).await;
    let domain = |id: i64| json!({"id": id, "name": format!("d{id}.example"), "method": "email"});
    let mut documents = order("localhost", "http-token", &[]);
    let domains = (900..960).map(domain);
    documents["domains"].as_array_mut().unwrap().extend(domains);
    let needed = (900..960).map(|id| json!({"domain_id": id, "dns_names": [format!("d{id}.example")]}));
    documents["orders"][0]["domains"].as_array_mut().unwrap().extend(needed);
    world.import(documents).await;
    let reply = check(&world).await;
    assert_eq!(reply.error().1, "bad_request_format");
    assert!(reply.body.contains("more than 50"), "{reply:?}");
}
