//! The issuer: HTTP for accounts, devices and credentials.
//!
//! # Contract
//!
//! - [`Issuer::new`] takes a database, a clock, randomness, server params, limits and settings as
//!   [`IssuerParts`]. [`router`] returns all routes.
//! - The caller runs [`Issuer::run_background`] while serving, [`Issuer::purge`] about once a day,
//!   and [`Issuer::close_background`] and [`Issuer::device_uses_written`] before it closes the
//!   database.
//! - The issuer knows accounts and never rooms: a credential to create a room is issued for a
//!   blinded room id.
//! - No log, error or metric contains a password, a token, an email address or an account id.
//!   Events name accounts by pseudonyms, unless [`LoginSettings::personal_events`] is set.
//! - Neither an answer nor its time shows whether an email address has an account.
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
mod auth;
mod call_link_auth;
mod caller_cache;
mod create_auth;
mod device_use_writer;
mod devices;
mod group_auth;
mod identities;
mod issuer;
mod issuing_params;
mod job_queue;
mod limits;
mod login;
mod operations;
mod pages;
mod params;
mod range;
mod relays;
mod router;
mod whoami;
mod wire;

pub use self::{
    devices::{ChangeCause, DeviceChange, DeviceChanges, DeviceEvents, MOST_DEVICES, PurgeCounts},
    issuer::{Issuer, IssuerParts},
    issuing_params::{DatedParams, IssuingParams, IssuingParamsError, credentials_end},
    limits::IssuerLimits,
    login::{
        Delay, ExternalIdentity, HashCost, HashCostError, HashQueueLimits, IdentityVerifier,
        KnownNetworkLimits, LoginLimits, LoginParts, LoginSettings, MailSender, OutgoingMail,
        Password, PasswordError, PasswordHasher, SignUp, TOKEN_KEY_GRACE, TimerDelay,
    },
    operations::OPERATIONS,
    router::{openapi, router},
};
