//! The join of a call.

use anteroom_protocol::{AdminPasskey, GroupEpoch, RootKey, redacted_debug};
use zeroize::Zeroizing;

use super::{
    event::{CallModeration, SeatInfo},
    member::CallMember,
};
use crate::{EraId, Pass};

/// The maximum number of consecutive redirects of a join.
pub const MAX_REDIRECTS: usize = 3;

/// The input of a join.
#[derive(Clone)]
pub struct JoinOptions {
    /// The root key of the room.
    pub room: RootKey,
    /// The right to join, which is presented without the account's name.
    pub pass: Pass,
    /// The passkey, for joining as an admin.
    pub passkey: Option<AdminPasskey>,
    /// The name that the device gives itself, sealed for the members of the room. Admins read it while the
    /// device waits in the lobby, and every device in the call reads it after admission.
    pub name: Option<String>,
    /// The device's identity in the room, for a device that takes part in the end-to-end encryption. The
    /// members see its public key beside its entry, and in its hello; the presentation is of no use with
    /// another key. A room service without the feature `member` refuses such a join.
    pub member: Option<CallMember>,
}

redacted_debug!(JoinOptions);

/// The answer to a join.
#[derive(Debug)]
pub enum JoinAnswer {
    /// The device has a seat.
    Joined(Box<JoinedSeat>),
    /// Another node has the call: the URL of its socket.
    Redirect(String),
    /// The room service refuses members of `join` that it does not know: the next join goes without features.
    NoFeatures,
}

/// The seat that the room service has assigned, before the device takes it. `Debug` shows no secret.
pub struct JoinedSeat {
    /// The seat.
    pub(super) info: SeatInfo,
    /// The maximum number of devices of a user, by the word of the room service.
    pub(super) max_devices_per_user: Option<u32>,
    /// The secret that restores the seat.
    pub(super) resume: Zeroizing<String>,
    /// The present epoch of the group, once one has started.
    pub(super) present: Option<GroupEpoch>,
    /// The revision of the roster.
    pub(super) roster_revision: Option<u64>,
    /// The number of missed commits that follow.
    pub(super) missed: usize,
    /// The lock, the approval and the rights, of a room service that tells them.
    pub(super) moderation: Option<CallModeration>,
}

impl JoinedSeat {
    /// Returns the era of the call.
    #[must_use]
    pub const fn era(&self) -> EraId {
        self.info.era
    }
}

redacted_debug!(JoinedSeat);
