//! The issuer: credentials of accounts, and the listener that serves them and the accounts.
//!
//! # Contract
//!
//! - [`Issuer::new`] takes the parts of accounts, server params, limits and relays as
//!   [`IssuerParts`]. [`router`] returns all routes.
//! - The caller runs [`Issuer::run_background`] while serving, and does for [`Issuer::accounts`]
//!   what the contract of [`anteroom_accounts`] asks.
//! - The issuer knows accounts ([`anteroom_accounts`]) and never rooms: a credential to create a
//!   room is issued for a blinded room id, and a certificate names an identity key, the same in all
//!   rooms.
//! - No log, error or metric contains an account id. Events name accounts by pseudonyms.
//! - Every wait, queue, body and number of attempts is bounded.
//! - Every error is a problem document with a stable code. A failing database leads to a 5xx;
//!   recently authenticated callers are served without it.
//!
//! # Structure
//!
//! Every request passes the same steps: listener limits, authentication, rate limit, parsing,
//! issuing, event, response. `domain` decides for an outcome, and knows no HTTP. `http` has one file
//! for each endpoint: it reads the request, and an exhaustive match maps the outcome to status, body
//! and event.

mod domain;
mod health;
mod http;
mod issuer;
mod limits;
mod operations;
mod state;

pub use self::{
    domain::{
        certificate_params::CertificateParams,
        issuing_params::{DatedParams, IssuingParams, IssuingParamsError, credentials_end},
    },
    http::router::{openapi, router},
    issuer::{Issuer, IssuerParts},
    limits::IssuerLimits,
    operations::OPERATIONS,
};
