//! Lists: totals and pages by counts, against counting.

use std::sync::Arc;

use revocache::store::{Code, Created, Filter, NewCheck, Retention, Slice, Store, TenantId, created_at};
use revocache::types::{Clock, UnixTime};
use revocache_testkit::Random;
use std::time::Duration;
use uuid::Uuid;

use crate::support::{ALL, GOOD, HandClock, certificate, each_settings, record, recording, runtime};

/// What was made, in order.
struct Made {
    store: Store,
    tenant: TenantId,
    certificates: Vec<(Uuid, Code)>,
    checks: Vec<(Uuid, Uuid)>,
}

async fn make(store: Store, clock: &HandClock, random: &mut Random) -> Made {
    let tenant = store.create_tenant("lists").await.unwrap().id;
    let mut made = Made { store, tenant, certificates: Vec::new(), checks: Vec::new() };
    for number in 0..60_u8 {
        // Several in a second, in a minute, in a day, and gaps of days.
        let gaps = [0, 0, 0, 1, 20, 61, 3600, 100_000];
        clock.advance(gaps[random.octets(1)[0] as usize % gaps.len()]);
        let kind = number % 3 % 2 + 1;
        let new = certificate(number, kind, 100);
        let it = record(&made.store, recording(tenant, new)).await.certificate;
        made.certificates.push((it.id, it.kind));
        for _ in 0..random.octets(1)[0] % 6 {
            let place = usize::from(random.octets(1)[0]) % made.certificates.len();
            let certificate = made.certificates[place].0;
            let check = NewCheck { tenant, certificate, facts: GOOD };
            let id = made.store.record_check(check).await.unwrap().unwrap();
            made.checks.push((id, certificate));
        }
    }
    made
}

fn is_in(id: Uuid, created: Created) -> bool {
    let at = created_at(id);
    created.since.is_none_or(|since| at >= since) && created.until.is_none_or(|until| at < until)
}

fn page<T: Copy>(all: &[T], slice: Slice) -> Vec<T> {
    all.iter().copied().skip(slice.offset as usize).take(slice.limit as usize).collect()
}

async fn compare(made: &Made, filter: Filter, slice: Slice) {
    let context = format!("{filter:?} {slice:?}");
    let expected: Vec<Uuid> = made
        .certificates
        .iter()
        .filter(|(id, kind)| {
            is_in(*id, filter.created) && (filter.kinds.is_empty() || filter.kinds.contains(kind))
        })
        .map(|(id, _)| *id)
        .collect();
    let found = made.store.certificates(made.tenant, filter.clone(), slice).await.unwrap();
    assert_eq!(found.total, expected.len() as u64, "certificates {context}");
    let found: Vec<Uuid> = found.records.iter().map(|record| record.id).collect();
    assert_eq!(found, page(&expected, slice), "certificates {context}");
    for certificates in
        [vec![], vec![made.certificates[3].0], vec![made.certificates[3].0, made.certificates[9].0]]
    {
        let expected: Vec<Uuid> = made
            .checks
            .iter()
            .filter(|(id, of)| {
                is_in(*id, filter.created) && (certificates.is_empty() || certificates.contains(of))
            })
            .map(|(id, _)| *id)
            .collect();
        let filter = Filter { certificates, created: filter.created, ..Filter::default() };
        let found = made.store.checks(made.tenant, filter, slice).await.unwrap();
        assert_eq!(found.total, expected.len() as u64, "checks {context}");
        let found: Vec<Uuid> = found.records.iter().map(|record| record.id).collect();
        assert_eq!(found, page(&expected, slice), "checks {context}");
    }
}

