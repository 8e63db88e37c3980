//! The server against clients that keep to the protocol, and clients that do not.
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
use std::time::{Duration, Instant};

use quic_support::{
    Fake, HASHES, LATE, NEVER, Said, answers, by_cert_id, exchange, local, raw, raw_config, raw_endpoint,
    said, start, start_with, until,
};
use quinn::{ConnectionError, ReadError, VarInt};
use revocache::server::quic::{
    ClientAuthentication, Counter, EarlyData, Identity, IdentitySwitch, OtherTimes, QuicServer, QuicSettings,
};
use revocache::types::{Serial, UnixTime};
use revocache::wire::{
    Answer, AuthorityRef, Batch, CloseCode, ErrorCode, Frame, FrameDecoder, FrameType, Handle, InfoRequest,
    Options, Outcome, Presence, Question, RequestId, Resolve, Subscribe, Target, encode_cancel,
};

fn id(number: u32) -> RequestId {
    RequestId::from(number)
}

fn resolve(handle: u32, number: u32, out: &mut Vec<u8>) {
    let authority = AuthorityRef::CertId(HASHES);
    Resolve { handle: Handle(handle), authority }.encode(id(number), out);
}

fn by_serial(handle: u32, serial: u64, number: u32, out: &mut Vec<u8>) {
    let serial = Serial::from_u64(serial);
    let target = Target::Serial { authority: Handle(handle), serial: serial.as_ref() };
    Question { target, options: Options::default() }.encode(id(number), out);
}

fn verdict(serial: u64) -> Said {
    Said::Verdict(said(serial, 7))
}

#[tokio::test]
async fn questions_of_every_kind_are_answered_in_one_flight() {
    let server = start();
    let connection = raw(server.address).await;
    let mut out = Vec::new();
    resolve(3, 1, &mut out);
    by_serial(3, 4, 2, &mut out);
    by_serial(3, 5, 3, &mut out);
    by_cert_id(10, 4, &mut out);
    let target = Target::Certificate { certificate: &[0x30, 0], issuer: None };
    Question { target, options: Options::default() }.encode(id(5), &mut out);
    by_serial(4, 5, 6, &mut out);
    let got = answers(&exchange(&connection, &out).await);
    let expected = [
        (1, Said::Resolved(Handle(3), Presence::Present)),
        (2, verdict(4)),
        (3, verdict(5)),
        (4, verdict(10)),
        (5, verdict(2)),
        (6, Said::Refused(ErrorCode::UnknownHandle)),
    ];
    assert_eq!(got, expected);
    // The handle is good on every stream of the connection, and on no other connection.
    let mut out = Vec::new();
    by_serial(3, 6, 0, &mut out);
    assert_eq!(answers(&exchange(&connection, &out).await), [(0, verdict(6))]);
    let other = raw(server.address).await;
    assert_eq!(answers(&exchange(&other, &out).await), [(0, Said::Refused(ErrorCode::UnknownHandle))]);
    until("the counters", || server.counters().get(Counter::BySerial) == 5).await;
    assert_eq!(server.counters().get(Counter::Revoked), 1);
}

#[tokio::test]
async fn the_server_tells_its_limits_without_being_asked() {
    let server = start();
    let connection = raw(server.address).await;
    let mut control = connection.accept_uni().await.unwrap();
    let mut octets = [0; 100];
    let length = control.read(&mut octets).await.unwrap().unwrap();
    let frame = Frame::take(&mut &octets[..length], 1000).unwrap().unwrap();
    let Some(Answer::Hello(hello)) = Answer::decode(&frame).unwrap() else { panic!("{frame:?}") };
    assert_eq!(hello.generation, 7);
    assert_eq!(hello.limits, revocache::wire::Limits::default());
}

