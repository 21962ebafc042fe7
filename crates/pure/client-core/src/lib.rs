//! The client library of both services without I/O: what to ask, how to read, verify and pin the answers, and
//! what to store.
//!
//! # Contract
//!
//! - **Input**: the answers of the services ([`Answer`]) and the messages of a call's socket; the time and the
//!   randomness, as arguments; the caller's stores ([`PinStore`], [`ReplayStore`]).
//! - **Output**: requests as values ([`Request`]) and messages to send; verified credentials, states of links
//!   and events of a call.
//! - **State**: [`CredentialStore`], [`SessionState`](login::session::SessionState) and
//!   [`Participation`](call::participation::Participation) are plain values of the caller.
//! - **Errors**: [`IssuerError`] for the issuer, [`RoomsError`] for the room service. They contain no secret.
//!
//! An exchange is a function or a type for each endpoint ([`issuer`], [`rooms`], [`login`]): it makes the
//! request, and reads the answer to it. The caller sends the request over whatever connection it has.
#![forbid(unsafe_code)]

mod admin_rights;
mod answer;
pub mod call;
mod client_error;
mod clock;
mod credential_store;
mod credentials;
mod device;
mod device_certificate;
mod error;
pub mod issuer;
pub mod login;
mod own_link;
mod params;
mod pins;
mod problem;
mod range;
mod renewal;
mod request;
pub mod rooms;
mod service_url;
mod statements;
mod store_error;
mod transport_error;
mod wire;

/// The keys and statements of admins, and the keys of devices.
pub use anteroom_e2ee::{
    AdminKey, AdminPublicKey, AdminSecret, Admission, AdmissionError, AdmissionReason, CommitError,
    CommitRefusal, ContextError, DeviceSecret, EpochFrames, JoinError, MemberLeaf, Moment, Policy,
    RemovalReason, SignedStatement, Signer, StatementError, VerificationWord,
};
/// The types of certificates in this crate's public signatures.
pub use anteroom_e2ee::{
    Certificate, CertificateChain, CertificateError, CertificatePublicKey, IdentityKey,
    IdentityPublicKey, MemberPublicKey, SignedCertificate,
};
/// The group of a call and its events.
pub use anteroom_e2ee_session::{
    BarState, CertificateStatus, CoAdminDecision, CommandError, Event as GroupEvent, LeaveReason,
    Listing, MemberStatus, SessionTime, ShownWords, StopReason, Verdict,
};
/// The ids and the statements that the protocol defines.
pub use anteroom_protocol::{
    AdminStatement, ApprovalStatement, DemuxId, DeviceId, EraId, GroupEpoch, MemberKey,
    OpaqueUserId, StatementLengthError,
};

pub use self::{
    admin_rights::AdminRights,
    answer::{Answer, time_of},
    call::{
        chat::Chat,
        command::Recipient,
        event::{
            CallEvent, CallModeration, DecisionHandling, DenialReason, EndReason, SeatInfo,
            SeatStatus, StatementOmission,
        },
        group::{GroupError, GroupState},
        join::JoinOptions,
        media::{MediaCommand, MediaConfig, MediaEffect, MediaNotice},
        member::CallMember,
        replay::{ReplayMemory, SenderCounters},
        replay_store::{EraMark, MemoryReplays, ReceivedCounters, ReplayStore, ReplayStoreError},
        roster::Roster,
        sealing::{EraKey, MAX_MESSAGE, MessageOpener, MessageSealer, MessageTooLong, OpenError},
    },
    client_error::Error,
    clock::CLOCK_TOLERANCE,
    credential_store::{
        CredentialFormatError, CredentialStore, CredentialSupply, MAX_SPARE_LINKS, SPARE_LINKS,
        SpareLink,
    },
    credentials::{DayCredentials, IssuedCredential},
    device::DeviceCredentials,
    device_certificate::DeviceCertificate,
    error::IssuerError,
    issuer::{
        account::AccountInfo,
        devices::{DeviceEntry, DeviceState, RegisteredDevice},
        relays::RelayServer,
    },
    login::{
        store::{LockedSession, SessionStore},
        tokens::{SessionGrant, SessionTokens, SignIn},
    },
    own_link::OwnLink,
    params::{ListedParams, ParamsSummary, ParamsSwitch, PublishedParams, TrustedParams, Validity},
    pins::{MemoryPins, ParamsKind, Pin, PinSet, PinStore, Trust},
    problem::{Problem, Service},
    range::DayRange,
    renewal::{RenewalSchedule, RenewalStep},
    request::Request,
    rooms::{
        error::RoomsError,
        link::{Approval, LinkChange, LinkState, RoomName},
        link_requests::{CreatedLink, OngoingCall},
        participant::Participant,
        pass::{CreatePass, Pass},
        peek::Peek,
    },
    service_url::{is_loopback, parse_base},
    statements::{
        CallStatements, MemoryStatements, OwnDevice, PolicyComparison, RoomMark, RoomStatements,
        StatementChange, StatementSigner, StatementStore,
    },
    store_error::{PinStoreError, SessionStoreError, StatementStoreError},
    transport_error::{ExchangeError, TransportError, TransportFailure, TransportFault, causes},
};
