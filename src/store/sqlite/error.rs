//! What SQLite's codes mean.

use std::time::Duration;

use rusqlite::ErrorCode;
use rusqlite::ffi;

use super::super::error::StoreError;

/// The error of the store for one of SQLite.
pub(in crate::store) fn error(failure: &rusqlite::Error) -> StoreError {
    let reason = failure.to_string();
    let rusqlite::Error::SqliteFailure(code, _) = failure else {
        return StoreError::Statement { reason };
    };
    match code.code {
        // Who waited puts in how long.
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Locked { waited: Duration::ZERO },
        ErrorCode::DiskFull => StoreError::Full { reason },
        // A quota or a limit on the size of files shows as a write that fails; SQLite knows ENOSPC alone.
        ErrorCode::SystemIoFailure if code.extended_code == ffi::SQLITE_IOERR_WRITE => {
            StoreError::Full { reason }
        }
        ErrorCode::ConstraintViolation => StoreError::Constraint { reason },
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Corrupt { reason },
        ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen
        | ErrorCode::ReadOnly
        | ErrorCode::PermissionDenied
        | ErrorCode::OutOfMemory
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::OperationAborted
        | ErrorCode::OperationInterrupted => StoreError::Unavailable { reason },
        _ => StoreError::Statement { reason },
    }
}
