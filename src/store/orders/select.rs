//! Finding orders.

use super::super::connection::{Connection, places};
use super::super::error::StoreError;
use super::super::handle::Store;
use super::super::value::Value;
use super::parts::{PartId, PartKind};
use crate::types::UnixTime;

/// What one order is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderKey {
    /// Its number.
    Id(i64),
    /// SHA-1 of its certificate, in upper-case hexadecimal.
    Thumbprint(String),
    /// The serial number of its certificate, in upper-case hexadecimal.
    Serial(String),
}

/// An order with what it needs, as documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRecords {
    /// The order.
    pub order: String,
    /// What it needs, and what that needs is not among it.
    pub needs: Vec<(PartId, String)>,
}

/// Which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrderSelection {
    /// The time at which issued ones may have expired.
    pub at: Option<UnixTime>,
    /// Those of one of these statuses; of any if there is none.
    pub statuses: Vec<String>,
    /// Those of one of these products; of any if there is none.
    pub products: Vec<String>,
    /// Those whose common name is like this: `%` stands for any text.
    pub common_name: Option<String>,
    /// Those of this user.
    pub user_id: Option<i64>,
    /// Those of this organization.
    pub organization_id: Option<i64>,
    /// Those made within this span.
    pub created_at: Span,
    /// Those whose certificate ends within this span.
    pub valid_till: Span,
    /// Those whose status began within this span.
    pub status_since: Span,
    /// In which order.
    pub sort: OrderSort,
    /// Whether the last come first.
    pub descending: bool,
    /// The most orders.
    pub limit: u32,
    /// How many are passed over.
    pub offset: u32,
}

/// A span of time, both ends included; without an end it does not end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first second.
    pub from: Option<UnixTime>,
    /// The last one.
    pub to: Option<UnixTime>,
}

/// What orders are sorted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderSort {
    /// The number.
    #[default]
    Id,
    /// When they were made.
    Created,
    /// The common name.
    CommonName,
    /// The status.
    Status,
    /// The years.
    ValidityYears,
    /// The name of the product.
    ProductName,
    /// When the certificate ends.
    ValidTill,
}

impl Store {
    /// An order with what it needs. Of several orders with one certificate, the newest.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn order(&self, key: OrderKey) -> Result<Option<OrderRecords>, StoreError> {
        self.read(key, |connection, key| Box::pin(order(connection, key))).await
    }

    /// The documents of a page of orders with those of the organizations they are for, and how many there are in all.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn select_orders(
        &self,
        selection: OrderSelection,
    ) -> Result<(Vec<OrderRecords>, u64), StoreError> {
        self.read(selection, |connection, selection| Box::pin(select(connection, selection))).await
    }
}

async fn order(connection: &mut Connection, key: &OrderKey) -> Result<Option<OrderRecords>, StoreError> {
    const DOCUMENT: &str =
        "SELECT orders.id, document FROM orders JOIN order_parts ON kind = 3 AND order_parts.id = orders.id";
    let (condition, value) = match key {
        OrderKey::Id(id) => ("orders.id", Value::Integer(*id)),
        OrderKey::Thumbprint(text) => ("thumbprint", Value::Text(text)),
        OrderKey::Serial(text) => ("serial", Value::Text(text)),
    };
    let sql = format!("{DOCUMENT} WHERE {condition} = ?1 ORDER BY orders.id DESC LIMIT 1");
    let found = connection.first(&sql, &[value], |row| Ok((row.integer(0)?, row.text(1)?))).await?;
    let Some((id, order)) = found else { return Ok(None) };
    let needs = "SELECT needed_kind, needed_id, document FROM order_needs \
                 JOIN order_parts ON order_parts.kind = needed_kind AND order_parts.id = needed_id \
                 WHERE order_needs.kind = 3 AND order_needs.id = ?1";
    let needs = connection
        .rows(needs, &[id.into()], |row| {
            Ok((PartId { kind: PartKind::from_code(row.integer(0)?)?, id: row.integer(1)? }, row.text(2)?))
        })
        .await?;
    Ok(Some(OrderRecords { order, needs }))
}

