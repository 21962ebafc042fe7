//! The messages to clients.

use std::sync::Arc;

use crate::{DemuxId, EraId, LinkState, RelayBody, ResumeSecret, Roster, RosterChanges, Status};

/// A message to a client. Cheap to clone: large parts are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// `joined`: the answer to a join.
    Joined(Box<JoinAnswer>),
    /// `participants`: the whole roster. It replaces all earlier ones.
    Participants {
        /// `eraId`.
        era_id: EraId,
        /// `active`, `pending` and `pendingCount`.
        roster: Roster,
    },
    /// `roster`: the changes of the roster.
    Roster {
        /// `eraId`.
        era_id: EraId,
        /// `joined`, `left`, `changed` and `pendingCount`.
        changes: Arc<RosterChanges>,
    },
    /// `admitted`: the device changed from pending to active.
    Admitted,
    /// `denied`: the device's wait is over.
    Denied {
        /// `reason`.
        reason: DenialReason,
    },
    /// `removed`: the device's participation is over.
    Removed,
    /// `blocked`: the user is refused for the rest of the era.
    Blocked,
    /// `link`: the link has changed.
    Link(Arc<LinkState>),
    /// `relay`: another client has sent a message.
    Relay {
        /// `from`: the sender.
        from: DemuxId,
        /// `body`: the message.
        body: RelayBody,
    },
    /// `error`: a command or a join was refused, or the device was sent away.
    Error(ErrorCode),
    /// `pong`: the answer to a ping.
    Pong,
}

/// The message to a client that has joined or resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinAnswer {
    /// `demuxId`.
    pub demux_id: DemuxId,
    /// `eraId`.
    pub era_id: EraId,
    /// `status`.
    pub status: Status,
    /// `isAdmin`.
    pub is_admin: bool,
    /// `resume`: the secret that restores this seat, once.
    pub resume: ResumeSecret,
    /// `maxDevices`: the maximum number of active devices, and of pending devices.
    pub max_devices: u32,
    /// `participants`, `pending` and `pendingCount`, with the client itself.
    pub roster: Roster,
    /// `callLinkState`.
    pub link: Arc<LinkState>,
}

/// The reason why a wait is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// An admin denied the device.
    Admin,
    /// The era ended, or the link's restrictions changed before its start.
    Ended,
}

impl DenialReason {
    /// Returns the name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Ended => "ended",
        }
    }
}

/// The reason of an `error`: its `code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ErrorCode {
    /// The call, or its lobby, is full.
    Full,
    /// The user has the maximum number of devices in the call.
    TooManyDevices,
    /// An admin has taken the device's seat in a full call.
    Displaced,
    /// An admin has ended the call from outside.
    EndedByAdmin,
    /// The link is revoked or expired.
    Expired,
    /// The era is over.
    Ended,
    /// All candidates for the demux id of this join are taken.
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
    /// The device has lost its connection; the message is dropped.
    Unreachable,
    /// A rate limit was exceeded; the command is dropped.
    RateLimited,
    /// The decision takes effect, but cannot be stored: the call has reached its limit of stored users.
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

    /// Returns the stable name: `code` in JSON.
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

    /// Returns the text for a person: `message` in JSON.
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
