//! The rows of a database: sensitive columns sealed, look-up columns hashed.
//!
//! Every SQL backend stores these rows. This module alone decides which columns are sealed, and
//! what their values are bound to.

mod issuer;
mod login;
mod rooms;
mod row_sealer;
mod sealed_columns;
mod server_params;

pub mod columns {
    //! The columns with sealed values, and the columns of look-ups.

    use crate::keys::Column;

    /// The blind index of an account's ACI. All sealed values of the account are bound to it.
    pub const ACCOUNT_INDEX: Column = Column::new("accounts", "account_index");
    /// An account's ACI.
    pub const ACCOUNT_ACI: Column = Column::new("accounts", "aci");
    /// An account's PNI.
    pub const ACCOUNT_PNI: Column = Column::new("accounts", "pni");
    /// An account's auth salt.
    pub const ACCOUNT_AUTH_SALT: Column = Column::new("accounts", "auth_salt");
    /// A device's name, bound to the account's blind index, then the device id (4 bytes,
    /// big-endian).
    pub const DEVICE_NAME: Column = Column::new("devices", "name");
    /// The pseudonym of the address from which a device was last seen, bound as the name is.
    pub const DEVICE_LAST_ADDRESS: Column = Column::new("devices", "last_address");
    /// The blind index of an email address.
    pub const EMAIL_INDEX: Column = Column::new("logins", "email_index");
    /// The blind index of the origin of failed logins with an email address.
    pub const FAILURE_ORIGIN: Column = Column::new("login_failures", "origin_index");
    /// A login's email address, bound to the account's blind index.
    pub const LOGIN_EMAIL: Column = Column::new("logins", "email");
    /// A login's password verifier, bound to the account's blind index.
    pub const LOGIN_VERIFIER: Column = Column::new("logins", "verifier");
    /// The password verifier of an unconfirmed sign-up, bound to the token's hash, then the
    /// account's blind index.
    pub const SIGN_UP_VERIFIER: Column = Column::new("sign_ups", "verifier");
    /// The password verifier of a shadow of a sign-up, bound to the account's blind index.
    pub const SHADOW_SIGN_UP_VERIFIER: Column = Column::new("shadow_sign_ups", "verifier");
    /// The blind index of an identity at a provider.
    pub const IDENTITY_INDEX: Column = Column::new("identities", "identity_index");
    /// The provider, bound to the identity's blind index.
    pub const IDENTITY_ISSUER: Column = Column::new("identities", "issuer");
    /// The person's name at the provider, bound to the identity's blind index.
    pub const IDENTITY_SUBJECT: Column = Column::new("identities", "subject");
    /// The secret of server params, bound to their id (8 bytes), then the word of their kind.
    pub const SERVER_PARAMS_SECRET: Column = Column::new("server_params", "secret");

    /// The blind index of a link's room id. All sealed values of the link are bound to it.
    pub const CALL_LINK_INDEX: Column = Column::new("call_links", "room_index");
    /// A link's room id.
    pub const CALL_LINK_ROOM: Column = Column::new("call_links", "room_id");
    /// A link's public params.
    pub const CALL_LINK_ZKPARAMS: Column = Column::new("call_links", "zkparams");
    /// `call_links.zkparams_index`, and that of `deleted_links`.
    pub const CALL_LINK_ZKPARAMS_INDEX: Column = Column::new("call_links", "zkparams_index");
    /// A link's name, which its clients have encrypted already.
    pub const CALL_LINK_NAME: Column = Column::new("call_links", "name");
    /// The newest statement of a link's admins.
    pub const CALL_LINK_ADMIN_STATEMENT: Column = Column::new("call_links", "admin_statement");
    /// The blind index of an approved user in a room.
    pub const APPROVAL_USER_INDEX: Column = Column::new("approvals", "user_index");
    /// An approved user, bound to the room's blind index, then the user's.
    pub const APPROVAL_USER: Column = Column::new("approvals", "user_id");
    /// The blind index of a call's key.
    pub const CALL_INDEX: Column = Column::new("calls", "call_index");
    /// A call's key, bound to its blind index, then the era.
    pub const CALL_KEY: Column = Column::new("calls", "call_key");
    /// The user that started a call, bound as the call's key is.
    pub const CALL_CREATOR: Column = Column::new("calls", "creator");
}

pub use self::{
    issuer::{SealedAccount, SealedDevice, sealed_address, sealed_device_name},
    login::{SealedIdentity, SealedLogin, SealedShadow, SealedSignUp, sealed_verifier},
    rooms::{SealedApproval, SealedCall, SealedCallLink},
    sealed_columns::{RowPart, SealedColumn, sealed_columns},
    server_params::SealedServerParams,
};
