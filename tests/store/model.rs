//! The rules of linking and deletion against a model that keeps everything in vectors.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use revocache::store::{
    CertificateRecord, CheckRecord, Code, Filter, NewCheck, NewVerification, Recording, Store, Subject,
    TenantId, VerificationRecord,
};
use uuid::Uuid;

use crate::support::{ALL, GOOD, certificate, clock, name, postgres, runtime, sqlite_in};

/// Two tenants know of the same seven certificates.
const CERTIFICATES: u8 = 7;
/// Kind, notBefore and person of each. The first three of a person's have one kind, two of them one date: then the
/// place in the person's list decides.
const FACTS: [(u8, i64, Option<u8>); 7] = [
    (1, 100, Some(0)),
    (1, 200, Some(0)),
    (1, 200, Some(0)),
    (2, 150, Some(0)),
    (1, 300, Some(1)),
    (2, 50, Some(1)),
    (1, 400, None),
];

#[derive(Debug, Clone)]
enum Step {
    Record {
        tenant: usize,
        certificate: u8,
        identify: bool,
        check: bool,
        verify: bool,
    },
    Append {
        tenant: usize,
        certificate: u8,
    },
    DeleteCertificate {
        tenant: usize,
        certificate: u8,
    },
    DeleteUser {
        tenant: usize,
        person: u8,
    },
    DeleteVerification {
        tenant: usize,
        place: usize,
    },
    /// Whatever one tenant deletes of another is not there.
    DeleteForeign {
        tenant: usize,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let (tenant, certificate) = (0..2_usize, 0..CERTIFICATES);
    let step = prop_oneof![
        8 => (tenant.clone(), certificate.clone(), any::<[bool; 3]>()).prop_map(
            |(tenant, certificate, [identify, check, verify])| {
                Step::Record { tenant, certificate, identify, check, verify }
            }
        ),
        3 => (tenant.clone(), certificate.clone())
            .prop_map(|(tenant, certificate)| Step::Append { tenant, certificate }),
        2 => (tenant.clone(), certificate)
            .prop_map(|(tenant, certificate)| Step::DeleteCertificate { tenant, certificate }),
        1 => (tenant.clone(), 0..2_u8).prop_map(|(tenant, person)| Step::DeleteUser { tenant, person }),
        1 => (tenant.clone(), 0..20_usize)
            .prop_map(|(tenant, place)| Step::DeleteVerification { tenant, place }),
        1 => tenant.prop_map(|tenant| Step::DeleteForeign { tenant }),
    ];
    prop::collection::vec(step, 1..40)
}

#[derive(Debug, Default)]
struct Tenant {
    certificates: BTreeMap<u8, Certificate>,
    users: BTreeMap<u8, Uuid>,
    verifications: Vec<Verification>,
}

#[derive(Debug, Clone)]
struct Certificate {
    id: Uuid,
    is_identified: bool,
    checks: Vec<Uuid>,
}

#[derive(Debug, Clone)]
struct Verification {
    id: Uuid,
    certificate: Option<u8>,
    check: Option<Uuid>,
    person: Option<u8>,
}

impl Tenant {
    /// The record that a certificate has to have.
    fn record(&self, number: u8) -> CertificateRecord {
        let certificate = &self.certificates[&number];
        let (kind, _, person) = FACTS[usize::from(number)];
        let user = person.filter(|_| certificate.is_identified).map(|person| self.users[&person]);
        let rival = |(other, it): (&u8, &Certificate)| {
            let facts = FACTS[usize::from(*other)];
            (it.is_identified && facts.0 == kind && facts.2 == person).then_some((facts.1, *other))
        };
        let newest = self.certificates.iter().filter_map(rival).max();
        let latest = certificate.is_identified && newest.is_some_and(|(_, newest)| newest == number);
        CertificateRecord { id: certificate.id, kind: Code(kind), latest, user }
    }
}

fn person_of(number: u8) -> Option<Vec<revocache::store::CertificateName>> {
    let person = FACTS[usize::from(number)].2?;
    Some((0..CERTIFICATES).filter(|it| FACTS[usize::from(*it)].2 == Some(person)).map(name).collect())
}

fn verification() -> NewVerification {
    NewVerification {
        result: Code(1),
        hash_algorithm: Code(2),
        digest: vec![1; 48],
        signature: b"'; DROP TABLE verifications; --\0".to_vec(),
    }
}

struct World<'s> {
    store: &'s Store,
    ids: [TenantId; 2],
    tenants: [Tenant; 2],
}

