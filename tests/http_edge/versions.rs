//! The same request over every version, and what is particular to one.

use std::process::Command;
use std::sync::Arc;

use axum::http::HeaderValue;
use reqwest::Version;
use reqwest::tls::TlsInfo;
use revocache::server::http::{Cors, EdgeSettings, mount};
use revocache::server::quic::{ClientAuthentication, ClientRoots, PeerJudge, Refusal};
use revocache::wire::ErrorCode;

use super::common::skipped;
use super::support::{
    Answer, How, answered, ask, family, is_closed, mounted, read, second, sent, under_tls, up, up_with, world,
};

#[tokio::test]
async fn the_same_request_has_the_same_answer_over_every_version() {
    let plain = up_with(EdgeSettings::default()).await;
    let tls = up(How { tls: true, ..How::default() }).await;
    let first = ask(plain.address, "GET /hello", "x-request-id: same-1\r\n", b"").await;
    assert_eq!((first.status, first.header("x-request-id")), (200, Some("same-1")));
    assert_eq!(first.text(), r#"{"hello":"world","peer":"127.0.0.1","id":"same-1"}"#);

    let secure = |path: &str| format!("https://{}{path}", tls.address);
    let get = async |client: &reqwest::Client, url: String, version: Version| {
        let response = client.get(url).header("x-request-id", "same-1").send().await.unwrap();
        assert_eq!(response.version(), version);
        answered(response).await
    };
    let both = under_tls().build().unwrap();
    let only_first = under_tls().http1_only().build().unwrap();
    for answer in [
        get(&second(), plain.url("/hello"), Version::HTTP_2).await,
        get(&both, secure("/hello"), Version::HTTP_2).await,
        get(&only_first, secure("/hello"), Version::HTTP_11).await,
    ] {
        assert_eq!(answer.essence(), first.essence());
    }
    #[cfg(feature = "http3")]
    {
        let third = super::third::up(EdgeSettings::default());
        let (client, _) = super::third::client(third.address).await;
        let answer = super::third::ask(&client, "GET", "/hello", &[("x-request-id", "same-1")], b"").await;
        assert_eq!(answer.essence(), first.essence());
    }

    for (options, url, version) in [
        ("--http1.1", plain.url("/hello"), "1.1"),
        ("--http2-prior-knowledge", plain.url("/hello"), "2"),
        ("--http2", secure("/hello"), "2"),
        ("--http1.1", secure("/hello"), "1.1"),
    ] {
        let Some(answer) = curl(options, &url, version).await else { break };
        assert_eq!(answer.essence(), first.essence(), "curl {options} {url}");
    }
}

/// The answer that `curl` gets, by a version that it has to have used; `None`, visibly, where it cannot be asked.
async fn curl(options: &str, url: &str, version: &str) -> Option<Answer> {
    let arguments = ["-s", "-k", "-i", "-H", "x-request-id: same-1", "-w", "\n%{http_version}", options, url];
    let mut command = Command::new("curl");
    command.args(arguments);
    let output = match tokio::task::spawn_blocking(move || command.output()).await.unwrap() {
        Ok(output) if output.status.success() => output,
        Ok(output) if matches!(output.status.code(), Some(1 | 2)) => {
            skipped("this curl has no HTTP/2");
            return None;
        }
        Ok(output) => panic!("curl {options} {url}: {output:?}"),
        Err(error) => {
            skipped(&format!("the curl program cannot be run ({error})"));
            return None;
        }
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let (answer, used) = text.rsplit_once('\n').unwrap();
    assert_eq!(used, version, "curl {options}");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.map(|line| line.split_once(": ").unwrap());
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    Some(Answer { status, headers, body: body.as_bytes().to_vec() })
}

#[tokio::test]
async fn requests_have_names() {
    let up = up_with(EdgeSettings::default()).await;
    let own = ask(up.address, "GET /hello", "", b"").await;
    let id = own.header("x-request-id").unwrap().to_owned();
    assert_eq!(id.len(), 32);
    assert!(own.text().contains(&id), "{own:?}");
    let odd = ask(up.address, "GET /hello", "x-request-id: a b\"{}\r\n", b"").await;
    assert_eq!(odd.header("x-request-id").unwrap().len(), 32);
    assert_ne!(odd.header("x-request-id"), own.header("x-request-id"));
    let nothing = ask(up.address, "GET /nothing", "", b"").await;
    assert_eq!((nothing.status, nothing.code().as_str()), (404, "not_found"));
    assert!(nothing.header("x-request-id").is_some());
    assert_eq!(ask(up.address, "GET /echo", "", b"").await.status, 405);
    assert!((up.number("revocache_http_requests", "test") - 0.0).abs() < f64::EPSILON, "1xx");
    let text =
        revocache::server::admin::exposition(revocache::telemetry::Metrics::families(&*up.edge.numbers()))
            .unwrap();
    for line in [
        "revocache_http_requests_total{family=\"test\",status=\"2xx\"} 2",
        "revocache_http_requests_total{family=\"test\",status=\"4xx\"} 1",
        "revocache_http_requests_total{family=\"none\",status=\"4xx\"} 1",
        "revocache_http_request_duration_seconds_count{family=\"test\"} 3",
        "revocache_http_requests_in_flight 0.0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
    }
}

#[tokio::test]
async fn long_text_is_compressed_for_those_who_can_read_it() {
    let up = up_with(EdgeSettings::default()).await;
    let long = ask(up.address, "GET /long", "", b"").await;
    assert_eq!(long.header("content-encoding"), None);
    let gzip = ask(up.address, "GET /long", "connection: close\r\naccept-encoding: br, GZIP\r\n", b"").await;
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert!(gzip.body.len() * 10 < long.body.len(), "{}", gzip.body.len());
    let short = ask(up.address, "GET /hello", "accept-encoding: gzip\r\n", b"").await;
    assert_eq!((short.status, short.header("content-encoding")), (200, None));
    let never = ask(up.address, "GET /long", "accept-encoding: gzip;q=0\r\n", b"").await;
    assert_eq!(never.body, long.body);
    let off = up_with(EdgeSettings { compress_from: None, ..EdgeSettings::default() }).await;
    let plain = ask(off.address, "GET /long", "accept-encoding: gzip\r\n", b"").await;
    assert_eq!(plain.body, long.body);
    // The library for HTTP unpacks it.
    let unpacked = under_tls().gzip(true).build().unwrap().get(up.url("/long")).send().await.unwrap();
    assert_eq!(unpacked.bytes().await.unwrap(), long.body);
}

#[tokio::test]
async fn web_pages_may_use_it_only_if_they_are_named() {
    let asks = "origin: https://console.example.org\r\naccess-control-request-method: POST\r\n\
                access-control-request-headers: authorization\r\n";
    let closed = up_with(EdgeSettings::default()).await;
    let refused = ask(closed.address, "OPTIONS /echo", asks, b"").await;
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (405, None));

    let origins = vec![HeaderValue::from_static("https://console.example.org")];
    let open = up(How { cors: Cors { origins }, ..How::default() }).await;
    let allowed = ask(open.address, "OPTIONS /echo", asks, b"").await;
    assert_eq!(allowed.status, 200);
    assert_eq!(allowed.header("access-control-allow-origin"), Some("https://console.example.org"));
    assert_eq!(allowed.header("access-control-allow-headers"), Some("authorization"));
    let used = ask(open.address, "POST /echo", "origin: https://console.example.org\r\n", b"x").await;
    assert_eq!(used.header("access-control-allow-origin"), Some("https://console.example.org"));
    let other = ask(open.address, "POST /echo", "origin: https://evil.example.org\r\n", b"x").await;
    assert_eq!(other.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn families_have_prefixes() {
    let (edge, world) = (super::support::edge(EdgeSettings::default()), world());
    let mounts = vec![
        mounted("plain", "", axum::Router::new().route("/top", axum::routing::get(async || "top"))),
        mounted("one", "/pki/v1", family(&world)),
        mounted("two", "/other", family(&world)),
    ];
    let router = mount(mounts, &edge.numbers()).unwrap();
    let site = Arc::new(revocache::server::http::Site::new(Arc::clone(&edge), router));
    let any = "127.0.0.1:0".parse().unwrap();
    let listener =
        revocache::server::http::HttpListener::bind(any, 10, revocache::server::http::Transport::Plain, site);
    let listener = listener.await.unwrap();
    let address = listener.local_address();
    tokio::spawn(listener.run(std::future::pending()));
    for (path, status) in [
        ("/top", 200),
        ("/pki/v1/hello", 200),
        ("/other/hello", 200),
        ("/hello", 404),
        ("/pki/v1/nothing", 404),
        ("/pki/v1hello", 404),
    ] {
        assert_eq!(ask(address, &format!("GET {path}"), "", b"").await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_replaced_identity_is_shown_to_new_connections_and_old_ones_go_on() {
    let up = up(How { tls: true, ..How::default() }).await;
    let url = format!("https://{}/hello", up.address);
    let shown = async |client: &reqwest::Client| {
        let response = client.get(&url).send().await.unwrap();
        let certificate =
            response.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec();
        assert_eq!(response.status(), 200);
        response.bytes().await.unwrap();
        certificate
    };
    let before = up.identity.current().certificate().to_vec();
    let old = under_tls().build().unwrap();
    assert_eq!(shown(&old).await, before);
    up.identity.replace(super::support::identity());
    let after = up.identity.current().certificate().to_vec();
    assert_ne!(before, after);
    assert_eq!(shown(&under_tls().build().unwrap()).await, after);
    assert_eq!(shown(&old).await, before, "the same connection");
}

struct Suspicious;

impl PeerJudge for Suspicious {
    fn judge(&self, chain: &[&[u8]]) -> Result<(), Refusal> {
        let is_revoked = chain[0].windows(7).any(|window| window == b"revoked");
        if is_revoked {
            Err(Refusal::new(ErrorCode::Forbidden, "the certificate is revoked"))
        } else {
            Ok(())
        }
    }
}

#[tokio::test]
async fn clients_can_be_asked_for_certificates() {
    let pair = rcgen::KeyPair::generate().unwrap();
    let named = |name: &str| {
        let certificate =
            rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&pair).unwrap();
        let pem = format!("{}{}", certificate.pem(), pair.serialize_pem());
        (certificate.der().clone(), reqwest::Identity::from_pem(pem.as_bytes()).unwrap())
    };
    let ((known, fine), (revoked, not_fine)) = (named("client"), named("revoked"));
    let roots = ClientRoots { roots: vec![known, revoked], judge: Arc::new(Suspicious) };
    let how = How { tls: true, clients: ClientAuthentication::Required(roots), ..How::default() };
    let up = up(how).await;
    let get = async |builder: reqwest::ClientBuilder| {
        builder.build().unwrap().get(format!("https://{}/hello", up.address)).send().await
    };
    assert_eq!(get(under_tls().identity(fine)).await.unwrap().status(), 200);
    assert!(get(under_tls()).await.is_err());
    assert!(get(under_tls().identity(not_fine)).await.is_err());
    super::quic_support::until("refusals are counted", || {
        let ended = |cause| up.number("revocache_http_connections_ended", cause) >= 1.0;
        ended("tls") && ended("client_certificate")
    })
    .await;
}

/// Prior knowledge and TLS on the wrong port, and no HTTP at all.
#[tokio::test]
async fn what_is_no_http_is_closed() {
    let (plain, tls) =
        (up_with(EdgeSettings::default()).await, up(How { tls: true, ..How::default() }).await);
    assert!(is_closed(&mut sent(tls.address, b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await).await);
    let mut stream =
        sent(plain.address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 is no request\r\n\r\n").await;
    assert_eq!(read(&mut stream).await.status, 400);
    assert!(is_closed(&mut stream).await);
    let unfinished =
        sent(plain.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthen something else altogether").await;
    assert!(is_closed(&mut { unfinished }).await);
}
