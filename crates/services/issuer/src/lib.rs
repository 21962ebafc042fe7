//! The issuer: credentials of accounts, and the listener that serves them and the accounts.
//!
//! # Contract
//!
//! - [`Issuer::new`] takes a database, a clock, randomness, server params, limits and settings as
//!   [`IssuerParts`]. [`router`] returns all routes.
//! - The caller runs [`Issuer::run_background`] while serving, [`Issuer::purge`] about once a day,
//!   and [`Issuer::close_background`] and [`Issuer::device_uses_written`] before it closes the
//!   database.
//! - The issuer knows accounts ([`anteroom_accounts`]) and never rooms: a credential to create a
//!   room is issued for a blinded room id.
//! - No log, error or metric contains an account id. Events name accounts by pseudonyms.
//! - Every wait, queue, body and number of attempts is bounded.
//! - Every error is a problem document with a stable code. A failing database leads to a 5xx;
//!   recently authenticated callers are served without it.
//!
//! # Structure
//!
//! Every request passes the same steps: listener limits, authentication, rate limit, parsing,
//! issuing, event, response. Every endpoint has its own file, in which one function decides for an
//! outcome and an exhaustive match maps the outcome to status, body and event.

mod account_limit;
mod call_link_auth;
mod create_auth;
mod group_auth;
mod health;
mod issuer;
mod issuing_params;
mod limits;
mod operations;
mod params;
mod range;
mod relays;
mod router;
mod state;
mod wire;

pub use self::{
    issuer::{Issuer, IssuerParts},
    issuing_params::{DatedParams, IssuingParams, IssuingParamsError, credentials_end},
    limits::IssuerLimits,
    operations::OPERATIONS,
    router::{openapi, router},
};
