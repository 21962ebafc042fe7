//! The inputs of a session.

use core::fmt;

use anteroom_e2ee::{CoAdmin, MemberPublicKey};
use anteroom_protocol::{DemuxId, EraId, GroupEpoch, OpaqueUserId};

use crate::lobby::WaitingDevice;

/// An input of a session. Bodies are decoded from their base64 and not looked at otherwise.
#[derive(Clone, Debug)]
pub enum Input {
    /// `joined`: the device has a seat. After a lost connection, the `missed` commits follow.
    Joined(JoinedSeat),
    /// `admitted`: the device was pending and is now active.
    Admitted {
        /// `present`: the present epoch of the group, once one has started.
        present: Option<GroupEpoch>,
        /// `statement`: the approval with which an admin let the device in.
        statement: Option<Vec<u8>>,
    },
    /// The roster as it is now, in the order of the joins.
    Roster(Vec<RosterDevice>),
    /// `commit`: a commit ended an epoch.
    Commit {
        /// The epoch that it ended.
        at: GroupEpoch,
        /// The sender, by the word of the room service.
        from: DemuxId,
        /// The sealed commit.
        body: Vec<u8>,
    },
    /// `welcome`: a commit has added this device.
    Welcome {
        /// The epoch that it leads into.
        at: GroupEpoch,
        /// The sender, by the word of the room service.
        from: DemuxId,
        /// The sealed Welcome.
        body: Vec<u8>,
    },
    /// `refuse`: to another device, the commit that ended an epoch does not hold.
    Refuse {
        /// The epoch that the commit ended.
        at: GroupEpoch,
        /// The sender, by the word of the room service.
        from: DemuxId,
    },
    /// `relay`: a message of another device. The session reads the classes of [`RelayClass`](crate::RelayClass)
    /// and leaves out others.
    Relay {
        /// The sender, by the word of the room service.
        from: DemuxId,
        /// The body.
        body: Vec<u8>,
    },
    /// `error stale_commit`: the commit was not for the present epoch.
    StaleCommit {
        /// The present epoch of the group, once one has started.
        present: Option<GroupEpoch>,
    },
    /// Another `error` after a `commit`: it was not taken.
    CommitRejected(CommitRejection),
    /// An `error` after a `refuse`: it was not passed on.
    RefusalRejected(CommitRejection),
    /// `error commits_dropped`: messages of the group did not reach this device.
    CommitsDropped,
    /// The `adminStatement` of the link's state: a signed policy.
    Policy(Vec<u8>),
    /// The connection broke. Nothing is sent until the next `joined`.
    Disconnected,
    /// Time has passed without another input.
    TimePassed,
}

/// A seat of the device in a call.
#[derive(Clone, Debug)]
pub struct JoinedSeat {
    /// `demuxId`.
    pub demux_id: DemuxId,
    /// `eraId`.
    pub era: EraId,
    /// Whether the device is in the call. In the lobby it waits for [`Input::Admitted`].
    pub is_active: bool,
    /// `present`: the present epoch of the group, once one has started.
    pub present: Option<GroupEpoch>,
    /// `missed`: the number of missed commits that follow at once.
    pub missed: usize,
    /// `statement`: the approval with which an admin let the device in, at an earlier connection.
    pub statement: Option<Vec<u8>>,
    /// The roster, in the order of the joins.
    pub roster: Vec<RosterDevice>,
}

/// A device of the roster. All of it is the room service's word but for the member key, which a holder of the
/// link has sealed in the hello.
#[derive(Clone, Debug)]
pub struct RosterDevice {
    /// The device.
    pub demux_id: DemuxId,
    /// The user.
    pub user: Option<OpaqueUserId>,
    /// The member key that its hello names. A client without end-to-end encryption has none.
    pub member_key: Option<MemberPublicKey>,
    /// The status.
    pub status: SeatStatus,
    /// Whether it joined as an admin.
    pub is_admin: bool,
}

/// The status of a device in the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatStatus {
    /// In the call, and connected.
    Active,
    /// In the call; its connection is lost and its seat reserved.
    Lost,
    /// In the lobby.
    Pending,
}

/// The reason for which the room service did not take a commit, or pass on a refusal of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitRejection {
    /// `rate_limited`.
    RateLimited,
    /// Any other code.
    Other,
}

/// A command of the person. `Debug` shows no texts and no names.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved once, from the person to the session"
)]
pub enum Command {
    /// Says a text to all members.
    Say(String),
    /// Changes the name that the members see.
    SetName(String),
    /// Locks or unlocks the call. For admins.
    Lock(bool),
    /// Puts a member out of the group: signs a barred entry and commits it with the Remove. For admins.
    Bar {
        /// The member's device.
        device: DemuxId,
        /// The devices that the entry names.
        scope: BarScope,
    },
    /// Names the co-admins of the era. For holders of the admin key.
    SetCoAdmins(Vec<CoAdmin>),
    /// Tells the co-admins who waits in the lobby. For the devices of admins.
    TellLobby(Vec<WaitingDevice>),
    /// Sends the decision of a co-admin to the devices of admins.
    Decide {
        /// The device: of the lobby, or in the call.
        device: WaitingDevice,
        /// The verdict.
        verdict: CoAdminVerdict,
    },
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Say(text) => write!(f, "Say({} bytes)", text.len()),
            Self::SetName(_) => f.write_str("SetName"),
            Self::Lock(on) => f.debug_tuple("Lock").field(on).finish(),
            Self::Bar { device, scope } => {
                let mut shown = f.debug_struct("Bar");
                shown.field("device", device).field("scope", scope).finish()
            }
            Self::SetCoAdmins(all) => f.debug_tuple("SetCoAdmins").field(all).finish(),
            Self::TellLobby(all) => f.debug_tuple("TellLobby").field(all).finish(),
            Self::Decide { device, verdict } => {
                let mut shown = f.debug_struct("Decide");
                shown
                    .field("device", device)
                    .field("verdict", verdict)
                    .finish()
            }
        }
    }
}

/// The verdict of a co-admin about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CoAdminVerdict {
    /// Let it in from the lobby.
    Admit,
    /// Do not let it in.
    Deny,
    /// Send the device away.
    Remove,
    /// Send the user away.
    Block,
}

/// The devices that a barred entry names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarScope {
    /// The one device: the service's `remove`.
    Device,
    /// All devices of the user: the service's `block`.
    User,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_texts_and_no_names() {
        for command in [
            Command::Say("hello".to_owned()),
            Command::SetName("hello".to_owned()),
        ] {
            let shown = format!("{command:?}");
            assert!(!shown.contains("hello"), "{shown}");
        }
    }
}
