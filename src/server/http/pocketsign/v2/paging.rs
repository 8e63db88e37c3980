//! Lists, a page at a time.

use std::fmt::Debug;

use super::super::token::Caller;
use super::connect::ConnectError;
use super::objects::Page;
use super::page_token::ListFingerprint;
use super::proto_json::MessageReader;
use crate::service::verify::{Created, Listed, Slice};
use crate::types::UnixTime;

/// Results on a page where nothing else is said.
const USUAL_SIZE: u64 = 20;
/// Results on a page at most.
const MAX_SIZE: u64 = 100;

/// Which page is asked for.
#[derive(Debug)]
pub(super) struct Paging {
    size: u64,
    token: String,
}

/// A page of a list that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    fingerprint: ListFingerprint,
    slice: Slice,
}

impl Paging {
    /// Reads `page_size` and `page_token`.
    pub(super) fn read(message: &mut MessageReader) -> Result<Self, ConnectError> {
        let size = message.int32("page_size")?;
        if size < 0 {
            message.violate("page_size", "int32.gte", "value must be greater than or equal to 0");
        }
        let size = match u64::try_from(size).unwrap_or_default() {
            0 => USUAL_SIZE,
            size => size.min(MAX_SIZE),
        };
        Ok(Self { size, token: message.string("page_token")? })
    }

    /// The page, of the list of this method and filter.
    pub(super) fn of(
        self,
        message: &mut MessageReader,
        method: &str,
        caller: Caller,
        filter: &impl Debug,
    ) -> Asked {
        let fingerprint = ListFingerprint::new(method, &(caller, filter));
        let offset = fingerprint.offset(&self.token).unwrap_or_else(|| {
            let demand = "value must be the next_page_token of an answer to a request with the same filter";
            message.violate("page_token", "page_token.same_filter", demand);
            0
        });
        Asked { fingerprint, slice: Slice { limit: self.size, offset } }
    }
}

impl Asked {
    /// The part in the words of the service.
    pub(super) const fn slice(self) -> Slice {
        self.slice
    }

    /// The page of what was found.
    pub(super) fn page<T, U: From<T>>(self, found: Listed<T>) -> Page<U> {
        let behind = self.slice.offset.saturating_add(self.slice.limit);
        Page {
            next_page_token: if behind < found.total {
                self.fingerprint.token(behind)
            } else {
                String::new()
            },
            total_size: i32::try_from(found.total).unwrap_or(i32::MAX),
            responses: found.results.into_iter().map(U::from).collect(),
        }
    }
}

/// `created_since` and `created_until`.
pub(super) fn read_created(filter: &mut MessageReader) -> Result<Created, ConnectError> {
    // Times in records are whole seconds; a fraction makes "since" the next one.
    let rounded_up = |time: time::OffsetDateTime| {
        UnixTime::from_seconds(time.unix_timestamp() + i64::from(time.nanosecond() > 0))
    };
    Ok(Created {
        since: filter.timestamp("created_since")?.map(rounded_up),
        until: filter.timestamp("created_until")?.map(rounded_up),
    })
}
