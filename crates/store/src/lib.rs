//! Traits of the databases, row types, keys at rest and the sealing of sensitive columns.
//!
//! There is no SQL here. A database is a set of traits: [`IssuerDatabase`], [`IssuerReader`],
//! [`IssuerRepository`] for the one service, [`RoomsDatabase`], [`RoomsReader`],
//! [`RoomsRepository`] for the other. A backend moves [`sealed`] rows, and only this crate turns
//! them into the rows the services know. What a database sees of a sensitive value is
//!
//! - a [`SealedValue`]: AES-256-GCM-SIV under a data key, bound to its table, row and column;
//! - a [`BlindIndex`]: a keyed hash under a key of its own, for look-ups;
//! - a [`PasswordHash`], [`PasskeyHash`] or [`TokenHash`]: likewise, and bound to the account and the device, or
//!   to the room.
//!
//! All these keys are random, and stand in the database wrapped by the [`MasterKey`], which does
//! not ([`keys`]).
#![forbid(unsafe_code)]

mod account;
mod availability;
mod call_link;
mod call_record;
mod device_name;
mod device_state;
mod error;
mod issuer;
pub mod keys;
mod login;
mod overview;
mod rooms;
pub mod sealed;
mod server_params;
mod sighting;

pub use self::{
    account::{Account, AccountDevice, AccountRole, Device, DeviceId, DeviceIdError, DeviceOrigin},
    availability::Availability,
    call_link::{
        CallLinkRecord, CreateLinkOutcome, DeleteLinkOutcome, Epoch, LinkAddress, LinkName,
        LinkNameError, LinkRestrictions, LinkUpdate, NewCallLink, OpaqueRoomId, OpaqueRoomIdError,
        UpdateLinkOutcome, UserId, UserIdError,
    },
    call_record::{
        CallCursor, CallEra, CallEraError, CallKey, CallPage, CallRecord, LinkWithCall,
        MediaAddress, MovedExpiration, NodeName, NodeNameError, StartEraOutcome,
    },
    device_name::{DeviceName, DeviceNameError},
    device_state::{DeviceAction, DeviceRetention, DeviceState, IllegalChange},
    error::StoreError,
    issuer::{IssuerDatabase, IssuerReader, IssuerRepository, TransactionName},
    keys::{
        BlindIndex, DevicePassword, EventKey, KeyError, Keyring, MasterKey, PasskeyHash,
        PasswordHash, Realm, RoomsKeys, SealError, SealedValue, ServiceKeys, TokenKey,
    },
    login::{
        AccountSummary, ConfirmOutcome, Email, EmailError, EmailToken, EmailTokenPurpose,
        IdentityLink, IdentityName, InviteCode, LockPolicy, Login, LoginFailures, LoginOrigin,
        LoginReader, LoginRepository, NewEmailError, PasswordVerifier, PasswordVerifierError,
        PendingSignUp, RefreshToken, RotateOutcome, Session, SessionCaller, SessionId,
        ShadowSignUp, StoredLifetimes, TokenHash,
    },
    overview::{Invite, InviteName, IssuerCounts, LinkCursor, LoginLock, RoomsCounts},
    rooms::{LinkPage, RoomsDatabase, RoomsReader, RoomsRepository},
    server_params::{
        DamagedServerParams, ServerParamsKind, ServerParamsRecord, StoredServerParams,
    },
    sighting::{AddressPseudonym, Sighting},
};
