//! Credentials for relays: the TURN servers that carry media where two networks do not reach each
//! other.
//!
//! Credentials come from one of three providers: a coturn server that shares a secret with us, the
//! HTTP API of somebody who runs relays, or nobody (`static`: STUN only). They are made or fetched
//! for each request and given on; they are never kept, logged or part of an error.
//!
//! This crate knows no account. What a relay or a provider gets to see is the [`RelayUser`]: a name
//! that is another one each day, and to nobody but the issuer that of an account.
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
