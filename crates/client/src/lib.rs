//! The SDK: talks to both services and holds the user's secrets.
//!
//! The issuer knows who asks; it must never learn for which room, and it must not be able to mark
//! one user's credentials so that they stand out later. So this crate
//! - refuses server params that are not pinned or that the caller did not call trusted
//!   ([`PinStore`], [`Trust`]): a key of one's own for one user would be such a mark. Params that a
//!   link names are trusted for that link's room alone;
//! - refuses a day that is not the one the caller's clock shows: an odd day would be one too;
//! - asks for the same credentials whatever is needed, at times that say nothing about when they are
//!   used ([`CredentialStore`], [`RenewalSchedule`]);
//! - verifies the proof of every credential before anyone sees it.
//!
//! A client shows the issuer who it is by a device's password or by a login ([`Authentication`]).
//!
//! The room service knows the room; it must never learn who comes. So every request to it shows a
//! presentation made for it alone ([`Pass`]), and what members of a call say to each other is sealed
//! with a key it does not have ([`CallSession`]).
//!
//! Time and randomness come in as arguments.
#![forbid(unsafe_code)]

mod authentication;
mod call;
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
mod transport;
mod wire;

pub use self::{
    authentication::Authentication,
    call::{
        CallEvent, CallSession, Chat, DemuxId, DenialReason, Ending, EraId, EraKey, EraMark,
        JoinOptions, Joined, MAX_MESSAGE, MemoryReplays, MessageOpener, MessageSealer,
        MessageTooLong, OpaqueUserId, OpenError, ReceivedCounters, Recipient, ReplayStore,
        ReplayStoreError, Roster, SenderCounters, Standing,
    },
    credential_store::{
        CredentialFormatError, CredentialStore, CredentialSupply, SPARE_LINKS, SpareLink,
    },
    credentials::{DayCredentials, Issued},
    device::{Account, DeviceCredentials, DeviceId},
    devices::{DeviceEntry, DeviceState},
    error::{ClientError, Party, PinStoreError, Problem, TransportError},
    issuer::{CLOCK_TOLERANCE, IssuerClient},
    login::{
        LockedSession, LoginClient, LoginSession, MemorySession, SessionStore, SessionStoreError,
        SessionTokens, SignIn, SignedIn,
    },
    params::{Listed, ParamsSummary, ParamsSwitch, PublishedParams, TrustedParams, Validity},
    pins::{MemoryPins, ParamsKind, Pin, PinSet, PinStore, Trust},
    probe::{CertificateFault, Probe, ProbeAnswer, ProbeError, SocketOutcome},
    range::DayRange,
    relays::Relay,
    renewal::{RenewalSchedule, RenewalStep},
    rooms::{
        Approval, CreatePass, CreatedLink, LinkChange, LinkState, OngoingCall, Participant, Pass,
        Peek, RoomName, RoomsClient, RoomsError,
    },
    transport::Timeouts,
};
