//! Clients that have to show a certificate, which the server judges by its own lists.

use revocache::client::{Client, ClientError, ClientIdentity, ClientSettings, ServerTrust};
use revocache::types::{Serial, Verdict, from_hex};
use revocache::wire::{AuthorityRef, Options};
use revocache_testkit::{CertificateBuilder, Key, KeyKind, Name};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::{Served, Site, text};

/// A certificate of the site's CA with this serial.
fn identity(site: &Site, serial: u8) -> ClientIdentity {
    let key = Key::new(KeyKind::P256);
    let certificate = CertificateBuilder::new(&[serial], Name::new("a client"), &key).key_usage(&[0]);
    ClientIdentity {
        chain: vec![CertificateDer::from(certificate.build(&site.ca)), site.ca.certificate.clone().into()],
        key: PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into()),
    }
}

async fn ask(daemon: &Served, site: &Site, identity: Option<ClientIdentity>) -> Result<Verdict, ClientError> {
    let fingerprint = from_hex(text(daemon, "fingerprint")).unwrap().try_into().unwrap();
    let settings = ClientSettings { identity, retries: 0, ..ClientSettings::default() };
    let address = text(daemon, "quic").parse().unwrap();
    let client = Client::connect(address, ServerTrust::Fingerprint(fingerprint), settings).await?;
    let authority = client.resolve(&AuthorityRef::Certificate(&site.ca.certificate)).await?;
    let serial = Serial::from_u64(7);
    client.ask_serial(authority.handle, serial.as_ref(), &Options::default()).await
}

#[test]
fn a_client_whose_certificate_a_list_revokes_is_refused() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (demand, without) in [("required", false), ("optional", true)] {
        let site = Site::new();
        site.publish(1, &[7]);
        let ca = site.path("ca.cer");
        let daemon = site.start_with(&format!(
            "[quic]\nclient_ca = [{ca:?}]\nclient_certificates = \"{demand}\"\nsockets = 2\nsocket_buffer = \"1MiB\"\n"
        ));
        runtime.block_on(async {
            let good = ask(&daemon, &site, Some(identity(&site, 5))).await.unwrap();
            assert_eq!(good.status.name(), "revoked");
            let refused = ask(&daemon, &site, Some(identity(&site, 7))).await.unwrap_err();
            assert!(refused.to_string().contains("revoked"), "{demand}: {refused}");
            assert_eq!(ask(&daemon, &site, None).await.is_ok(), without, "{demand}");
            // A list that comes later counts from then on, also for those who come again.
            let before = daemon.generation();
            site.publish(2, &[5, 7]);
            daemon.until("the next generation", |daemon| daemon.generation() > before);
            assert!(ask(&daemon, &site, Some(identity(&site, 5))).await.is_err(), "{demand}");
        });
        assert!(daemon.metric("revocache_quic_events_total{event=\"refused_clients\"}") >= 2.0);
        daemon.stop();
    }
}
