//! The errors of a database.

use std::error::Error;

use crate::keys::KeyError;

/// The reason why a database operation failed.
///
/// No variant holds a stored value, and no message shows one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The account is already stored.
    #[error("the account exists already")]
    AccountExists,
    /// The account of a new device is not stored.
    #[error("there is no such account")]
    AccountMissing,
    /// The account already has a device of this id.
    #[error("the device exists already")]
    DeviceExists,
    /// The device of a new session or identity is not stored.
    #[error("there is no such device")]
    DeviceMissing,
    /// Another login has the email address.
    #[error("the email address is taken")]
    EmailTaken,
    /// The account already has a login.
    #[error("the account has a login already")]
    LoginExists,
    /// The subject at the identity provider is already stored.
    #[error("the identity exists already")]
    IdentityExists,
    /// Server params of this id are already stored.
    #[error("the server params exist already")]
    ServerParamsExist,
    /// A stored value was changed, moved, or sealed under a key that no longer exists.
    #[error("a sealed value of {table}.{column} cannot be opened")]
    Sealed {
        /// The table's name.
        table: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// A value does not fit its column: a stored value has the wrong form, or a new one is out of
    /// the column's range.
    #[error("a value of {table}.{column} is out of range or malformed")]
    InvalidValue {
        /// The table's name.
        table: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// The master key does not belong to the database's keys.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// A newer or a different program created the database.
    #[error("the database has a schema that this program does not know")]
    UnknownSchema {
        /// The error of the migrations.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database cannot be reached, is busy for too long, or is closed. The caller can try again
    /// later.
    #[error("the database is unavailable")]
    Unavailable {
        /// The error of the database's driver.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The bytes of the database are damaged. The operator has to restore it from a backup.
    #[error("the database is damaged")]
    Damaged {
        /// The error of the database's driver.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database refused a statement, which is a defect of the program.
    #[error("the database failed")]
    Database {
        /// The error of the database's driver.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// Returns whether the cause is the condition of the database and not the call. The same call
    /// can succeed later, by itself or after the database was restored.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. }
                | Self::Damaged { .. }
                | Self::Sealed { .. }
                | Self::InvalidValue { .. }
                | Self::Keys(_)
        )
    }
}
