//! The HTTP client against servers on loopback that do everything wrong.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use revocache::fetch::http::{
    AddressPolicy, ContentTypeCheck, DownloadLimits, Fetched, HttpClient, HttpError, HttpSettings,
    OcspMethod, RedirectProblem, Validators,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const OCSP: &str = "Content-Type: application/ocsp-response\r\n";
const LIMIT: Duration = Duration::from_secs(5);

/// One request as it came: the head as text, and the body.
#[derive(Debug, Clone)]
struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    fn line(&self) -> &str {
        self.head.lines().next().unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut octets = Vec::new();
    loop {
        if let Some(end) = octets.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(octets[..end].to_vec()).unwrap();
            let request = Request { head, body: octets[end + 4..].to_vec() };
            let length = request.header("content-length").map_or(0, |length| length.parse().unwrap());
            if request.body.len() >= length {
                return Some(request);
            }
        }
        if stream.read_buf(&mut octets).await.ok()? == 0 {
            return None;
        }
    }
}

/// What a server does with one request.
type Behaviour = Arc<dyn Fn(&Request) -> Act + Send + Sync>;

enum Act {
    /// Sends these octets and waits for the next request.
    Say(Vec<u8>),
    /// Sends these octets and closes.
    Last(Vec<u8>),
    /// Sends one octet at a time, this far apart, for ever.
    Drip(Vec<u8>, Duration),
    /// Sends these octets and then as many zeros as are taken.
    Flood(Vec<u8>),
    /// Says nothing.
    Hang,
}

struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<std::sync::Mutex<Vec<Request>>>,
}

impl Server {
    async fn start(behaviour: impl Fn(&Request) -> Act + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let server = Self { address, connections: Arc::clone(&connections), requests: Arc::clone(&requests) };
        let behaviour: Behaviour = Arc::new(behaviour);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, Arc::clone(&behaviour), Arc::clone(&requests)));
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

