//! What PostgreSQL's codes mean.

use std::error::Error as _;
use std::time::Duration;

use super::super::error::StoreError;

/// The error of the store for one of PostgreSQL.
pub(in crate::store) fn error(failure: &tokio_postgres::Error) -> StoreError {
    let Some(told) = failure.as_db_error() else {
        let reason =
            failure.source().map_or_else(|| failure.to_string(), |cause| format!("{failure}: {cause}"));
        return if failure.is_closed() || is_io(failure) {
            StoreError::Unavailable { reason }
        } else {
            StoreError::Statement { reason }
        };
    };
    let code = told.code().code();
    let reason = format!("{} ({code})", told.message());
    match code {
        "40001" | "40P01" => StoreError::Conflict { attempts: 1 },
        "53100" => StoreError::Full { reason },
        "55P03" => StoreError::Locked { waited: Duration::ZERO },
        // Of what is there already: another program has made it meanwhile, as with a row of the same key.
        "42P07" | "42710" => StoreError::Constraint { reason },
        "XX001" | "XX002" => StoreError::Corrupt { reason },
        _ => match code.get(..2) {
            Some("23") => StoreError::Constraint { reason },
            // Connections, credentials, resources, and an operator who shuts down.
            Some("08" | "28" | "3D" | "53" | "57" | "58") => StoreError::Unavailable { reason },
            _ => StoreError::Statement { reason },
        },
    }
}

fn is_io(failure: &tokio_postgres::Error) -> bool {
    let mut cause = failure.source();
    while let Some(error) = cause {
        if error.is::<std::io::Error>() {
            return true;
        }
        cause = error.source();
    }
    false
}