impl World<'_> {
    async fn step(&mut self, step: &Step) {
        match *step {
            Step::Record { tenant, certificate: number, identify, check, verify } => {
                self.record(tenant, number, identify, check, verify).await;
            }
            Step::Append { tenant, certificate } => {
                let id = self.tenants[tenant].certificates.get(&certificate).map(|it| it.id);
                let check = NewCheck {
                    tenant: self.ids[tenant],
                    certificate: id.unwrap_or(Uuid::from_u128(7)),
                    facts: GOOD,
                };
                let kept = self.store.record_check(check).await.unwrap();
                assert_eq!(kept.is_some(), id.is_some());
                if let Some(it) = self.tenants[tenant].certificates.get_mut(&certificate) {
                    it.checks.extend(kept);
                }
            }
            Step::DeleteCertificate { tenant, certificate } => {
                self.delete_certificate(tenant, certificate).await;
            }
            Step::DeleteUser { tenant, person } => {
                let own = &mut self.tenants[tenant];
                let Some(user) = own.users.remove(&person) else { return };
                for (number, it) in &mut own.certificates {
                    it.is_identified &= FACTS[usize::from(*number)].2 != Some(person);
                }
                for it in &mut own.verifications {
                    it.person = it.person.filter(|it| *it != person);
                }
                assert!(self.store.delete_user(self.ids[tenant], user).await.unwrap().is_some());
                assert_eq!(self.store.delete_user(self.ids[tenant], user).await.unwrap(), None);
            }
            Step::DeleteVerification { tenant, place } => {
                let own = &mut self.tenants[tenant].verifications;
                if place < own.len() {
                    let id = own.remove(place).id;
                    assert!(self.store.delete_verification(self.ids[tenant], id).await.unwrap());
                    assert!(!self.store.delete_verification(self.ids[tenant], id).await.unwrap());
                }
            }
            Step::DeleteForeign { tenant } => self.meddle(self.ids[tenant], &self.tenants[1 - tenant]).await,
        }
    }

    async fn record(&mut self, tenant: usize, number: u8, identify: bool, check: bool, verify: bool) {
        let (kind, not_before, person) = FACTS[usize::from(number)];
        let recorded = self
            .store
            .record(Recording {
                tenant: self.ids[tenant],
                certificate: Subject::Brought(certificate(number, kind, not_before)),
                person: person_of(number).filter(|_| identify),
                check: check.then_some(GOOD),
                verification: verify.then(verification),
            })
            .await
            .unwrap()
            .unwrap();
        let own = &mut self.tenants[tenant];
        let it = own.certificates.entry(number).or_insert(Certificate {
            id: recorded.certificate.id,
            is_identified: false,
            checks: Vec::new(),
        });
        assert_eq!(it.id, recorded.certificate.id, "one certificate has one id while it exists");
        let mut is_new_user = false;
        if let Some(person) = person.filter(|_| identify && !it.is_identified) {
            it.is_identified = true;
            let user = recorded.certificate.user.unwrap();
            is_new_user = !own.users.contains_key(&person);
            assert_eq!(*own.users.entry(person).or_insert(user), user, "one person is one user");
            for it in own.verifications.iter_mut().filter(|it| it.certificate == Some(number)) {
                it.person = Some(person);
            }
        }
        assert_eq!(recorded.is_new_user, is_new_user);
        it.checks.extend(recorded.check);
        let person = person.filter(|_| it.is_identified);
        if let Some(id) = recorded.verification {
            own.verifications.push(Verification {
                id,
                certificate: Some(number),
                check: recorded.check,
                person,
            });
        }
        assert_eq!(recorded.certificate, own.record(number));
    }

    async fn delete_certificate(&mut self, tenant: usize, number: u8) {
        let own = &mut self.tenants[tenant];
        let Some(it) = own.certificates.remove(&number) else { return };
        for verification in own.verifications.iter_mut().filter(|it| it.certificate == Some(number)) {
            verification.certificate = None;
            verification.check = None;
        }
        let tenant = self.ids[tenant];
        assert!(self.store.delete_certificate(tenant, it.id).await.unwrap().unwrap().contains(&it.id));
        assert_eq!(self.store.delete_certificate(tenant, it.id).await.unwrap(), None);
        assert_eq!(self.store.history(tenant, it.id, ALL).await.unwrap(), None);
        for check in it.checks {
            assert_eq!(self.store.check(tenant, check).await.unwrap(), None);
        }
    }

    /// One tenant names what is another's.
    async fn meddle(&self, tenant: TenantId, other: &Tenant) {
        let store = self.store;
        for it in other.certificates.values() {
            assert_eq!(store.certificate(tenant, it.id).await.unwrap(), None);
            assert_eq!(store.stored_certificate(tenant, it.id).await.unwrap(), None);
            assert_eq!(store.delete_certificate(tenant, it.id).await.unwrap(), None);
            assert_eq!(store.history(tenant, it.id, ALL).await.unwrap(), None);
            let check = NewCheck { tenant, certificate: it.id, facts: GOOD };
            assert_eq!(store.record_check(check).await.unwrap(), None);
            let subject = Subject::Stored(it.id);
            let foreign = Recording {
                tenant,
                certificate: subject,
                person: None,
                check: Some(GOOD),
                verification: Some(verification()),
            };
            assert_eq!(store.record(foreign).await.unwrap(), None);
        }
        for user in other.users.values() {
            assert!(!store.has_user(tenant, *user).await.unwrap());
            assert_eq!(store.delete_user(tenant, *user).await.unwrap(), None);
            assert_eq!(store.latest_certificate(tenant, *user, None).await.unwrap(), None);
        }
        for it in &other.verifications {
            assert_eq!(store.verification(tenant, it.id).await.unwrap(), None);
            assert!(!store.delete_verification(tenant, it.id).await.unwrap());
        }
    }

    async fn compare(&self) {
        for (own, tenant) in self.tenants.iter().zip(self.ids) {
            self.compare_tenant(own, tenant).await;
        }
    }

    async fn compare_tenant(&self, own: &Tenant, tenant: TenantId) {
        let store = self.store;
        let mut expected: Vec<CertificateRecord> =
            own.certificates.keys().map(|it| own.record(*it)).collect();
        expected.sort_by_key(|record| record.id);
        let found = store.certificates(tenant, Filter::default(), ALL).await.unwrap();
        assert_eq!((found.total, &found.records), (expected.len() as u64, &expected));
        let mut checks: Vec<Uuid> = Vec::new();
        for it in own.certificates.values() {
            let history = store.history(tenant, it.id, ALL).await.unwrap().unwrap();
            assert_eq!(history.total, it.checks.len() as u64);
            let found: Vec<Uuid> = history.records.iter().map(|record: &CheckRecord| record.id).collect();
            assert_eq!(found, it.checks);
            checks.extend(&it.checks);
        }
        checks.sort_unstable();
        let found = store.checks(tenant, Filter::default(), ALL).await.unwrap();
        assert_eq!(found.total, checks.len() as u64);
        assert_eq!(found.records.iter().map(|record| record.id).collect::<Vec<_>>(), checks);
        let mut users: Vec<Uuid> = own.users.values().copied().collect();
        users.sort_unstable();
        let found = store.users(tenant, Filter::default(), ALL).await.unwrap();
        assert_eq!((found.total, found.records), (users.len() as u64, users));
        let found = store.verifications(tenant, Filter::default(), ALL).await.unwrap();
        assert_eq!(found.total, own.verifications.len() as u64);
        for (found, it) in found.records.iter().zip(&own.verifications) {
            assert_eq!(found, &self.expected(own, it));
            assert_eq!(store.verification(tenant, it.id).await.unwrap().as_ref(), Some(found));
        }
        for kind in [Code(1), Code(2)] {
            let filter = Filter { kinds: vec![kind], ..Filter::default() };
            let of_kind =
                |it: &Verification| it.certificate.is_some_and(|it| FACTS[usize::from(it)].0 == kind.0);
            let number = own.verifications.iter().filter(|it| of_kind(it)).count() as u64;
            let found = store.verifications(tenant, filter, ALL).await.unwrap();
            assert_eq!((found.total, found.records.len() as u64), (number, number));
        }
    }

    fn expected(&self, own: &Tenant, it: &Verification) -> VerificationRecord {
        VerificationRecord {
            id: it.id,
            facts: verification(),
            certificate: it.certificate.map(|number| own.record(number)),
            check: it.check.map(|id| CheckRecord { id, facts: GOOD }),
            user: it.person.map(|person| own.users[&person]),
        }
    }
}

async fn run(store: &Store, steps: &[Step], case: usize) {
    let mut ids = Vec::new();
    for side in ["left", "right"] {
        ids.push(store.create_tenant(&format!("{side} {case}")).await.unwrap().id);
    }
    let mut world = World { store, ids: ids.try_into().unwrap(), tenants: Default::default() };
    for step in steps {
        world.step(step).await;
    }
    world.compare().await;
}

fn many(store: &Store, cases: u32) {
    let runtime = tokio::runtime::Handle::current();
    let case = std::cell::Cell::new(0);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            case.set(case.get() + 1);
            tokio::task::block_in_place(|| runtime.block_on(run(store, &steps, case.get())));
            Ok(())
        })
        .unwrap();
}

#[test]
fn linking_and_deletion_on_sqlite() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&sqlite_in(folder.path()), clock()).await.unwrap();
        many(&store, 16);
    });
}

#[test]
fn linking_and_deletion_on_postgresql() {
    runtime().block_on(async {
        if let Some(settings) = postgres().await {
            many(&Store::open(&settings, clock()).await.unwrap(), 8);
        }
    });
}
