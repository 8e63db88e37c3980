//! The use cases over a real index, with an authority of the test's own.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use revocache::pki::{Certificate, sha256};
use revocache::publish::{IndexFolder, IndexReader};
use revocache::service::jpki::{
    Accepted, AcceptedAuthority, Attributes, CertificateRefused, CertificateType, HashAlgorithm, Profile,
    SignedDigest,
};
use revocache::service::verify::{
    CertificateFilter, CheckFailed, CheckFilter, ChecksByChecker, Identify, LinkFailed, LinkTable, Purpose,
    RevocationChecks, RevocationFacts, Slice, UserFilter, VerificationFilter, VerificationResult,
    VerifyError, VerifyService, VerifySettings,
};
use revocache::service::{CheckSettings, Checker, Question};
use revocache::store::{CertificateName, Link, Location, Store, TenantId};
use revocache::types::{Cause, Clock, Method, ReasonCode, Revocation, UnixTime};
use revocache_testkit::{Authority, CertificateBuilder, Entry, Key, KeyKind, Name, Signature};

use crate::common::world::{AT, DAY, FEBRUARY, World};
use crate::support::{HandClock, each_settings, runtime};

const TYPE: CertificateType = CertificateType::CardDigitalSignature;
const ALL: Slice = Slice { limit: 100, offset: 0 };

/// The lists of a real index, and a responder that says what it is told to.
struct Sources {
    lists: ChecksByChecker,
    responder: Mutex<Result<RevocationFacts, CheckFailed>>,
}

impl RevocationChecks for Sources {
    fn by_crl(&self, question: &Question) -> Result<RevocationFacts, CheckFailed> {
        self.lists.by_crl(question)
    }

    fn by_ocsp<'a>(
        &'a self,
        _: &'a Question,
    ) -> Pin<Box<dyn Future<Output = Result<RevocationFacts, CheckFailed>> + Send + 'a>> {
        let told = self.responder.lock().unwrap().clone();
        Box::pin(async move { told })
    }
}

struct Setting {
    _world: World,
    ca: Authority,
    key: Key,
    clock: Arc<HandClock>,
    store: Store,
    sources: Arc<Sources>,
    service: VerifyService,
    tenant: TenantId,
}

