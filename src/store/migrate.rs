//! The schema, and how a database gets it.
//!
//! Migrations only go forward. Each is applied in one transaction together with its row in `schema_migrations`; a
//! second program that starts at the same time waits for that row and finds the work done. `/*sqlite: … */` and
//! `/*postgres: … */` hold what only one of the databases is to see.

use super::connection::Connection;
use super::error::StoreError;
use crate::pki::sha256;
use crate::types::{UnixTime, to_hex};

/// A step of the schema.
struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

/// All steps, in order; the numbers are those of the files.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "verify", sql: include_str!("migrations/0001_verify.sql") },
    Migration { version: 2, name: "accounts", sql: include_str!("migrations/0002_accounts.sql") },
    Migration { version: 3, name: "orders", sql: include_str!("migrations/0003_orders.sql") },
];

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    checksum TEXT NOT NULL,
    applied_at BIGINT NOT NULL
)";

/// The newest version that is known.
#[must_use]
pub fn newest_schema() -> u32 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Makes the table of migrations.
pub(super) async fn prepare(connection: &mut Connection) -> Result<(), StoreError> {
    connection.script(TABLE).await
}

/// Applies the first migration that is missing, up to a version; tells whether there was one. To be called in a
/// transaction, until there is none.
pub(super) async fn step(connection: &mut Connection, up_to: Option<u32>) -> Result<bool, StoreError> {
    let known = newest_schema();
    let applied = connection
        .rows("SELECT version, checksum FROM schema_migrations ORDER BY version", &[], |row| {
            Ok((u32::try_from(row.integer(0)?).unwrap_or(u32::MAX), row.text(1)?))
        })
        .await?;
    if let Some(&(found, _)) = applied.last()
        && found > known
    {
        return Err(StoreError::NewerSchema { found, known });
    }
    for &Migration { version, name, sql } in MIGRATIONS {
        if up_to.is_some_and(|last| version > last) {
            break;
        }
        let checksum = to_hex(&sha256(sql.as_bytes()));
        match applied.iter().find(|(it, _)| *it == version) {
            Some((_, same)) if *same == checksum => {}
            Some(_) => return Err(StoreError::ChangedMigration { version, name }),
            None => {
                connection
                    .execute(
                        "INSERT INTO schema_migrations (version, name, checksum, applied_at) \
                         VALUES (?1, ?2, ?3, ?4)",
                        &[
                            i64::from(version).into(),
                            name.into(),
                            checksum.as_str().into(),
                            UnixTime::now().into(),
                        ],
                    )
                    .await?;
                let sql = in_dialect(sql, connection.dialect());
                connection.script(&sql).await?;
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The script as one database is to see it.
fn in_dialect(sql: &str, dialect: &str) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut rest = sql;
    while let Some((before, after)) = rest.split_once("/*") {
        text.push_str(before);
        let (comment, behind) = after.split_once("*/").unwrap_or((after, ""));
        if let Some((name, part)) = comment.split_once(':')
            && name.trim() == dialect
        {
            text.push_str(part);
        }
        rest = behind;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_sees_its_part() {
        let sql = "CREATE TABLE t (a BIGINT) /*sqlite: WITHOUT ROWID*//*postgres: */; /* both */ SELECT 1;";
        assert_eq!(in_dialect(sql, "sqlite"), "CREATE TABLE t (a BIGINT)  WITHOUT ROWID;  SELECT 1;");
        assert!(!in_dialect(sql, "postgres").contains("ROWID"));
    }

    #[test]
    fn migrations_are_numbered_without_gaps() {
        let versions: Vec<u32> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert!(versions.iter().copied().eq(1..=newest_schema()), "{versions:?}");
    }
}
