//! The storage contract of both services: traits, row types and the sealing of sensitive columns.
//! No SQL.
//!
//! # Contract
//!
//! - [`IssuerDatabase`] and [`RoomsDatabase`] start transactions. [`IssuerReader`] and
//!   [`RoomsReader`] read, [`IssuerRepository`] and [`RoomsRepository`] also write.
//! - A repository is one transaction. It is rolled back on drop, and `save` commits it. Writing
//!   transactions are serial. Each kind of row has a trait for reads and one for writes, such as
//!   [`SessionReader`] and [`SessionRepository`]; [`IssuerReader`] and its like join them.
//! - A backend stores the rows of [`sealed`] and never sees a sensitive value. Only this crate
//!   converts them from and to the rows of the services.
//! - The time and the randomness come from the caller.
//! - Every error is a [`StoreError`]. No error, and no `Debug` of a sensitive type, shows a stored
//!   value.
//!
//! # Sensitive values
//!
//! A database stores a sensitive value as
//!
//! - a [`SealedValue`]: AES-256-GCM-SIV under a data key, bound to its table, row and column;
//! - a [`BlindIndex`]: a keyed hash under a key of its own, for look-ups;
//! - a [`PasswordHash`], [`PasskeyHash`] or [`TokenHash`]: a keyed hash that is bound to the
//!   account and the device, or to the room.
//!
//! All these keys are random. The database stores them wrapped under the [`MasterKey`], which it
//! does not contain ([`keys`]).
#![forbid(unsafe_code)]

mod account;
mod address_pseudonym;
mod availability;
mod bytes;
mod call_link;
mod call_record;
#[cfg(feature = "conformance")]
#[expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs,
    reason = "a test fails by panicking, and its name says what holds"
)]
pub mod conformance;
mod device_name;
mod device_state;
mod device_use;
mod error;
mod issuer;
pub mod keys;
mod login;
mod opaque_debug;
mod overview;
mod rooms;
pub mod sealed;
mod server_params;
mod stored_words;

pub use anteroom_protocol::DeviceId;

pub use self::{
    account::{Account, AccountDevice, AccountKind, AccountRole, Device, DeviceOrigin},
    address_pseudonym::AddressPseudonym,
    availability::Availability,
    call_link::{
        CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, Epoch, LinkAddress, LinkName,
        LinkNameError, LinkUpdate, NewCallLink, OpaqueRoomId, OpaqueRoomIdError, UpdateLinkOutcome,
        UserId, UserIdError,
    },
    call_record::{
        CallCursor, CallKey, CallPage, CallRecord, ExpirationChange, LinkWithCall, MediaAddress,
        NodeName, NodeNameError, StartEraOutcome,
    },
    device_name::{DeviceName, DeviceNameError},
    device_state::{DeviceAction, DeviceRetention, DeviceState, IllegalChange},
    device_use::DeviceUse,
    error::StoreError,
    issuer::{
        AccountReader, AccountRepository, DevicePosition, DeviceReader, DeviceRepository,
        IssuerDatabase, IssuerReader, IssuerRepository, PurgedDevices, TransactionName,
        UnusedGuests,
    },
    keys::{
        BlindIndex, DevicePassword, EventKey, KeyError, KeyOwner, Keyring, MasterKey, PasskeyHash,
        PasswordHash, RoomsStorageKeys, SealError, SealedValue, StorageKeys, TokenKey,
    },
    login::{
        AccountSummary, ConfirmOutcome, Email, EmailError, EmailToken, EmailTokenPurpose,
        IdentityLink, IdentityName, IdentityReader, IdentityRepository, InviteCode, LockPolicy,
        Login, LoginFailureReader, LoginFailureRepository, LoginFailures, LoginOrigin, LoginReader,
        LoginRepository, NewEmailError, PasswordVerifier, PasswordVerifierError, PendingSignUp,
        RefreshToken, RotateOutcome, Session, SessionCaller, SessionId, SessionReader,
        SessionRepository, ShadowSignUp, SignUpReader, SignUpRepository, StoredLifetimes,
        TokenHash, TokenReader, TokenRepository,
    },
    overview::{Invite, InviteName, IssuerCounts, LinkCursor, LoginLock, RoomsCounts},
    rooms::{
        ApprovalReader, ApprovalRepository, CallReader, CallRepository, EraRepository, LinkPage,
        LinkReader, LinkRepository, RoomsDatabase, RoomsReader, RoomsRepository,
    },
    server_params::{
        DamagedServerParams, ServerParamsKind, ServerParamsReader, ServerParamsRecord,
        ServerParamsRepository, StoredServerParams,
    },
};
