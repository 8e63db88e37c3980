//! Any message survives the codec, however the stream is cut; anything else is an error and never a panic.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use revocache::types::{
    Cause, CertIdHash, CrlNumber, Method, ReasonCode, Revocation, Serial, SerialRef, Status, UnixTime,
    Verdict,
};
use revocache::wire::{
    Answer, AuthorityInfo, AuthorityRef, Batch, BatchWriter, Change, Changes, ErrorCode, Failure, Features,
    Frame, FrameDecoder, FrameType, GenerationNotice, Handle, Hello, InfoHead, InfoRequest, InfoWriter,
    Limits, MethodChoice, Options, Outcome, Presence, Question, Request, RequestId, Resolve, Resolved,
    Subscribe, Target, WireError, encode_cancel, encode_goaway, encode_verdict,
};

/// A message that owns its parts, so that a strategy can make it.
#[derive(Debug, Clone, PartialEq)]
enum Message {
    AskSerial(Options, Handle, Serial),
    AskCertId(Options, CertIdHash, Serial),
    AskCertificate(Options, Vec<u8>, Vec<u8>),
    AskBatch(Options, Handle, Vec<Serial>),
    AskMixedBatch(Options, Vec<(Handle, Serial)>),
    Resolve(Handle, Authority),
    Info(u32),
    Subscribe(Vec<Handle>),
    Cancel,
    Hello(Hello),
    Goaway,
    Verdict(Verdict),
    BatchVerdicts(u32, Vec<Outcome>, bool),
    Resolved(Resolved),
    InfoPage(String, u64, UnixTime, u32, Vec<Entry>),
    Generation(GenerationNotice),
    Changes(Handle, u64, u64, Change, Vec<Serial>),
    Failure(ErrorCode, String),
    /// Of an ignorable type.
    Foreign(u8, Vec<u8>),
}

#[derive(Debug, Clone, PartialEq)]
enum Authority {
    Certificate(Vec<u8>),
    CertId(CertIdHash),
    NameAndKey(Vec<u8>, [u8; 32]),
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    name: String,
    key: Option<[u8; 32]>,
    counts: (u64, u64),
    dates: (Option<UnixTime>, Option<UnixTime>),
    number: Option<CrlNumber>,
}

const VARINT: u64 = 1 << 62;

fn serial() -> impl Strategy<Value = Serial> {
    let length = prop_oneof![4 => 1..=21_usize, 1 => 22..=1024_usize];
    length.prop_flat_map(|length| vec(any::<u8>(), length)).prop_map(|octets| Serial::new(&octets).unwrap())
}

fn time() -> impl Strategy<Value = UnixTime> {
    let seconds = prop_oneof![1_600_000_000..1_900_000_000_i64, -(1_i64 << 59)..(1 << 59)];
    seconds.prop_map(UnixTime::from_seconds)
}

fn handle() -> impl Strategy<Value = Handle> {
    prop_oneof![0..100_u32, any::<u32>()].prop_map(Handle)
}

fn options() -> impl Strategy<Value = Options> {
    let method = select(vec![
        MethodChoice::ServerDefault,
        MethodChoice::Crl,
        MethodChoice::Ocsp,
        MethodChoice::CrlThenOcsp,
    ]);
    (method, proptest::option::of(time())).prop_map(|(method, at)| Options { method, at })
}

fn hashes() -> impl Strategy<Value = CertIdHash> {
    prop_oneof![
        any::<([u8; 20], [u8; 20])>().prop_map(|(name, key)| CertIdHash::Sha1 { name, key }),
        any::<([u8; 32], [u8; 32])>().prop_map(|(name, key)| CertIdHash::Sha256 { name, key }),
    ]
}

fn crl_number() -> impl Strategy<Value = CrlNumber> {
    vec(any::<u8>(), 0..=20).prop_map(|octets| CrlNumber::from_magnitude(&octets).unwrap())
}

