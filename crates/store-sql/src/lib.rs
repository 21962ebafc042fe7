//! SQL databases behind the store's traits, and their migrations.
//!
//! A backend moves the rows of [`anteroom_store::sealed`] and knows SQL; it never sees a sensitive
//! value. All backends pass one conformance suite.
#![forbid(unsafe_code)]

mod sqlite;

pub use self::sqlite::{SchemaState, SqliteCopy, SqliteIssuer, SqliteOptions, SqliteRooms};
