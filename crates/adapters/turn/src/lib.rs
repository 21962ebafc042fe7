//! Issues credentials for relays: the TURN servers that carry media between networks that do not
//! reach each other.
//!
//! # Contract
//!
//! - [`Relays::issue`] returns the URLs and credentials of a relay for one user, or a
//!   [`RelayError`] with the time after which to try again.
//! - Credentials come from one of three providers: a coturn server with a shared secret, an HTTP
//!   API, or none (`static`: STUN only). They are made or fetched for each request, and are never
//!   stored, logged or part of an error.
//! - This crate knows no account. A relay or a provider sees only the [`RelayUser`]: a name that
//!   changes each day, which only the issuer can map to an account.
//! - Every exchange and look-up is bounded in time and number. A provider that fails repeatedly is
//!   not asked for a while.
//! - [`try_relay`] tests a relay as a client uses it.
#![forbid(unsafe_code)]

mod breaker;
mod coturn;
mod error;
mod host;
mod provider_api;
mod relay;
mod relays;
mod secret;
mod settings;
mod trial;
mod url;

pub use self::{
    error::{RelayError, RelaySettingsError},
    host::{HostName, HostResolver},
    relay::{Relay, RelayTtl},
    relays::{RelayUser, Relays},
    secret::RelaySecret,
    settings::{ProviderSettings, ProviderUrl, RelayExperiment, RelaySettings},
    trial::{TrialError, try_relay},
    url::{RelayUrl, UrlTemplate},
};
