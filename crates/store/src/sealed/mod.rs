//! Rows as a database holds them: sensitive columns sealed, look-up columns hashed.
//!
//! Every SQL backend moves these; what is sealed, and what a value is bound to, is decided here
//! alone.

mod cell;
mod issuer;
mod login;
mod places;
mod rooms;
mod server_params;

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
    /// The pseudonym of the address a device was last seen from. The row is the same.
    pub const DEVICE_LAST_ADDRESS: Column = Column::new("devices", "last_address");
    /// The blind index of an email address.
    pub const EMAIL_INDEX: Column = Column::new("logins", "email_index");
    /// The blind index of where failed logins with an email address came from.
    pub const FAILURE_ORIGIN: Column = Column::new("login_failures", "origin_index");
    /// A login's email address. The row is the account's.
    pub const LOGIN_EMAIL: Column = Column::new("logins", "email");
    /// A login's password verifier. The row is the account's.
    pub const LOGIN_VERIFIER: Column = Column::new("logins", "verifier");
    /// The password verifier of a sign-up that waits. The row is the token's hash, then the
    /// account's.
    pub const SIGN_UP_VERIFIER: Column = Column::new("sign_ups", "verifier");
    /// The password verifier of a shadow of a sign-up. The row is the account's.
    pub const SHADOW_SIGN_UP_VERIFIER: Column = Column::new("shadow_sign_ups", "verifier");
    /// The blind index of somebody whom an identity provider vouches for.
    pub const IDENTITY_INDEX: Column = Column::new("identities", "identity_index");
    /// The provider. The row is the blind index.
    pub const IDENTITY_ISSUER: Column = Column::new("identities", "issuer");
    /// The provider's name for them. The row is the blind index.
    pub const IDENTITY_SUBJECT: Column = Column::new("identities", "subject");
    /// Server params: the secret. The row is their id (8 bytes), then the word of their kind.
    pub const SERVER_PARAMS_SECRET: Column = Column::new("server_params", "secret");

    /// The blind index of a link's room id, which is also the row of all its sealed values.
    pub const CALL_LINK_INDEX: Column = Column::new("call_links", "room_index");
    /// A link's room id.
    pub const CALL_LINK_ROOM: Column = Column::new("call_links", "room_id");
    /// A link's public params.
    pub const CALL_LINK_ZKPARAMS: Column = Column::new("call_links", "zkparams");
    /// `call_links.zkparams_index`, and that of `deleted_links`.
    pub const CALL_LINK_ZKPARAMS_INDEX: Column = Column::new("call_links", "zkparams_index");
    /// A link's name, which its clients have encrypted already.
    pub const CALL_LINK_NAME: Column = Column::new("call_links", "name");
    /// The blind index of an approved user in a room.
    pub const APPROVAL_USER_INDEX: Column = Column::new("approvals", "user_index");
    /// An approved user. The row is the room's blind index, then the user's.
    pub const APPROVAL_USER: Column = Column::new("approvals", "user_id");
    /// The blind index of a call's key.
    pub const CALL_INDEX: Column = Column::new("calls", "call_index");
    /// A call's key. The row is its blind index, then the era.
    pub const CALL_KEY: Column = Column::new("calls", "call_key");
    /// Who started a call. The row is the same.
    pub const CALL_CREATOR: Column = Column::new("calls", "creator");
}

pub use self::{
    issuer::{SealedAccount, SealedDevice, sealed_address, sealed_device_name},
    login::{SealedIdentity, SealedLogin, SealedShadow, SealedSignUp, sealed_verifier},
    places::{RowPart, SealedColumn, sealed_columns},
    rooms::{SealedApproval, SealedCall, SealedCallLink},
    server_params::SealedServerParams,
};