async fn select(
    connection: &mut Connection,
    selection: &OrderSelection,
) -> Result<(Vec<OrderRecords>, u64), StoreError> {
    let conditions = Conditions::of(selection);
    let Conditions { sql, values } = &conditions;
    let total = format!("SELECT COUNT(*) FROM orders WHERE {sql}");
    let total = connection.first(&total, values, |row| row.integer(0)).await?.unwrap_or(0);
    let mut values = values.clone();
    values.push(i64::from(selection.limit).into());
    values.push(i64::from(selection.offset).into());
    let number = values.len();
    let direction = if selection.descending { "DESC" } else { "ASC" };
    let page = format!(
        "SELECT document, organization_id FROM orders JOIN order_parts ON kind = 3 AND order_parts.id = orders.id \
         WHERE {sql} ORDER BY {} {direction}, orders.id {direction} LIMIT ?{} OFFSET ?{number}",
        selection.sort.column(),
        number - 1,
    );
    let orders = connection.rows(&page, &values, |row| Ok((row.text(0)?, row.optional_integer(1)?))).await?;
    let organizations = organizations(connection, orders.iter().filter_map(|(_, id)| *id)).await?;
    let records = orders.into_iter().map(|(order, id)| {
        let found = organizations.iter().find(|(part, _)| Some(part.id) == id);
        OrderRecords { order, needs: found.cloned().into_iter().collect() }
    });
    Ok((records.collect(), u64::try_from(total).unwrap_or(0)))
}

async fn organizations(
    connection: &mut Connection,
    ids: impl Iterator<Item = i64>,
) -> Result<Vec<(PartId, String)>, StoreError> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let values: Vec<Value<'_>> = ids.iter().map(|id| (*id).into()).collect();
    let sql = format!(
        "SELECT id, document FROM order_parts WHERE kind = 1 AND id IN ({})",
        places(1, values.len())
    );
    connection
        .rows(&sql, &values, |row| {
            Ok((PartId { kind: PartKind::Organization, id: row.integer(0)? }, row.text(1)?))
        })
        .await
}

impl OrderSort {
    const fn column(self) -> &'static str {
        match self {
            Self::Id => "orders.id",
            Self::Created => "created_at",
            Self::CommonName => "common_name",
            Self::Status => "status",
            Self::ValidityYears => "validity_years",
            Self::ProductName => "product_name",
            // The two databases disagree where nothing stands.
            Self::ValidTill => "COALESCE(valid_till, 0)",
        }
    }
}

/// Conditions as SQL, with the values for their places.
struct Conditions<'a> {
    sql: String,
    values: Vec<Value<'a>>,
}

impl<'a> Conditions<'a> {
    fn of(selection: &'a OrderSelection) -> Self {
        let at = selection.at.unwrap_or(UnixTime::from_seconds(i64::MIN));
        // The time is in place 1, and named in a condition that always holds so that it is there in any case.
        let mut all = Self { sql: "?1 = ?1".to_owned(), values: vec![at.into()] };
        all.statuses(&selection.statuses);
        if !selection.products.is_empty() {
            let first = all.values.len() + 1;
            all.values.extend(selection.products.iter().map(|product| Value::Text(product)));
            all.and(&format!("product IN ({})", places(first, selection.products.len())));
        }
        if let Some(pattern) = &selection.common_name {
            all.values.push(Value::Text(pattern));
            all.and(&format!("common_name LIKE ?{} ESCAPE '\\'", all.values.len()));
        }
        for (column, id) in [("user_id", selection.user_id), ("organization_id", selection.organization_id)] {
            if let Some(id) = id {
                all.values.push(id.into());
                all.and(&format!("{column} = ?{}", all.values.len()));
            }
        }
        all.within("created_at", selection.created_at);
        all.within("valid_till", selection.valid_till);
        // An issued order whose certificate has ended has its status since then.
        all.within(
            "CASE WHEN status = 'issued' AND valid_till <= ?1 AND valid_till > status_at \
             THEN valid_till ELSE status_at END",
            selection.status_since,
        );
        all
    }

    fn statuses(&mut self, statuses: &'a [String]) {
        let mut any = Vec::new();
        for status in statuses {
            any.push(match status.as_str() {
                "issued" => "status = 'issued' AND (valid_till IS NULL OR valid_till > ?1)".to_owned(),
                "expired" => "status = 'expired' OR (status = 'issued' AND valid_till <= ?1)".to_owned(),
                other => {
                    self.values.push(Value::Text(other));
                    format!("status = ?{}", self.values.len())
                }
            });
        }
        if !any.is_empty() {
            self.and(&format!("({})", any.join(" OR ")));
        }
    }

    fn within(&mut self, expression: &str, span: Span) {
        for (sign, end) in [(">=", span.from), ("<=", span.to)] {
            if let Some(end) = end {
                self.values.push(end.into());
                self.and(&format!("{expression} {sign} ?{}", self.values.len()));
            }
        }
    }

    fn and(&mut self, condition: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
    }
}
