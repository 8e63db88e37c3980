//! What a server keeps for clients that ask for as much as they can and take nothing. One test, because it looks at the
//! memory of the process.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod quic_support;

use std::sync::Arc;
use std::time::Duration;

use quic_support::{
    Fake, answers, by_cert_id, exchange, local, raw, raw_config, raw_endpoint, said, start_with,
};
use quinn::{Connection, VarInt};
use revocache::server::quic::{ClientAuthentication, Counter, QuicSettings};
use revocache::wire::ALPN;

/// Memory of this process, in octets; `None` where the system does not tell.
fn resident() -> Option<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<u64>().ok()? * 4096)
}

/// A client that keeps little itself, so that what the process keeps is the server's.
async fn greedy(address: std::net::SocketAddr) -> Connection {
    let mut config = raw_config(ALPN);
    let mut transport = quinn::TransportConfig::default();
    transport
        .receive_window(VarInt::from_u32(4096))
        .stream_receive_window(VarInt::from_u32(1024))
        .send_window(64 << 10);
    config.transport_config(Arc::new(transport));
    raw_endpoint().connect_with(config, address, "localhost").unwrap().await.unwrap()
}

const CONNECTIONS: u64 = 16;
const STREAMS: usize = 1000;
const WINDOW: u64 = 256 << 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn greedy_clients_are_kept_within_bounds() {
    let settings = QuicSettings {
        connection_window: u32::try_from(WINDOW).unwrap(),
        stream_window: u32::try_from(WINDOW).unwrap(),
        stall_timeout: Duration::from_secs(30),
        ..local()
    };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let mut honest = Vec::new();
    by_cert_id(4, 1, &mut honest);
    let bystander = raw(server.address).await;
    exchange(&bystander, &honest).await;
    let Some(before) = resident() else { return };
    // Half of them begin long frames on every stream, the others ask and do not read.
    let mut beginning = vec![0x80, 0, 0xff, 0xff, 3, 1, 0];
    beginning.resize(60_000, 0);
    let mut questions = Vec::new();
    for number in 0..2000 {
        by_cert_id(5, number, &mut questions);
    }
    let mut connections = Vec::new();
    for number in 0..CONNECTIONS {
        let connection = greedy(server.address).await;
        let what = Arc::new(if number % 2 == 0 { beginning.clone() } else { questions.clone() });
        for _ in 0..STREAMS {
            let (connection, what) = (connection.clone(), Arc::clone(&what));
            tokio::spawn(async move {
                let Ok((mut send, recv)) = connection.open_bi().await else { return };
                let _ = send.write_all(&what).await;
                std::future::pending::<()>().await;
                drop(recv);
            });
        }
        connections.push(connection);
    }
    let mut most = 0;
    for _ in 0..40 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        most = most.max(resident().unwrap());
    }
    assert_eq!(answers(&exchange(&bystander, &honest).await), [(1, quic_support::Said::Verdict(said(4, 7)))]);
    let grown = most.saturating_sub(before);
    let refused = server.counters().get(Counter::Stalled);
    println!(
        "{CONNECTIONS} greedy connections with {STREAMS} streams each: {} KiB each, clients included; {refused} streams ended",
        grown / CONNECTIONS / 1024
    );
    // What was received, what waits to be sent, beginnings and answers, and a few KiB for each stream on both sides.
    let bound = CONNECTIONS * (4 * WINDOW + STREAMS as u64 * 16 * 1024);
    assert!(grown < bound, "{grown} octets, and {bound} are allowed");
    assert!(refused > 0);
}
