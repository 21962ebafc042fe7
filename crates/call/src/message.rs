//! What clients are told.

use std::sync::Arc;

use crate::{DemuxId, EraId, LinkState, RelayBody, ResumeSecret, Roster, RosterChanges, Status};

/// A message for a client. Cheap to clone: what is large is shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// `joined`: the answer to a join.
    Joined(Box<Joined>),
    /// `participants`: the whole roster. Each replaces those before it.
    Participants {
        /// `eraId`.
        era_id: EraId,
        /// `active`, `pending` and `pendingCount`.
        roster: Roster,
    },
    /// `roster`: what has changed in the roster.
    Roster {
        /// `eraId`.
        era_id: EraId,
        /// `joined`, `left`, `changed` and `pendingCount`.
        changes: Arc<RosterChanges>,
    },
    /// `admitted`: from pending to active.
    Admitted,
    /// `denied`: the wait is over.
    Denied {
        /// `reason`.
        reason: DenialReason,
    },
    /// `removed`: the participation is over.
    Removed,
    /// `blocked`: the user is refused for the rest of the era.
    Blocked,
    /// `link`: the link has changed.
    Link(Arc<LinkState>),
    /// `relay`: another client sent something.
    Relay {
        /// `from`: who.
        from: DemuxId,
        /// `body`: what.
        body: RelayBody,
    },
    /// `error`: something was refused.
    Error(ErrorCode),
    /// `pong`: the answer to a ping.
    Pong,
}

/// What a client is told when it has joined or resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// `demuxId`.
    pub demux_id: DemuxId,
    /// `eraId`.
    pub era_id: EraId,
    /// `status`.
    pub status: Status,
    /// `isAdmin`.
    pub is_admin: bool,
    /// `resume`: what gets this place back, once.
    pub resume: ResumeSecret,
    /// `maxDevices`: how many devices may be active, and again how many pending.
    pub max_devices: u32,
    /// `participants`, `pending` and `pendingCount`, with the client itself.
    pub roster: Roster,
    /// `callLinkState`.
    pub link: Arc<LinkState>,
}

/// Why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// An admin said so.
    Admin,
    /// The era ended.
    Ended,
}

impl DenialReason {
    /// The name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Ended => "ended",
        }
    }
}

/// Why something was refused: the `code` of an `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The call, or its lobby, holds no more devices.
    Full,
    /// The user has as many devices in the call as a user may have.
    TooManyDevices,
    /// An admin has taken the device's seat in a full call.
    Displaced,
    /// An admin has ended the call from outside.
    EndedByAdmin,
    /// The link is revoked or expired.
    Expired,
    /// The era is over.
    Ended,
    /// No demux id is to be had for this join.
    TryAgain,
    /// The connection has joined before.
    AlreadyJoined,
    /// The connection has not joined.
    NotJoined,
    /// Only an admin may do this.
    Forbidden,
    /// No device of the call has this demux id.
    UnknownDevice,
    /// The device, or the sender itself, is not active.
    NotActive,
    /// The device is not pending.
    NotPending,
    /// The device's user is an admin.
    TargetIsAdmin,
    /// The device has lost its connection; what was sent is dropped.
    Unreachable,
    /// Too much was sent; it is dropped.
    RateLimited,
    /// The decision stands, but more users than the call remembers have been decided on.
    TooManyUsers,
}

impl ErrorCode {
    /// All codes.
    pub const ALL: [Self; 17] = [
        Self::Full,
        Self::TooManyDevices,
        Self::Displaced,
        Self::EndedByAdmin,
        Self::Expired,
        Self::Ended,
        Self::TryAgain,
        Self::AlreadyJoined,
        Self::NotJoined,
        Self::Forbidden,
        Self::UnknownDevice,
        Self::NotActive,
        Self::NotPending,
        Self::TargetIsAdmin,
        Self::Unreachable,
        Self::RateLimited,
        Self::TooManyUsers,
    ];

    /// The stable name: `code` in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::TooManyDevices => "too_many_devices",
            Self::Displaced => "displaced",
            Self::EndedByAdmin => "ended_by_admin",
            Self::Expired => "expired",
            Self::Ended => "ended",
            Self::TryAgain => "try_again",
            Self::AlreadyJoined => "already_joined",
            Self::NotJoined => "not_joined",
            Self::Forbidden => "forbidden",
            Self::UnknownDevice => "unknown_device",
            Self::NotActive => "not_active",
            Self::NotPending => "not_pending",
            Self::TargetIsAdmin => "target_is_admin",
            Self::Unreachable => "unreachable",
            Self::RateLimited => "rate_limited",
            Self::TooManyUsers => "too_many_users",
        }
    }

    /// What it says to a person: `message` in JSON.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::Full => "The call is full.",
            Self::TooManyDevices => {
                "You are in this call with as many devices as a user may have. Leave with another one first."
            }
            Self::Displaced => "The call is full, and an admin needed the place.",
            Self::EndedByAdmin => "An admin has ended the call.",
            Self::Expired => "The call link is no longer valid.",
            Self::Ended => "The call has ended.",
            Self::TryAgain => "Could not join. Please try again.",
            Self::AlreadyJoined => "This connection has already joined.",
            Self::NotJoined => "This connection has not joined.",
            Self::Forbidden => "Only an admin of the call can do this.",
            Self::UnknownDevice => "There is no such device in the call.",
            Self::NotActive => "The device is not active in the call.",
            Self::NotPending => "The device is not waiting in the lobby.",
            Self::TargetIsAdmin => "An admin cannot be removed or blocked.",
            Self::Unreachable => "The device is not connected at the moment.",
            Self::RateLimited => "Too many messages. Please slow down.",
            Self::TooManyUsers => "Done, but the call can remember no more users.",
        }
    }
}
