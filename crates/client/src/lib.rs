//! The SDK: joins calls by link, creates links, and holds the user's secrets.
//!
//! A bot that says everything back. It needs this crate and `tokio`, and nothing else:
//!
//! ```no_run
//! use std::fs::read_to_string;
//!
//! use anteroom_client::{CallLink, Chat, Client, DeviceCredentials};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let account = "8f8d2c1e-6b0a-4a55-9a3c-0d6d0a5f3b11";
//!     let device = DeviceCredentials::parse(account, read_to_string("password.txt")?.trim())?;
//!     let client = Client::connect("https://issuer.example", device).await?;
//!     let mut call = client.join(&CallLink::parse(&read_to_string("link.txt")?)?).await?;
//!     while let Some(event) = call.next().await {
//!         if let Some(Chat::Text { text }) = event.chat() {
//!             call.say(text).await?;
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! The account and its device's password come from `anteroom account add`, and the link from
//! `anteroom link create` or from [`Client::create_link`]. There is no sound or picture: members of a
//! call see who is there, decide about the lobby, and exchange sealed messages. The folder
//! `examples` has whole programs: `create_link`, `join_and_echo` and `watch_lobby`.
//!
//! # Parts
//!
//! | | |
//! |---|---|
//! | [`Client`] | both services for one account: credentials, their renewal, links, calls |
//! | [`CallSession`], [`CallEvent`], [`Chat`] | a stay in a call or its lobby |
//! | [`IssuerClient`], [`LoginSession`], [`DeviceCredentials`] | the issuer alone: credentials, devices, relays; logins |
//! | [`RoomsClient`], [`Pass`] | a room service alone: links, looks at a call, calls |
//! | [`CredentialStore`], [`PinStore`], [`SessionStore`], [`ReplayStore`] | state that should outlive a process |
//!
//! [`Client`] takes time and randomness from the operating system, or from its [`ClientOptions`].
//! Everything below it takes them as arguments.
//!
//! # Promises
//!
//! The issuer knows the account; it must never learn for which room, and it must not be able to mark
//! one user's credentials so that they stand out later. So this crate
//! - refuses server params that are not pinned or that the caller did not call trusted
//!   ([`PinStore`], [`Trust`]): a key of one's own for one user would be such a mark. Params that a
//!   link names are trusted for that link's room alone;
//! - refuses a day that is not the one the caller's clock shows: an odd day would be one too;
//! - asks for the same credentials whatever is needed, at times that say nothing about when they are
//!   used ([`CredentialStore`], [`RenewalSchedule`]);
//! - verifies the proof of every credential before anyone sees it.
//!
//! The room service knows the room; it must never learn the account. So every request to it shows a
//! presentation made for it alone ([`Pass`]), and members of a call seal their messages to each other
//! with a key that it does not have ([`CallSession`]).
#![forbid(unsafe_code)]

mod authentication;
mod call;
mod client;
mod credential_store;
mod credentials;
mod device;
mod devices;
mod error;
mod failure;
mod issuer;
mod login;
mod params;
mod pins;
mod probe;
mod range;
mod relays;
mod renewal;
mod rooms;
mod service_address;
mod system;
mod transport;
mod transport_error;
mod wire;

/// Types of the protocol that stand in this crate's signatures.
pub use anteroom_protocol::{
    Aci, AdminPasskey, AuthCredential, AuthSalt, CallLink, CallLinkSecretParams, CreateCredential,
    DAY, GenericPublicParams, GroupAuthCredential, GroupServerPublicParams, LinkError, ParamsId,
    ParseError, Pni, Randomness, RoomId, RootKey, ServiceId, Timestamp, VerifyError,
};
/// Types of other crates that stand in this crate's signatures.
pub use {
    http::StatusCode, rand_core::CryptoRng, secrecy::SecretString, url::Url, zeroize::Zeroizing,
};

pub use self::{
    authentication::Authentication,
    call::{
        CallEvent, CallSession, Chat, DemuxId, DenialReason, Ending, EraId, EraKey, EraMark,
        JoinOptions, Joined, MAX_MESSAGE, MemoryReplays, MessageOpener, MessageSealer,
        MessageTooLong, OpaqueUserId, OpenError, ReceivedCounters, Recipient, ReplayStore,
        ReplayStoreError, Roster, SenderCounters, Standing,
    },
    client::{Client, ClientOptions, Error, OwnLink, parse_passkey},
    credential_store::{
        CredentialFormatError, CredentialStore, CredentialSupply, MAX_SPARE_LINKS, SPARE_LINKS,
        SpareLink,
    },
    credentials::{DayCredentials, Issued},
    device::{Account, DeviceCredentials, DeviceId},
    devices::{DeviceEntry, DeviceState, RegisteredDevice},
    error::{ClientError, Party, PinStoreError, Problem},
    issuer::{CLOCK_TOLERANCE, IssuerClient},
    login::{
        LockedSession, LoginClient, LoginSession, MemorySession, SessionStore, SessionStoreError,
        SessionTokens, SignIn, SignedIn,
    },
    params::{Listed, ParamsSummary, ParamsSwitch, PublishedParams, TrustedParams, Validity},
    pins::{MemoryPins, ParamsKind, Pin, PinSet, PinStore, Trust},
    probe::{INSTANCE_HEADER, Probe, ProbeAnswer, ProbeError, SocketOutcome},
    range::DayRange,
    relays::Relay,
    renewal::{RenewalSchedule, RenewalStep},
    rooms::{
        Approval, CreatePass, CreatedLink, LinkChange, LinkState, OngoingCall, Participant, Pass,
        Peek, RoomName, RoomsClient, RoomsError,
    },
    service_address::ServiceAddress,
    system::{OperatingSystem, System},
    transport::{Timeouts, is_loopback},
    transport_error::{TransportError, TransportFault},
};
