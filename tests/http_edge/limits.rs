//! Every limit, met from outside.

use std::sync::atomic::Ordering;
use std::time::Duration;

use revocache::server::http::EdgeSettings;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::support::{How, answered, ask, is_closed, quic_until, read, second, sent, up, up_with};

/// Short enough for a test, long enough for a busy machine to do what takes no time.
const SHORT: Duration = Duration::from_millis(300);

#[tokio::test]
async fn bodies_have_a_cap() {
    let up = up_with(EdgeSettings { max_body: 1000, ..EdgeSettings::default() }).await;
    assert_eq!(ask(up.address, "POST /echo", "", &[7; 1000]).await.body, [7; 1000]);
    // Nothing of the body is sent: the head is enough.
    let head = b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1001\r\n\r\n";
    let refused = read(&mut sent(up.address, head).await).await;
    assert_eq!((refused.status, refused.code().as_str()), (413, "body_too_large"));
    assert!(refused.text().contains("1000 octets ([http] max_body)"));
    let mut chunked = b"POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..1001 {
        chunked.extend_from_slice(b"1\r\nx\r\n");
    }
    assert_eq!(read(&mut sent(up.address, &chunked).await).await.status, 413, "without a length");
    let response = second().post(up.url("/echo")).body(vec![7; 1001]).send().await.unwrap();
    assert_eq!(response.status(), 413);
    assert!((up.number("revocache_http_rejected", "body_too_large") - 2.0).abs() < f64::EPSILON);
}

#[tokio::test]
async fn the_cap_for_bodies_can_be_more_than_usual() {
    let body = vec![7; 3 << 20];
    let usual = up_with(EdgeSettings::default()).await;
    assert_eq!(second().post(usual.url("/echo")).body(body.clone()).send().await.unwrap().status(), 413);
    let more = up_with(EdgeSettings { max_body: 4 << 20, ..EdgeSettings::default() }).await;
    let echoed = answered(second().post(more.url("/echo")).body(body.clone()).send().await.unwrap()).await;
    assert_eq!((echoed.status, echoed.body.len()), (200, body.len()));
}

#[tokio::test]
async fn heads_have_a_cap() {
    let up = up_with(EdgeSettings { max_head: 8 << 10, ..EdgeSettings::default() }).await;
    let fits = format!("x-long: {}\r\n", "x".repeat(4 << 10));
    assert_eq!(ask(up.address, "GET /hello", &fits, b"").await.status, 200);
    for headers in [format!("x-long: {}\r\n", "x".repeat(20 << 10)), "x-many: 1\r\n".repeat(200)] {
        let mut stream = sent(up.address, format!("GET /hello HTTP/1.1\r\n{headers}\r\n").as_bytes()).await;
        assert_eq!(read(&mut stream).await.status, 431);
        assert!(is_closed(&mut stream).await);
    }
    let uri = format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(70 << 10));
    let status = read(&mut sent(up.address, uri.as_bytes()).await).await.status;
    assert!(matches!(status, 414 | 431), "{status}");
    let client = second();
    let get = |length: usize| client.get(up.url("/hello")).header("x-long", "x".repeat(length)).send();
    assert_eq!(get(4 << 10).await.unwrap().status(), 200);
    match get(20 << 10).await {
        Ok(response) => assert_eq!(response.status(), 431),
        Err(error) => assert!(error.is_request(), "{error:?}"),
    }
}

#[tokio::test]
async fn a_body_or_an_answer_that_does_not_come_in_time_is_given_up() {
    let settings = EdgeSettings { body_timeout: SHORT, answer_timeout: 2 * SHORT, ..EdgeSettings::default() };
    let up = up_with(settings).await;
    let mut stream =
        sent(up.address, b"POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nabc").await;
    let late = read(&mut stream).await;
    assert_eq!((late.status, late.code().as_str()), (408, "body_timeout"));
    assert!(is_closed(&mut stream).await, "the rest of the body would be taken for a request");
    for line in ["GET /slow", "POST /slow"] {
        let stuck = ask(up.address, line, "", b"").await;
        assert_eq!((stuck.status, stuck.code().as_str()), (503, "answer_timeout"), "{line}");
        assert_eq!(stuck.header("retry-after"), Some("1"));
    }
    assert_eq!(ask(up.address, "POST /echo", "", b"fine").await.text(), "fine");
}

