//! How a listener stops.

use std::time::Duration;

use revocache::server::http::EdgeSettings;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::support::{How, answered, is_closed, quic_until, read, second, sent, under_tls, up, up_with};

#[tokio::test]
async fn what_is_asked_for_is_answered_before_the_end() {
    let mut plain = up_with(EdgeSettings::default()).await;
    let mut first = sent(plain.address, b"GET /slow HTTP/1.1\r\nhost: a\r\n\r\n").await;
    let over_second = tokio::spawn(second().get(plain.url("/slow")).send());
    let mut idle = sent(plain.address, b"GET /hello HTTP/1.1\r\nhost: a\r\n\r\n").await;
    assert_eq!(read(&mut idle).await.status, 200);
    plain.waiting(2).await;
    plain.stop();
    assert!(is_closed(&mut idle).await, "nothing is open on it");
    let address = plain.address;
    quic_until("nothing new is accepted", || std::net::TcpStream::connect(address).is_err()).await;
    plain.world.gate.add_permits(2);
    assert_eq!(read(&mut first).await.text(), "at last");
    assert_eq!(answered(over_second.await.unwrap().unwrap()).await.text(), "at last");
    timeout(Duration::from_secs(5), plain.stopped()).await.expect("nothing is left to wait for");
}

#[tokio::test]
async fn the_end_does_not_wait_for_ever() {
    let short = Duration::from_millis(300);
    let settings = EdgeSettings { stop_timeout: short, ..EdgeSettings::default() };
    let mut up = up(How { settings, tls: true, ..How::default() }).await;
    let url = format!("https://{}/slow", up.address);
    let waiting = tokio::spawn(under_tls().build().unwrap().get(url).send());
    up.waiting(1).await;
    // One that is in the middle of a handshake.
    let mut stream = TcpStream::connect(up.address).await.unwrap();
    stream.write_all(b"\x16\x03\x01").await.unwrap();
    let started = Instant::now();
    up.stop();
    up.stopped().await;
    assert!(started.elapsed() >= short);
    assert!(waiting.await.unwrap().is_err());
    assert!(is_closed(&mut stream).await);
}
