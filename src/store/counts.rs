//! How many records there are, without counting them.
//!
//! Counting ten million rows takes a second. So every transaction adds what it created and removed to counts by the
//! day and by the minute the records were made in; a total is the sum of days, minutes and, where a question begins or
//! ends within one, the rows of two minutes. The same counts lead to the n-th record.

use uuid::Uuid;

use super::connection::Connection;
use super::error::StoreError;
use super::ids::created_at;
use super::tenants::TenantId;
use super::verify::Code;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Kind(pub(super) i64);

/// What a transaction added and removed, not yet written.
#[derive(Debug, Default)]
pub(super) struct Tally(Vec<Change>);

#[derive(Debug, Clone, Copy)]
struct Change {
    tenant: TenantId,
    kind: Kind,
    minute: i64,
    number: i64,
}

pub(super) const MINUTE: i64 = 60;
pub(super) const DAY: i64 = 86_400;

impl Kind {
    pub(super) const CHECKS: Self = Self(1);
    pub(super) const USERS: Self = Self(2);
    pub(super) const CERTIFICATES: Self = Self(3);
    pub(super) const VERIFICATIONS: Self = Self(4);

    /// Certificates of a kind.
    pub(super) fn of_certificates(kind: Code) -> Self {
        Self(0x100 + i64::from(kind))
    }

    /// Verifications with certificates of a kind.
    pub(super) fn of_verifications(kind: Code) -> Self {
        Self(0x200 + i64::from(kind))
    }
}

impl Tally {
    /// Counts a record made (1) or removed (-1).
    pub(super) fn add(&mut self, tenant: TenantId, kind: Kind, id: Uuid, number: i64) {
        let seconds = created_at(id).seconds();
        self.add_minute(tenant, kind, seconds - seconds.rem_euclid(MINUTE), number);
    }

    fn add_minute(&mut self, tenant: TenantId, kind: Kind, minute: i64, number: i64) {
        self.0.push(Change { tenant, kind, minute, number });
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// The state to return to with [`Tally::undo`].
    pub(super) fn mark(&self) -> usize {
        self.0.len()
    }

    pub(super) fn undo(&mut self, mark: usize) {
        self.0.truncate(mark);
    }

    /// The sums, one for each row of the table.
    fn take(&mut self) -> Vec<(TenantId, Kind, i64, i64, i64)> {
        let rows = |change: &Change| {
            let day = change.minute - change.minute.rem_euclid(DAY);
            [(MINUTE, change.minute), (DAY, day)]
                .map(|(span, start)| (change.tenant, change.kind, span, start))
        };
        let mut sums = std::collections::BTreeMap::new();
        for change in self.0.drain(..) {
            for row in rows(&change) {
                *sums.entry(row).or_insert(0) += change.number;
            }
        }
        let changed = sums.into_iter().filter(|(_, number)| *number != 0);
        changed.map(|((tenant, kind, span, start), number)| (tenant, kind, span, start, number)).collect()
    }
}

/// Writes what the transaction changed. Transactions at the same time use different shards, so that they do not wait
/// for one another's rows.
pub(super) async fn flush(connection: &mut Connection, shard: i64) -> Result<(), StoreError> {
    for (tenant, kind, span, start, number) in connection.tally.take() {
        connection
            .execute(
                "INSERT INTO counts (tenant, kind, span, start, shard, number) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                 ON CONFLICT (tenant, kind, span, start, shard) DO UPDATE SET number = counts.number + excluded.number",
                &[tenant.0.into(), kind.0.into(), span.into(), start.into(), shard.into(), number.into()],
            )
            .await?;
    }
    Ok(())
}
