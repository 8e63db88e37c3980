//! The policies `crl`, `ocsp` and `crl-then-ocsp`: who is asked, in which order, and what each failure becomes.
#![allow(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may fail loudly"
)]

mod common;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use common::world::{AT, DAY, FEBRUARY, World};
use revocache::live::{AnswerSource, LiveAnswer, LiveError, LiveQuestion};
use revocache::ocsp::{Answer, CertStatus, OcspError};
use revocache::pki::Certificate;
use revocache::publish::{IndexFolder, IndexReader};
use revocache::service::{
    AuthoritySettings, CheckSettings, Checker, Issuers, MethodPolicy, Options, Outcome, Question, Responders,
    Step,
};
use revocache::types::{
    Cause, CertId, CertIdHash, FixedClock, Method, ReasonCode, Revocation, Serial, Status, UnixTime,
};
use revocache_testkit::{Authority, CertificateBuilder, Entry, KeyKind};

const URL: &str = "http://ocsp.example/";

/// A responder that says what it is told to, and writes down what it was asked.
#[derive(Default)]
struct Fake {
    says: Mutex<Option<Result<CertStatus, LiveError>>>,
    remembers: Mutex<Option<CertStatus>>,
    asked: Mutex<Vec<(String, Vec<String>)>>,
}

impl Fake {
    fn saying(told: Result<CertStatus, LiveError>) -> Arc<Self> {
        Arc::new(Self { says: Mutex::new(Some(told)), ..Self::default() })
    }

    fn asked(&self) -> Vec<(String, Vec<String>)> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

impl Responders for Fake {
    fn remembered(&self, _: &LiveQuestion) -> Option<LiveAnswer> {
        self.remembers.lock().unwrap().map(|status| told(status, AnswerSource::Cache))
    }

    fn ask<'a>(
        &'a self,
        question: &'a LiveQuestion,
    ) -> Pin<Box<dyn Future<Output = Result<LiveAnswer, LiveError>> + Send + 'a>> {
        let urls = question.urls().iter().map(ToString::to_string).collect();
        self.asked.lock().unwrap().push((question.serial().to_string(), urls));
        let says = self.says.lock().unwrap().clone().expect("nobody should have asked");
        Box::pin(async move { says.map(|status| told(status, AnswerSource::Responder)) })
    }

    fn ask_anew<'a>(
        &'a self,
        question: &'a LiveQuestion,
    ) -> Pin<Box<dyn Future<Output = Result<LiveAnswer, LiveError>> + Send + 'a>> {
        self.ask(question)
    }
}

fn told(status: CertStatus, source: AnswerSource) -> LiveAnswer {
    let at = |days: i64| UnixTime::from_seconds(FEBRUARY + days * DAY);
    let answer = Answer { status, this_update: at(13), next_update: Some(at(15)), produced_at: at(13) };
    LiveAnswer { answer, source, response: Vec::new().into() }
}

/// A CA with a list that names serial 7, current at [`AT`]; and one whose list is stale by then.
struct Setting {
    world: World,
    fresh: Authority,
    stale: Authority,
}

impl Setting {
    fn new() -> Self {
        let (fresh, stale) =
            (Authority::root("Fresh CA", KeyKind::P256), Authority::root("Stale CA", KeyKind::P256));
        let world = World::new();
        let revoked = || Entry::new(&[7]).revoked_at(FEBRUARY - DAY).reason(1);
        let list = fresh.crl().number(1).entry(revoked()).build(&fresh.key);
        let old =
            stale.crl().number(1).updates(FEBRUARY, Some(FEBRUARY + DAY)).entry(revoked()).build(&stale.key);
        let codes = world.build(&[&fresh.certificate, &stale.certificate], &[&list, &old]);
        assert_eq!(codes, ["accepted", "accepted"]);
        Self { world, fresh, stale }
    }

    fn checker(&self, settings: CheckSettings, fake: &Arc<Fake>) -> Checker {
        let reader = IndexReader::open(IndexFolder::new(self.world.path("index"))).unwrap();
        let clock = FixedClock(UnixTime::parse_rfc3339(AT).unwrap());
        Checker::new(Arc::new(reader), Arc::new(clock), settings, Some(fake.clone()))
    }
}

/// A certificate that names [`URL`].
fn leaf(ca: &Authority, serial: u8) -> Question {
    named(ca, &ca.leaf(&[serial]).ocsp(URL))
}

fn named(ca: &Authority, builder: &CertificateBuilder) -> Question {
    let certificate = Certificate::from_der(&builder.build(ca)).unwrap();
    Question::Certificate { certificate, issuer: None }
}

fn of(method: MethodPolicy) -> CheckSettings {
    CheckSettings { method, ..CheckSettings::default() }
}

fn check(checker: &Checker, question: &Question) -> Outcome {
    check_with(checker, question, Options::default())
}

fn check_with(checker: &Checker, question: &Question, options: Options) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(checker.check(question, options)).unwrap()
}

