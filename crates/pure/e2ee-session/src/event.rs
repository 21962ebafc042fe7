//! The events of a session, for the person and for the stores of the client.

use core::fmt;
use std::collections::BTreeSet;

use anteroom_e2ee::{
    AdmissionError, AdmissionReason, Approval, BarredList, CommitError, CommitRefusal, JoinError,
    MemberLeaf, MemberPublicKey, Policy, RemovalReason, SignedStatement, Signer,
};
use anteroom_protocol::{DemuxId, GroupEpoch};

use crate::{
    certificate_status::CertificateStatus,
    lobby::{CoAdminDecision, WaitingDevice},
};

/// An event.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// This device is in the group, with these members.
    Entered {
        /// The epoch.
        epoch: GroupEpoch,
        /// All members, this device among them.
        members: Vec<MemberStatus>,
    },
    /// This device is no longer in the group. It asks to be added again, unless an admin put it out.
    Left(LeaveReason),
    /// This device does not enter a group into which it was welcomed.
    WelcomeRefused {
        /// The sender of the Welcome, by the word of the room service.
        from: DemuxId,
        /// The error.
        error: JoinError,
        /// Whether the device asks the members of this group again at once.
        asks_again: bool,
    },
    /// Another device has the same link with an admin key that the own link lacks, or with another one: the person
    /// has to ask for the whole link, and is in no group with that device until then. Told once for each seat. Only
    /// somebody with the link can say so, not the room service alone; it may be untrue.
    AdminKeyDiffers {
        /// The other device, by the word of the room service.
        from: DemuxId,
        /// Whether the own link has no admin key.
        is_missing: bool,
    },
    /// This device may not be in by what it knows, so that members do not add it, and it cannot start a group. Told
    /// once for each error: when it could start a group, and when it has asked to be added in vain. A missing
    /// approval is not told after [`Self::AdminKeyDiffers`], under which none would count.
    CannotStart(AdmissionError),
    /// The roster lists another connected device, longer in the call, with the user and the member key of this
    /// one. This device is in no group until that one has gone, since no group has both.
    Elsewhere(DemuxId),
    /// A member came in.
    MemberAdded {
        /// The member.
        member: MemberStatus,
        /// The member that committed it.
        committer: u32,
    },
    /// A member went.
    MemberRemoved {
        /// The leaf.
        leaf: u32,
        /// Its claims.
        claims: MemberLeaf,
        /// The reason.
        reason: RemovalReason,
        /// The signer of the barred entry that has put it out, if one has.
        signer: Option<Signer>,
        /// The member that committed it.
        committer: u32,
    },
    /// A device asks to be added that may not be in. Told once for each device and error.
    NotAdmitted {
        /// The claims of the device.
        claims: MemberLeaf,
        /// The check that fails.
        refusal: CommitRefusal,
    },
    /// The members keep this device outside of their group, in the call. Told once, unless [`Self::CannotStart`]
    /// or [`Self::AdminKeyDiffers`] has told why, and once more when the device learns of a lock.
    KeptOutside {
        /// Whether the call is locked, and the device was not in before.
        is_locked: bool,
        /// The signer of the approval of this device, if it has one.
        approved_by: Option<Signer>,
    },
    /// A member said a text. Lines end with `\n`.
    Text {
        /// The leaf in the epoch.
        leaf: u32,
        /// The epoch in which it came: a text that was missed comes in a later one than the others read it in.
        epoch: GroupEpoch,
        /// The claims of the member.
        claims: MemberLeaf,
        /// The text as it can be displayed.
        text: String,
        /// Whether something that the member said later came before it.
        is_late: bool,
    },
    /// A member changed its name.
    Name {
        /// The leaf.
        leaf: u32,
        /// The name as it can be displayed; `None` without a visible character.
        name: Option<String>,
    },
    /// A member is not confirmed any more, or is again.
    Confirmation {
        /// The leaf.
        leaf: u32,
        /// Whether it is confirmed.
        is_confirmed: bool,
    },
    /// This device has stopped sending frames and texts.
    SendingStopped(StopReason),
    /// This device sends again.
    SendingResumed,
    /// A commit does not hold. It was not merged, and the device leaves this group.
    CommitRefused {
        /// The sender, by the word of the room service.
        from: DemuxId,
        /// The claims of the committer, where the commit proves them.
        committer: Option<MemberLeaf>,
        /// The error.
        error: CommitError,
    },
    /// To another member, a commit does not hold that this device has merged. Told once for each commit and
    /// device.
    RefusedByOther {
        /// The sender, by the word of the room service.
        from: DemuxId,
        /// The epoch that the commit ended.
        at: GroupEpoch,
    },
    /// The next group of the era has started.
    NextGroup {
        /// Its number.
        number: u32,
        /// Whether this device has started it.
        is_own: bool,
    },
    /// The call was locked or unlocked.
    Lock {
        /// Whether it is locked.
        is_on: bool,
        /// The signer.
        signer: Signer,
    },
    /// A commit came after the verification words that were shown last, before they were compared: those of a
    /// member who looks now are other ones.
    WordsOutdated {
        /// The epoch of the words.
        shown: GroupEpoch,
        /// The present epoch; `None` outside of a group.
        present: Option<GroupEpoch>,
    },
    /// An admin's device tells this one, of a co-admin, who waits in the lobby.
    Lobby(Vec<WaitingDevice>),
    /// A co-admin has decided about a device. The device of an admin passes it on to the room service.
    Decision {
        /// The claims of the co-admin.
        claims: MemberLeaf,
        /// The decision. The approval of an admission is verified.
        decision: CoAdminDecision,
    },
    /// The person has compared the words of an epoch.
    WordsCompared {
        /// The epoch.
        epoch: GroupEpoch,
        /// The other members in it, who are marked.
        members: Vec<MemberPublicKey>,
    },
    /// An admin's statement put a member out: the other members know, or not (yet).
    Barred {
        /// The claims of the member.
        claims: MemberLeaf,
        /// The knowledge of the others.
        state: BarState,
    },
    /// The barred entries of the era that this device knows have changed. An approval that is to let in somebody
    /// whom they name is of a later time.
    BarredEntries(BarredList),
    /// There is a newer policy: store it.
    Policy(SignedStatement<Policy>),
    /// An admin has let this device in: store the approval.
    Approved(SignedStatement<Approval>),
    /// An admin has let this device in by an approval of so late a time that others do not add by it yet: store it
    /// beside the one that the device has. [`Self::Approved`] follows once it counts.
    LateApproval(SignedStatement<Approval>),
}

