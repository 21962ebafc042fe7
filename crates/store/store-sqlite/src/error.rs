//! The conversion of SQLite's errors to those of the store.

use std::error::Error as StdError;

use anteroom_store::StoreError;
use sqlx::{Error, migrate::MigrateError};

use super::failure::FileFailure;

/// The result of a database operation.
pub(super) type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Converts an error that the statement does not handle itself.
pub(super) fn store_error(error: Error) -> StoreError {
    let failure = FileFailure::of(&error);
    let is_closed = matches!(error, Error::PoolClosed);
    let source: Box<dyn StdError + Send + Sync> = match failure {
        Some(failure @ FileFailure::OutOfDescriptors) => Box::new(failure),
        _ => Box::new(error),
    };
    match failure {
        Some(failure) if failure.is_damage() => StoreError::Damaged { source },
        Some(_) => StoreError::Unavailable { source },
        None if is_closed => StoreError::Unavailable { source },
        None => StoreError::Database { source },
    }
}

/// Converts an error of a migration.
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

/// Returns whether the error is a lock of another connection.
pub(super) fn is_busy(error: &Error) -> bool {
    FileFailure::of(error) == Some(FileFailure::Locked)
}
