//! The examples of `docs/protocol.md` are what the codec writes and reads.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

use std::collections::BTreeMap;

use revocache::types::{
    Cause, CertIdHash, CrlNumber, Method, ReasonCode, Revocation, Serial, SerialRef, Status, UnixTime,
    Verdict,
};
use revocache::wire::{
    Answer, AuthorityInfo, AuthorityRef, Batch, BatchWriter, Change, Changes, ErrorCode, Failure, Features,
    Frame, FrameClass, FrameType, GenerationNotice, Handle, Hello, InfoHead, InfoRequest, InfoWriter, Limits,
    MethodChoice, Options, Outcome, Presence, Question, Request, RequestId, Resolve, Resolved, Subscribe,
    Target, encode_cancel, encode_goaway, encode_verdict,
};

const DOCUMENT: &str = include_str!("../docs/protocol.md");

/// The octets of every example by its name.
fn examples() -> BTreeMap<&'static str, Vec<u8>> {
    let mut examples = BTreeMap::new();
    for block in DOCUMENT.split("```wire ").skip(1) {
        let (name, rest) = block.split_once('\n').unwrap();
        let (body, _) = rest.split_once("```").unwrap();
        let mut octets = Vec::new();
        for line in body.lines() {
            let (hex, _) = line.split_once('|').unwrap_or_else(|| panic!("{name}: no comment in {line:?}"));
            octets.extend(hex.split_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()));
        }
        assert!(examples.insert(name.trim(), octets).is_none(), "{name} is there twice");
    }
    examples
}

fn time(text: &str) -> UnixTime {
    UnixTime::parse_rfc3339(text).unwrap()
}

fn encoded(write: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out);
    out
}

fn frame(octets: &[u8]) -> Frame<'_> {
    let mut input = octets;
    let frame = Frame::take(&mut input, 65_536).unwrap().expect("one frame");
    assert!(input.is_empty(), "octets behind the frame: {input:02x?}");
    frame
}

fn request(octets: &[u8]) -> (u64, Request<'_>) {
    let frame = frame(octets);
    let request = Request::decode(&frame, &Limits::default()).unwrap().unwrap();
    (frame.request.number(), request)
}

fn answer(octets: &[u8]) -> (u64, Answer<'_>) {
    let frame = frame(octets);
    (frame.request.number(), Answer::decode(&frame).unwrap().unwrap())
}

fn id(number: u32) -> RequestId {
    RequestId::from(number)
}

const HASHES: CertIdHash = CertIdHash::Sha1 { name: [0x11; 20], key: [0x22; 20] };

fn verdict(status: Status, method: Method, dates: bool, number: Option<u64>) -> Verdict {
    Verdict {
        status,
        method,
        this_update: dates.then(|| time("2025-02-25T00:00:00Z")),
        next_update: dates.then(|| time("2025-03-04T00:00:00Z")),
        crl_number: number.map(CrlNumber::from),
        generation: 7,
    }
}

