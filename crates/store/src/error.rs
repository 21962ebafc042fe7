//! What can go wrong between a service and its database.

use std::error::Error;

use crate::keys::KeyError;

/// Why a database did not do what it was asked.
///
/// No variant holds a stored value, and none of the messages shows one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The account is stored already.
    #[error("the account exists already")]
    AccountExists,
    /// A device was added to an account that is not stored.
    #[error("there is no such account")]
    AccountMissing,
    /// The account has a device of this id already.
    #[error("the device exists already")]
    DeviceExists,
    /// A session or an identity was added to a device that is not stored.
    #[error("there is no such device")]
    DeviceMissing,
    /// Another login has the email address.
    #[error("the email address is taken")]
    EmailTaken,
    /// The account has a login already.
    #[error("the account has a login already")]
    LoginExists,
    /// The subject of an identity provider is stored already.
    #[error("the identity exists already")]
    IdentityExists,
    /// Server params of this id are stored already.
    #[error("the server params exist already")]
    ServerParamsExist,
    /// A stored value was altered, moved, or sealed under a key that is gone.
    #[error("a sealed value of {table}.{column} cannot be opened")]
    Sealed {
        /// The table's name.
        table: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// A value does not fit its column: a stored one is not what its column holds, or one to be
    /// stored is out of the column's range.
    #[error("a value of {table}.{column} is out of range or malformed")]
    InvalidValue {
        /// The table's name.
        table: &'static str,
        /// The column's name.
        column: &'static str,
    },
    /// The master key and the database's keys do not go together.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// The database was made by a newer or a different program.
    #[error("the database has a schema that this program does not know")]
    UnknownSchema {
        /// What the migrations say.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database cannot be reached, is busy for too long, or is closed: try again later.
    #[error("the database is unavailable")]
    Unavailable {
        /// What the database's driver says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database's own bytes are wrong: it has to be restored from a backup.
    #[error("the database is damaged")]
    Damaged {
        /// What the database's driver says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database refused a statement: a fault of the program.
    #[error("the database failed")]
    Database {
        /// What the database's driver says.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

impl StoreError {
    /// Whether the cause is the database's condition and not the call: the same call can succeed
    /// later, by itself or after the database was restored.
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
