//! Writers that die: by SIGKILL at any moment, by a full disk, by a lock that another process holds.
//!
//! The promise under test: what was acknowledged is there, what was refused is not, and the next one carries on.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use revocache::store::{Filter, NewCheck, Slice, Store, StoreError};
use revocache_testkit::Random;
use uuid::Uuid;

use crate::common::disk::SmallDisk;
use crate::support::{ALL, GOOD, certificate, clock, record, recording, runtime, sqlite_in};

const KILLS: u64 = 12;
const FOLDER: &str = "REVOCACHE_TEST_STORE";

/// Not a test: what the next one kills. Tells each check once it is acknowledged.
#[test]
#[ignore = "run by the test that kills it"]
fn writes_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    runtime().block_on(async {
        let store = Store::open(&sqlite_in(Path::new(&folder)), clock()).await.unwrap();
        let tenant = match store.tenant_named("killed").await.unwrap() {
            Some(tenant) => tenant.id,
            None => store.create_tenant("killed").await.unwrap().id,
        };
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..16 {
            let store = store.clone();
            writers.spawn(async move {
                loop {
                    let it = record(&store, recording(tenant, certificate(number % 4, 1, 100))).await;
                    let check = NewCheck { tenant, certificate: it.certificate.id, facts: GOOD };
                    if let Some(id) = store.record_check(check).await.unwrap() {
                        // One write for one line, so that none is torn.
                        std::io::stdout().write_all(format!("{id}\n").as_bytes()).unwrap();
                    }
                }
            });
        }
        while writers.join_next().await.is_some() {}
    });
}

#[test]
fn every_acknowledged_check_survives_a_kill_at_any_moment() {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(20_261_126);
    let mut acknowledged = BTreeSet::new();
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["crashes::writes_until_it_is_killed", "--exact", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Some way into its work, which is told by what it has done and not by how long it took.
        let target = 1 + random.below(400);
        let mut seen = 0;
        while seen < target {
            let Some(line) = lines.next() else { break };
            if let Ok(id) = line.unwrap().parse::<Uuid>() {
                acknowledged.insert(id);
                seen += 1;
            }
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, target, "it wrote until it was killed");
        // What it told before it died counts as well; its last line may be cut off.
        acknowledged.extend(lines.map_while(Result::ok).filter_map(|line| line.parse::<Uuid>().ok()));
    }
    runtime().block_on(async {
        let store = Store::open(&sqlite_in(folder.path()), clock()).await.unwrap();
        let tenant = store.tenant_named("killed").await.unwrap().unwrap().id;
        let kept = store.checks(tenant, Filter::default(), ALL).await.unwrap();
        let ids: BTreeSet<Uuid> = kept.records.iter().map(|record| record.id).collect();
        let lost: Vec<&Uuid> = acknowledged.difference(&ids).collect();
        assert_eq!(lost, Vec::<&Uuid>::new(), "of {} acknowledged", acknowledged.len());
        assert_eq!(kept.total, ids.len() as u64, "and the counts are of the same transactions");
        let certificates = store.certificates(tenant, Filter::default(), ALL).await.unwrap();
        assert_eq!((certificates.total, certificates.records.len()), (4, 4));
        let mut sum = 0;
        for it in certificates.records {
            let history = store.history(tenant, it.id, ALL).await.unwrap().unwrap();
            assert_eq!(history.total, history.records.len() as u64, "a history has no gaps");
            sum += history.total;
        }
        assert_eq!(sum, kept.total);
    });
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let Some(disk) = SmallDisk::new("3m") else { return };
    runtime().block_on(async {
        let settings = sqlite_in(disk.path());
        let store = Store::open(&settings, clock()).await.unwrap();
        let tenant = store.create_tenant("cramped").await.unwrap().id;
        let it = record(&store, recording(tenant, certificate(1, 1, 100))).await.certificate;
        let check = NewCheck { tenant, certificate: it.id, facts: GOOD };
        let mut acknowledged = BTreeSet::new();
        let mut refusals = 0;
        while refusals < 3 {
            let mut waiting = tokio::task::JoinSet::new();
            for _ in 0..200 {
                let store = store.clone();
                waiting.spawn(async move { store.record_check(check).await });
            }
            for done in waiting.join_all().await {
                match done {
                    Ok(id) => acknowledged.extend(id),
                    Err(failure) => {
                        assert!(matches!(failure, StoreError::Full { .. }), "{failure:?}");
                        assert!(failure.is_temporary());
                        refusals += 1;
                    }
                }
            }
        }
        let kept = async |store: &Store| -> (u64, BTreeSet<Uuid>) {
            let page = store.checks(tenant, Filter::default(), ALL).await.unwrap();
            (page.total, page.records.iter().map(|record| record.id).collect())
        };
        assert_eq!(kept(&store).await, (acknowledged.len() as u64, acknowledged.clone()), "it is still read");
        drop(store);
        disk.remount("size=64m");
        let store = Store::open(&settings, clock()).await.unwrap();
        assert_eq!(kept(&store).await, (acknowledged.len() as u64, acknowledged));
        assert!(store.record_check(check).await.unwrap().is_some(), "and goes on where there is room");
    });
}

#[test]
fn a_lock_of_another_process_is_waited_for_and_then_told() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = sqlite_in(folder.path());
        settings.lock_wait = Duration::from_millis(50);
        let store = Store::open(&settings, clock()).await.unwrap();
        let tenant = store.create_tenant("waiting").await.unwrap().id;
        let it = record(&store, recording(tenant, certificate(1, 1, 100))).await.certificate;
        let check = NewCheck { tenant, certificate: it.id, facts: GOOD };
        let other = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let failure = store.record_check(check).await.unwrap_err();
        assert_eq!(failure, StoreError::Locked { waited: Duration::from_millis(50) });
        assert!(failure.is_temporary());
        assert!(store.history(tenant, it.id, ALL).await.unwrap().is_some(), "reading goes on");
        other.execute_batch("COMMIT").unwrap();
        assert!(store.record_check(check).await.unwrap().is_some());
        assert_eq!(store.history(tenant, it.id, ALL).await.unwrap().unwrap().total, 1);
    });
}

#[test]
fn more_than_may_wait_are_refused_at_once() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = sqlite_in(folder.path());
        settings.queue = 4;
        let store = Store::open(&settings, clock()).await.unwrap();
        let tenant = store.create_tenant("busy").await.unwrap().id;
        let it = record(&store, recording(tenant, certificate(1, 1, 100))).await.certificate;
        let check = NewCheck { tenant, certificate: it.id, facts: GOOD };
        let other = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let mut waiting = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (store, is_over) = (store.clone(), Arc::clone(&is_over));
            waiting.spawn(async move {
                let done = store.record_check(check).await;
                if matches!(done, Err(StoreError::Overloaded { limit: 4 })) {
                    is_over.store(true, Ordering::Relaxed);
                }
                done
            });
        }
        while !is_over.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        other.execute_batch("COMMIT").unwrap();
        let done = waiting.join_all().await;
        let kept = done.iter().filter(|done| matches!(done, Ok(Some(_)))).count();
        assert!(kept > 0, "{done:?}");
        let history = store.history(tenant, it.id, Slice { limit: 0, offset: 0 }).await.unwrap().unwrap();
        assert_eq!(history.total, kept as u64);
    });
}
