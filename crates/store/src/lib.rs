//! What is stored: traits, row types and the sealing of sensitive columns.
//!
//! There is no SQL here. A database is a set of traits ([`IssuerDatabase`], [`IssuerReader`],
//! [`IssuerRepository`]); a backend moves [`sealed`] rows, and only this crate turns them into the
//! rows the services know. What a database sees of a sensitive value is
//!
//! - a [`SealedValue`]: AES-256-GCM-SIV under a data key, bound to its table, row and column;
//! - a [`BlindIndex`]: a keyed hash under a key of its own, for look-ups;
//! - a [`PasswordHash`]: likewise, and bound to the account and the device.
//!
//! All these keys are random, and stand in the database wrapped by the [`MasterKey`], which does
//! not ([`keys`]).
#![forbid(unsafe_code)]

mod account;
mod error;
mod issuer;
pub mod keys;
pub mod sealed;
mod server_params;

pub use anteroom_protocol::ParamsId as ServerParamsId;

pub use self::{
    account::{
        Account, AccountDevice, Device, DeviceId, DeviceIdError, DeviceName, DeviceNameError,
    },
    error::StoreError,
    issuer::{IssuerDatabase, IssuerReader, IssuerRepository, TransactionName},
    keys::{
        BlindIndex, DevicePassword, EventKey, KeyError, Keyring, MasterKey, PasswordHash, Realm,
        SealError, SealedValue, ServiceKeys,
    },
    server_params::{ServerParamsKind, ServerParamsRecord},
};
