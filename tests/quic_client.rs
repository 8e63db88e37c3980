//! The client against the server.
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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use quic_support::{Fake, HASHES, LATE, NEVER, local, said, start, start_with, until};
use revocache::client::{Client, ClientError, ClientIdentity, ClientSettings, Event, ServerTrust};
use revocache::server::quic::{
    ChangedSerials, ClientAuthentication, ClientRoots, Counter, Identity, PeerJudge, QuicServer,
    QuicSettings, Refusal,
};
use revocache::types::{Serial, SerialRef};
use revocache::wire::{
    AuthorityRef, Change, ErrorCode, Features, GenerationNotice, Options, Outcome, Presence, Question, Target,
};
use rustls::pki_types::CertificateDer;

fn by_cert_id(serial: &Serial) -> Question<'_> {
    Question {
        target: Target::CertId { issuer: HASHES, serial: serial.as_ref() },
        options: Options::default(),
    }
}

#[tokio::test]
async fn everything_can_be_asked() {
    let server = start();
    let client = server.client().await;
    let hello = client.hello().await.unwrap();
    assert!(hello.features.has(Features::OCSP.union(Features::SUBSCRIBE)) && hello.generation == 7);
    let first = client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap();
    let second = client.resolve(&AuthorityRef::Certificate(&[0, 1])).await.unwrap();
    assert_eq!((first.presence, second.presence), (Presence::Present, Presence::Absent));
    assert_eq!(client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap(), first);
    assert_ne!(first.handle, second.handle);
    for number in [4, 5, 10, LATE + 1] {
        let serial = Serial::from_u64(number);
        let target = Target::Serial { authority: second.handle, serial: serial.as_ref() };
        let by_serial = Question { target, options: Options::default() };
        let verdict = said(number, 7);
        assert_eq!(client.ask(&by_serial).await, Ok(verdict));
        assert_eq!(client.ask(&by_cert_id(&serial)).await, Ok(verdict));
        assert_eq!(client.ask_on_stream(&by_serial).await, Ok(verdict));
        assert_eq!(client.ask_by_datagram(&by_serial).await, Ok(verdict));
    }
    let target = Target::Certificate { certificate: &[0x30; 33], issuer: Some(&[0x30]) };
    let question = Question { target, options: Options::default() };
    assert_eq!(client.ask(&question).await, Ok(said(33, 7)));
    assert!(server.counters().get(Counter::Datagrams) >= 4);
    client.close().await;
    assert_eq!(client.ask(&question).await, Err(ClientError::Closed));
}

