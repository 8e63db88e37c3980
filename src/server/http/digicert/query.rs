//! Queries of lists.

use url::form_urlencoded;

use super::errors::ApiError;
use crate::service::orders::{OrderStatus, parse_lenient};
use crate::store::{OrderSelection, OrderSort, Span};
use crate::types::{Seconds, UnixTime};

/// The most orders of a page, which is also what a page has where nothing is said.
const MAX_LIMIT: u32 = 1000;
/// The most parameters that are looked at.
const MAX_PARAMETERS: usize = 100;
/// The most octets of one parameter.
const MAX_VALUE: usize = 255;

/// What is asked of a list, and the same in one spelling for another server. Parameters that are not known are passed
/// over.
///
/// # Errors
/// [`ApiError::BadRequest`] names the parameter that is wrong.
pub(super) fn selection(query: &str) -> Result<(OrderSelection, String), ApiError> {
    let mut selection = OrderSelection { limit: MAX_LIMIT, ..OrderSelection::default() };
    let mut known: Vec<(String, String)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()).take(MAX_PARAMETERS) {
        let value = value.trim();
        if value.len() > MAX_VALUE {
            return Err(bad(&name, &format!("has more than {MAX_VALUE} octets")));
        }
        if apply(&mut selection, &name, value)? {
            known.push((name.into_owned(), value.to_owned()));
        }
    }
    known.sort();
    let spelt = form_urlencoded::Serializer::new(String::new()).extend_pairs(known).finish();
    Ok((selection, spelt))
}

/// Takes over a parameter; tells whether it is one.
fn apply(selection: &mut OrderSelection, name: &str, value: &str) -> Result<bool, ApiError> {
    match name {
        "limit" => {
            let limit = number(name, value)?;
            if limit < 1 {
                return Err(bad(name, "is less than 1"));
            }
            selection.limit = u32::try_from(limit).unwrap_or(MAX_LIMIT).min(MAX_LIMIT);
        }
        "offset" => {
            let offset = number(name, value)?;
            selection.offset = u32::try_from(offset).map_err(|_| bad(name, "is too large"))?;
        }
        "sort" => (selection.sort, selection.descending) = sort(name, value)?,
        "user_id" => selection.user_id = Some(number(name, value)?),
        "organization_id" => selection.organization_id = Some(number(name, value)?),
        // `filters[status]`, or `filters[status][0]` and so on for several.
        _ => match name.strip_prefix("filters[").and_then(|rest| rest.split_once(']')) {
            Some((filter, rest)) if rest.is_empty() || is_index(rest) => {
                return apply_filter(selection, name, filter, value);
            }
            _ => return Ok(false),
        },
    }
    Ok(true)
}

fn apply_filter(
    selection: &mut OrderSelection,
    name: &str,
    filter: &str,
    value: &str,
) -> Result<bool, ApiError> {
    match filter {
        "status" => {
            let status = OrderStatus::parse(value).ok_or_else(|| bad(name, "is no status of orders"))?;
            selection.statuses.push(status.name().to_owned());
        }
        "product_name_id" => selection.products.push(value.to_owned()),
        "common_name" | "search" => selection.common_name = Some(pattern(value)),
        "date_created" => selection.created_at = span(name, value)?,
        "valid_till" => selection.valid_till = span(name, value)?,
        "status_last_updated" => selection.status_since = span(name, value)?,
        _ => return Ok(false),
    }
    Ok(true)
}

fn is_index(text: &str) -> bool {
    let digits = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    digits.is_some_and(|digits| digits.bytes().all(|octet| octet.is_ascii_digit()))
}

fn sort(name: &str, value: &str) -> Result<(OrderSort, bool), ApiError> {
    let (field, descending) = match value.strip_prefix('-') {
        Some(field) => (field, true),
        // A plus that was not escaped has become a space, and that is gone.
        None => (value.trim_start_matches('+'), false),
    };
    let sort = match field {
        "order_id" | "id" => OrderSort::Id,
        "date_created" => OrderSort::Created,
        "common_name" => OrderSort::CommonName,
        "status" => OrderSort::Status,
        "validity_years" => OrderSort::ValidityYears,
        "product_name" => OrderSort::ProductName,
        "valid_till" => OrderSort::ValidTill,
        _ => return Err(bad(name, "is nothing that orders are sorted by")),
    };
    Ok((sort, descending))
}

/// A pattern for the store: `%` stands for any text, and nothing else for anything but itself.
fn pattern(value: &str) -> String {
    let escaped = value.chars().flat_map(|c| {
        let escape = matches!(c, '_' | '\\').then_some('\\');
        escape.into_iter().chain(c.to_lowercase())
    });
    escaped.collect()
}

