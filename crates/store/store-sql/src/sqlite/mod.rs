//! SQLite: one file per service, in WAL mode.
//!
//! One connection writes and several read. Writers of one process queue for it, instead of polling
//! the file's lock. SQLite's busy timeout waits for writers of other processes.

mod backup;
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
mod rooms;
mod row;
mod server_params;
mod transaction;

pub use self::{
    backup::SqliteCopy, failure::FileFailure, issuer::SqliteIssuer, opening::SchemaState,
    options::SqliteOptions, rooms::SqliteRooms,
};