/// What takes long holds up nothing: its answer comes when it is there.
#[tokio::test]
async fn late_answers_hold_up_nothing() {
    let server = start();
    let connection = raw(server.address).await;
    let mut out = Vec::new();
    by_cert_id(LATE + 1, 1, &mut out);
    for number in 2..500 {
        by_cert_id(u64::from(number), number, &mut out);
    }
    let started = Instant::now();
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&out).await.unwrap();
    send.finish().unwrap();
    let mut decoder = FrameDecoder::new(65_536);
    let (mut early, mut late) = (0, None);
    while let Some(piece) = recv.read_chunk(usize::MAX, true).await.unwrap() {
        let mut input = &piece.bytes[..];
        while let Some(frame) = decoder.next(&mut input).unwrap() {
            if frame.request == id(1) {
                late = Some(started.elapsed());
                assert_eq!(early, 498);
            } else {
                early += 1;
                assert!(late.is_none() && started.elapsed() < server.fake.late);
            }
        }
    }
    assert!(late.unwrap() >= server.fake.late);
}

#[tokio::test]
async fn batches_have_an_outcome_for_every_question() {
    let server = start();
    let connection = raw(server.address).await;
    let mut numbers: Vec<u64> = (1..3000).collect();
    numbers[17] = LATE + 3;
    numbers[2500] = LATE + 4;
    let serials: Vec<Serial> = numbers.iter().map(|number| Serial::from_u64(*number)).collect();
    let mut out = Vec::new();
    resolve(0, 1, &mut out);
    let refs: Vec<_> = serials.iter().map(Serial::as_ref).collect();
    Batch::encode_shared(id(2), &Options::default(), Handle(0), &refs, &mut out);
    let mixed: Vec<_> = [(0, 3), (9, 3), (9, 4), (0, 5), (0, LATE + 1)]
        .map(|(handle, serial)| (Handle(handle), Serial::from_u64(serial)))
        .into_iter()
        .collect();
    let mixed: Vec<_> = mixed.iter().map(|(handle, serial)| (*handle, serial.as_ref())).collect();
    Batch::encode_mixed(id(3), &Options::default(), &mixed, &mut out);
    let octets = exchange(&connection, &out).await;
    let (mut shared, mut other) = (vec![None; numbers.len()], vec![None; 5]);
    let mut lasts = Vec::new();
    let mut input = octets.as_slice();
    while let Some(frame) = Frame::take(&mut input, 65_536).unwrap() {
        let Some(Answer::BatchVerdicts(batch)) = Answer::decode(&frame).unwrap() else { continue };
        let into = if frame.request == id(2) { &mut shared } else { &mut other };
        for (place, outcome) in into.iter_mut().skip(batch.first as usize).zip(batch.outcomes()) {
            *place = Some(outcome.unwrap());
        }
        if batch.last {
            lasts.push(frame.request.number());
        }
    }
    lasts.sort_unstable();
    assert_eq!(lasts, [2, 3]);
    for (number, outcome) in numbers.iter().zip(shared) {
        assert_eq!(outcome, Some(Outcome::Verdict(said(*number, 7))), "{number}");
    }
    let unknown = Some(Outcome::Failed(ErrorCode::UnknownHandle));
    let good = |number| Some(Outcome::Verdict(said(number, 7)));
    assert_eq!(other, [good(3), unknown, unknown, good(5), good(LATE + 1)]);
}