#[tokio::test]
async fn requests_beyond_the_number_are_told_to_come_back() {
    let up = up_with(EdgeSettings { max_requests: 1, ..EdgeSettings::default() }).await;
    let mut first = sent(up.address, b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    up.waiting(1).await;
    let crowded = ask(up.address, "POST /echo", "", b"x").await;
    assert_eq!((crowded.status, crowded.code().as_str()), (503, "overloaded"));
    assert_eq!(crowded.header("retry-after"), Some("1"));
    assert_eq!(ask(up.address, "GET /hello", "", b"").await.status, 200, "what is reserved");
    assert!((up.number("revocache_http_requests_in_flight", "") - 1.0).abs() < f64::EPSILON);
    up.world.gate.add_permits(1);
    assert_eq!(read(&mut first).await.text(), "at last");
    assert_eq!(ask(up.address, "POST /echo", "", b"x").await.status, 200);
    // A client that goes away makes room as well.
    drop(sent(up.address, b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await);
    quic_until("there is room", || up.number("revocache_http_requests_in_flight", "") == 0.0).await;
}

#[tokio::test]
async fn callers_have_a_rate() {
    let settings = EdgeSettings {
        per_token: EdgeSettings::rate(2),
        per_address: EdgeSettings::rate(1),
        ..EdgeSettings::default()
    };
    let up = up_with(settings).await;
    let with = async |headers: &str| ask(up.address, "GET /hello", headers, b"").await;
    for (headers, burst) in [
        ("authorization: Bearer one\r\n", 4),
        ("authorization: Bearer two\r\n", 4),
        ("x-dc-devkey: three\r\n", 4),
        ("x-as-sessionid: four\r\n", 4),
        ("", 2),
    ] {
        for _ in 0..burst {
            assert_eq!(with(headers).await.status, 200, "{headers}");
        }
        let refused = with(headers).await;
        assert_eq!((refused.status, refused.code().as_str()), (429, "too_many_requests"), "{headers}");
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
}

#[tokio::test]
async fn a_panic_is_an_answer_and_no_end() {
    let up = up_with(EdgeSettings::default()).await;
    let mut stream = sent(up.address, b"GET /panic HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let failed = read(&mut stream).await;
    assert_eq!((failed.status, failed.code().as_str()), (500, "panic"));
    stream.write_all(b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    assert_eq!(read(&mut stream).await.status, 200, "on the same connection");
}

#[tokio::test]
async fn what_a_proxy_calls_early_may_change_nothing() {
    let up = up_with(EdgeSettings::default()).await;
    let early = "early-data: 1\r\n";
    assert_eq!(ask(up.address, "GET /hello", early, b"").await.status, 200);
    let refused = ask(up.address, "POST /count", early, b"").await;
    assert_eq!((refused.status, refused.code().as_str()), (425, "too_early"));
    assert_eq!(up.world.counted.load(Ordering::SeqCst), 0);
    assert_eq!(ask(up.address, "POST /count", "", b"").await.text(), "1");
}

#[tokio::test]
async fn slow_clients_and_idle_ones_are_given_up() {
    let settings = EdgeSettings { head_timeout: SHORT, idle_timeout: SHORT, ..EdgeSettings::default() };
    let (plain, tls) =
        (up_with(settings.clone()).await, up(How { settings, tls: true, ..How::default() }).await);
    // Nothing at all, half a head, half a preface of HTTP/2, half a handshake.
    let mut given_up = tokio::task::JoinSet::new();
    for (address, octets) in [
        (plain.address, b"".as_slice()),
        (plain.address, b"GET /hello HTTP/1.1\r\nx-a: "),
        (plain.address, b"PRI * HTTP/2.0\r\n"),
        (plain.address, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"),
        (tls.address, b""),
        (tls.address, b"\x16\x03\x01\x02\x00"),
    ] {
        given_up.spawn(async move { (is_closed(&mut sent(address, octets).await).await, octets) });
    }
    for (is_closed, octets) in given_up.join_all().await {
        assert!(is_closed, "{:?}", String::from_utf8_lossy(octets));
    }
    let gave_up = |cause| {
        plain.number("revocache_http_connections_ended", cause)
            + tls.number("revocache_http_connections_ended", cause)
    };
    assert!(gave_up("head_timeout") >= 6.0);
    // A drip of a head ends as well, whatever came before it on the connection.
    let mut stream = sent(plain.address, b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(read(&mut stream).await.status, 200);
    let (mut reader, mut writer) = stream.into_split();
    let dripping = tokio::spawn(async move {
        while writer.write_all(b"G").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    });
    let mut rest = Vec::new();
    let ended =
        timeout(Duration::from_secs(10), tokio::io::AsyncReadExt::read_to_end(&mut reader, &mut rest)).await;
    assert!(ended.is_ok(), "it may drip for ever");
    dripping.abort();
    // Idle after an answer.
    let mut stream = sent(plain.address, b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(read(&mut stream).await.status, 200);
    assert!(is_closed(&mut stream).await);
    assert!(gave_up("idle") >= 1.0);
    // Who waits for an answer is not idle.
    let mut stream = sent(plain.address, b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert!(timeout(3 * SHORT, read(&mut stream)).await.is_err());
    plain.world.gate.add_permits(1);
    assert_eq!(read(&mut stream).await.text(), "at last");
}

#[tokio::test]
async fn connections_beyond_the_number_wait() {
    let up = up(How { connections: 2, ..How::default() }).await;
    let request = b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut open = Vec::new();
    for _ in 0..2 {
        let mut stream = sent(up.address, request).await;
        assert_eq!(read(&mut stream).await.status, 200);
        open.push(stream);
    }
    let mut third = sent(up.address, request).await;
    assert!(timeout(SHORT, read(&mut third)).await.is_err());
    assert!((up.number("revocache_http_connections", "") - 2.0).abs() < f64::EPSILON);
    drop(open.pop());
    assert_eq!(read(&mut third).await.status, 200);
}

/// A client that opens streams and takes them back at once makes no work that outlives it.
#[tokio::test]
async fn streams_that_are_taken_back_make_room() {
    let up = up_with(EdgeSettings::default()).await;
    let client = second();
    for _ in 0..200 {
        let request = client.get(up.url("/slow")).send();
        assert!(timeout(Duration::from_millis(2), request).await.is_err());
    }
    quic_until("there is room", || up.number("revocache_http_requests_in_flight", "") == 0.0).await;
    assert_eq!(answered(client.get(up.url("/hello")).send().await.unwrap()).await.status, 200);
}
