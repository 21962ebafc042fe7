//! The inputs of a call.

use core::fmt;
use std::collections::BTreeSet;

use anteroom_protocol::{
    ApprovalStatement, DemuxId, GroupEpoch, Hello, LinkState, MemberKey, OpaqueUserId,
    media::{MuteOrder, MuteTarget, PerSource, SessionDescription, Source, ViewRequest},
};
use rand_core::CryptoRng;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{CommitBody, ConnectionId, RelayBody, ResumeSecret, Role, RosterForm, WelcomeBody};

/// An input of a call.
#[derive(Debug)]
pub enum Input {
    /// A client joins. Its presentation and passkey have been verified.
    Join(Join),
    /// A client that has joined gives a command.
    Command {
        /// The client's connection.
        connection: ConnectionId,
        /// The command.
        command: Command,
    },
    /// A connection broke. Reporting a connection that the call has closed itself is optional.
    Disconnected(ConnectionId),
    /// The link has changed. After the start of the era its restrictions are ignored, since they cannot
    /// change during a call. Before the start, other restrictions send waiting devices away.
    LinkChanged(LinkState),
    /// The users approved for the link; they replace the earlier ones. Ignored after the start of the era:
    /// from then on approvals come from the call.
    ApprovedUsers(Vec<OpaqueUserId>),
    /// The node can no longer serve the call: all devices are sent away.
    End,
    /// A holder of the passkey ends the call from outside: all devices are sent away, and must not rejoin by
    /// themselves.
    Dismiss,
    /// Changes of the roster have not reached a connection: it receives the whole roster.
    RosterMissed(ConnectionId),
    /// The media have stopped a source of a device, until the device publishes it anew.
    SourceDropped {
        /// The device.
        device: DemuxId,
        /// The source.
        source: Source,
    },
    /// Time has passed without another input.
    TimePassed,
}

/// A client that joins.
#[derive(Debug)]
pub struct Join {
    /// The client's connection, which has not joined yet.
    pub connection: ConnectionId,
    /// The user that the presentation proves.
    pub user: OpaqueUserId,
    /// Whether the client has presented the right passkey.
    pub role: Role,
    /// Whether the user has a guest account.
    pub has_guest_account: bool,
    /// The secret of the client's former seat, if it presents one.
    pub resume: Option<ResumeSecret>,
    /// The form in which the client receives changes of the roster.
    pub roster: RosterForm,
    /// The client's hello. Ignored if the client resumes a seat.
    pub hello: Option<Hello>,
    /// The member key for which the client's presentation has been verified.
    pub member: Option<MemberKey>,
    /// The epoch of the group that a client that resumes a seat is in: it receives the commits since then.
    pub have: Option<GroupEpoch>,
    /// Fresh random values.
    pub randomness: JoinRandomness,
}

/// The random values of one join: 48 single-use bytes. Redacted in `Debug`, wiped on drop.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct JoinRandomness {
    demux_ids: [u32; 4],
    resume: [u8; 32],
}

impl JoinRandomness {
    /// Draws the values from a generator.
    pub fn random<R: CryptoRng + ?Sized>(rng: &mut R) -> Self {
        let mut resume = [0; 32];
        rng.fill_bytes(&mut resume);
        Self {
            demux_ids: [(); 4].map(|()| rng.next_u32()),
            resume,
        }
    }

    /// Creates the values from the candidates for the demux id, in order of preference, and the bytes of the
    /// resume secret.
    #[must_use]
    pub const fn from_parts(demux_ids: [u32; 4], resume: [u8; 32]) -> Self {
        Self { demux_ids, resume }
    }

    /// Returns the candidates for the demux id. All four are taken in one of 10^20 joins.
    pub(crate) fn demux_ids(&self) -> impl Iterator<Item = DemuxId> {
        self.demux_ids
            .iter()
            .filter_map(|bits| DemuxId::from_random_bits(*bits))
    }

    pub(crate) fn resume_secret(&self) -> ResumeSecret {
        ResumeSecret::from_bytes(self.resume)
    }
}

impl fmt::Debug for JoinRandomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JoinRandomness(..)")
    }
}

/// A command of a client that has joined. Each one proves that the connection is alive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Leaves the call.
    Leave,
    /// Raises or lowers the device's hand.
    RaiseHand {
        /// Whether the hand is raised.
        raised: bool,
    },
    /// Sends a message to other devices.
    Relay {
        /// The recipients.
        to: RelayTarget,
        /// The message.
        body: RelayBody,
    },
    /// Commits a change of the group.
    Commit(Commit),
    /// Tells all devices that a commit does not hold: the one that ended this epoch.
    Refuse(GroupEpoch),
    /// Admits a pending device. For admins.
    Approve {
        /// The device.
        device: DemuxId,
        /// The admin's statement about the device.
        statement: Option<ApprovalStatement>,
    },
    /// Denies a pending device. For admins.
    Deny(DemuxId),
    /// Removes an active device. For admins.
    Remove(DemuxId),
    /// Blocks a user for the rest of the era. For admins.
    Block(DemuxId),
    /// Lowers the hand of an active device. For admins.
    LowerHand(DemuxId),
    /// Locks or unlocks the call. For admins.
    Lock {
        /// Whether nobody new comes in.
        is_locked: bool,
    },
    /// Asks for approval in the running call, or stops to. For admins.
    Approval {
        /// Whether those who come from now on wait for an approval.
        is_on: bool,
    },
    /// Makes a user a co-admin, or takes that back. For admins with the passkey.
    CoAdmin {
        /// The user.
        user: OpaqueUserId,
        /// Whether the user is a co-admin from now on.
        is_on: bool,
    },
    /// Offers a connection for media.
    Offer {
        /// The number of the connection.
        session: u64,
        /// The offer.
        offer: SessionDescription,
    },
    /// Says what the device wants to see and hear where.
    View(ViewRequest),
    /// Says what the device sends.
    Publish(PerSource<bool>),
    /// Stops what others send, or ends that. For admins.
    Mute {
        /// The devices.
        target: MuteTarget,
        /// The source.
        source: Source,
        /// The order.
        order: MuteOrder,
    },
    /// Requests the whole roster.
    Participants,
    /// Keeps the connection alive.
    Ping,
}

/// The recipients of a relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelayTarget {
    /// All active devices but the sender.
    All,
    /// One active device.
    One(DemuxId),
}

/// A commit of the group, for the other devices of the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    /// The epoch that the commit ends. Epoch 0 of the next group starts that group.
    pub at: GroupEpoch,
    /// The commit.
    pub body: CommitBody,
    /// The Welcome for the devices that the commit adds.
    pub welcome: Option<Welcome>,
}

impl Commit {
    /// Returns the number of devices that the commit adds.
    pub(crate) fn added_devices(&self) -> usize {
        self.welcome.as_ref().map_or(0, |welcome| welcome.to.len())
    }

    /// Returns whether the commit adds this device.
    pub(crate) fn adds(&self, device: DemuxId) -> bool {
        let welcome = self.welcome.as_ref();
        welcome.is_some_and(|welcome| welcome.to.contains(&device))
    }
}

/// A Welcome, which brings devices into the epoch after a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The devices, at most as many as a call may have active ones. Those that are not active or not connected
    /// do not receive it.
    pub to: BTreeSet<DemuxId>,
    /// The Welcome.
    pub body: WelcomeBody,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_random_values_is_in_debug() {
        let randomness = JoinRandomness::from_parts([16; 4], [7; 32]);
        assert_eq!(format!("{randomness:?}"), "JoinRandomness(..)");
    }
}