fn verdict() -> impl Strategy<Value = Verdict> {
    let revoked = (time(), select(ReasonCode::ALL.to_vec()), proptest::option::of(time())).prop_map(
        |(revoked_at, reason, invalidity_date)| {
            Status::Revoked(Revocation { revoked_at, reason, invalidity_date })
        },
    );
    let status =
        prop_oneof![Just(Status::Good), revoked, select(Cause::ALL.to_vec()).prop_map(Status::Unknown)];
    let method = select(vec![Method::Crl, Method::Ocsp]);
    let dates = (proptest::option::of(time()), proptest::option::of(time()));
    (status, method, dates, proptest::option::of(crl_number()), 0..VARINT).prop_map(
        |(status, method, (this_update, next_update), crl_number, generation)| Verdict {
            status,
            method,
            this_update,
            next_update,
            crl_number,
            generation,
        },
    )
}

/// Answers whose sources repeat, as they do.
fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
    let code = prop_oneof![select(ErrorCode::ALL.to_vec()), (0x400..u32::MAX).prop_map(ErrorCode::Other)];
    vec(verdict(), 1..25).prop_flat_map(move |verdicts| {
        let outcome = prop_oneof![
            8 => select(verdicts).prop_map(Outcome::Verdict),
            1 => code.clone().prop_map(Outcome::Failed),
            1 => Just(Outcome::Pending),
        ];
        vec(outcome, 1..60)
    })
}

fn entry() -> impl Strategy<Value = Entry> {
    let dates = (proptest::option::of(time()), proptest::option::of(time()));
    (".{0,40}", any::<Option<[u8; 32]>>(), (0..VARINT, 0..VARINT), dates, proptest::option::of(crl_number()))
        .prop_map(|(name, key, counts, dates, number)| Entry { name, key, counts, dates, number })
}

fn hello() -> impl Strategy<Value = Hello> {
    let limits = (65_536..10_000_000_usize, 4096..100_000_usize, 1024..u32::MAX, 4096..u32::MAX);
    (limits, any::<[bool; 3]>(), 0..VARINT).prop_map(|(limits, features, generation)| {
        let all = [Features::OCSP, Features::TIME, Features::SUBSCRIBE];
        let features = all.into_iter().zip(features).filter(|(_, wanted)| *wanted);
        let (max_frame, max_batch, max_handles, max_open) = limits;
        Hello {
            limits: Limits { max_frame, max_batch, max_handles, max_open },
            features: features.fold(Features::default(), |all, (one, _)| all.union(one)),
            generation,
        }
    })
}

fn requests() -> impl Strategy<Value = Message> {
    let octets = || vec(any::<u8>(), 0..300);
    let authority = prop_oneof![
        octets().prop_map(Authority::Certificate),
        hashes().prop_map(Authority::CertId),
        (octets(), any::<[u8; 32]>()).prop_map(|(name, key)| Authority::NameAndKey(name, key)),
    ];
    prop_oneof![
        (options(), handle(), serial()).prop_map(|(o, h, s)| Message::AskSerial(o, h, s)),
        (options(), hashes(), serial()).prop_map(|(o, h, s)| Message::AskCertId(o, h, s)),
        (options(), octets(), octets()).prop_map(|(o, c, i)| Message::AskCertificate(o, c, i)),
        (options(), handle(), vec(serial(), 1..40)).prop_map(|(o, h, s)| Message::AskBatch(o, h, s)),
        (options(), vec((handle(), serial()), 1..40)).prop_map(|(o, q)| Message::AskMixedBatch(o, q)),
        (handle(), authority).prop_map(|(h, a)| Message::Resolve(h, a)),
        any::<u32>().prop_map(Message::Info),
        vec(handle(), 0..10).prop_map(Message::Subscribe),
        Just(Message::Cancel),
    ]
}