/// Takes the examples one after the other, so that none is left over.
struct Unseen(BTreeMap<&'static str, Vec<u8>>);

impl Unseen {
    fn take(&mut self, name: &str) -> Vec<u8> {
        self.0.remove(name).unwrap_or_else(|| panic!("no example {name}"))
    }

    fn question(&mut self, name: &str, number: u32, question: &Question<'_>) {
        let octets = self.take(name);
        assert_eq!(encoded(|out| question.encode(id(number), out)), octets, "{name}");
        assert_eq!(request(&octets), (u64::from(number), Request::Ask(*question)), "{name}");
    }

    fn resolve(&mut self, name: &str, resolve: &Resolve<'_>) {
        let octets = self.take(name);
        assert_eq!(encoded(|out| resolve.encode(id(1), out)), octets, "{name}");
        assert_eq!(request(&octets), (1, Request::Resolve(*resolve)), "{name}");
    }

    fn verdict(&mut self, name: &str, number: u32, verdict: &Verdict, later_octets: usize) {
        let octets = self.take(name);
        assert_eq!(answer(&octets), (u64::from(number), Answer::Verdict(*verdict)), "{name}");
        let mut own = encoded(|out| encode_verdict(id(number), verdict, out));
        own[0] += u8::try_from(later_octets).unwrap();
        assert_eq!(own, octets[..octets.len() - later_octets], "{name}");
    }
}

#[test]
fn every_example_is_written_and_read() {
    let mut unseen = Unseen(examples());
    questions(&mut unseen);
    batches(&mut unseen);
    verdicts(&mut unseen);
    connection(&mut unseen);
    authorities(&mut unseen);
    changes(&mut unseen);
    let left: Vec<_> = unseen.0.keys().collect();
    assert!(left.is_empty(), "examples that no test covers: {left:?}");
}

fn questions(unseen: &mut Unseen) {
    let serial = Serial::parse("00ff").unwrap();
    let target = Target::Serial { authority: Handle(3), serial: serial.as_ref() };
    unseen.question("ask_serial", 5, &Question { target, options: Options::default() });

    let serial = Serial::parse("0d41d8cd98f00b204e9800998ecf").unwrap();
    let target = Target::Serial { authority: Handle(3), serial: serial.as_ref() };
    let at = Some(time("2025-02-25T00:00:00Z"));
    let options = Options { method: MethodChoice::CrlThenOcsp, at };
    unseen.question("ask_serial_with_options", 64, &Question { target, options });

    let serial = Serial::from_u64(5);
    let target = Target::CertId { issuer: HASHES, serial: serial.as_ref() };
    let options = Options { method: MethodChoice::Crl, at: None };
    unseen.question("ask_cert_id", 1, &Question { target, options });

    let target = Target::Certificate { certificate: &[0x30, 1, 0], issuer: Some(&[0x30, 0]) };
    unseen.question("ask_certificate", 7, &Question { target, options: Options::default() });
}

fn batches(unseen: &mut Unseen) {
    let serials = [Serial::from_u64(255), Serial::from_u64(5), Serial::new(&[0x80]).unwrap()];
    let serials: Vec<SerialRef<'_>> = serials.iter().map(Serial::as_ref).collect();
    let octets = unseen.take("ask_batch");
    let write = |out: &mut _| Batch::encode_shared(id(2), &Options::default(), Handle(3), &serials, out);
    assert_eq!(encoded(write), octets);
    let (2, Request::Batch(batch)) = request(&octets) else { panic!("no batch") };
    assert_eq!(batch.len(), 3);
    assert_eq!(batch.authority(), Some(Handle(3)));
    let expected: Vec<_> = serials.iter().map(|serial| (Handle(3), *serial)).collect();
    assert_eq!(batch.iter().collect::<Vec<_>>(), expected);

    let serials = [Serial::from_u64(5), Serial::from_u64(6)];
    let questions = [(Handle(3), serials[0].as_ref()), (Handle(4), serials[1].as_ref())];
    let octets = unseen.take("ask_mixed_batch");
    let write = |out: &mut _| Batch::encode_mixed(id(3), &Options::default(), &questions, out);
    assert_eq!(encoded(write), octets);
    let (3, Request::Batch(batch)) = request(&octets) else { panic!("no batch") };
    assert_eq!(batch.authority(), None);
    assert_eq!(batch.iter().collect::<Vec<_>>(), questions);
}

fn verdicts(unseen: &mut Unseen) {
    let good = verdict(Status::Good, Method::Crl, true, Some(300));
    unseen.verdict("verdict_good", 5, &good, 2);
    let revoked_at = time("2025-01-02T00:00:00Z");
    let invalidity_date = Some(time("2025-01-01T23:10:00Z"));
    let revocation = Revocation { revoked_at, reason: ReasonCode::KeyCompromise, invalidity_date };
    let revoked = verdict(Status::Revoked(revocation), Method::Crl, true, None);
    unseen.verdict("verdict_revoked", 5, &revoked, 0);
    let unknown = verdict(Status::Unknown(Cause::NotCovered), Method::Crl, false, None);
    unseen.verdict("verdict_unknown", 0, &unknown, 0);

    let revocation = Revocation { revoked_at, reason: ReasonCode::Superseded, invalidity_date: None };
    let first = [
        Outcome::Verdict(verdict(Status::Good, Method::Crl, true, None)),
        Outcome::Verdict(verdict(Status::Revoked(revocation), Method::Crl, true, None)),
        Outcome::Pending,
    ];
    let ocsp = Outcome::Verdict(verdict(Status::Good, Method::Ocsp, false, None));
    for (name, start, outcomes, last) in
        [("batch_verdicts", 0, &first[..], false), ("batch_verdicts_last", 2, &[ocsp, ocsp], true)]
    {
        let octets = unseen.take(name);
        let own = encoded(|out| {
            let mut writer = BatchWriter::begin(id(2), start, out);
            for outcome in outcomes {
                writer.push(outcome);
                writer.split();
            }
            writer.finish(last);
        });
        assert_eq!(own, octets, "{name}");
        let (2, Answer::BatchVerdicts(batch)) = answer(&octets) else { panic!("no answers to a batch") };
        assert_eq!((batch.first, batch.last), (start, last));
        assert_eq!(batch.outcomes().collect::<Result<Vec<_>, _>>().unwrap(), outcomes);
    }
}

fn connection(unseen: &mut Unseen) {
    let features = Features::OCSP.union(Features::TIME).union(Features::SUBSCRIBE);
    let hello = Hello { limits: Limits::default(), features, generation: 7 };
    let octets = unseen.take("hello");
    assert_eq!(encoded(|out| hello.encode(out)), octets);
    assert_eq!(answer(&octets), (0, Answer::Hello(hello)));
    let octets = unseen.take("goaway");
    assert_eq!(encoded(encode_goaway), octets);
    assert_eq!(answer(&octets), (0, Answer::Goaway));
    let octets = unseen.take("cancel");
    assert_eq!(encoded(|out| encode_cancel(id(10), out)), octets);
    assert_eq!(request(&octets), (10, Request::Cancel));
    let octets = unseen.take("error");
    let failure = Failure { code: ErrorCode::UnknownHandle, text: "hmm..." };
    assert_eq!(encoded(|out| failure.encode(id(5), out)), octets);
    assert_eq!(answer(&octets), (5, Answer::Failure(failure)));
}

fn authorities(unseen: &mut Unseen) {
    unseen.resolve("resolve", &Resolve { handle: Handle(3), authority: AuthorityRef::CertId(HASHES) });
    let authority = AuthorityRef::Certificate(&[0x30, 0]);
    unseen.resolve("resolve_by_certificate", &Resolve { handle: Handle(100), authority });
    let authority = AuthorityRef::NameAndKey { name: &[0x30, 0], spki_sha256: [0x33; 32] };
    unseen.resolve("resolve_by_name_and_key", &Resolve { handle: Handle(0), authority });
    let octets = unseen.take("resolved");
    let resolved = Resolved { handle: Handle(3), presence: Presence::Present };
    assert_eq!(encoded(|out| resolved.encode(id(1), out)), octets);
    assert_eq!(answer(&octets), (1, Answer::Resolved(resolved)));

    let octets = unseen.take("info");
    assert_eq!(encoded(|out| InfoRequest { first: 0 }.encode(id(9), out)), octets);
    assert_eq!(request(&octets), (9, Request::Info(InfoRequest { first: 0 })));
    let octets = unseen.take("info_page");
    let head = InfoHead {
        server: "revocache 1",
        generation: 7,
        built_at: time("2025-02-25T00:00:00Z"),
        authorities: 1,
    };
    let authority = AuthorityInfo {
        name: "CN=CA",
        spki_sha256: None,
        crls: 1,
        entries: 40,
        this_update: Some(time("2025-02-25T00:00:00Z")),
        next_update: Some(time("2025-03-04T00:00:00Z")),
        crl_number: None,
    };
    let (9, Answer::Info(page)) = answer(&octets) else { panic!("no page") };
    assert_eq!((page.head, page.first), (head, 0));
    assert_eq!(page.authorities().collect::<Result<Vec<_>, _>>().unwrap(), [authority]);
    let own = encoded(|out| {
        let mut writer = InfoWriter::begin(id(9), &head, 0, 1000, out);
        assert!(writer.push(&authority));
        writer.finish();
    });
    // The example has an octet of a later revision at the end of the authority.
    let mut expected = octets.clone();
    expected.pop();
    expected[0] -= 1;
    let counted = expected.iter().position(|octet| *octet == 0x12).unwrap();
    expected[counted] -= 1;
    assert_eq!(own, expected);
}

fn changes(unseen: &mut Unseen) {
    let octets = unseen.take("subscribe");
    assert_eq!(encoded(|out| Subscribe::encode(id(10), &[Handle(3)], out)), octets);
    let (10, Request::Subscribe(subscribe)) = request(&octets) else { panic!("no subscription") };
    assert_eq!(subscribe.authorities().collect::<Vec<_>>(), [Handle(3)]);

    let octets = unseen.take("changes");
    let serials = [Serial::from_u64(255), Serial::from_u64(5)];
    let serials: Vec<SerialRef<'_>> = serials.iter().map(Serial::as_ref).collect();
    let write = |out: &mut _| Changes::encode(id(10), Handle(3), (7, 8), Change::Added, &serials, 1000, out);
    assert_eq!(encoded(write), octets);
    let (10, Answer::Changes(changes)) = answer(&octets) else { panic!("no changes") };
    assert_eq!((changes.authority, changes.from, changes.to), (Handle(3), 7, 8));
    assert_eq!(changes.change, Change::Added);
    assert_eq!(changes.serials().collect::<Vec<_>>(), serials);

    let octets = unseen.take("generation");
    let notice = GenerationNotice { generation: 8, previous: 7 };
    assert_eq!(encoded(|out| notice.encode(id(10), out)), octets);
    assert_eq!(answer(&octets), (10, Answer::Generation(notice)));
}

/// The tables of codes in the document are those of the source: nothing is missing on either side.
#[test]
fn the_tables_of_the_document_are_complete() {
    let rows: Vec<Vec<&str>> = DOCUMENT
        .lines()
        .filter(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect();
    for code in ErrorCode::ALL {
        let row = rows.iter().find(|row| row[0] == format!("{:x}", code.number()) && row.len() == 3);
        assert_eq!(row.unwrap_or_else(|| panic!("{code} is missing"))[1], code.name());
    }
    for cause in Cause::ALL {
        assert!(rows.iter().any(|row| row[0] == cause.name()), "{cause} is missing");
    }
    let mut types = 0;
    for row in rows.iter().filter(|row| row.len() == 4) {
        let Ok(number) = u8::from_str_radix(row[0], 16) else { continue };
        let frame_type = FrameType(number);
        types += 1;
        match frame_type.class() {
            FrameClass::Request => assert_eq!(frame_type.allowed_early(), row[3] == "yes", "{row:?}"),
            FrameClass::Answer => assert_eq!(row[3], "", "{row:?}"),
            FrameClass::Ignorable => panic!("{row:?}"),
        }
    }
    assert_eq!(types, 18);
}