async fn serve(mut stream: TcpStream, behaviour: Behaviour, requests: Arc<std::sync::Mutex<Vec<Request>>>) {
    while let Some(request) = read_request(&mut stream).await {
        requests.lock().unwrap().push(request.clone());
        match behaviour(&request) {
            Act::Say(octets) => {
                if stream.write_all(&octets).await.is_err() {
                    return;
                }
            }
            Act::Last(octets) => {
                let _ = stream.write_all(&octets).await;
                return;
            }
            Act::Drip(octets, pause) => {
                let _ = stream.write_all(&octets).await;
                while stream.write_all(b"x").await.is_ok() {
                    tokio::time::sleep(pause).await;
                }
                return;
            }
            Act::Flood(octets) => {
                let _ = stream.write_all(&octets).await;
                while stream.write_all(&[0; 4096]).await.is_ok() {}
                return;
            }
            Act::Hang => std::future::pending().await,
        }
    }
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn redirect(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Go\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn settings() -> HttpSettings {
    HttpSettings { addresses: AddressPolicy::public_only().with_private(), ..HttpSettings::default() }
}

fn client() -> HttpClient {
    HttpClient::new(&settings()).unwrap()
}

async fn ask(client: &HttpClient, url: &str) -> Result<Bytes, HttpError> {
    client.ask_responder(url, &Bytes::from_static(b"question"), OcspMethod::Post, LIMIT).await
}

#[tokio::test]
async fn a_question_goes_by_post_over_a_connection_that_is_kept() {
    let server = Server::start(|_| Act::Say(answer(OCSP, b"answer"))).await;
    let client = client();
    for _ in 0..5 {
        assert_eq!(ask(&client, &server.url("/ca")).await.unwrap(), "answer");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "keep-alive");
    for request in server.requests() {
        assert_eq!(request.line(), "POST /ca HTTP/1.1");
        assert_eq!(request.body, b"question");
        assert_eq!(request.header("content-type"), Some("application/ocsp-request"));
        assert_eq!(request.header("accept"), Some("application/ocsp-response"));
        assert_eq!(request.header("user-agent"), Some(concat!("revocache/", env!("CARGO_PKG_VERSION"))));
        for unwanted in ["cookie", "referer", "authorization", "accept-encoding"] {
            assert_eq!(request.header(unwanted), None);
        }
    }
}

#[tokio::test]
async fn a_question_goes_by_get_if_that_is_chosen_and_it_is_short() {
    let server = Server::start(|_| Act::Say(answer(OCSP, b"answer"))).await;
    let client = client();
    for (path, request, line) in [
        ("/ca", vec![0xfb, 0xff, 0xfe, 0x00], "GET /ca/%2B%2F%2F%2BAA%3D%3D HTTP/1.1"),
        ("/ca/", vec![0x30], "GET /ca/MA%3D%3D HTTP/1.1"),
        ("/ca", vec![0x30; 200], "POST /ca HTTP/1.1"),
        ("/ca?x", vec![0x30], "POST /ca?x HTTP/1.1"),
    ] {
        let (url, request) = (server.url(path), Bytes::from(request));
        assert_eq!(client.ask_responder(&url, &request, OcspMethod::Get, LIMIT).await.unwrap(), "answer");
        assert_eq!(server.requests().pop().unwrap().line(), line);
    }
}

#[tokio::test]
async fn the_label_of_an_answer_must_be_right_unless_that_is_waived() {
    let lenient =
        HttpClient::new(&HttpSettings { content_type: ContentTypeCheck::Lenient, ..settings() }).unwrap();
    for (headers, right) in [
        (OCSP, true),
        ("Content-Type: Application/OCSP-Response; charset=binary\r\n", true),
        ("Content-Type: text/html\r\n", false),
        ("Content-Type: application/ocsp-response-not\r\n", false),
        ("", false),
    ] {
        let server = Server::start(move |_| Act::Say(answer(headers, b"<html>"))).await;
        match ask(&client(), &server.url("/")).await {
            Ok(_) => assert!(right, "{headers}"),
            Err(error) => {
                assert!(!right && error.code() == "content_type", "{headers}: {error}");
                assert!(error.to_string().contains("application/ocsp-response"), "{error}");
            }
        }
        assert_eq!(ask(&lenient, &server.url("/")).await.unwrap(), "<html>");
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_costs_the_limit_and_no_more() {
    let announced =
        |_: &Request| Act::Last(format!("HTTP/1.1 200 OK\r\n{OCSP}Content-Length: 99999999\r\n\r\n").into());
    let endless = |_: &Request| Act::Flood(format!("HTTP/1.1 200 OK\r\n{OCSP}\r\n").into());
    for server in [Server::start(announced).await, Server::start(endless).await] {
        let error = ask(&client(), &server.url("/")).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit: 65_536, .. }), "{error}");
    }
    let exact = Server::start(|_| Act::Say(answer(OCSP, &[7; 65_536]))).await;
    assert_eq!(ask(&client(), &exact.url("/")).await.unwrap().len(), 65_536);
    let over = Server::start(|_| Act::Say(answer(OCSP, &[7; 65_537]))).await;
    assert_eq!(ask(&client(), &over.url("/")).await.unwrap_err().code(), "too_large");
}

#[tokio::test]
async fn drips_and_silence_end_with_the_time_of_the_call() {
    let pause = Duration::from_millis(20);
    let head = format!("HTTP/1.1 200 OK\r\n{OCSP}Content-Length: 60000\r\n\r\n");
    let body = Server::start(move |_| Act::Drip(head.clone().into(), pause)).await;
    let headers = Server::start(move |_| Act::Drip(b"HTTP/1.1 200 OK\r\nX: ".to_vec(), pause)).await;
    let silent = Server::start(|_| Act::Hang).await;
    for server in [body, headers, silent] {
        let (limit, started) = (Duration::from_millis(300), Instant::now());
        let error = client()
            .ask_responder(&server.url("/"), &Bytes::new(), OcspMethod::Post, limit)
            .await
            .unwrap_err();
        assert!(matches!(&error, HttpError::Timeout { limit: found, .. } if *found == limit), "{error}");
        assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn what_is_not_http_and_what_ends_early_is_no_answer() {
    for (octets, code) in [
        (b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "transfer_failed"),
        (b"".to_vec(), "transfer_failed"),
        (format!("HTTP/1.1 200 OK\r\n{OCSP}Content-Length: 10\r\n\r\nshort").into(), "transfer_failed"),
        (answer(&format!("{OCSP}Content-Encoding: gzip\r\n"), b"\x1f\x8b"), "content_coding"),
        (answer(&format!("{OCSP}{}", "X: y\r\n".repeat(100)), b""), "transfer_failed"),
        (answer(&format!("{OCSP}X: {}\r\n", "y".repeat(1 << 20)), b""), "transfer_failed"),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec(), "http_status"),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(), "http_status"),
        (b"HTTP/1.1 204 No Content\r\n\r\n".to_vec(), "http_status"),
    ] {
        let what = String::from_utf8_lossy(&octets).chars().take(60).collect::<String>();
        let server = Server::start(move |_| Act::Last(octets.clone())).await;
        let error = ask(&client(), &server.url("/")).await.unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(error.url().starts_with(&server.url("/")), "{error}");
    }
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(ask(&client(), &format!("http://{free}/")).await.unwrap_err().code(), "connect_failed");
    let error = ask(&client(), "http://no-such-host.invalid/").await.unwrap_err();
    assert_eq!(error.code(), "host_not_found", "{error}");
}

#[tokio::test]
async fn redirects_are_followed_with_the_question_and_counted() {
    let end = Server::start(|_| Act::Say(answer(OCSP, b"answer"))).await;
    for status in [301, 302, 307, 308] {
        let to = end.url("/there");
        let server = Server::start(move |_| Act::Say(redirect(status, &to))).await;
        assert_eq!(ask(&client(), &server.url("/")).await.unwrap(), "answer", "{status}");
    }
    let arrived = end.requests();
    assert_eq!(arrived.len(), 4);
    assert!(arrived.iter().all(|one| one.line() == "POST /there HTTP/1.1" && one.body == b"question"));

    let around = Server::start(|_| Act::Say(redirect(302, "/again"))).await;
    let error = ask(&client(), &around.url("/")).await.unwrap_err();
    let looped = matches!(error, HttpError::Redirect { problem: RedirectProblem::TooMany { limit: 3 }, .. });
    assert!(looped, "{error}");
    assert_eq!(around.requests().len(), 4, "the first and three redirects");

    for (status, location) in [(303, "/x"), (302, "http://["), (302, "")] {
        let server = Server::start(move |_| match location {
            "" => Act::Say(b"HTTP/1.1 302 Go\r\nContent-Length: 0\r\n\r\n".to_vec()),
            location => Act::Say(redirect(status, location)),
        })
        .await;
        let error = ask(&client(), &server.url("/")).await.unwrap_err();
        assert_eq!(error.code(), "redirect", "{status} {location}: {error}");
    }
}

#[tokio::test]
async fn no_redirect_leads_where_the_policy_does_not() {
    let secret = Server::start(|_| Act::Say(answer(OCSP, b"secret"))).await;
    let port = secret.address.port();
    for (location, code) in [
        (format!("http://127.0.0.2:{port}/"), "address_refused"),
        (format!("http://localhost:{port}/"), "address_refused"),
        (format!("http://[::ffff:127.0.0.1]:{port}/"), "address_refused"),
        ("http://169.254.169.254/latest/meta-data/".to_owned(), "address_refused"),
        ("http://10.0.0.1:22/".to_owned(), "bad_url"),
        ("file:///etc/passwd".to_owned(), "bad_url"),
        ("http://user@127.0.0.1/".to_owned(), "bad_url"),
    ] {
        let to = location.clone();
        let server = Server::start(move |_| Act::Say(redirect(307, &to))).await;
        // Only this server is allowed, as one that an operator configured; not where it leads.
        let addresses = AddressPolicy::public_only().with_url(&server.url("/")).unwrap();
        let client = HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() }).unwrap();
        let error = ask(&client, &server.url("/")).await.unwrap_err();
        assert_eq!(error.code(), code, "{location}: {error}");
    }
    assert_eq!(secret.connections.load(Ordering::SeqCst), 0, "nothing may have reached it");
}

