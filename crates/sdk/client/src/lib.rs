//! The client library of both services: fetches and verifies credentials, creates and changes call links,
//! joins calls, and stores the user's secrets.
//!
//! A bot that repeats every text needs this crate and `tokio` only:
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
//! `anteroom account add` creates the account with its device's password, and `anteroom link create` or
//! [`Client::create_link`] creates the link. The folder `examples` has whole programs: `create_link`,
//! `join_and_echo`, `echo_bot` and `watch_lobby`.
//!
//! # Contract
//!
//! - **Input**: the issuer's address, a device's password or a login, a link; time and randomness. [`Client`]
//!   takes the last two from the operating system, or from its [`ClientOptions`]; all types below it take
//!   them as arguments.
//! - **Output**: credentials that were verified, states of links, and the events of a call ([`CallEvent`]).
//!   The names and texts of a conversation, the names of rooms and the refusals of a service are bounded in
//!   length and stripped of control characters; messages and the names of devices
//!   ([`IssuerClient::devices`]) are returned as they are.
//! - **State**: nothing is written to disk. The caller stores what should outlive a process through
//!   [`PinStore`], [`SessionStore`], [`ReplayStore`], [`StatementStore`] and [`CredentialStore::to_bytes`].
//! - **Errors**: [`IssuerError`] for the issuer, [`RoomsError`] for the room service, [`Error`] for a client
//!   of both. They contain no secret. Answers and waits are bounded.
//!
//! The issuer knows the account. It must not learn the room, and must not be able to mark one account's
//! credentials so that they are recognised later. Therefore this crate
//! - refuses server params that are neither pinned nor declared trusted by the caller ([`PinStore`],
//!   [`Trust`]): a key for one account alone would be such a mark. Params that a link names are trusted for
//!   that link's room alone;
//! - refuses a day other than that of the caller's clock, since an unexpected day would be a mark too;
//! - requests the same credentials whatever they are needed for, at times that are independent of their use
//!   ([`CredentialStore`], [`RenewalSchedule`]);
//! - verifies the proof of every credential before it returns the credential.
//!
//! The room service knows the room. It must not learn the account. Therefore every request to it carries a
//! presentation made for it alone ([`Pass`]), and members of a call seal their messages to each other with a
//! key that the room service does not have ([`CallSession`]). A device with a secret of its own
//! ([`ClientOptions::device`]) takes part in the end-to-end encryption: what it says is for the members of a
//! group whom no service can add to.
//!
//! With the feature `media` a call carries sound and picture ([`CallSession::start_media`]): frames of Opus and VP8 as
//! encoders make them, sealed for the members of the group. The crate encodes and decodes nothing.
//!
//! ```no_run
//! # #[cfg(feature = "media")]
//! # async fn listen(client: &anteroom_client::Client, link: &anteroom_client::CallLink) -> Result<(), anteroom_client::Error> {
//! use anteroom_client::media::{MediaEvent, SlotCounts};
//!
//! let mut call = client.join(link).await?;
//! let Some((_sender, mut media)) = call.start_media(SlotCounts::default()).await? else {
//!     return Ok(());
//! };
//! loop {
//!     tokio::select! {
//!         Some(event) = media.next() => if let MediaEvent::Frame(frame) = event {
//!             println!("{} sends {:?}", frame.sender, frame.source);
//!         },
//!         event = call.next() => if event.is_none() {
//!             return Ok(());
//!         },
//!     }
//! }
//! # }
//! ```
//!
//! # Parts
//!
//! | | |
//! |---|---|
//! | [`Client`] | both services for one account: credentials, their renewal, links, calls |
//! | [`CallSession`], [`CallEvent`], [`Chat`] | participation in a call or its lobby |
//! | [`CallSession::publish`], [`CallSession::view`], [`MediaNotice`] | media: what one sends, what one wants to see where, what the room service tells; with the feature, `media` has the frames |
//! | [`CallMember`], [`GroupState`], [`GroupEvent`] | the group of a call: who is in, who let them in, what they say and do |
//! | [`IssuerClient`], [`LoginSession`], [`DeviceCredentials`] | the issuer alone: credentials, devices, relays; logins |
//! | [`RoomsClient`], [`Pass`] | a room service alone: links, peeks at a call, calls |
//! | [`AdminRights`], [`LinkAdmin`] | the rights of a link's admins, and the policies that they sign |
//! | [`CredentialStore`], [`PinStore`], [`SessionStore`], [`ReplayStore`], [`StatementStore`] | state that should outlive a process |
#![forbid(unsafe_code)]

