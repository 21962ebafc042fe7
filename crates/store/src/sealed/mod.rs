//! Rows as a database holds them: sensitive columns sealed, look-up columns hashed.
//!
//! Every SQL backend moves these; what is sealed, and what a value is bound to, is decided here
//! alone.

mod issuer;

pub mod columns {
    //! The columns that values are sealed for or looked up by.

    use crate::keys::Column;

    /// The blind index of an account's ACI, which is also the row of all its sealed values.
    pub const ACCOUNT_INDEX: Column = Column::new("accounts", "account_index");
    /// An account's ACI.
    pub const ACCOUNT_ACI: Column = Column::new("accounts", "aci");
    /// An account's PNI.
    pub const ACCOUNT_PNI: Column = Column::new("accounts", "pni");
    /// An account's auth salt.
    pub const ACCOUNT_AUTH_SALT: Column = Column::new("accounts", "auth_salt");
    /// A device's name. The row is the account's, then the device id (4 bytes, big-endian).
    pub const DEVICE_NAME: Column = Column::new("devices", "name");
    /// Server params: the secret. The row is their id (8 bytes), then the word of their kind.
    pub const SERVER_PARAMS_SECRET: Column = Column::new("server_params", "secret");
}

pub use issuer::{SealedAccount, SealedDevice, SealedServerParams};