#[tokio::test]
async fn wrong_requests_fail_alone() {
    let server = start();
    let connection = raw(server.address).await;
    let mut out = Vec::new();
    let mut frame = |kind: u8, number: u32, message: &[u8]| {
        Frame { frame_type: FrameType(kind), request: id(number), message }.encode(&mut out);
    };
    frame(0x01, 1, &[0x80, 0, 5]);
    frame(0x3f, 2, b"from the future");
    frame(0x90, 3, b"to be passed over");
    frame(0x01, 4, &[0, 3]);
    frame(0x42, 5, &[0, 0, 7]);
    frame(0x06, 6, &[0x80, 0, 4, 0, 2, 1]);
    by_cert_id(8, 7, &mut out);
    let mut far = Vec::new();
    Resolve { handle: Handle(1024), authority: AuthorityRef::CertId(HASHES) }.encode(id(8), &mut far);
    Resolve { handle: Handle(5), authority: AuthorityRef::CertId(HASHES) }.encode(id(9), &mut far);
    Resolve { handle: Handle(5), authority: AuthorityRef::Certificate(b"other") }.encode(id(10), &mut far);
    Resolve { handle: Handle(6), authority: AuthorityRef::Certificate(b"") }.encode(id(11), &mut far);
    let at = Some(UnixTime::from_seconds(1_700_000_000));
    let serial = Serial::from_u64(4);
    let target = Target::CertId { issuer: HASHES, serial: serial.as_ref() };
    Question { target, options: Options { at, ..Options::default() } }.encode(id(12), &mut far);
    out.append(&mut far);
    let got = answers(&exchange(&connection, &out).await);
    let expected = [
        (1, Said::Refused(ErrorCode::UnsupportedOption)),
        (2, Said::Refused(ErrorCode::UnsupportedType)),
        (4, Said::Refused(ErrorCode::BadSerial)),
        (5, Said::Refused(ErrorCode::UnsupportedType)),
        (6, Said::Refused(ErrorCode::Malformed)),
        (7, verdict(8)),
        (8, Said::Refused(ErrorCode::TooMany)),
        (9, Said::Resolved(Handle(5), Presence::Present)),
        (10, Said::Refused(ErrorCode::HandleInUse)),
        (11, Said::Refused(ErrorCode::BadCertificate)),
        (12, Said::Refused(ErrorCode::TimeNotAllowed)),
    ];
    assert_eq!(got, expected);
}