/// Thousands ask at once, some give up: everybody gets their own answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_gets_the_answer_of_another() {
    let server = start();
    let settings = ClientSettings { connections: 2, ..ClientSettings::default() };
    let client = Client::connect(server.address, server.trust(), settings).await.unwrap();
    let handle = client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap().handle;
    let mut tasks = Vec::new();
    for task in 0..64_u64 {
        let client = client.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..100 {
                let number = task * 1000 + round;
                let number = if round % 20 == 7 { LATE + number } else { number };
                let serial = Serial::from_u64(number);
                let options = Options::default();
                let ask = client.ask_serial(handle, serial.as_ref(), &options);
                if round % 5 == 3 {
                    // Given up at once, or in the middle.
                    let _ = tokio::time::timeout(Duration::from_micros(round * 3), ask).await;
                } else {
                    assert_eq!(ask.await, Ok(said(number, 7)));
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn batches_of_any_size_are_answered_in_order() {
    let server = start();
    let client = server.client().await;
    let handle = client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap().handle;
    let numbers: Vec<u64> =
        (0..10_000).map(|number| if number == 5000 { LATE + 1 } else { number }).collect();
    let serials: Vec<Serial> = numbers.iter().map(|number| Serial::from_u64(*number)).collect();
    let refs: Vec<SerialRef<'_>> = serials.iter().map(Serial::as_ref).collect();
    let outcomes = client.ask_batch(handle, &refs, &Options::default()).await.unwrap();
    assert_eq!(outcomes.len(), numbers.len());
    for (number, outcome) in numbers.iter().zip(outcomes) {
        assert_eq!(outcome, Outcome::Verdict(said(*number, 7)));
    }
    assert_eq!(client.ask_batch(handle, &[], &Options::default()).await, Ok(Vec::new()));
}

#[tokio::test]
async fn info_has_all_pages() {
    let server = start();
    let info = server.client().await.info().await.unwrap();
    assert_eq!((info.server.as_str(), info.generation, info.authorities.len()), ("fake 1", 7, 1000));
    for (number, authority) in info.authorities.iter().enumerate() {
        assert_eq!(authority.name, format!("CN=Authority number {number}"));
        assert_eq!(authority.entries, number as u64);
    }
}

#[tokio::test]
async fn subscribers_are_told_of_generations_and_serials() {
    let server = start();
    let client = server.client().await;
    let handle = client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap().handle;
    let mut changes = client.subscribe(&[handle]).await.unwrap();
    let mut generations = client.subscribe(&[]).await.unwrap();
    let notice =
        |previous, generation| Some(Ok(Event::Generation(GenerationNotice { generation, previous })));
    assert_eq!(changes.next().await, notice(7, 7));
    assert_eq!(generations.next().await, notice(7, 7));
    let added: Vec<Serial> = (1..5000).map(Serial::from_u64).collect();
    let removed = vec![Serial::parse("00ff").unwrap()];
    server
        .fake
        .changed
        .lock()
        .unwrap()
        .insert(8, ChangedSerials { added: added.clone(), removed: removed.clone() });
    server.fake.generation.send_replace(8);
    assert_eq!(generations.next().await, notice(7, 8));
    let (mut got_added, mut got_removed) = (Vec::new(), Vec::new());
    loop {
        match changes.next().await.unwrap().unwrap() {
            Event::Changes { authority, between: (7, 8), change, serials } => {
                assert_eq!(authority, handle);
                let into = if change == Change::Added { &mut got_added } else { &mut got_removed };
                into.extend(serials);
            }
            Event::Generation(notice) => {
                assert_eq!((notice.previous, notice.generation), (7, 8));
                break;
            }
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((got_added, got_removed), (added, removed));
    // Nothing is known of the way to this one.
    server.fake.generation.send_replace(20);
    let Some(Ok(Event::Changes { change: Change::Lost, serials, .. })) = changes.next().await else {
        panic!("the loss must be told")
    };
    assert!(serials.is_empty());
    drop(changes);
    // The stream goes on without the subscription.
    let serial = Serial::from_u64(4);
    assert_eq!(client.ask(&by_cert_id(&serial)).await, Ok(said(4, 20)));
}

/// A server that has gone and come back: nobody notices but by the time it takes, and handles stay good.
#[tokio::test]
async fn a_lost_server_is_found_again() {
    let server = start();
    let address = server.address;
    let identity = Arc::clone(&server.identity);
    let client = server.client().await;
    let handle = client.resolve(&AuthorityRef::CertId(HASHES)).await.unwrap().handle;
    let serial = Serial::from_u64(4);
    let options = Options::default();
    assert_eq!(client.ask_serial(handle, serial.as_ref(), &options).await, Ok(said(4, 7)));
    server.stopped().await;
    let fake = Arc::new(Fake::default());
    fake.generation.send_replace(9);
    let settings = QuicSettings { address, ..local() };
    let bind =
        || QuicServer::bind(settings.clone(), &identity, ClientAuthentication::None, Arc::clone(&fake));
    let mut again = bind();
    for _ in 0..100 {
        if again.is_ok() {
            break;
        }
        // The socket of the first server is closed by a task of its own.
        tokio::time::sleep(Duration::from_millis(20)).await;
        again = bind();
    }
    let again = again.unwrap();
    tokio::spawn(async move { again.run(std::future::pending()).await });
    assert_eq!(client.ask_serial(handle, serial.as_ref(), &options).await, Ok(said(4, 9)));
    let question =
        Question { target: Target::Serial { authority: handle, serial: serial.as_ref() }, options };
    assert_eq!(client.ask_on_stream(&question).await, Ok(said(4, 9)));
    assert_eq!(client.ask_by_datagram(&question).await, Ok(said(4, 9)));
}

#[tokio::test]
async fn a_stopping_server_loses_no_question() {
    let mut server = start();
    let client = server.client().await;
    let stop = Arc::new(AtomicBool::new(false));
    let stopping = Arc::new(AtomicBool::new(false));
    let asked = Arc::new(AtomicU64::new(0));
    let task = {
        let (client, stop, asked) = (client.clone(), Arc::clone(&stop), Arc::clone(&asked));
        let stopping = Arc::clone(&stopping);
        tokio::spawn(async move {
            let serial = Serial::from_u64(4);
            while !stop.load(Ordering::SeqCst) {
                match client.ask(&by_cert_id(&serial)).await {
                    Ok(verdict) => assert_eq!(verdict, said(4, 7)),
                    // There is no other server to go to.
                    Err(ClientError::Connect { .. } | ClientError::Lost { .. })
                        if stopping.load(Ordering::SeqCst) =>
                    {
                        return;
                    }
                    Err(error) => panic!("{error}"),
                }
                asked.fetch_add(1, Ordering::SeqCst);
            }
        })
    };
    let late = {
        let client = client.clone();
        tokio::spawn(async move { client.ask(&by_cert_id(&Serial::from_u64(LATE + 1))).await })
    };
    until("questions are asked", || asked.load(Ordering::SeqCst) > 50).await;
    stopping.store(true, Ordering::SeqCst);
    server.stop();
    assert_eq!(late.await.unwrap(), Ok(said(LATE + 1, 7)));
    stop.store(true, Ordering::SeqCst);
    task.await.unwrap();
}

#[tokio::test]
async fn questions_have_a_deadline() {
    let server = start();
    let settings = ClientSettings { deadline: Duration::from_millis(100), ..ClientSettings::default() };
    let client = Client::connect(server.address, server.trust(), settings).await.unwrap();
    let never = Serial::from_u64(NEVER);
    assert_eq!(client.ask(&by_cert_id(&never)).await, Err(ClientError::Deadline(Duration::from_millis(100))));
    let serial = Serial::from_u64(4);
    assert_eq!(client.ask(&by_cert_id(&serial)).await, Ok(said(4, 7)));
}

#[tokio::test]
async fn a_refusal_is_told() {
    let server = start();
    let client = server.client().await;
    let refused = client.resolve(&AuthorityRef::Certificate(&[])).await.unwrap_err();
    assert!(matches!(refused, ClientError::Refused { code: ErrorCode::BadCertificate, .. }), "{refused}");
    // More than a server reads is not even sent.
    let target = Target::Certificate { certificate: &[0x30; 70_000], issuer: None };
    let long = Question { target, options: Options::default() };
    for refused in
        [client.ask(&long).await, client.ask_on_stream(&long).await, client.ask_by_datagram(&long).await]
    {
        assert!(matches!(refused, Err(ClientError::TooMuch { limit: 65_536, .. })), "{refused:?}");
    }
    let allowed = Target::Certificate { certificate: &[0x30; 65_500], issuer: None };
    let allowed = Question { target: allowed, options: Options::default() };
    assert_eq!(client.ask(&allowed).await, Ok(said(65_500, 7)));
    // A handle that nobody has given.
    let unknown = client
        .ask_serial(revocache::wire::Handle(77), SerialRef::ZERO, &Options::default())
        .await
        .unwrap_err();
    assert!(matches!(unknown, ClientError::Refused { code: ErrorCode::UnknownHandle, .. }), "{unknown}");
}

#[tokio::test]
async fn only_the_right_server_is_trusted() {
    let server = start();
    let connect = |trust, server_name: Option<&str>| {
        let settings =
            ClientSettings { server_name: server_name.map(str::to_owned), ..ClientSettings::default() };
        Client::connect(server.address, trust, settings)
    };
    let wrong = connect(ServerTrust::Fingerprint([0; 32]), None).await.unwrap_err();
    assert!(matches!(wrong, ClientError::Connect { .. }), "{wrong}");
    let own = server.identity.current();
    let roots = |der: &CertificateDer<'static>| ServerTrust::Roots(vec![der.clone()]);
    assert!(connect(roots(own.certificate()), None).await.is_ok());
    assert!(connect(roots(own.certificate()), Some("localhost")).await.is_ok());
    assert!(connect(roots(own.certificate()), Some("elsewhere")).await.is_err());
    let (other, _) = Identity::self_signed(&["localhost"]).unwrap();
    assert!(connect(roots(other.certificate()), Some("localhost")).await.is_err());
}

/// Refuses the clients it was told to.
struct Judge(AtomicBool);

impl PeerJudge for Judge {
    fn judge(&self, chain: &[&[u8]]) -> Result<(), Refusal> {
        if chain.is_empty() {
            return Ok(());
        }
        assert_eq!(chain.len(), 1);
        if self.0.load(Ordering::SeqCst) {
            return Err(Refusal::new(ErrorCode::Forbidden, "the certificate is revoked"));
        }
        Ok(())
    }
}

#[tokio::test]
async fn clients_can_be_asked_for_certificates() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = |names: Vec<String>, key: &rcgen::KeyPair| {
        rcgen::CertificateParams::new(names).unwrap().self_signed(key).unwrap().der().clone()
    };
    let known = certificate(vec!["client".to_owned()], &key);
    let judge = Arc::new(Judge(false.into()));
    let roots = ClientRoots { roots: vec![known.clone()], judge: Arc::clone(&judge) as Arc<dyn PeerJudge> };
    let identity = |der: &CertificateDer<'static>, key: &rcgen::KeyPair| ClientIdentity {
        chain: vec![der.clone()],
        key: rustls::pki_types::PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    };
    let serial = Serial::from_u64(4);
    for (demand, without) in [
        (ClientAuthentication::Required(roots.clone()), false),
        (ClientAuthentication::Optional(roots), true),
    ] {
        let server = start_with(local(), demand, Fake::default());
        let ask = async |identity: Option<ClientIdentity>| {
            let settings = ClientSettings { identity, retries: 0, ..ClientSettings::default() };
            let client = Client::connect(server.address, server.trust(), settings).await?;
            client.ask(&by_cert_id(&serial)).await
        };
        assert_eq!(ask(Some(identity(&known, &key))).await, Ok(said(4, 7)));
        assert_eq!(ask(None).await.is_ok(), without);
        let stranger = rcgen::KeyPair::generate().unwrap();
        let unknown = certificate(vec!["client".to_owned()], &stranger);
        assert!(ask(Some(identity(&unknown, &stranger))).await.is_err());
        // A certificate that is larger than a handshake may be.
        let names = (0..6000).map(|number| format!("a-rather-long-name-{number}.example")).collect();
        assert!(ask(Some(identity(&certificate(names, &key), &key))).await.is_err());
        judge.0.store(true, Ordering::SeqCst);
        let refused = ask(Some(identity(&known, &key))).await.unwrap_err();
        assert!(refused.to_string().contains("revoked"), "{refused}");
        judge.0.store(false, Ordering::SeqCst);
        assert_eq!(server.counters().get(Counter::RefusedClients), 1);
    }
}
