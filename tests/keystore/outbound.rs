//! The `client` half in effect: what is presented to servers, and whom to trust, between two requests of one client.

use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use revocache::fetch::http::{
    AddressPolicy, HttpClient, HttpError, HttpSettings, OcspMethod, OutboundSwitch,
};
use revocache::keystore::{LiveIdentity, PrivateKey};
use revocache_testkit::{Authority, CertificateBuilder, Extension, Key, KeyKind, Name, der};
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use super::material::certificate;

/// An OCSP responder behind TLS that wants a certificate of `clients`; it tells the digest of the one it saw.
async fn responder(servers: &Authority, clients: &Authority) -> String {
    let key = Key::new(KeyKind::P256);
    let address = der::implicit(7, &[127, 0, 0, 1]);
    let names = Extension::new("2.5.29.17", &der::sequence(&[address]));
    let leaf = CertificateBuilder::new(&[1], Name::new("responder"), &key).extension(names).build(servers);
    let mut roots = rustls::RootCertStore::empty();
    roots.add(clients.certificate.clone().into()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build().unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![leaf.into()], PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into()))
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let seen = digest(&SHA256, &stream.get_ref().1.peer_certificates().unwrap()[0]);
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/ocsp-response\r\n\
                          Connection: close\r\nContent-Length: 32\r\n\r\n";
            let _ = stream.write_all(&[answer.as_bytes(), seen.as_ref()].concat()).await;
            let _ = stream.shutdown().await;
        }
    });
    url
}

fn client_of(ca: &Authority, serial: u8) -> (LiveIdentity, Vec<u8>) {
    let key = Key::new(KeyKind::P256);
    let leaf = CertificateBuilder::new(&[serial], Name::new("this server"), &key).build(ca);
    let private = PrivateKey::from_pkcs8(Zeroizing::new(key.pkcs8().to_vec())).unwrap();
    (LiveIdentity::new(&private, vec![certificate(&leaf)]).unwrap(), leaf)
}

#[tokio::test]
async fn what_is_presented_and_trusted_changes_between_requests() {
    let (servers, clients) =
        (Authority::root("Servers", KeyKind::P256), Authority::root("Clients", KeyKind::P256));
    let url = responder(&servers, &clients).await;
    let switch = Arc::new(OutboundSwitch::new());
    let addresses = AddressPolicy::public_only().with_private();
    let settings = HttpSettings { addresses, switch: Some(Arc::clone(&switch)), ..HttpSettings::default() };
    let http = HttpClient::new(&settings).unwrap();
    let ask = async || {
        let limit = Duration::from_secs(5);
        http.ask_responder(&url, &Bytes::from_static(b"question"), OcspMethod::Post, limit).await
    };
    let (first, first_der) = client_of(&clients, 1);
    switch.set_identity(Some(Arc::clone(first.certified_key())));
    assert!(matches!(ask().await, Err(HttpError::Connect { .. })), "nobody trusts the server yet");
    switch.set_roots(&[servers.certificate.clone().into()]);
    assert_eq!(ask().await.unwrap(), digest(&SHA256, &first_der).as_ref());
    let (second, second_der) = client_of(&clients, 2);
    switch.set_identity(Some(Arc::clone(second.certified_key())));
    assert_eq!(ask().await.unwrap(), digest(&SHA256, &second_der).as_ref());
    switch.set_identity(None);
    assert!(ask().await.is_err(), "the server wants a certificate");
    switch.set_identity(Some(Arc::clone(second.certified_key())));
    switch.set_roots(&[]);
    assert!(matches!(ask().await, Err(HttpError::Connect { .. })), "its authority was deleted");
}
