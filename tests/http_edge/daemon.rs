//! The edge of `revocache serve`.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use reqwest::tls::TlsInfo;
use revocache::server::quic::Identity;
use revocache::types::to_hex;

use super::common::{revocache, with_paths};
use super::serve_support::{Served, request};
use super::support::under_tls;

fn start(folder: &Path, configuration: &str) -> Served {
    let config = folder.join("revocache.toml");
    fs::write(&config, configuration).unwrap();
    Served::start(&folder.join("data"), &["--config", config.to_str().unwrap()])
}

fn write_identity(folder: &Path) -> String {
    let (identity, pem) = Identity::self_signed(&["localhost", "127.0.0.1"]).unwrap();
    fs::write(folder.join("server.pem"), pem.certificate).unwrap();
    fs::write(folder.join("server.key"), pem.key).unwrap();
    to_hex(&identity.fingerprint())
}

#[test]
fn operators_can_have_an_address_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let served = start(folder.path(), "[http.admin]\nlisten = \"127.0.0.1:0\"\nprefix = \"/ops\"");
    let own = served.ready["own"]["admin"].as_str().unwrap().parse().unwrap();
    assert_ne!(own, served.http);
    assert_eq!(served.get("/metrics").0, 404);
    assert_eq!(request(own, "GET", "/metrics", "").0, 404);
    assert_eq!(request(own, "GET", "/ops/healthz", ""), (200, "ok\n".to_owned()));
    let metrics = request(own, "GET", "/ops/metrics", "").1;
    for line in [
        "revocache_http_requests_total{family=\"admin\",status=\"2xx\"} 1",
        "revocache_http_requests_total{family=\"none\",status=\"4xx\"} 2",
        "revocache_http_requests_in_flight 1.0",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in\n{metrics}");
    }
    let ran = revocache(with_paths("refresh --json", &[("--data", &folder.path().join("data"))]));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let proxied = request(own, "POST", "/ops/refresh", "X-Forwarded-For: 192.0.2.1\r\nContent-Length: 0\r\n");
    assert_eq!(proxied.0, 403, "{proxied:?}");
    served.stop();
}

#[test]
fn under_tls_the_identity_is_that_of_quic_and_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let first = write_identity(folder.path());
    let configuration =
        "[quic]\ntls_certificate = \"server.pem\"\ntls_key = \"server.key\"\n[http]\ntls = true";
    let served = start(folder.path(), configuration);
    assert_eq!(served.ready["fingerprint"], first);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let get = |path: &str| {
        let url = format!("https://{}{path}", served.http);
        runtime.block_on(async {
            let response = under_tls().build().unwrap().get(url).send().await.unwrap();
            let shown = response.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap();
            let shown = to_hex(
                &<[u8; 32]>::try_from(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, shown).as_ref())
                    .unwrap(),
            );
            let alt_svc = response.headers().get("alt-svc").map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), shown, alt_svc)
        })
    };
    let (status, shown, alt_svc) = get("/healthz");
    assert_eq!((status, &shown), (200, &first));
    let quic = served.ready["quic"].as_str().unwrap();
    #[cfg(feature = "http3")]
    assert_eq!(alt_svc.unwrap(), format!("h3=\":{}\"; ma=86400", quic.rsplit_once(':').unwrap().1));
    #[cfg(not(feature = "http3"))]
    assert_eq!((alt_svc, quic.is_empty()), (None, false));
    let ran = revocache(with_paths("refresh --json", &[("--data", &folder.path().join("data"))]));
    assert_eq!(ran.code, Some(0), "{ran:?}");

    let second = write_identity(folder.path());
    served.signal("HUP");
    let deadline = Instant::now() + Duration::from_secs(20);
    while get("/healthz").1 != second {
        assert!(Instant::now() < deadline, "the new certificate is never shown\n{}", served.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    served.stop();
}

#[cfg(feature = "http3")]
#[test]
fn over_http3_there_is_health_and_nothing_of_the_rest_for_operators() {
    let folder = tempfile::tempdir().unwrap();
    let served = start(folder.path(), "");
    let address = served.ready["quic"].as_str().unwrap().parse().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let (sender, _) = super::third::client(address).await;
        let health = super::third::ask(&sender, "GET", "/healthz", &[], b"").await;
        assert_eq!((health.status, health.text().as_str()), (200, "ok\n"));
        for path in ["/metrics", "/status", "/readyz"] {
            assert_eq!(super::third::ask(&sender, "GET", path, &[], b"").await.status, 404, "{path}");
        }
        assert_eq!(super::third::ask(&sender, "POST", "/refresh", &[], b"").await.status, 404);
    });
    served.stop();

    let folder = tempfile::tempdir().unwrap();
    let served = start(folder.path(), "[http]\nhttp3 = false");
    let address = served.ready["quic"].as_str().unwrap().parse().unwrap();
    runtime.block_on(async {
        let mut endpoint = quinn::Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap();
        endpoint.set_default_client_config(super::quic_support::raw_config(b"h3"));
        assert!(endpoint.connect(address, "localhost").unwrap().await.is_err());
    });
    served.stop();
}
