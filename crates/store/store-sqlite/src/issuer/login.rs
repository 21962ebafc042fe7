//! The tables of logins: one file for each kind of row.

mod accounts;
mod devices;
mod failures;
mod identities;
mod logins;
pub(super) mod overview;
mod purge;
mod reader;
mod repository;
mod sessions;
mod shadows;
mod sign_ups;
mod tokens;