fn answers() -> impl Strategy<Value = Message> {
    let presence = select(vec![Presence::Present, Presence::Absent]);
    let change = select(vec![Change::Added, Change::Removed, Change::Lost]);
    prop_oneof![
        1 => hello().prop_map(Message::Hello),
        1 => Just(Message::Goaway),
        4 => verdict().prop_map(Message::Verdict),
        4 => (any::<u32>(), outcomes(), any::<bool>()).prop_map(|(f, o, l)| Message::BatchVerdicts(f, o, l)),
        1 => (handle(), presence)
            .prop_map(|(handle, presence)| Message::Resolved(Resolved { handle, presence })),
        1 => (".{0,20}", 0..VARINT, time(), any::<u32>(), vec(entry(), 0..10))
            .prop_map(|(server, g, b, f, e)| Message::InfoPage(server, g, b, f, e)),
        1 => (0..VARINT, 0..VARINT).prop_map(|(generation, previous)| {
            Message::Generation(GenerationNotice { generation, previous })
        }),
        1 => (handle(), 0..VARINT, 0..VARINT, change, vec(serial(), 0..40))
            .prop_map(|(h, f, t, c, s)| Message::Changes(h, f, t, c, s)),
        1 => (select(ErrorCode::ALL.to_vec()), ".{0,100}").prop_map(|(c, t)| Message::Failure(c, t)),
    ]
}

fn messages() -> impl Strategy<Value = Message> {
    let foreign =
        (0x80..=0xff_u8, vec(any::<u8>(), 0..100)).prop_map(|(kind, octets)| Message::Foreign(kind, octets));
    prop_oneof![5 => requests(), 5 => answers(), 1 => foreign]
}

fn refs(serials: &[Serial]) -> Vec<SerialRef<'_>> {
    serials.iter().map(Serial::as_ref).collect()
}

impl Entry {
    fn as_info(&self) -> AuthorityInfo<'_> {
        AuthorityInfo {
            name: &self.name,
            spki_sha256: self.key,
            crls: self.counts.0,
            entries: self.counts.1,
            this_update: self.dates.0,
            next_update: self.dates.1,
            crl_number: self.number,
        }
    }
}

impl Message {
    fn encode(&self, id: RequestId, out: &mut Vec<u8>) {
        match self {
            Self::AskSerial(options, authority, serial) => {
                let target = Target::Serial { authority: *authority, serial: serial.as_ref() };
                Question { target, options: *options }.encode(id, out);
            }
            Self::AskCertId(options, issuer, serial) => {
                let target = Target::CertId { issuer: *issuer, serial: serial.as_ref() };
                Question { target, options: *options }.encode(id, out);
            }
            Self::AskCertificate(options, certificate, issuer) => {
                let issuer = Some(issuer.as_slice()).filter(|issuer| !issuer.is_empty());
                let target = Target::Certificate { certificate, issuer };
                Question { target, options: *options }.encode(id, out);
            }
            Self::AskBatch(options, handle, serials) => {
                Batch::encode_shared(id, options, *handle, &refs(serials), out);
            }
            Self::AskMixedBatch(options, questions) => {
                let questions: Vec<_> = questions.iter().map(|(h, serial)| (*h, serial.as_ref())).collect();
                Batch::encode_mixed(id, options, &questions, out);
            }
            Self::Resolve(handle, authority) => {
                let authority = match authority {
                    Authority::Certificate(der) => AuthorityRef::Certificate(der),
                    Authority::CertId(hashes) => AuthorityRef::CertId(*hashes),
                    Authority::NameAndKey(name, key) => AuthorityRef::NameAndKey { name, spki_sha256: *key },
                };
                Resolve { handle: *handle, authority }.encode(id, out);
            }
            Self::Info(first) => InfoRequest { first: *first }.encode(id, out),
            Self::Subscribe(handles) => Subscribe::encode(id, handles, out),
            Self::Cancel => encode_cancel(id, out),
            Self::Hello(hello) => hello.encode(out),
            Self::Goaway => encode_goaway(out),
            Self::Verdict(verdict) => encode_verdict(id, verdict, out),
            Self::BatchVerdicts(first, outcomes, last) => {
                let mut writer = BatchWriter::begin(id, *first, out);
                outcomes.iter().for_each(|outcome| writer.push(outcome));
                writer.finish(*last);
            }
            Self::Resolved(resolved) => resolved.encode(id, out),
            Self::InfoPage(server, generation, built_at, first, entries) => {
                let (generation, built_at) = (*generation, *built_at);
                let head = InfoHead { server, generation, built_at, authorities: 77 };
                let mut writer = InfoWriter::begin(id, &head, *first, 1_000_000, out);
                for entry in entries {
                    assert!(writer.push(&entry.as_info()));
                }
                writer.finish();
            }
            Self::Generation(notice) => notice.encode(id, out),
            Self::Changes(handle, from, to, change, serials) => {
                Changes::encode(id, *handle, (*from, *to), *change, &refs(serials), 1_000_000, out);
            }
            Self::Failure(code, text) => Failure { code: *code, text }.encode(id, out),
            Self::Foreign(kind, octets) => {
                let frame_type = FrameType(*kind);
                Frame { frame_type, request: id, message: octets }.encode(out);
            }
        }
    }

