//! The database: tenants and their tokens, certificates, users, checks, verifications.
//!
//! A [`Store`] is a SQLite file or a PostgreSQL database. Operations are functions over a [`Connection`], written once
//! in SQL that both take, and run by [`Store::read`] and [`Store::write`]:
//!
//! ```ignore
//! async fn rename(connection: &mut Connection, (id, name): &(Uuid, String)) -> Result<bool, StoreError> {
//!     let changed = connection
//!         .execute("UPDATE things SET name = ?1 WHERE id = ?2", &[name.as_str().into(), (*id).into()])
//!         .await?;
//!     Ok(changed == 1)
//! }
//! store.write((id, name), |connection, arguments| Box::pin(rename(connection, arguments))).await?;
//! ```
//!
//! On SQLite one thread writes: it runs what waits in one transaction and commits once, so that concurrent writes share
//! an fsync. On PostgreSQL a write is a serializable transaction that is repeated when it meets another. Either way an
//! operation may be written as if nobody else wrote.
//!
//! Ids are UUIDs of version 7 and therefore sort by time: the order of ids is the order of creation.

mod accounts;
mod append;
mod audit;
mod connection;
mod counts;
mod error;
mod handle;
mod ids;
mod job;
mod migrate;
mod orders;
mod postgres;
mod settings;
mod sqlite;
mod tenants;
mod value;
mod verify;

pub use accounts::{Account, RoleCode};
pub use append::NewCheck;
pub use audit::{AuditEntry, AuditQuery, NewAuditEntry};
pub use connection::{Connection, Running, places};
pub use error::StoreError;
pub use handle::Store;
pub use ids::{Ids, created_at, first_id_at};
pub use migrate::newest_schema;
pub use orders::{
    Change, Changed, KeyOwner, KeyRecord, OrderColumns, OrderKey, OrderRecords, OrderSelection, OrderSort,
    PartId, PartKind, PartRecord, Put, Removed, Span,
};
pub use settings::{Location, StoreSettings};
pub use tenants::{NewToken, Tenant, TenantId, Token, TokenHash, TokenOwner};
pub use value::{Row, Value};
pub use verify::{
    CertificateName, CertificateRecord, CheckFacts, CheckPurpose, CheckRecord, CheckStatus, Code, Created,
    Filter, Link, NewCertificate, NewVerification, Page, Recorded, Recording, Retention, Slice,
    StoredCertificate, Subject, VerificationRecord,
};
