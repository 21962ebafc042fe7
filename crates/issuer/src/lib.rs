//! The issuer's HTTP: credentials for accounts, blind to rooms.
//!
//! A request takes one way: listener limits, authentication, rate limit, parsing, issuing, event,
//! response. Every endpoint has a file of its own, in which one function decides for an outcome and
//! an exhaustive match turns the outcome into status, body and event.

mod account_limit;
mod auth;
mod background;
mod call_link_auth;
mod create_auth;
mod devices;
mod group_auth;
mod identities;
mod issuer;
mod keys;
mod limits;
mod login;
mod operations;
mod pages;
mod params;
mod range;
mod relays;
mod remembered;
mod router;
mod sightings;
mod whoami;
mod wire;

pub use self::{
    devices::{Actor, DeviceChange, DeviceChanges, DeviceJournal, MOST_DEVICES, Purged},
    issuer::{Issuer, IssuerParts},
    keys::{IssuerKeys, KeysError, LiveParams, credentials_end},
    limits::IssuerLimits,
    login::{
        Delay, ExternalIdentity, HashCost, HashCostError, HashPlaces, IdentityVerifier,
        KnownNetworkLimits, Letter, LoginLimits, LoginParts, LoginSettings, Mailbox, Password,
        PasswordError, PasswordHasher, SignUp, TOKEN_KEY_GRACE, TimerDelay,
    },
    operations::OPERATIONS,
    router::{openapi, router},
};
