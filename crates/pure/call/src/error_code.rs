//! The errors of a call.

/// Declares the codes: the name in Rust, the stable name, and the text for a person.
macro_rules! error_codes {
    ($($(#[$doc:meta])+ $code:ident, $name:literal, $message:literal;)+) => {
        /// The reason of an `error`: its `code`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorCode {
            $($(#[$doc])+ $code,)+
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$code),+];

            /// Returns the stable name: `code` in JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)+
                }
            }

            /// Returns the text for a person: `message` in JSON.
            #[must_use]
            pub const fn message(self) -> &'static str {
                match self {
                    $(Self::$code => $message,)+
                }
            }
        }
    };
}

error_codes! {
    /// The call, or its lobby, is full.
    Full, "full", "The call is full.";
    /// The user has the maximum number of devices in the call.
    TooManyDevices, "too_many_devices",
        "You are in this call with as many devices as a user may have. Leave with another one first.";
    /// An admin has taken the device's seat in a full call.
    Displaced, "displaced", "The call is full, and an admin needed the place.";
    /// An admin has ended the call from outside.
    EndedByAdmin, "ended_by_admin", "An admin has ended the call.";
    /// The link is revoked or expired.
    Expired, "expired", "The call link is no longer valid.";
    /// The link admits no guest accounts.
    GuestsRefused, "guests_refused",
        "Guests may not join this call. Sign in with an account.";
    /// The era is over.
    Ended, "ended", "The call has ended.";
    /// All candidates for the demux id of this join are taken.
    TryAgain, "try_again", "Could not join. Please try again.";
    /// The connection has joined before.
    AlreadyJoined, "already_joined", "This connection has already joined.";
    /// The connection has not joined.
    NotJoined, "not_joined", "This connection has not joined.";
    /// Only an admin may do this.
    Forbidden, "forbidden", "Only an admin of the call can do this.";
    /// No device of the call has this demux id.
    UnknownDevice, "unknown_device", "There is no such device in the call.";
    /// The device, or the sender itself, is not active.
    NotActive, "not_active", "The device is not active in the call.";
    /// The device is not pending.
    NotPending, "not_pending", "The device is not waiting in the lobby.";
    /// The device's user is an admin.
    TargetIsAdmin, "target_is_admin", "An admin cannot be removed or blocked.";
    /// The call is locked.
    Locked, "locked",
        "The call is locked: nobody new comes in until an admin unlocks it.";
    /// The call has the maximum number of co-admins.
    TooManyCoAdmins, "too_many_co_admins",
        "The call has as many co-admins as it may have. Take it back from one of them first.";
    /// The device has lost its connection; the message is dropped.
    Unreachable, "unreachable", "The device is not connected at the moment.";
    /// A commit is not for the present epoch of the group.
    StaleCommit, "stale_commit", "The commit is not for the present epoch of the group.";
    /// No media server carries the call.
    MediaUnavailable, "media_unavailable",
        "This server carries no sound and picture of calls.";
    /// The device has no member key, so that its media are not sealed.
    MediaUnsealed, "media_refused",
        "Sound and picture are for devices with end-to-end encryption alone. Join with a member key.";
    /// The device makes too many offers of connections.
    TooManyOffers, "too_many_offers",
        "The device offers connections too often. Wait five seconds before the next offer.";
    /// A rate limit was exceeded; the command is dropped.
    RateLimited, "rate_limited", "Too many messages. Please slow down.";
    /// The decision takes effect, but cannot be stored: the call has reached its limit of stored users.
    TooManyUsers, "too_many_users", "Done, but the call can remember no more users.";
}
