//! SQLite behind the traits of `anteroom_store`: one file for each service, in WAL mode.
//!
//! # Contract
//!
//! - [`SqliteIssuer`] and [`SqliteRooms`] each open one file and implement the service's database
//!   trait.
//! - A backend stores the sealed rows of [`anteroom_store::sealed`]. No sensitive value reaches a
//!   statement, a file or a log in the clear.
//! - `open` brings the schema up to date and unlocks the keys in one transaction. After an error
//!   the file is unchanged.
//! - A saved transaction survives a crash and a loss of power. A transaction that is dropped has no
//!   effect.
//! - Every wait for a lock or a connection is bounded.
//! - Every error is a `StoreError`: `Unavailable` if a later attempt can succeed, `Damaged`, `Keys`
//!   or `UnknownSchema` if the operator has to act.
//!
//! One connection writes and several read. Writers of one process queue for it, instead of polling
//! the file's lock. SQLite's busy timeout waits for writers of other processes.
#![forbid(unsafe_code)]

mod backup;
mod database;
mod error;
mod failure;
mod file;
mod issuer;
mod key_database;
mod keyring_cache;
mod keys;
mod lookups;
mod migrations;
mod monitor;
mod opening;
mod options;
mod probe;
mod reseal;
mod retry;
mod rooms;
mod row;
mod server_params;
mod statement;
mod transaction;

pub use self::{
    backup::SqliteCopy,
    database::{Schema, SqliteDatabase},
    failure::FileFailure,
    issuer::{IssuerSchema, SqliteIssuer},
    opening::SchemaState,
    options::SqliteOptions,
    rooms::{RoomsSchema, SqliteRooms},
};
