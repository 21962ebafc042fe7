//! SQL backends of the traits in `anteroom_store`, and their migrations.
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
//! All backends pass one conformance suite.
#![forbid(unsafe_code)]

mod sqlite;

pub use self::sqlite::{
    FileFailure, SchemaState, SqliteCopy, SqliteIssuer, SqliteOptions, SqliteRooms,
};