    fn decode(frame: &Frame<'_>) -> Result<Self, WireError> {
        let limits = Limits::default();
        if frame.frame_type.0 >= 0x80 {
            assert_eq!(Request::decode(frame, &limits), Ok(None));
            assert_eq!(Answer::decode(frame), Ok(None));
            return Ok(Self::Foreign(frame.frame_type.0, frame.message.to_vec()));
        }
        if frame.frame_type.0 >= 0x40 {
            assert!(matches!(Request::decode(frame, &limits), Err(WireError::UnexpectedType { .. })));
            return Self::from_answer(Answer::decode(frame)?.expect("it may not be passed over"));
        }
        assert!(matches!(Answer::decode(frame), Err(WireError::UnexpectedType { .. })));
        Ok(Self::from_request(Request::decode(frame, &limits)?.expect("it may not be passed over")))
    }

    fn from_request(request: Request<'_>) -> Self {
        match request {
            Request::Ask(Question { target, options }) => match target {
                Target::Serial { authority, serial } => {
                    Self::AskSerial(options, authority, serial.to_owned())
                }
                Target::CertId { issuer, serial } => Self::AskCertId(options, issuer, serial.to_owned()),
                Target::Certificate { certificate, issuer } => {
                    Self::AskCertificate(options, certificate.to_vec(), issuer.unwrap_or_default().to_vec())
                }
            },
            Request::Batch(batch) => {
                assert_eq!(batch.len(), batch.iter().count());
                assert!(!batch.is_empty());
                match batch.authority() {
                    Some(handle) => {
                        let serials = batch.iter().map(|(of, serial)| {
                            assert_eq!(of, handle);
                            serial.to_owned()
                        });
                        Self::AskBatch(batch.options, handle, serials.collect())
                    }
                    None => {
                        let questions = batch.iter().map(|(handle, serial)| (handle, serial.to_owned()));
                        Self::AskMixedBatch(batch.options, questions.collect())
                    }
                }
            }
            Request::Resolve(Resolve { handle, authority }) => Self::Resolve(
                handle,
                match authority {
                    AuthorityRef::Certificate(der) => Authority::Certificate(der.to_vec()),
                    AuthorityRef::CertId(hashes) => Authority::CertId(hashes),
                    AuthorityRef::NameAndKey { name, spki_sha256 } => {
                        Authority::NameAndKey(name.to_vec(), spki_sha256)
                    }
                },
            ),
            Request::Info(InfoRequest { first }) => Self::Info(first),
            Request::Subscribe(subscribe) => Self::Subscribe(subscribe.authorities().collect()),
            Request::Cancel => Self::Cancel,
        }
    }