const REVOKED: CertStatus = CertStatus::Revoked(Revocation {
    revoked_at: UnixTime::from_seconds(FEBRUARY),
    reason: ReasonCode::CaCompromise,
    invalidity_date: None,
});

#[test]
fn by_crl_nobody_is_asked() {
    let (setting, fake) = (Setting::new(), Arc::new(Fake::default()));
    let checker = setting.checker(of(MethodPolicy::Crl), &fake);
    let outcome = check(&checker, &leaf(&setting.stale, 1));
    assert_eq!(outcome.cause(), Some(Cause::Stale));
    assert_eq!((outcome.verdict.method, outcome.crl_cause), (Method::Crl, None));
    assert_eq!(check(&checker, &leaf(&setting.fresh, 1)).verdict.status, Status::Good);
    assert!(fake.asked().is_empty());
}

#[test]
fn by_crl_then_ocsp_the_responder_is_asked_only_where_the_lists_cannot_tell() {
    let (setting, fake) = (Setting::new(), Fake::saying(Ok(CertStatus::Good)));
    let checker = setting.checker(of(MethodPolicy::CrlThenOcsp), &fake);
    assert_eq!(check(&checker, &leaf(&setting.fresh, 1)).verdict.method, Method::Crl);
    // A stale list still denies what it lists.
    let denied = check(&checker, &leaf(&setting.stale, 7)).verdict;
    assert!(matches!(denied.status, Status::Revoked(_)) && denied.method == Method::Crl, "{denied:?}");
    assert!(fake.asked().is_empty());

    let outcome = check(&checker, &leaf(&setting.stale, 1));
    assert_eq!(outcome.verdict.status, Status::Good);
    assert_eq!((outcome.verdict.method, outcome.crl_cause), (Method::Ocsp, Some(Cause::Stale)));
    assert_eq!(outcome.verdict.this_update, Some(UnixTime::from_seconds(FEBRUARY + 13 * DAY)));
    assert_eq!(outcome.verdict.crl_number, None);
    assert_eq!(fake.asked(), [("01".to_owned(), vec![URL.to_owned()])]);
}

#[test]
fn by_ocsp_the_lists_are_not_asked() {
    let (setting, fake) = (Setting::new(), Fake::saying(Ok(REVOKED)));
    let checker = setting.checker(of(MethodPolicy::Ocsp), &fake);
    let verdict = check(&checker, &leaf(&setting.fresh, 1)).verdict;
    let CertStatus::Revoked(revocation) = REVOKED else { unreachable!() };
    assert_eq!((verdict.status, verdict.method), (Status::Revoked(revocation), Method::Ocsp));
}

#[test]
fn each_failure_becomes_its_cause() {
    let setting = Setting::new();
    let url: Arc<str> = URL.into();
    let refused = LiveError::Refused { url: url.clone(), error: Arc::new(OcspError::NonceMismatch) };
    let timed_out = LiveError::TimedOut { limit: std::time::Duration::from_secs(3) };
    for (told, cause) in [
        (Ok(CertStatus::Unknown), Cause::OcspUnknown),
        (Err(LiveError::Unauthorized { url }), Cause::OcspUnauthorized),
        (Err(refused), Cause::OcspRefused),
        (Err(timed_out), Cause::OcspUnavailable),
        (Err(LiveError::Overloaded { limit: 1 }), Cause::OcspUnavailable),
        (Err(LiveError::NoResponder), Cause::OcspNoResponder),
    ] {
        for method in [MethodPolicy::Ocsp, MethodPolicy::CrlThenOcsp] {
            let fake = Fake::saying(told.clone());
            let outcome = check(&setting.checker(of(method), &fake), &leaf(&setting.stale, 1));
            assert_eq!((outcome.cause(), outcome.verdict.method), (Some(cause), Method::Ocsp));
            assert_eq!(outcome.failure.is_some(), told.is_err(), "{outcome:?}");
            assert_eq!(outcome.crl_cause.is_some(), method == MethodPolicy::CrlThenOcsp);
        }
    }
}

#[test]
fn without_anybody_to_ask_the_lists_word_stands() {
    let (setting, fake) = (Setting::new(), Arc::new(Fake::default()));
    let silent = named(&setting.stale, &setting.stale.leaf(&[1]));
    let checker = setting.checker(of(MethodPolicy::CrlThenOcsp), &fake);
    assert_eq!(check(&checker, &silent).cause(), Some(Cause::Stale));
    let checker = setting.checker(of(MethodPolicy::Ocsp), &fake);
    assert_eq!(check(&checker, &silent).cause(), Some(Cause::OcspNoResponder));
}

