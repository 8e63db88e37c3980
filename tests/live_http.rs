//! Live OCSP over real HTTP on loopback, at the real time.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Redirect, Response};
use revocache::fetch::http::{AddressPolicy, HttpClient, HttpSettings, OcspMethod};
use revocache::live::{AnswerSource, Issuer, Live, LiveParts, LiveQuestion, LiveSettings, ResponderUrls};
use revocache::ocsp::{CertStatus, request_from_path};
use revocache::pki::Certificate;
use revocache::types::{Clock, Serial, SystemClock};
use revocache_testkit::{Authority, CertState, KeyKind, OcspRequest, OcspResponse};

/// An honest responder, over POST and GET, with its count of requests.
fn responder(ca: &Arc<Authority>, count: &Arc<AtomicUsize>) -> Router {
    let (ca, count) = (Arc::clone(ca), Arc::clone(count));
    let respond = move |request: &[u8]| -> Response {
        count.fetch_add(1, Ordering::SeqCst);
        let (request, now) = (OcspRequest::read(request).unwrap(), SystemClock.now().seconds());
        let state = |serial: &[u8]| match serial {
            [7] => CertState::revoked(now - 3_600, Some(1)),
            _ => CertState::Good,
        };
        let response = OcspResponse::by_key(&ca.key).answering(&request, now - 60, Some(now + 3_600), state);
        ([(CONTENT_TYPE, "application/ocsp-response")], response.build(&ca.key)).into_response()
    };
    let by_path = respond.clone();
    Router::new()
        .route("/ocsp", axum::routing::post(move |body: Bytes| async move { respond(&body) }))
        .route(
            "/ocsp/{*request}",
            axum::routing::get(move |path: axum::extract::Path<String>| async move {
                by_path(&request_from_path(&path).unwrap())
            }),
        )
        .route("/moved", axum::routing::post(|| async { Redirect::temporary("/ocsp") }))
        .route("/inwards", axum::routing::post(|| async { Redirect::temporary("http://169.254.169.254/") }))
        .route("/page", axum::routing::post(|| async { Html("<html>log in first</html>") }))
}

#[tokio::test]
async fn answers_come_over_http_by_either_method() {
    let ca = Arc::new(Authority::root("HTTP CA", KeyKind::Rsa));
    let issuer = Issuer::new(Certificate::from_der(&ca.certificate).unwrap());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let router = responder(&ca, &count);
    tokio::spawn(async move { axum::serve(listener, router).await });

    let addresses = AddressPolicy::public_only().with_url(&origin).unwrap();
    let client = HttpClient::new(&HttpSettings { addresses, ..HttpSettings::default() }).unwrap();
    let ask = async |live: &Live<HttpClient, SystemClock>, path: &str, serial: u8| {
        let urls = ResponderUrls::new([format!("{origin}{path}")]);
        live.ask(&LiveQuestion::new(&issuer, Serial::new(&[serial]).unwrap(), &urls)).await
    };
    for method in [OcspMethod::Post, OcspMethod::Get] {
        let settings = LiveSettings { method, ..LiveSettings::default() };
        let live = Live::new(settings, client.clone(), SystemClock, LiveParts::default());
        let before = count.load(Ordering::SeqCst);
        assert_eq!(ask(&live, "/ocsp", 1).await.unwrap().answer.status, CertStatus::Good);
        assert!(matches!(ask(&live, "/ocsp", 7).await.unwrap().answer.status, CertStatus::Revoked(_)));
        assert_eq!(ask(&live, "/ocsp", 7).await.unwrap().source, AnswerSource::Cache);
        assert_eq!(count.load(Ordering::SeqCst) - before, 2, "{method:?}");
    }
    let live = Live::new(LiveSettings::default(), client.clone(), SystemClock, LiveParts::default());
    assert_eq!(ask(&live, "/moved", 2).await.unwrap().answer.status, CertStatus::Good);
    for (path, detail) in
        [("/inwards", "address_refused"), ("/page", "content_type"), ("/none", "http_status")]
    {
        let error = ask(&live, path, 3).await.unwrap_err();
        assert_eq!((error.code(), error.detail()), ("ocsp_unavailable", detail), "{error}");
    }
}