/// A member as it is shown. `Debug` does not show the name.
#[derive(Clone, PartialEq, Eq)]
pub struct MemberStatus {
    /// The leaf.
    pub leaf: u32,
    /// The claims of the leaf.
    pub claims: MemberLeaf,
    /// The name: that of the leaf, or the one that the member has changed it to.
    pub name: Option<String>,
    /// The reason why the member may be in: "let in by".
    pub reason: AdmissionReason,
    /// Whether the member is this device.
    pub is_own: bool,
    /// Whether the member was heard in the present epoch within the last 20 s.
    pub is_confirmed: bool,
    /// Whether the person has compared the words with this member's key in.
    pub is_compared: bool,
    /// The result of the verification of the member's certificate, when this device first saw the leaf.
    pub certificate: CertificateStatus,
    /// The word of the room service about the member's device.
    pub listing: Listing,
}

impl fmt::Debug for MemberStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemberStatus")
            .field("leaf", &self.leaf)
            .field("claims", &self.claims)
            .field("reason", &self.reason)
            .field("is_own", &self.is_own)
            .field("is_confirmed", &self.is_confirmed)
            .field("is_compared", &self.is_compared)
            .field("certificate", &self.certificate)
            .field("listing", &self.listing)
            .finish_non_exhaustive()
    }
}

/// The word of the room service about a member's device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// The roster lists it, as this user.
    Listed,
    /// The roster does not list it as active.
    Unlisted,
    /// The roster lists it as another user or with another member key.
    Contradicted,
}

/// The reason for which a device is no longer in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LeaveReason {
    /// A member's commit took it out.
    Removed(RemovalReason),
    /// It has missed a commit.
    MissedCommit,
    /// It has refused a commit.
    RefusedCommit,
    /// The era has another group now.
    NextGroup,
    /// It has another seat now.
    NewSeat,
    /// The group does not work any more.
    Failed,
}

/// The reason for which a device does not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// More than half of the others are not confirmed.
    NotConfirmed,
    /// The device is not in the present group.
    NotInGroup,
}

/// The knowledge of the others about an admin's statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BarState {
    /// The commit has come back, and another member was heard in the new epoch.
    Removed,
    /// 3 s have passed without that. [`Self::Removed`] may still follow.
    NotConfirmed,
}

impl MemberStatus {
    pub(crate) fn mark_compared(&mut self, compared: &BTreeSet<[u8; 32]>) {
        self.is_compared = compared.contains(self.claims.member_key.as_bytes());
    }
}

impl Event {
    /// Marks the members whose keys the person has compared.
    pub(crate) fn mark_compared(&mut self, compared: &BTreeSet<[u8; 32]>) {
        match self {
            Self::Entered { members, .. } => {
                for member in members {
                    member.mark_compared(compared);
                }
            }
            Self::MemberAdded { member, .. } => member.mark_compared(compared),
            _ => {}
        }
    }
}