mod authentication;
mod call;
mod client;
mod issuer;
mod link_admin;
mod login;
mod probe;
mod rooms;
mod service_address;
mod system;
mod transport;
mod transport_error;
mod upgrade;

/// Types of certificates in this crate's public signatures.
pub use anteroom_client_core::{
    Certificate, CertificateChain, CertificateError, CertificatePublicKey, DeviceCertificate,
    IdentityKey, IdentityPublicKey, MemberPublicKey, SignedCertificate,
};
/// The words of media.
pub use anteroom_protocol::media::{
    MuteOrder, MuteTarget, Pause, PerSource, SlotReport, SlotWish, Source, Subject, ViewRequest,
    Wanted,
};
/// Types of the protocol in this crate's public signatures.
pub use anteroom_protocol::{
    Aci, AdminPasskey, AuthCredential, AuthSalt, CallLink, CallLinkSecretParams, CreateCredential,
    DAY, GenericPublicParams, GroupAuthCredential, GroupServerPublicParams, GuestAdmission,
    LinkAdminKey, LinkError, ParamsId, ParseError, Pni, Randomness, RoomId, RootKey, ServiceId,
    Timestamp, VerifyError,
};
/// Types of other crates in this crate's public signatures.
pub use {
    http::StatusCode, rand_core::CryptoRng, secrecy::SecretString, url::Url, zeroize::Zeroizing,
};

/// The frames of media, and the connection that carries them.
#[cfg(feature = "media")]
pub use anteroom_client_media as media;

use anteroom_client_core::ReplayMemory;
/// The types without I/O.
pub use anteroom_client_core::{
    AccountInfo, AdminKey, AdminPublicKey, AdminRights, AdminSecret, AdminStatement, Admission,
    AdmissionError, AdmissionReason, Approval, ApprovalStatement, BarState, CLOCK_TOLERANCE,
    CallEvent, CallMember, CallModeration, CallStatements, CertificateStatus, Chat,
    CoAdminDecision, CommandError, CommitError, CommitRefusal, ContextError, CreatePass,
    CreatedLink, CredentialFormatError, CredentialStore, CredentialSupply, DayCredentials,
    DayRange, DecisionHandling, DemuxId, DenialReason, DeviceCredentials, DeviceEntry, DeviceId,
    DeviceSecret, DeviceState, EndReason, EraId, EraKey, EraMark, Error, ExchangeError, GroupEpoch,
    GroupError, GroupEvent, GroupState, IssuedCredential, IssuerError, JoinError, JoinOptions,
    LeaveReason, LinkChange, LinkState, ListedParams, Listing, LockedSession, MAX_MESSAGE,
    MAX_SPARE_LINKS, MediaConfig, MediaNotice, MemberKey, MemberLeaf, MemberStatus, MemoryPins,
    MemoryReplays, MemoryStatements, MessageOpener, MessageSealer, MessageTooLong, OngoingCall,
    OpaqueUserId, OpenError, OwnDevice, OwnLink, ParamsKind, ParamsSummary, ParamsSwitch,
    Participant, Pass, Peek, Pin, PinSet, PinStore, PinStoreError, Policy, PolicyComparison,
    Problem, PublishedParams, ReceivedCounters, Recipient, RegisteredDevice, RelayServer,
    RemovalReason, RenewalSchedule, RenewalStep, ReplayStore, ReplayStoreError, RoomMark, RoomName,
    RoomStatements, RoomsError, Roster, SPARE_LINKS, SeatInfo, SeatStatus, SenderCounters, Service,
    SessionGrant, SessionStore, SessionStoreError, SessionTokens, ShownWords, SignIn,
    SignedStatement, Signer, SpareLink, StatementChange, StatementError, StatementLengthError,
    StatementOmission, StatementSigner, StatementStore, StatementStoreError, StopReason,
    TransportError, TransportFailure, TransportFault, Trust, TrustedParams, Validity, Verdict,
    VerificationWord, is_loopback,
};

pub use self::{
    authentication::Authentication,
    call::CallSession,
    client::{Client, ClientOptions},
    issuer::IssuerClient,
    link_admin::{ChangePolicy, ChangedLink, LinkAdmin},
    login::{LoginClient, LoginSession, MemorySession},
    probe::{Probe, ProbeAnswer, SocketOutcome},
    rooms::RoomsClient,
    service_address::ServiceAddress,
    system::{OperatingSystem, System},
    transport::Timeouts,
};