    fn from_answer(answer: Answer<'_>) -> Result<Self, WireError> {
        Ok(match answer {
            Answer::Hello(hello) => Self::Hello(hello),
            Answer::Goaway => Self::Goaway,
            Answer::Verdict(verdict) => Self::Verdict(verdict),
            Answer::BatchVerdicts(batch) => {
                let outcomes = batch.outcomes().collect::<Result<_, _>>()?;
                Self::BatchVerdicts(batch.first, outcomes, batch.last)
            }
            Answer::Resolved(resolved) => Self::Resolved(resolved),
            Answer::Info(page) => {
                let mut entries = Vec::new();
                for info in page.authorities() {
                    let info = info?;
                    entries.push(Entry {
                        name: info.name.to_owned(),
                        key: info.spki_sha256,
                        counts: (info.crls, info.entries),
                        dates: (info.this_update, info.next_update),
                        number: info.crl_number,
                    });
                }
                let InfoHead { server, generation, built_at, .. } = page.head;
                Self::InfoPage(server.to_owned(), generation, built_at, page.first, entries)
            }
            Answer::Generation(notice) => Self::Generation(notice),
            Answer::Changes(changes) => {
                let serials = changes.serials().map(SerialRef::to_owned).collect();
                Self::Changes(changes.authority, changes.from, changes.to, changes.change, serials)
            }
            Answer::Failure(failure) => Self::Failure(failure.code, failure.text.to_owned()),
        })
    }
}

const MAX_FRAME: usize = 1_000_000;

/// The ids and messages of a stream that arrives in these pieces.
fn read_pieces<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Vec<(u64, Message)>, WireError> {
    let mut decoder = FrameDecoder::new(MAX_FRAME);
    let mut read = Vec::new();
    for piece in pieces {
        let mut input = piece;
        while let Some(frame) = decoder.next(&mut input)? {
            read.push((frame.request.number(), Message::decode(&frame)?));
        }
        assert!(input.is_empty(), "octets left over without a frame");
    }
    decoder.finish()?;
    Ok(read)
}

fn stream_of(messages: &[(u64, Message)]) -> Vec<u8> {
    let mut octets = Vec::new();
    for (id, message) in messages {
        message.encode(RequestId::new(*id).unwrap(), &mut octets);
    }
    octets
}

fn numbered(messages: Vec<Message>, ids: Vec<u64>) -> Vec<(u64, Message)> {
    // These two belong to no request.
    let id = |message: &Message, id| match message {
        Message::Hello(_) | Message::Goaway => 0,
        _ => id,
    };
    messages.into_iter().zip(ids).map(|(message, number)| (id(&message, number), message)).collect()
}

