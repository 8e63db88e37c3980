//! What idle connections cost the server. `REVOCACHE_CONNECTIONS` makes them more; `just connections` makes 10,000.

use std::sync::Arc;
use std::time::Duration;

use quinn::{Connection, Endpoint};
use revocache::types::Serial;
use revocache::wire::{ALPN, AuthorityRef, Handle, Options, Question, RequestId, Resolve, Target};

use super::quic_support::{Said, answers, exchange, raw_config, raw_endpoint};
use super::{Site, text};

/// Handshakes at once: below the number from which on clients have to come back with a token.
const AT_ONCE: usize = 32;
/// Octets that an idle connection may cost: what TLS, QUIC and its windows keep. Measured are about 25 KiB.
const MOST: u64 = 64 << 10;

async fn connect(endpoint: Endpoint, address: std::net::SocketAddr, ask: Arc<Vec<u8>>) -> Connection {
    let mut config = raw_config(ALPN);
    let mut transport = quinn::TransportConfig::default();
    transport.max_idle_timeout(None);
    config.transport_config(Arc::new(transport));
    let connection = endpoint.connect_with(config, address, "localhost").unwrap().await.unwrap();
    let said = answers(&exchange(&connection, &ask).await);
    assert!(matches!(said[..], [(1, Said::Resolved(..)), (2, Said::Verdict(_))]), "{said:?}");
    connection
}

#[test]
fn idle_connections_cost_little_and_nothing_when_they_are_gone() {
    let most = std::env::var("REVOCACHE_CONNECTIONS").ok().and_then(|text| text.parse().ok());
    let most: usize = most.unwrap_or(150);
    let site = Site::new();
    site.publish(1, &[7]);
    let daemon = site.start_with(&format!("[quic]\nidle_timeout = \"1h\"\nmax_connections = {}\n", most + 1));
    let address = text(&daemon, "quic").parse().unwrap();
    let authority = std::fs::read(site.path("ca.cer")).unwrap();
    let mut ask = Vec::new();
    let named = AuthorityRef::Certificate(&authority);
    Resolve { handle: Handle(0), authority: named }.encode(RequestId::from(1), &mut ask);
    let serial = Serial::from_u64(1);
    let target = Target::Serial { authority: Handle(0), serial: serial.as_ref() };
    Question { target, options: Options::default() }.encode(RequestId::from(2), &mut ask);
    let ask = Arc::new(ask);

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connections = runtime.block_on(async {
        let endpoint = raw_endpoint();
        let open = |count| {
            let (endpoint, ask) = (endpoint.clone(), Arc::clone(&ask));
            async move {
                let each =
                    (0..count).map(|_| tokio::spawn(connect(endpoint.clone(), address, Arc::clone(&ask))));
                let mut open = Vec::new();
                for connection in each.collect::<Vec<_>>() {
                    open.push(connection.await.unwrap());
                }
                open
            }
        };
        // What is made once, for the first connections, does not count.
        let mut connections = open(AT_ONCE).await;
        let before = daemon.memory();
        while connections.len() < most {
            connections.extend(open(AT_ONCE.min(most - connections.len())).await);
        }
        let grown = daemon.memory().saturating_sub(before);
        let each = grown / u64::try_from(most - AT_ONCE).unwrap();
        println!("{most} connections: {} MiB, {} octets each", daemon.memory() >> 20, each);
        assert!(each < MOST, "{each} octets for each connection");
        assert_eq!(daemon.metric("revocache_quic_open_connections"), most as f64);
        connections
    });
    runtime.block_on(async {
        for connection in connections {
            connection.close(0_u32.into(), b"");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    });
    daemon.until("the connections end", |daemon| daemon.metric("revocache_quic_open_connections") == 0.0);
    println!("when they are gone: {} MiB", daemon.memory() >> 20);
    daemon.stop();
}
