//! The errors of a call.

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