fn streams(most: usize) -> impl Strategy<Value = Vec<(u64, Message)>> {
    (vec(messages(), 1..most), vec(0..VARINT, most)).prop_map(|(messages, ids)| numbered(messages, ids))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_written_is_read(sent in streams(8)) {
        let octets = stream_of(&sent);
        prop_assert_eq!(read_pieces(std::iter::once(octets.as_slice())), Ok(sent));
    }

    #[test]
    fn pieces_make_no_difference(sent in streams(8), cuts in vec(any::<prop::sample::Index>(), 0..40)) {
        let octets = stream_of(&sent);
        let mut ends: Vec<usize> = cuts.iter().map(|cut| cut.index(octets.len() + 1)).collect();
        ends.push(octets.len());
        ends.sort_unstable();
        let mut start = 0;
        let pieces = ends.iter().map(|end| &octets[std::mem::replace(&mut start, *end)..*end]);
        prop_assert_eq!(read_pieces(pieces), Ok(sent));
    }

    #[test]
    fn a_truncated_stream_is_noticed(sent in streams(3), cut in any::<prop::sample::Index>()) {
        let octets = stream_of(&sent);
        let cut = cut.index(octets.len());
        match read_pieces(std::iter::once(&octets[..cut])) {
            Err(error) => prop_assert!(error.breaks_framing(), "{}", error),
            // Cut between two frames.
            Ok(read) => prop_assert!(read.len() < sent.len() && read[..] == sent[..read.len()]),
        }
    }

    /// A message cut within its frame is an error, or one that is complete without what was cut.
    #[test]
    fn a_truncated_message_is_an_error_or_a_shorter_one(message in messages(), cut in any::<prop::sample::Index>()) {
        let octets = stream_of(&[(1, message)]);
        let frame = Frame::take(&mut octets.as_slice(), MAX_FRAME).unwrap().unwrap();
        let shorter = Frame { message: &frame.message[..cut.index(frame.message.len() + 1)], ..frame };
        if let Ok(read) = Message::decode(&shorter) {
            let mut again = Vec::new();
            read.encode(frame.request, &mut again);
            let again = Frame::take(&mut again.as_slice(), MAX_FRAME).unwrap().map(|frame| Message::decode(&frame));
            prop_assert_eq!(again, Some(Ok(read)));
        }
    }

    #[test]
    fn a_changed_octet_does_no_harm(sent in streams(4), place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut octets = stream_of(&sent);
        let place = place.index(octets.len());
        octets[place] = value;
        let _ = read_pieces(std::iter::once(octets.as_slice()));
    }

    #[test]
    fn noise_does_no_harm_and_is_kept_within_bounds(noise in vec(any::<u8>(), 0..3000), step in 1..100_usize, limit in 2..500_usize) {
        let mut decoder = FrameDecoder::new(limit);
        'stream: for piece in noise.chunks(step) {
            let mut input = piece;
            loop {
                match decoder.next(&mut input) {
                    Ok(Some(frame)) => {
                        prop_assert!(frame.message.len() < limit);
                        let _ = Message::decode(&frame);
                    }
                    Ok(None) => break,
                    Err(_) => break 'stream,
                }
            }
        }
        prop_assert!(decoder.buffered() <= limit + 8);
    }
}

/// Every way of cutting a stream in two, and the stream octet by octet.
#[test]
fn every_cut_gives_the_same_frames() {
    let serial = Serial::parse("00d41d8cd98f00b204e9800998ecf8427e").unwrap();
    let sent = vec![
        (1, Message::AskSerial(Options::default(), Handle(3), serial.clone())),
        (300, Message::AskCertificate(Options::default(), vec![0x30; 90], Vec::new())),
        (70_000, Message::AskBatch(Options::default(), Handle(3), vec![serial; 20])),
        (0, Message::Cancel),
    ];
    let octets = stream_of(&sent);
    assert!(octets.len() > 400);
    for cut in 0..=octets.len() {
        let (left, right) = octets.split_at(cut);
        assert_eq!(read_pieces([left, right].into_iter()).as_ref(), Ok(&sent), "cut at {cut}");
    }
    assert_eq!(read_pieces(octets.chunks(1)), Ok(sent));
}

