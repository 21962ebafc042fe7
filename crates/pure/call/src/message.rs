//! The messages to clients.

use std::sync::Arc;

use anteroom_protocol::{
    ApprovalStatement, DemuxId, EraId, GroupEpoch, LinkState,
    media::{MuteOrder, Source},
};

use crate::{
    CommitBody, ErrorCode, RelayBody, ResumeSecret, Roster, RosterChanges, RosterRevision, Status,
    WelcomeBody,
};

/// A message to a client. Cheap to clone: large parts are shared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// `joined`: the answer to a join.
    Joined(Box<JoinAnswer>),
    /// `participants`: the whole roster. It replaces all earlier ones.
    Participants {
        /// `eraId`.
        era_id: EraId,
        /// `revision`.
        revision: RosterRevision,
        /// `active`, `pending` and `pendingCount`.
        roster: Roster,
    },
    /// `roster`: the changes of the roster.
    Roster {
        /// `eraId`.
        era_id: EraId,
        /// `since`: the revision of the previous announcement. A device with an older roster has missed a change.
        since: RosterRevision,
        /// `revision`: the revision with the changes.
        revision: RosterRevision,
        /// `joined`, `left`, `changed` and `pendingCount`.
        changes: Arc<RosterChanges>,
    },
    /// `admitted`: the device changed from pending to active.
    Admitted {
        /// `present`: the present epoch of the group.
        present: GroupEpoch,
        /// `statement`: the statement that came with the decision.
        statement: Option<ApprovalStatement>,
    },
    /// `admitted` once more: the active device has a newer statement.
    NewStatement {
        /// `present`: the present epoch of the group.
        present: GroupEpoch,
        /// `statement`: the statement.
        statement: ApprovalStatement,
    },
    /// `denied`: the device's wait is over, for this `reason`.
    Denied(DenialReason),
    /// `removed`: the device's participation is over.
    Removed,
    /// `blocked`: the user is refused for the rest of the era.
    Blocked,
    /// `link`: the link has changed.
    Link(Arc<LinkState>),
    /// `moderation`: what the admins have decided about the call, or the rights of the device, have changed.
    Moderation {
        /// `locked` and `approval`.
        moderation: Moderation,
        /// `isAdmin`.
        is_admin: bool,
    },
    /// `relay`: another client has sent a message.
    Relay {
        /// `from`: the sender.
        from: DemuxId,
        /// `body`: the message.
        body: RelayBody,
    },
    /// `commit`: the group has a commit.
    Commit {
        /// `group` and `epoch`: the epoch that the commit ends.
        at: GroupEpoch,
        /// `from`: the sender.
        from: DemuxId,
        /// `body`: the commit.
        body: CommitBody,
    },
    /// `welcome`: a commit adds the device to the group.
    Welcome {
        /// `group` and `epoch`: the epoch that the Welcome leads into.
        at: GroupEpoch,
        /// `from`: the sender of the commit.
        from: DemuxId,
        /// `body`: the Welcome.
        body: WelcomeBody,
    },
    /// `refuse`: to another device a commit does not hold.
    Refuse {
        /// `group` and `epoch`: the epoch that the commit ended.
        at: GroupEpoch,
        /// `from`: the sender.
        from: DemuxId,
    },
    /// `muted`: an admin has given an order about a source of the device.
    Muted {
        /// `by`: the admin's device.
        by: DemuxId,
        /// `source`.
        source: Source,
        /// `hold`.
        order: MuteOrder,
    },
    /// `error`: a commit, or a refusal of one, was refused.
    GroupError {
        /// `of`.
        of: GroupRequest,
        /// `code`.
        code: ErrorCode,
        /// `present`: the present epoch of the group.
        present: GroupEpoch,
    },
    /// `error`: a command or a join was refused, or the device was sent away.
    Error(ErrorCode),
    /// `pong`: the answer to a ping.
    Pong {
        /// `rosterRevision`: the revision of the last announcement. A device with an older roster has missed it.
        roster_revision: RosterRevision,
    },
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
    /// `maxDevicesPerUser`: the maximum number of devices of a user, active and pending together.
    pub devices_per_user: u32,
    /// `participants`, `pending` and `pendingCount`, with the client itself.
    pub roster: Roster,
    /// `rosterRevision`: the revision of the roster.
    pub roster_revision: RosterRevision,
    /// `callLinkState`.
    pub link: Arc<LinkState>,
    /// `present`: the present epoch of the group, for an active device.
    pub present: GroupEpoch,
    /// `missed`: the number of missed commits that follow at once.
    pub missed_commits: usize,
    /// `statement`: the newest statement that an admin has given the device for this seat.
    pub statement: Option<ApprovalStatement>,
    /// `locked` and `approval`.
    pub moderation: Moderation,
}

/// The decisions of the admins about the whole call, which end with the era.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Moderation {
    /// `locked`: whether nobody new comes in.
    pub is_locked: bool,
    /// `approval`: whether those who come wait for an approval: at first as the link's restrictions say.
    pub asks_approval: bool,
}

/// A request about the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupRequest {
    /// A commit.
    Commit,
    /// The refusal of a commit.
    Refuse,
}

impl GroupRequest {
    /// Returns the name in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "commit",
            Self::Refuse => "refuse",
        }
    }
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