/// `a...b`, `>a`, `<b` or `a`, where a date stands for all of its day.
fn span(name: &str, value: &str) -> Result<Span, ApiError> {
    let day = Seconds::days(1);
    let time = |text: &str| parse_lenient(text).ok_or_else(|| bad(name, "has a time that cannot be read"));
    let last = |text: &str| -> Result<UnixTime, ApiError> {
        let start = time(text)?;
        Ok(if text.trim().len() == 10 { before(start.plus(day)) } else { start })
    };
    Ok(if let Some((from, to)) = value.split_once("...") {
        let from = if from.is_empty() { None } else { Some(time(from)?) };
        let to = if to.is_empty() { None } else { Some(last(to)?) };
        Span { from, to }
    } else if let Some(from) = value.strip_prefix('>') {
        Span { from: Some(last(from)?.plus(Seconds(1))), to: None }
    } else if let Some(to) = value.strip_prefix('<') {
        Span { from: None, to: Some(before(time(to)?)) }
    } else {
        Span { from: Some(time(value)?), to: Some(last(value)?) }
    })
}

const fn before(time: UnixTime) -> UnixTime {
    UnixTime::from_seconds(time.seconds().saturating_sub(1))
}

fn number(name: &str, value: &str) -> Result<i64, ApiError> {
    let is_number = !value.is_empty() && value.bytes().all(|octet| octet.is_ascii_digit());
    let number = value.parse().ok().filter(|_| is_number);
    number.ok_or_else(|| bad(name, "is not a number"))
}

fn bad(name: &str, problem: &str) -> ApiError {
    let name: String = name.chars().take(64).collect();
    ApiError::BadRequest { message: format!("The value of the parameter {name} {problem}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str) -> OrderSelection {
        selection(query).unwrap().0
    }

    fn refused(query: &str) -> String {
        match selection(query) {
            Err(ApiError::BadRequest { message }) => message,
            other => panic!("{query}: {other:?}"),
        }
    }

    #[test]
    fn filters_come_alone_or_numbered() {
        let found = of("filters[status]=issued&filters%5Bproduct_name_id%5D%5B0%5D=ssl_plus\
                        &filters[product_name_id][1]=ssl_wildcard&filters[common_name]=%25Ex_ample.com\
                        &organization_id=7&limit=25&offset=50&sort=-date_created&unknown=1&filters[other]=2");
        assert_eq!(found.statuses, ["issued"]);
        assert_eq!(found.products, ["ssl_plus", "ssl_wildcard"]);
        assert_eq!(found.common_name.as_deref(), Some("%ex\\_ample.com"));
        assert_eq!((found.organization_id, found.limit, found.offset), (Some(7), 25, 50));
        assert_eq!((found.sort, found.descending), (OrderSort::Created, true));
        assert_eq!(of("sort=+common_name").sort, OrderSort::CommonName);
        assert_eq!((of("").limit, of("limit=5000").limit), (1000, 1000));
    }

    #[test]
    fn one_question_has_one_spelling() {
        let spelt = |query: &str| selection(query).unwrap().1;
        assert_eq!(spelt("offset=5&junk=1&limit=2"), spelt("limit=2&offset=5&more=junk"));
        assert_eq!(spelt("limit=2&offset=5"), "limit=2&offset=5");
    }

    #[test]
    fn spans_are_read_as_clients_write_them() {
        let time = |text: &str| Some(UnixTime::parse_rfc3339(text).unwrap());
        let span = |value: &str| of(&format!("filters[status_last_updated]={value}")).status_since;
        let year = Span { from: time("2024-01-01T00:00:00Z"), to: time("2024-12-31T23:59:59Z") };
        assert_eq!(span("2024-01-01...2024-12-31"), year);
        let hours = Span { from: time("2024-01-01T10:00:00Z"), to: time("2024-01-01T11:30:00Z") };
        assert_eq!(span("2024-01-01+10:00:00...2024-01-01+11:30:00"), hours);
        assert_eq!(span("%3E2024-12-31"), Span { from: time("2025-01-01T00:00:00Z"), to: None });
        assert_eq!(span("%3C2024-01-01"), Span { from: None, to: time("2023-12-31T23:59:59Z") });
        let day = Span { from: time("2024-01-01T00:00:00Z"), to: time("2024-01-01T23:59:59Z") };
        assert_eq!(span("2024-01-01"), day);
    }

    #[test]
    fn a_value_that_is_none_is_named() {
        for query in [
            "limit=x",
            "limit=0",
            "limit=-1",
            "offset=99999999999",
            "sort=price",
            "filters[status]=happy",
            "user_id=me",
            "filters[date_created]=yesterday",
        ] {
            let name = query.split('=').next().unwrap();
            assert!(refused(query).contains(name), "{query}");
        }
        assert!(refused(&format!("filters[common_name]={}", "a".repeat(256))).contains("255"));
    }
}
