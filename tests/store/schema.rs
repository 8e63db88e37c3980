//! Opening: new, old, newer and damaged databases.

use std::os::unix::fs::PermissionsExt;

use revocache::store::{Location, NewToken, Store, StoreError, StoreSettings, TokenHash, newest_schema};

use crate::support::{certificate, clock, each_settings, record, recording, runtime, sqlite_in};

#[test]
fn every_earlier_schema_is_brought_up_to_date_and_keeps_its_records() {
    runtime().block_on(each_settings(async |mut settings| {
        settings.schema = Some(1);
        let store = Store::open(&settings, clock()).await.unwrap();
        let tenant = store.create_tenant("old").await.unwrap();
        let token = NewToken {
            tenant: tenant.id,
            name: "old".to_owned(),
            hash: TokenHash::of("old"),
            expires_at: None,
        };
        store.add_token(token).await.unwrap();
        let kept = record(&store, recording(tenant.id, certificate(1, 1, 100))).await.certificate;
        drop(store);
        for version in (2..=newest_schema()).map(Some).chain([None, None]) {
            settings.schema = version;
            let store = Store::open(&settings, clock()).await.unwrap();
            assert_eq!(store.tenants().await.unwrap(), std::slice::from_ref(&tenant), "at {version:?}");
            assert_eq!(store.certificate(tenant.id, kept.id).await.unwrap(), Some(kept));
            assert!(store.token_owner(TokenHash::of("old")).await.unwrap().is_some());
        }
    }));
}

#[test]
fn several_programs_may_open_a_new_database_at_once() {
    runtime().block_on(each_settings(async |settings| {
        let mut opening = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let settings = settings.clone();
            opening.spawn(async move { Store::open(&settings, clock()).await.map(drop) });
        }
        for opened in opening.join_all().await {
            opened.unwrap();
        }
    }));
}

async fn change(settings: &StoreSettings, sql: &str) {
    match &settings.location {
        Location::Sqlite(path) => rusqlite::Connection::open(path).unwrap().execute_batch(sql).unwrap(),
        Location::Postgres(url) => {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            client.batch_execute(sql).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
        }
    }
}

#[test]
fn a_database_of_a_newer_or_another_program_is_left_alone() {
    runtime().block_on(each_settings(async |settings| {
        Store::open(&settings, clock()).await.unwrap();
        let known = newest_schema();
        change(&settings, "UPDATE schema_migrations SET checksum = 'x' WHERE version = 1").await;
        let failure = Store::open(&settings, clock()).await.err().unwrap();
        assert!(matches!(failure, StoreError::ChangedMigration { version: 1, .. }), "{failure:?}");
        let found = known + 5;
        change(&settings, &format!("INSERT INTO schema_migrations VALUES ({found}, 'later', 'y', 0)")).await;
        let failure = Store::open(&settings, clock()).await.err().unwrap();
        assert_eq!(failure, StoreError::NewerSchema { found, known });
        assert!(failure.to_string().contains("newer revocache"), "{failure}");
        assert!(!failure.is_temporary());
    }));
}

#[test]
fn what_is_no_database_is_told() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let settings = sqlite_in(folder.path());
        std::fs::write(folder.path().join("store.db"), vec![0x55; 8192]).unwrap();
        let failure = Store::open(&settings, clock()).await.err().unwrap();
        assert!(matches!(failure, StoreError::Corrupt { .. }), "{failure:?}");
        let nowhere = StoreSettings::new(Location::Sqlite(folder.path().join("nowhere/store.db")));
        let failure = Store::open(&nowhere, clock()).await.err().unwrap();
        assert!(matches!(failure, StoreError::Open { .. }), "{failure:?}");
        for url in ["postgres://[", "postgres://revocache:secret@%2Fnowhere/x?sslmode=disable"] {
            let mut settings = StoreSettings::new(Location::parse(url));
            settings.connect_timeout = std::time::Duration::from_secs(2);
            let failure = Store::open(&settings, clock()).await.err().unwrap();
            assert!(
                matches!(failure, StoreError::Url { .. } | StoreError::Unavailable { .. }),
                "{failure:?}"
            );
            assert!(!format!("{failure} {failure:?} {settings:?}").contains("secret"));
        }
    });
}

#[test]
fn nobody_else_may_read_the_file() {
    runtime().block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&sqlite_in(folder.path()), clock()).await.unwrap();
        store.create_tenant("private").await.unwrap();
        for file in std::fs::read_dir(folder.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
        }
    });
}