#[tokio::test]
async fn a_name_is_judged_by_what_it_resolves_to() {
    let server = Server::start(|_| Act::Say(answer(OCSP, b"answer"))).await;
    let url = format!("http://localhost:{}/", server.address.port());
    let with = |addresses| HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() }).unwrap();
    let public = AddressPolicy::public_only;
    let error = ask(&with(public()), &url).await.unwrap_err();
    assert_eq!(error.code(), "address_refused", "{error}");
    assert!(error.to_string().contains("loopback"), "{error}");
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
    for open in [
        public().with_private(),
        public().with_host("localhost").unwrap(),
        public().with_url(&url).unwrap(),
        public().with_network("127.0.0.0/8").unwrap().with_network("::1").unwrap(),
    ] {
        assert_eq!(ask(&with(open), &url).await.unwrap(), "answer");
    }
}

#[tokio::test]
async fn the_environment_chooses_no_proxy_and_the_configuration_may() {
    let server = Server::start(|_| Act::Say(answer(OCSP, b"direct"))).await;
    let proxy = Server::start(|_| Act::Say(answer(OCSP, b"by proxy"))).await;
    assert_eq!(ask(&client(), &server.url("/")).await.unwrap(), "direct");
    let settings = HttpSettings {
        proxy: Some(format!("http://localhost:{}", proxy.address.port())),
        ..HttpSettings::default()
    };
    let by_proxy = HttpClient::new(&settings).unwrap();
    // The proxy itself may be on a private address, and it resolves the name.
    assert_eq!(ask(&by_proxy, "http://ocsp.example.org/ca").await.unwrap(), "by proxy");
    assert_eq!(proxy.requests()[0].line(), "POST http://ocsp.example.org/ca HTTP/1.1");
    assert_eq!(ask(&by_proxy, "http://10.0.0.1/").await.unwrap_err().code(), "address_refused");
    let error =
        HttpClient::new(&HttpSettings { proxy: Some("::".into()), ..HttpSettings::default() }).unwrap_err();
    assert!(error.to_string().contains("proxy"), "{error}");
}