#[test]
fn what_is_not_allowed_is_named() {
    let decode = |frame_type: u8, message: &[u8]| {
        let frame = Frame { frame_type: FrameType(frame_type), request: RequestId::from(1), message };
        Message::decode(&frame).unwrap_err()
    };
    for (frame_type, message, code) in [
        (0x01, &[0b1000, 3, 5][..], ErrorCode::UnsupportedOption),
        (0x01, &[0, 3], ErrorCode::BadSerial),
        (0x01, &[0], ErrorCode::Malformed),
        (0x01, &[], ErrorCode::Malformed),
        (0x01, &[0, 0xc0, 0, 0, 1, 0, 0, 0, 0, 5], ErrorCode::TooMany),
        (0x02, &[0, 3, 5], ErrorCode::Malformed),
        (0x03, &[0, 0x3f, 5], ErrorCode::Malformed),
        (0x04, &[0, 3, 2], ErrorCode::Malformed),
        (0x04, &[0, 3, 2, 1, 2, 3], ErrorCode::Malformed),
        (0x04, &[0, 3, 0, 1], ErrorCode::Malformed),
        (0x04, &[0, 3, 0x44, 0x01, 1], ErrorCode::TooMany),
        (0x06, &[3, 4, 1], ErrorCode::Malformed),
        (0x06, &[3, 2, 1, 9], ErrorCode::Malformed),
        (0x07, &[0, 0], ErrorCode::Malformed),
        (0x09, &[0], ErrorCode::Malformed),
        (0x3f, &[], ErrorCode::UnsupportedType),
    ] {
        let error = decode(frame_type, message);
        assert_eq!(error.code(), code, "{frame_type:#x} {message:02x?}: {error}");
        assert!(!error.breaks_framing());
    }
    let too_many = vec![0; 3 + 4097];
    let error = decode(0x04, &[&[0, 3, 1], &too_many[3..]].concat());
    assert_eq!(error, WireError::TooMany { field: "questions in a batch", found: 4097, limit: 4096 });
    // Answers that this version cannot understand are never taken for good.
    for message in [&[0x08, 0, 7][..], &[0x04, 0, 7], &[0x10, 0, 7], &[0, 0x10, 7], &[3, 0], &[2, 0, 7, 0x3e]]
    {
        assert!(matches!(decode(0x42, message), WireError::UnknownBits { .. } | WireError::BadValue { .. }));
    }
    // Limits below what every server has to offer would stop clients that began before they saw them.
    assert!(matches!(decode(0x40, &[2, 1]), WireError::BadValue { field: "largest batch", value: 1 }));
}

/// A batch that is answered in long frames is split, and every frame can be read without those before it.
#[test]
fn long_answers_to_a_batch_are_split() {
    let outcome = |number: u64| {
        let generation = number / 7;
        let revocation = Revocation {
            revoked_at: UnixTime::from_seconds(1_740_441_600),
            reason: ReasonCode::Superseded,
            invalidity_date: None,
        };
        Outcome::Verdict(Verdict {
            status: Status::Revoked(revocation),
            method: Method::Crl,
            this_update: Some(UnixTime::from_seconds(1_740_441_600)),
            next_update: None,
            crl_number: None,
            generation,
        })
    };
    let mut octets = Vec::new();
    let mut writer = BatchWriter::begin(RequestId::from(9), 0, &mut octets);
    for number in 0..10_000 {
        writer.push(&outcome(number));
        writer.split();
    }
    writer.finish(true);
    let (mut frames, mut next) = (0, 0);
    let mut input = octets.as_slice();
    let mut ended = false;
    while let Some(frame) = Frame::take(&mut input, 20_000).unwrap() {
        let Some(Answer::BatchVerdicts(batch)) = Answer::decode(&frame).unwrap() else { panic!("{frame:?}") };
        frames += 1;
        assert_eq!(u64::from(batch.first), next);
        for read in batch.outcomes() {
            assert_eq!(read.unwrap(), outcome(next));
            next += 1;
        }
        assert!(!ended);
        ended = batch.last;
    }
    assert_eq!((next, ended), (10_000, true));
    assert!((3..10).contains(&frames), "{frames} frames");
}

/// The sizes that the protocol promises.
#[test]
fn usual_messages_are_short() {
    let serial = Serial::parse("00d41d8cd98f00b204e9800998ecf8427e").unwrap();
    let question = stream_of(&[(1000, Message::AskSerial(Options::default(), Handle(3), serial))]);
    let verdict = Verdict {
        status: Status::Good,
        method: Method::Crl,
        this_update: Some(UnixTime::from_seconds(1_740_441_600)),
        next_update: Some(UnixTime::from_seconds(1_741_046_400)),
        crl_number: Some(CrlNumber::from(31)),
        generation: 1000,
    };
    let answer = stream_of(&[(1000, Message::Verdict(verdict))]);
    println!("a question by serial: {} octets; a good answer: {} octets", question.len(), answer.len());
    assert!(question.len() <= 24 && answer.len() <= 20);
}
