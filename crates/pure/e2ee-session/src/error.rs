//! Errors of commands.

use anteroom_e2ee::{StatementError, WordsError};

/// The reason for which a command of the person is not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// The device is not in the present group.
    #[error("this device is not in the group")]
    NotInGroup,
    /// Nobody else is in the call, so that there is no group.
    #[error("nobody else is in the call, so that there is no group yet")]
    Alone,
    /// The device has no connection to the call.
    #[error("this device is not connected to the call")]
    NotConnected,
    /// The device has stopped sending, because more than half of the others are not confirmed.
    #[error("too few of the others are confirmed")]
    Stopped,
    /// The text is too long or has nothing to show.
    #[error("the text cannot be sent")]
    Text,
    /// The device has no key whose statements count.
    #[error("only admins can do this")]
    NotAdmin,
    /// The link has no admin key, so that nobody can sign.
    #[error("the link has no admin key: the room service decides")]
    NoAdminKey,
    /// There is no such member.
    #[error("no member has this device")]
    UnknownMember,
    /// The entry would name this device too.
    #[error("this would put out this device too")]
    OwnDevice,
    /// An admin has put out the person whom the statement is to name as a co-admin.
    #[error("an admin has put this person out of the call")]
    Barred,
    /// The member is no co-admin.
    #[error("this member is no co-admin")]
    NoCoAdmin,
    /// This co-admin has put out as many as a co-admin may.
    #[error("a co-admin puts out no more people in a call: an admin has to")]
    TooManyBarred,
    /// Approvals are void until a moment that is minutes ahead.
    #[error(
        "approvals are void until a moment that is minutes ahead, by the clock of an admin who has put somebody out: try \
         again then"
    )]
    Early,
    /// An approval of the device, or one that a removal gives, is of a later time than a removal can be now. It waits.
    #[error(
        "the device is not out of the group yet: it may have an approval of a later time than a removal can be now, by a \
         clock that is ahead or after many removals at once, and would come back by it. Your device puts it out by itself \
         in {seconds} s, if you are in the call then{}",
        if *needs_admin { ". An admin can at once" } else { "" }
    )]
    EarlyRemoval {
        /// The time after which a removal can be of that time, and is done, in seconds.
        seconds: u64,
        /// Whether the device of an admin can do it at once, and this one cannot.
        needs_admin: bool,
    },
    /// The statement cannot be made.
    #[error("{0}")]
    Statement(StatementError),
    /// No words were shown.
    #[error("no words were shown")]
    NoWords,
    /// All others have left, or are not in the group.
    #[error("there is nobody to compare with: nobody else in the call is in the group")]
    NobodyToCompare,
    /// The words cannot be computed.
    #[error("{0}")]
    Words(WordsError),
}
