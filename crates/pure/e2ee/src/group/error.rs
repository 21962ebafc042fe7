//! Errors of groups. Those of openmls are one value: nobody can act on their details, and none is shown.

use super::verdict::CommitRefusal;
use crate::{AdmissionError, ContextError, GroupEpoch};

/// The reason for which a group cannot be started, joined or changed by its own member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GroupFailure {
    /// The own leaf has values that no reader accepts, or names another key.
    #[error("the claims of this device are malformed")]
    Leaf,
    /// The own device may not be in.
    #[error("this device may not be in: {0}")]
    Admission(AdmissionError),
    /// A key package is none, or expired.
    #[error("the key package of the other device is not valid")]
    KeyPackage,
    /// A commit of one's own is on its way.
    #[error("a change of the group is on its way")]
    Pending,
    /// There is nothing to change.
    #[error("there is nothing to change")]
    Empty,
    /// The change would be refused by every member.
    #[error("the members would refuse the change: {0}")]
    Refused(CommitRefusal),
    /// The messages would be longer than the room service passes on.
    #[error("the group is too large for its messages")]
    TooLong,
    /// MLS fails: this device has left the group, or its state is damaged.
    #[error("the group does not work any more")]
    Mls,
}

/// The reason for which a newcomer does not enter a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JoinError {
    /// The Welcome does not open, or is not for this device.
    #[error("the invitation into the group does not open")]
    Welcome,
    /// The Welcome lacks the key of the link.
    #[error("the invitation into the group lacks the key of the link")]
    Psk,
    /// The Welcome is into another group or epoch than the room service says.
    #[error("the invitation is into another group")]
    OtherEpoch,
    /// The context is not that of the link.
    #[error("{0}")]
    Context(ContextError),
    /// The tree does not hold.
    #[error("the group has a member that may not be in: {0}")]
    Refused(CommitRefusal),
}

/// The reason for which a commit that the room service passed on is not merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// It does not end the present epoch: it is late, early, or of another group.
    #[error("the commit is of another epoch")]
    OtherEpoch {
        /// The present epoch.
        present: GroupEpoch,
    },
    /// It does not open, or MLS refuses it.
    #[error("the commit does not open")]
    Malformed,
    /// A check fails. The member sends nothing more in this group.
    #[error("the commit does not hold: {refusal}")]
    Refused {
        /// The leaf of the committer, where it is known.
        committer: Option<u32>,
        /// The check.
        refusal: CommitRefusal,
    },
}

/// The reason for which an application message is not shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no member of the group sent this message")]
pub struct MessageError;
