//! SQLite's errors as the store's.

use anteroom_store::StoreError;
use sqlx::migrate::MigrateError;

const BUSY: u32 = 5;
const LOCKED: u32 = 6;
/// Primary result codes of trouble around the file that may pass: out of memory, read-only, I/O
/// error, disk full, cannot open, locking protocol.
const PASSING: [u32; 6] = [7, 8, 10, 13, 14, 15];

/// The store's error for an error that no statement expects.
pub(super) fn store_error(error: sqlx::Error) -> StoreError {
    let passing = match &error {
        sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Io(_) => true,
        _ => is_busy(&error) || result_code(&error).is_some_and(|code| PASSING.contains(&code)),
    };
    let source = Box::new(error);
    if passing {
        StoreError::Unavailable { source }
    } else {
        StoreError::Database { source }
    }
}

/// The store's error for a failed migration.
pub(super) fn migration_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            store_error(error)
        }
        MigrateError::VersionMissing(_)
        | MigrateError::VersionMismatch(_)
        | MigrateError::VersionTooNew(..)
        | MigrateError::VersionTooOld(..)
        | MigrateError::Dirty(_) => StoreError::UnknownSchema {
            source: Box::new(error),
        },
        error => StoreError::Database {
            source: Box::new(error),
        },
    }
}

/// Whether another connection's lock was in the way.
pub(super) fn is_busy(error: &sqlx::Error) -> bool {
    matches!(result_code(error), Some(BUSY | LOCKED))
}

/// SQLite's primary result code: the low byte of the extended one.
fn result_code(error: &sqlx::Error) -> Option<u32> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