#[test]
fn configured_responders_come_first_and_a_call_may_choose_its_method() {
    let (setting, fake) = (Setting::new(), Fake::saying(Ok(CertStatus::Good)));
    let authority = AuthoritySettings {
        issuer: Certificate::from_der(&setting.stale.certificate).unwrap(),
        method: Some(MethodPolicy::Ocsp),
        policy: None,
        responders: vec!["http://inside.example/".to_owned()],
    };
    let settings = CheckSettings {
        method: MethodPolicy::Crl,
        responders: vec!["http://any.example/".to_owned()],
        authorities: vec![authority],
        ..CheckSettings::default()
    };
    let checker = setting.checker(settings, &fake);
    assert_eq!(check(&checker, &leaf(&setting.fresh, 1)).verdict.method, Method::Crl);
    assert_eq!(check(&checker, &leaf(&setting.stale, 7)).verdict.status, Status::Good);
    let order = ["http://inside.example/", "http://any.example/", URL].map(str::to_owned).to_vec();
    assert_eq!(fake.asked(), [("07".to_owned(), order)]);
    let crl_only = Options { method: Some(MethodPolicy::Crl), ..Options::default() };
    assert!(matches!(
        check_with(&checker, &leaf(&setting.stale, 7), crl_only).verdict.status,
        Status::Revoked(_)
    ));
}

#[test]
fn serials_and_cert_ids_are_asked_with_the_issuer_that_the_index_knows() {
    let (setting, fake) = (Setting::new(), Fake::saying(Ok(CertStatus::Good)));
    let settings = CheckSettings { responders: vec![URL.to_owned()], ..of(MethodPolicy::CrlThenOcsp) };
    let checker = setting.checker(settings, &fake);
    let issuer = Certificate::from_der(&setting.stale.certificate).unwrap();
    let serial = Serial::from_u64(1);
    let by_serial = Question::Serial { issuer: issuer.clone(), serial: serial.clone() };
    assert_eq!(check(&checker, &by_serial).verdict.method, Method::Ocsp);
    for id in [CertId::sha1(&issuer, &serial), CertId::sha256(&issuer, &serial)] {
        assert_eq!(check(&checker, &Question::CertId(id)).verdict.method, Method::Ocsp);
    }
    assert_eq!(fake.asked().len(), 3);
    // Hashes of nobody name nobody to ask about.
    let nobody = CertId { issuer: CertIdHash::Sha1 { name: [1; 20], key: [2; 20] }, serial };
    assert_eq!(check(&checker, &Question::CertId(nobody)).cause(), Some(Cause::AuthorityUnknown));
    assert!(fake.asked().is_empty());
}

#[test]
fn a_strangers_certificate_sends_nobody_to_a_strangers_responder() {
    let (setting, fake) = (Setting::new(), Fake::saying(Ok(CertStatus::Good)));
    let stranger = Authority::root("Stranger", KeyKind::P256);
    let certificate = Certificate::from_der(&stranger.leaf(&[1]).ocsp(URL).build(&stranger)).unwrap();
    let issuer = Some(Certificate::from_der(&stranger.certificate).unwrap());
    let question = Question::Certificate { certificate, issuer };
    let checker = setting.checker(of(MethodPolicy::CrlThenOcsp), &fake);
    assert_eq!(check(&checker, &question).cause(), Some(Cause::AuthorityUnknown));
    assert!(fake.asked().is_empty());
    let operator = CheckSettings { issuers: Issuers::AsGiven, ..of(MethodPolicy::CrlThenOcsp) };
    let outcome = check(&setting.checker(operator, &fake), &question);
    assert_eq!((outcome.verdict.status, outcome.crl_cause), (Status::Good, Some(Cause::AuthorityUnknown)));
}

#[test]
fn what_is_remembered_is_told_without_waiting() {
    let (setting, fake) = (Setting::new(), Arc::new(Fake::default()));
    *fake.remembers.lock().unwrap() = Some(CertStatus::Good);
    let checker = setting.checker(of(MethodPolicy::CrlThenOcsp), &fake);
    let step = checker.check_now(&leaf(&setting.stale, 1), Options::default()).unwrap();
    let Step::Done(outcome) = step else { panic!("it has to wait") };
    assert_eq!((outcome.verdict.status, outcome.verdict.method), (Status::Good, Method::Ocsp));
    assert!(fake.asked().is_empty());
}

#[test]
fn settings_follow_an_authority_into_the_next_generation() {
    let (setting, fake) = (Setting::new(), Fake::saying(Ok(CertStatus::Good)));
    let settings = CheckSettings {
        method: MethodPolicy::Crl,
        authorities: vec![AuthoritySettings {
            issuer: Certificate::from_der(&setting.stale.certificate).unwrap(),
            method: Some(MethodPolicy::CrlThenOcsp),
            policy: None,
            responders: Vec::new(),
        }],
        ..CheckSettings::default()
    };
    let checker = setting.checker(settings, &fake);
    assert_eq!(check(&checker, &leaf(&setting.stale, 1)).verdict.generation, 1);
    let newcomer = Authority::root("A newcomer before all others", KeyKind::P256);
    setting.world.build(&[&newcomer.certificate], &[]);
    let outcome = check(&checker, &leaf(&setting.stale, 1));
    assert_eq!((outcome.verdict.generation, outcome.verdict.method), (2, Method::Ocsp));
    assert_eq!(check(&checker, &leaf(&setting.fresh, 7)).verdict.method, Method::Crl);
}
