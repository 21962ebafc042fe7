//! The accounts of the issuer: logins, sessions, devices, and the authentication of callers.
//!
//! # Contract
//!
//! - [`Accounts::new`] takes a database, a clock, randomness, limits and settings as
//!   [`AccountsParts`]. [`routes`] and [`page_routes`] return the routes.
//! - [`Accounts::authenticate`] leads every request to an account and one of its devices, or to
//!   none after the same work.
//! - The caller runs [`Accounts::purge`] about once a day, and [`Accounts::close_background`] and
//!   [`Accounts::device_uses_written`] before it closes the database.
//! - No log, error or metric contains a password, a token, an email address or an account id.
//!   Events name accounts by pseudonyms, unless [`LoginSettings::personal_events`] is set.
//! - Neither an answer nor its time shows whether an email address has an account.
//! - Every wait, queue, body and number of attempts is bounded.
//! - Every error is a problem document with a stable code. A failing database leads to a 5xx;
//!   recently authenticated callers are served without it.
//!
//! # Structure
//!
//! `domain` decides, and knows no HTTP. `http` has one file for each endpoint and each page: it
//! reads the request, and maps the outcome to status, body and event.

mod accounts;
mod domain;
mod http;
mod settings;
mod state;

pub use self::{
    accounts::{Accounts, AccountsParts},
    domain::{
        callers::{
            caller::{Caller, SignInTime},
            identity::{ExternalIdentity, IdentityVerifier},
        },
        devices::{
            changes::{ChangeCause, DeviceChange, DeviceChanges},
            events::DeviceEvents,
            purge::PurgeCounts,
            registration::MOST_DEVICES,
        },
        failure::Failure,
        login::{
            delay::{Delay, TimerDelay},
            known_networks::KnownNetworkLimits,
        },
        mails::mail::{MailSender, OutgoingMail},
        passwords::{
            hash_queue::HashQueueLimits,
            hasher::{HashCost, HashCostError, PasswordHasher},
            password::{Password, PasswordError},
        },
        tokens::access_token::TOKEN_KEY_GRACE,
    },
    http::{
        json::private,
        problems::{GUEST_NOT_ALLOWED, GUESTS_OFF},
        responses::{described_problem, described_wait},
        router::{openapi, page_routes, routes},
    },
    settings::{Guests, LoginLimits, LoginParts, LoginSettings, SignUp},
};