#[tokio::test]
async fn other_times_are_answered_where_that_is_allowed() {
    let settings = QuicSettings { other_times: OtherTimes::Answer, ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let mut out = Vec::new();
    let serial = Serial::from_u64(4);
    let target = Target::CertId { issuer: HASHES, serial: serial.as_ref() };
    let at = Some(UnixTime::from_seconds(1_700_000_000));
    Question { target, options: Options { at, ..Options::default() } }.encode(id(1), &mut out);
    assert_eq!(answers(&exchange(&raw(server.address).await, &out).await), [(1, verdict(4))]);
}

/// After broken framing nobody knows where the next frame begins: that stream ends, the others go on.
#[tokio::test]
async fn broken_framing_ends_one_stream() {
    let server = start();
    let connection = raw(server.address).await;
    let mut good = Vec::new();
    by_cert_id(4, 1, &mut good);
    for broken in [
        // A frame that is longer than allowed.
        &[0x9f, 0xff, 0xff, 0xff, 1, 1][..],
        // Too short for a type and a request id.
        &[1, 1],
        &[0],
        // The stream ends within a frame.
        &[20, 1, 1, 0],
        &[0x40],
    ] {
        let mut octets = good.clone();
        octets.extend_from_slice(broken);
        let got = answers(&exchange(&connection, &octets).await);
        assert_eq!(got[0], (1, verdict(4)), "{broken:02x?}");
        assert_eq!(got.len(), 2, "{broken:02x?}: {got:?}");
        assert!(matches!(got[1], (0, Said::Refused(ErrorCode::Malformed | ErrorCode::FrameTooLong))));
        assert_eq!(answers(&exchange(&connection, &good).await), [(1, verdict(4))]);
    }
    until("five broken streams", || server.counters().get(Counter::BrokenStreams) == 5).await;
}

#[tokio::test]
async fn another_protocol_is_refused_in_the_handshake() {
    let server = start();
    let endpoint = raw_endpoint();
    for alpn in [&b"revocache/2"[..], b"h3"] {
        let refused = endpoint.connect_with(raw_config(alpn), server.address, "localhost").unwrap().await;
        let Err(ConnectionError::ConnectionClosed(close)) = refused else { panic!("{refused:?}") };
        // no_application_protocol, RFC 7301.
        assert_eq!(close.error_code, quinn::TransportErrorCode::crypto(120));
    }
    assert!(endpoint.connect(server.address, "localhost").unwrap().await.is_ok());
}

#[tokio::test]
async fn open_requests_can_be_cancelled_and_their_ids_are_taken() {
    let server = start();
    let connection = raw(server.address).await;
    let mut out = Vec::new();
    by_cert_id(NEVER, 1, &mut out);
    by_cert_id(4, 1, &mut out);
    encode_cancel(id(1), &mut out);
    encode_cancel(id(99), &mut out);
    // The id is free again.
    by_cert_id(4, 1, &mut out);
    let got = answers(&exchange(&connection, &out).await);
    let expected = [
        (1, Said::Refused(ErrorCode::RequestIdInUse)),
        (1, Said::Refused(ErrorCode::Cancelled)),
        (1, verdict(4)),
    ];
    assert_eq!(got, expected);
    until("the task ends", || server.fake.waiting_late.load(std::sync::atomic::Ordering::SeqCst) == 0).await;
}

#[tokio::test]
async fn answers_from_elsewhere_have_their_time() {
    let settings = QuicSettings { late_timeout: Duration::from_millis(100), max_late: 10, ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let connection = raw(server.address).await;
    let mut out = Vec::new();
    for number in 0..12 {
        by_cert_id(NEVER, number, &mut out);
    }
    let got = answers(&exchange(&connection, &out).await);
    let count = |code| got.iter().filter(|(_, said)| *said == Said::Refused(code)).count();
    assert_eq!((count(ErrorCode::TimedOut), count(ErrorCode::Overloaded)), (10, 2), "{got:?}");
}

/// Streams that begin a frame and do not go on, and clients that do not read.
#[tokio::test]
async fn stalled_streams_end_and_keep_nothing() {
    let settings = QuicSettings {
        stall_timeout: Duration::from_millis(200),
        connection_window: 64 << 10,
        stream_window: 64 << 10,
        ..local()
    };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let connection = raw(server.address).await;
    // Half a frame.
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&[40, 1, 1, 0]).await.unwrap();
    let error = recv.read_to_end(100).await.unwrap_err();
    let slow = VarInt::from_u32(CloseCode::TooSlow.number());
    assert!(
        matches!(error, quinn::ReadToEndError::Read(ReadError::Reset(code)) if code == slow),
        "{error:?}"
    );
    // Octet by octet is as slow.
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    let trickle = tokio::spawn(async move {
        for octet in [40].into_iter().chain([1; 30]) {
            if send.write_all(&[octet]).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    });
    assert!(recv.read_to_end(100).await.is_err());
    trickle.abort();
    // A client that asks and asks, and does not take its answers.
    let mut config = raw_config(revocache::wire::ALPN);
    let mut transport = quinn::TransportConfig::default();
    transport.receive_window(VarInt::from_u32(4096)).stream_receive_window(VarInt::from_u32(4096));
    config.transport_config(Arc::new(transport));
    let endpoint = raw_endpoint();
    let greedy = endpoint.connect_with(config, server.address, "localhost").unwrap().await.unwrap();
    let (mut send, _recv) = greedy.open_bi().await.unwrap();
    let mut out = Vec::new();
    for number in 0..1000 {
        by_cert_id(5, number, &mut out);
    }
    let error = loop {
        if let Err(error) = send.write_all(&out).await {
            break error;
        }
    };
    assert!(matches!(error, quinn::WriteError::Stopped(_)), "{error:?}");
    until("three stalled", || server.counters().get(Counter::Stalled) == 3).await;
    // Others notice nothing.
    let mut out = Vec::new();
    by_cert_id(4, 1, &mut out);
    assert_eq!(answers(&exchange(&connection, &out).await), [(1, verdict(4))]);
}

#[tokio::test]
async fn beginnings_of_frames_are_bounded_over_all_streams() {
    let settings = QuicSettings { connection_window: 256 << 10, ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let connection = raw(server.address).await;
    // Each stream sends all of a long frame but its end.
    let mut beginning = vec![0x80, 0, 0xff, 0xff, 3, 1, 0];
    beginning.resize(60_000, 0);
    let mut streams = Vec::new();
    for _ in 0..20 {
        let (mut send, recv) = connection.open_bi().await.unwrap();
        let beginning = beginning.clone();
        tokio::spawn(async move {
            let _ = send.write_all(&beginning).await;
            std::future::pending::<()>().await;
        });
        streams.push(recv);
    }
    until("most are refused", || server.counters().get(Counter::Stalled) >= 15).await;
    let mut out = Vec::new();
    by_cert_id(4, 1, &mut out);
    assert_eq!(answers(&exchange(&connection, &out).await), [(1, verdict(4))]);
}

#[tokio::test]
async fn too_many_connections_are_refused_and_floods_have_to_come_back() {
    let settings = QuicSettings { max_connections: 3, retry_above: 0, ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    let endpoint = raw_endpoint();
    let mut connections = Vec::new();
    for _ in 0..3 {
        connections.push(endpoint.connect(server.address, "localhost").unwrap().await.unwrap());
    }
    let refused = endpoint.connect(server.address, "localhost").unwrap().await;
    assert!(matches!(refused, Err(ConnectionError::ConnectionClosed(_))), "{refused:?}");
    // Whoever was let in once has a token for the next time.
    assert!(server.counters().get(Counter::Retries) >= 1);
    assert_eq!(server.counters().get(Counter::RefusedConnections), 1);
    connections.pop().unwrap().close(0_u32.into(), b"");
    until("one left", || server.server.connections() == 2).await;
    assert!(endpoint.connect(server.address, "localhost").unwrap().await.is_ok());
}

#[tokio::test]
async fn datagrams_are_answered_together_and_nonsense_in_them_is_dropped() {
    let server = start();
    let connection = raw(server.address).await;
    let mut out = Vec::new();
    resolve(0, 1, &mut out);
    exchange(&connection, &out).await;
    for first in [0_u32, 100, 200] {
        let mut out = Vec::new();
        for number in first..first + 40 {
            by_serial(0, u64::from(number) + 2, number, &mut out);
        }
        out.extend_from_slice(&[0, 0, 0]);
        connection.send_datagram(out.into()).unwrap();
    }
    connection.send_datagram(vec![0xff; 900].into()).unwrap();
    let mut wrong = Vec::new();
    InfoRequest { first: 0 }.encode(id(999), &mut wrong);
    by_cert_id(LATE + 2, 300, &mut wrong);
    connection.send_datagram(wrong.into()).unwrap();
    let mut got = Vec::new();
    while got.len() < 122 {
        let datagram = tokio::time::timeout(Duration::from_secs(3), connection.read_datagram()).await;
        got.extend(answers(&datagram.unwrap().unwrap()));
    }
    for (number, said) in got {
        match number {
            999 => assert_eq!(said, Said::Refused(ErrorCode::UnsupportedType)),
            300 => assert_eq!(said, verdict(LATE + 2)),
            number => assert_eq!(said, verdict(number + 2)),
        }
    }
}

#[tokio::test]
async fn a_stopping_server_answers_what_is_open() {
    let mut server = start();
    let connection = raw(server.address).await;
    let mut control = connection.accept_uni().await.unwrap();
    let mut octets = Vec::new();
    by_cert_id(LATE + 1, 1, &mut octets);
    let subscription = {
        let mut out = Vec::new();
        Subscribe::encode(id(2), &[], &mut out);
        out
    };
    octets.extend_from_slice(&subscription);
    let (mut send, mut recv) = connection.open_bi().await.unwrap();
    send.write_all(&octets).await.unwrap();
    until("the question is open", || server.fake.asked_late.load(std::sync::atomic::Ordering::SeqCst) == 1)
        .await;
    server.stop();
    // The stream stays open on this side; the server ends its own when everything is said.
    let got = answers(&recv.read_to_end(10_000).await.unwrap());
    assert!(got.contains(&(1, verdict(LATE + 1))), "{got:?}");
    assert!(got.contains(&(2, Said::Refused(ErrorCode::ShuttingDown))), "{got:?}");
    let said = control.read_to_end(1000).await.unwrap();
    assert!(answers(&said).iter().any(|(_, said)| *said == Said::Other("Goaway".to_owned())));
    let closed = connection.closed().await;
    let code = VarInt::from_u32(CloseCode::ShuttingDown.number());
    assert!(
        matches!(&closed, ConnectionError::ApplicationClosed(close) if close.error_code == code),
        "{closed:?}"
    );
    let refused = raw_endpoint().connect(server.address, "localhost").unwrap();
    let started = Instant::now();
    server.stopped().await;
    assert!(started.elapsed() < Duration::from_secs(4));
    drop(refused);
}

#[tokio::test]
async fn a_new_certificate_is_used_for_new_connections() {
    let server = start();
    let endpoint = raw_endpoint();
    let shown = async || {
        let connection = endpoint.connect(server.address, "localhost").unwrap().await.unwrap();
        let chain = connection.peer_identity().unwrap();
        let chain = chain.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().unwrap();
        (connection, chain[0].to_vec())
    };
    let (old, before) = shown().await;
    let (identity, _) = Identity::self_signed(&["localhost"]).unwrap();
    server.identity.replace(identity);
    // A resumed session would show no certificate at all.
    let fresh = raw_endpoint();
    let connection = fresh.connect(server.address, "localhost").unwrap().await.unwrap();
    let chain = connection.peer_identity().unwrap();
    let after = chain.downcast::<Vec<rustls::pki_types::CertificateDer<'static>>>().unwrap()[0].to_vec();
    assert_ne!(before, after);
    let mut out = Vec::new();
    by_cert_id(4, 1, &mut out);
    assert_eq!(answers(&exchange(&old, &out).await), [(1, verdict(4))]);
}

#[tokio::test]
async fn an_identity_is_made_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("tls");
    let first = Identity::load_or_create(&folder, &["localhost"]).unwrap().fingerprint();
    assert_eq!(Identity::load_or_create(&folder, &["localhost"]).unwrap().fingerprint(), first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("server.key"), mode("server.crt")), (0o600, 0o644));
    }
    std::fs::remove_file(folder.join("server.key")).unwrap();
    assert!(
        Identity::load_or_create(&folder, &["localhost"]).unwrap_err().to_string().contains("server.key")
    );
    std::fs::write(folder.join("server.key"), "nothing").unwrap();
    assert!(
        Identity::load_or_create(&folder, &["localhost"]).unwrap_err().to_string().contains("private key")
    );
}

#[tokio::test]
async fn settings_out_of_range_are_named() {
    let (identity, _) = Identity::self_signed(&["localhost"]).unwrap();
    let identity = Arc::new(IdentitySwitch::new(identity));
    let bind = |settings| {
        QuicServer::bind(settings, &identity, ClientAuthentication::None, Arc::new(Fake::default()))
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert!(bind(QuicSettings { sockets: 0, ..local() }).contains("sockets"));
    let mut settings = local();
    settings.limits.max_frame = 100;
    assert!(bind(settings).contains("65536"));
    let server = start();
    let taken = bind(QuicSettings { address: server.address, ..local() });
    assert!(taken.contains(&server.address.to_string()), "{taken}");
}

/// Several sockets at one port: every connection is served, whichever socket the system picks.
#[tokio::test]
async fn sockets_share_a_port() {
    let settings = QuicSettings { sockets: 3, early_data: EarlyData::Refuse, ..local() };
    let server = start_with(settings, ClientAuthentication::None, Fake::default());
    for number in 1..20 {
        let mut out = Vec::new();
        by_cert_id(number, 1, &mut out);
        let connection = raw(server.address).await;
        assert_eq!(answers(&exchange(&connection, &out).await), [(1, verdict(number))]);
    }
}