#[tokio::test]
async fn a_document_comes_in_pieces_and_only_if_it_changed() {
    let tag = "ETag: \"v1\"\r\nLast-Modified: Sat, 01 Feb 2025 00:00:00 GMT\r\n";
    let server = Server::start(move |request| {
        if request.header("if-none-match") == Some("\"v1\"") {
            return Act::Say(b"HTTP/1.1 304 Not Modified\r\nETag: \"v1\"\r\n\r\n".to_vec());
        }
        Act::Say(answer(tag, &[5; 300_000]))
    })
    .await;
    let (client, limits) = (client(), DownloadLimits::default());
    let fetched = client.download(&server.url("/a.crl"), &Validators::default(), &limits).await.unwrap();
    let Fetched::Document(mut document) = fetched else { panic!("{fetched:?}") };
    assert_eq!(document.announced(), Some(300_000));
    let (mut octets, mut pieces) = (0, 0);
    while let Some(piece) = document.next().await.unwrap() {
        assert!(piece.iter().all(|octet| *octet == 5));
        octets += piece.len();
        pieces += 1;
    }
    assert_eq!(octets, 300_000);
    assert!(pieces > 1, "it was not held as a whole");
    let known = document.validators().clone();
    assert_eq!(known.etag.as_deref(), Some("\"v1\""));
    let again = client.download(&server.url("/a.crl"), &known, &limits).await.unwrap();
    assert!(matches!(again, Fetched::NotModified), "{again:?}");
    let last = server.requests().pop().unwrap();
    assert_eq!(last.header("if-modified-since"), Some("Sat, 01 Feb 2025 00:00:00 GMT"));
}

#[tokio::test]
async fn a_document_has_its_caps_as_well() {
    let limits =
        DownloadLimits { octets: 100_000, time: Duration::from_secs(3), silence: Duration::from_millis(200) };
    let drain = async |server: &Server, limits: &DownloadLimits| {
        let fetched = client().download(&server.url("/"), &Validators::default(), limits).await?;
        let Fetched::Document(mut document) = fetched else { panic!("{fetched:?}") };
        while document.next().await?.is_some() {}
        Ok::<_, HttpError>(())
    };
    let announced = Server::start(|_| Act::Say(answer("", &[0; 100_001]))).await;
    let endless = Server::start(|_| Act::Flood(b"HTTP/1.1 200 OK\r\n\r\n".to_vec())).await;
    for server in [announced, endless] {
        let error = drain(&server, &limits).await.unwrap_err();
        assert!(matches!(error, HttpError::TooLarge { limit: 100_000, .. }), "{error}");
    }
    let silent = Server::start(|_| Act::Hang).await;
    let quiet_body =
        Server::start(|_| Act::Drip(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Duration::from_secs(60))).await;
    for server in [silent, quiet_body] {
        let error = drain(&server, &limits).await.unwrap_err();
        assert!(matches!(error, HttpError::Timeout { limit, .. } if limit == limits.silence), "{error}");
    }
    let dripping =
        Server::start(|_| Act::Drip(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), Duration::from_millis(20))).await;
    let short = DownloadLimits { time: Duration::from_millis(400), ..limits };
    let error = drain(&dripping, &short).await.unwrap_err();
    assert!(matches!(error, HttpError::Timeout { limit, .. } if limit == short.time), "{error}");
    let cut =
        Server::start(|_| Act::Last(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort".to_vec())).await;
    assert_eq!(drain(&cut, &limits).await.unwrap_err().code(), "transfer_failed");
    // A 304 to a question without validators is not "unmodified".
    let confused = Server::start(|_| Act::Last(b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec())).await;
    assert_eq!(drain(&confused, &limits).await.unwrap_err().code(), "http_status");
}

#[test]
fn a_root_that_is_none_is_named() {
    let settings = HttpSettings { extra_roots: vec![vec![0x30, 0]], ..HttpSettings::default() };
    assert!(HttpClient::new(&settings).unwrap_err().to_string().contains("number 1"));
}