impl Setting {
    async fn new(location: Location) -> Self {
        let world = World::new();
        let (ca, unlisted) =
            (Authority::root("Identity CA", KeyKind::P256), Authority::root("Unlisted CA", KeyKind::P256));
        let revoked = Entry::new(&[7]).revoked_at(FEBRUARY - DAY).reason(3);
        let list = ca.crl().number(1).entry(revoked).build(&ca.key);
        assert_eq!(world.build(&[&ca.certificate, &unlisted.certificate], &[&list]), ["accepted"]);
        let clock = HandClock::at(AT);
        let reader = IndexReader::open(IndexFolder::new(world.path("index"))).unwrap();
        let checker = Checker::new(
            Arc::new(reader),
            Arc::clone(&clock) as Arc<dyn Clock>,
            CheckSettings::default(),
            None,
        );
        let sources = Arc::new(Sources {
            lists: ChecksByChecker::new(Arc::new(checker)),
            responder: Mutex::new(Err(CheckFailed::Ocsp { reason: "it sleeps".to_owned() })),
        });
        let profile = Profile {
            certificate_type: TYPE,
            issuer: vec!["CN=Identity CA".to_owned()],
            policies: Vec::new(),
            attributes: Attributes::None,
        };
        let anchors = vec![Certificate::from_der(&ca.certificate).unwrap()];
        let accepted = AcceptedAuthority { profile, anchors, intermediates: Vec::new() };
        let settings = revocache::store::StoreSettings::new(location);
        let store = Store::open(&settings, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let tenant = store.create_tenant("tenant").await.unwrap().id;
        let service = VerifyService::new(
            store.clone(),
            Arc::new(Accepted::new(vec![accepted])),
            Arc::clone(&sources) as Arc<dyn RevocationChecks>,
            Arc::new(LinkTable::new(store.clone())),
            VerifySettings { token_memory: Duration::ZERO, ..VerifySettings::default() },
        );
        Self { _world: world, ca, key: Key::new(KeyKind::P256), clock, store, sources, service, tenant }
    }

    fn builder(&self, serial: u8) -> CertificateBuilder {
        CertificateBuilder::new(&[serial], Name::new("holder"), &self.key).key_usage(&[0])
    }

    fn certificate(&self, serial: u8) -> Vec<u8> {
        self.builder(serial).build(&self.ca)
    }

    fn signed(&self, message: &[u8]) -> SignedDigest {
        let signature = self.key.sign(Signature::EcdsaSha256, b"a message");
        SignedDigest::new(HashAlgorithm::Sha256, sha256(message).to_vec(), signature).unwrap()
    }

    async fn link(&self, person: &str, certificates: &[&[u8]]) {
        let links = certificates.iter().map(|der| Link {
            person: person.to_owned(),
            certificate: CertificateName::of(&Certificate::from_der(der).unwrap()),
        });
        self.store.add_links(links.collect()).await.unwrap();
    }

    /// How many records of each kind there are.
    async fn totals(&self) -> [u64; 4] {
        let (service, tenant) = (&self.service, self.tenant);
        [
            service.certificates(tenant, CertificateFilter::default(), ALL).await.unwrap().total,
            service.checks(tenant, CheckFilter::default(), ALL).await.unwrap().total,
            service.users(tenant, UserFilter::default(), ALL).await.unwrap().total,
            service.verifications(tenant, VerificationFilter::default(), ALL).await.unwrap().total,
        ]
    }
}

fn each(test: impl AsyncFn(Setting)) {
    runtime().block_on(each_settings(async |settings| test(Setting::new(settings.location).await).await));
}

fn at(text: &str) -> Option<UnixTime> {
    Some(UnixTime::parse_rfc3339(text).unwrap())
}

#[test]
fn a_check_tells_what_its_source_tells_and_no_more() {
    each(async |it| {
        let (service, tenant) = (&it.service, it.tenant);
        let good =
            service.check_content(tenant, &it.certificate(5), Method::Crl, Identify::No).await.unwrap();
        let check = good.checked.check;
        assert_eq!(
            (check.revocation, check.source_updated_at),
            (None, None),
            "a list that is silent is no date"
        );
        assert_eq!((check.method, check.purpose), (Method::Crl, Purpose::LivenessCheck));
        assert_eq!(Some(check.created_at), at(AT));
        assert!(!good.checked.certificate.latest);
        assert_eq!((good.checked.user, good.checked.is_new_user), (None, None));
        assert_eq!(good.content.subject, "CN=holder,O=Testkit,C=ZZ");

        let revoked =
            service.check_content(tenant, &it.certificate(7), Method::Crl, Identify::No).await.unwrap();
        let check = revoked.checked.check;
        let revocation = check.revocation.unwrap();
        assert_eq!(revocation.revoked_at.seconds(), FEBRUARY - DAY);
        assert_eq!(revocation.reason, ReasonCode::AffiliationChanged);
        assert_eq!(check.source_updated_at, at("2025-02-01T00:00:00Z"));

        let this_update = at("2025-02-14T03:00:00Z");
        *it.sources.responder.lock().unwrap() = Ok(RevocationFacts { revocation: None, this_update });
        let id = good.checked.certificate.id;
        let asked = service.check_certificate(tenant, id, Method::Ocsp, Identify::No).await.unwrap();
        assert_eq!((asked.check.revocation, asked.check.source_updated_at), (None, this_update));
        let held = Revocation {
            revoked_at: UnixTime::from_seconds(FEBRUARY),
            reason: ReasonCode::CertificateHold,
            invalidity_date: None,
        };
        *it.sources.responder.lock().unwrap() = Ok(RevocationFacts { revocation: Some(held), this_update });
        let asked = service.check_certificate(tenant, id, Method::Ocsp, Identify::No).await.unwrap();
        assert_eq!(asked.check.revocation, Some(held));

        let history = service.history(tenant, id, ALL).await.unwrap();
        assert_eq!(history.total, 3);
        assert_eq!(history.results[0], good.checked.check);
        assert_eq!(history.results[2], asked.check);
        assert_eq!(service.check(tenant, asked.check.id).await.unwrap(), asked.check);
    });
}

#[test]
fn what_cannot_be_told_is_never_good_and_leaves_nothing() {
    each(async |it| {
        let (service, tenant) = (&it.service, it.tenant);
        let certificate = it.certificate(5);
        let failed =
            service.check_content(tenant, &certificate, Method::Ocsp, Identify::No).await.unwrap_err();
        assert!(matches!(&failed, VerifyError::OcspRequestFailed { reason } if reason == "it sleeps"));
        // The list is past its next update by then.
        it.clock.advance(30 * DAY);
        let failed =
            service.check_content(tenant, &certificate, Method::Crl, Identify::No).await.unwrap_err();
        assert_eq!(failed, VerifyError::NotCovered { cause: Cause::Stale });
        let failed =
            service.verify(tenant, &certificate, it.signed(b"a message"), Method::Crl, Identify::No).await;
        assert_eq!(failed.unwrap_err(), VerifyError::NotCovered { cause: Cause::Stale });
        let failed =
            service.check_content(tenant, &certificate, Method::Crl, Identify::Yes).await.unwrap_err();
        assert_eq!(failed, VerifyError::NotLinked(LinkFailed::Unknown));
        let failed = service.check_content(tenant, b"no certificate", Method::Crl, Identify::No).await;
        assert!(matches!(failed, Err(VerifyError::Certificate(CertificateRefused::Invalid(_)))));
        let stranger = Authority::root("Stranger", KeyKind::P256);
        let foreign = it.builder(5).build(&stranger);
        let failed = service.check_content(tenant, &foreign, Method::Crl, Identify::No).await;
        assert!(matches!(failed, Err(VerifyError::Certificate(CertificateRefused::Unsupported(_)))));
        assert_eq!(it.totals().await, [0; 4]);
    });
}

#[test]
fn a_verification_stops_at_the_first_step_that_fails() {
    each(async |it| {
        let (service, tenant) = (&it.service, it.tenant);
        let mut expired = it.builder(7);
        expired.not_after = (FEBRUARY - DAY).into();
        let (revoked, good) = (it.certificate(7), it.certificate(5));
        let cases = [
            // Expired, with a wrong signature, and revoked: the first counts.
            (expired.build(&it.ca), it.signed(b"another"), VerificationResult::CertificateExpired, false),
            (revoked.clone(), it.signed(b"another"), VerificationResult::SignatureMismatch, false),
            (revoked, it.signed(b"a message"), VerificationResult::CertificateRevoked, true),
            (good, it.signed(b"a message"), VerificationResult::Ok, true),
        ];
        for (certificate, signed, result, is_checked) in cases {
            let verified = service
                .verify(tenant, &certificate, signed.clone(), Method::Crl, Identify::No)
                .await
                .unwrap();
            assert_eq!(verified.verification.result, result);
            assert_eq!(verified.check.is_some(), is_checked, "{result:?}");
            assert!(verified.check.is_none_or(|check| check.purpose == Purpose::SignatureVerification));
            let kept = service.verification(tenant, verified.verification.id).await.unwrap();
            assert_eq!(kept.verification, verified.verification);
            assert_eq!((kept.certificate, kept.check), (Some(verified.certificate), verified.check));
            assert_eq!(kept.verification.digest, signed.digest());
        }
        assert_eq!(it.totals().await, [3, 2, 0, 4]);
    });
}

#[test]
fn one_person_is_one_user_until_it_is_deleted() {
    each(async |it| {
        let (service, tenant) = (&it.service, it.tenant);
        let old = it.certificate(1);
        let mut newer = it.builder(2);
        newer.not_before = (FEBRUARY - 5 * DAY).into();
        let newer = newer.build(&it.ca);
        it.link("somebody", &[&old, &newer]).await;

        // Stored and verified before anybody asked who it is.
        let signed = it.signed(b"a message");
        let early = service.verify(tenant, &old, signed, Method::Crl, Identify::No).await.unwrap();
        assert_eq!((early.user, early.is_new_user, early.certificate.latest), (None, None, false));
        let id = early.certificate.id;
        let first = service.check_certificate(tenant, id, Method::Crl, Identify::Yes).await.unwrap();
        let user = first.user.unwrap();
        assert_eq!((first.is_new_user, first.certificate.latest), (Some(true), true));
        let again = service.check_certificate(tenant, id, Method::Crl, Identify::Yes).await.unwrap();
        assert_eq!((again.user, again.is_new_user), (Some(user), Some(false)));
        let kept = service.verification(tenant, early.verification.id).await.unwrap();
        assert_eq!(kept.user, Some(user), "what was verified earlier is theirs as well");

        // Renewed: the same user, and another certificate is the latest, also for those that are remembered.
        let renewed =
            service.check_content(tenant, &newer, Method::Crl, Identify::Yes).await.unwrap().checked;
        assert_eq!((renewed.user, renewed.is_new_user), (Some(user), Some(false)));
        assert!(renewed.certificate.latest);
        let stale = service.check_certificate(tenant, id, Method::Crl, Identify::No).await.unwrap();
        assert_eq!((stale.certificate.latest, stale.user), (false, Some(user)));
        let checked = service.check_user(tenant, user.id, None, Method::Crl).await.unwrap();
        assert_eq!((checked.certificate, checked.user), (renewed.certificate, user));
        let other = Some(CertificateType::CardUserAuthentication);
        let none = service.check_user(tenant, user.id, other, Method::Crl).await.unwrap_err();
        assert_eq!(none, VerifyError::NoSuchEntry);

        // Another tenant has another user for the same person.
        let neighbour = it.store.create_tenant("neighbour").await.unwrap().id;
        let theirs =
            service.check_content(neighbour, &old, Method::Crl, Identify::Yes).await.unwrap().checked;
        assert_ne!(theirs.user, Some(user));
        assert_ne!(theirs.certificate.id, id);
        assert_eq!(service.user(neighbour, user.id).await.unwrap_err(), VerifyError::NoSuchEntry);
        let foreign = service.check_certificate(neighbour, id, Method::Crl, Identify::No).await;
        assert_eq!(foreign.unwrap_err(), VerifyError::NoSuchEntry);

        // Deleted: everything stays and is nobody's, and the next one is new.
        service.delete_user(tenant, user.id).await.unwrap();
        let orphan = service.check_certificate(tenant, id, Method::Crl, Identify::No).await.unwrap();
        assert_eq!((orphan.user, orphan.certificate.latest), (None, false));
        let next = service.check_certificate(tenant, id, Method::Crl, Identify::Yes).await.unwrap();
        assert_eq!(next.is_new_user, Some(true));
        assert_ne!(next.user, Some(user));

        // Its certificate too: a new id, and the verification has lost it.
        service.delete_certificate(tenant, id).await.unwrap();
        let gone = service.check_certificate(tenant, id, Method::Crl, Identify::No).await;
        assert_eq!(gone.unwrap_err(), VerifyError::NoSuchEntry);
        assert_eq!(service.history(tenant, id, ALL).await.unwrap_err(), VerifyError::NoSuchEntry);
        let kept = service.verification(tenant, early.verification.id).await.unwrap();
        assert_eq!((kept.certificate, kept.check), (None, None));
        let stored = service.check_content(tenant, &old, Method::Crl, Identify::No).await.unwrap().checked;
        assert_ne!(stored.certificate.id, id);
        assert_eq!(service.history(tenant, stored.certificate.id, ALL).await.unwrap().total, 1);
    });
}