#[test]
fn pages_and_totals_are_those_of_counting() {
    runtime().block_on(each_settings(async |settings| {
        let mut random = Random::new(20_261_126);
        let clock = HandClock::at("2026-03-01T23:58:00Z");
        let store = Store::open(&settings, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let made = make(store, &clock, &mut random).await;
        compare(&made, Filter::default(), ALL).await;
        compare(&made, Filter::default(), Slice { limit: 0, offset: 0 }).await;
        compare(&made, Filter::default(), Slice { limit: 5, offset: u64::MAX }).await;
        let some_id = |random: &mut Random| {
            let place = usize::from(random.octets(1)[0]) % made.certificates.len();
            made.certificates[place].0
        };
        for _ in 0..150 {
            let octets = random.octets(6);
            let time = |octet: u8, id: Uuid| {
                let near = UnixTime::from_seconds(created_at(id).seconds() + i64::from(octet % 5) - 2);
                (!octet.is_multiple_of(3)).then_some(near)
            };
            let (since, until) = (some_id(&mut random), some_id(&mut random));
            let created = Created { since: time(octets[0], since), until: time(octets[1], until) };
            let kinds =
                [vec![], vec![Code(1)], vec![Code(2)], vec![Code(1), Code(2), Code(1)], vec![Code(9)]];
            let kinds = kinds[usize::from(octets[2]) % kinds.len()].clone();
            let slice = Slice { limit: u64::from(octets[3] % 20), offset: u64::from(octets[4] % 70) };
            compare(&made, Filter { kinds, created, ..Filter::default() }, slice).await;
        }
    }));
}

#[test]
fn what_is_too_old_goes_in_small_steps_and_totals_follow() {
    runtime().block_on(each_settings(async |settings| {
        let mut random = Random::new(7);
        let clock = HandClock::at("2026-03-01T00:00:00Z");
        let store = Store::open(&settings, Arc::clone(&clock) as Arc<dyn Clock>).await.unwrap();
        let mut made = make(store, &clock, &mut random).await;
        let middle = made.checks[made.checks.len() / 2].0;
        let age = clock.now().seconds() - created_at(middle).seconds();
        let retention =
            Retention { checks: Some(Duration::from_secs(age.unsigned_abs())), verifications: None };
        let mut removed = 0;
        loop {
            match made.store.purge_step(retention).await.unwrap() {
                0 => break,
                some => removed += some,
            }
        }
        let before = made.checks.len() as u64;
        made.checks.retain(|(id, _)| created_at(*id) >= created_at(middle));
        assert_eq!(removed, before - made.checks.len() as u64);
        assert!(removed > 0 && !made.checks.is_empty());
        compare(&made, Filter::default(), ALL).await;
        compare(&made, Filter::default(), Slice { limit: 3, offset: 2 }).await;
        // A history goes on where it was.
        let certificate = made.checks[0].1;
        let check = NewCheck { tenant: made.tenant, certificate, facts: GOOD };
        let id = made.store.record_check(check).await.unwrap().unwrap();
        made.checks.push((id, certificate));
        compare(&made, Filter::default(), ALL).await;
    }));
}

#[test]
fn a_long_history_is_deleted_in_steps() {
    runtime().block_on(each_settings(async |settings| {
        let store = Store::open(&settings, crate::support::clock()).await.unwrap();
        let tenant = store.create_tenant("long").await.unwrap().id;
        let it = record(&store, recording(tenant, certificate(1, 1, 100))).await.certificate;
        let check = NewCheck { tenant, certificate: it.id, facts: GOOD };
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..4500 {
            let store = store.clone();
            waiting.spawn(async move { store.record_check(check).await.unwrap().unwrap() });
        }
        let ids = waiting.join_all().await;
        let history = store.history(tenant, it.id, Slice { limit: 2, offset: 4499 }).await.unwrap().unwrap();
        assert_eq!((history.total, history.records.len()), (4500, 1));
        assert_eq!(history.records[0].id, ids.into_iter().max().unwrap(), "in the order of ids");
        assert!(store.delete_certificate(tenant, it.id).await.unwrap().is_some());
        let left = store.checks(tenant, Filter::default(), ALL).await.unwrap();
        assert_eq!((left.total, left.records.len()), (0, 0));
    }));
}
