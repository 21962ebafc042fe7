//! The operations that the messages of the socket request.

use std::collections::HashMap;

use anteroom_call::{ErrorCode, Message};
use anteroom_runtime::{
    Area::GroupCallSignaling, Metrics, Operation, OperationOutcome, OperationRecorder,
    RunningOperation,
};

/// The message types that are operations. `ping` is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MessageKind {
    Join,
    /// A `join` that asks to resume an earlier membership.
    Resume,
    Leave,
    Participants,
    RaiseHand,
    Relay,
    Commit,
    Refuse,
    Approve,
    Deny,
    Remove,
    Block,
    LowerHand,
    Lock,
    Approval,
    CoAdmin,
    Media,
    View,
    Publish,
    Mute,
}

const NAMES: [(MessageKind, &str); 20] = [
    (MessageKind::Join, "join"),
    (MessageKind::Resume, "resume"),
    (MessageKind::Leave, "leave"),
    (MessageKind::Participants, "participants"),
    (MessageKind::RaiseHand, "raise-hand"),
    (MessageKind::Relay, "relay"),
    (MessageKind::Commit, "commit"),
    (MessageKind::Refuse, "refuse"),
    (MessageKind::Approve, "approve"),
    (MessageKind::Deny, "deny"),
    (MessageKind::Remove, "remove"),
    (MessageKind::Block, "block"),
    (MessageKind::LowerHand, "lower-hand"),
    (MessageKind::Lock, "lock"),
    (MessageKind::Approval, "approval"),
    (MessageKind::CoAdmin, "coadmin"),
    (MessageKind::Media, "media"),
    (MessageKind::View, "view"),
    (MessageKind::Publish, "publish"),
    (MessageKind::Mute, "mute"),
];

/// The operation recorders of the socket's messages.
pub(crate) struct SocketRecorders(HashMap<MessageKind, OperationRecorder>);

impl SocketRecorders {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let recorders = NAMES.map(|(kind, name)| {
            let operation = Operation::new(GroupCallSignaling, name);
            (kind, metrics.operation(operation))
        });
        Self(recorders.into())
    }

    /// Starts the operation of a message; `None` for a message that is not an operation.
    pub(crate) fn start(&self, kind: Option<MessageKind>) -> Option<RunningOperation> {
        let recorder = self.0.get(&kind?)?;
        Some(recorder.start())
    }
}

/// Returns the outcome of an operation whose caller receives this message from the call; `None` if
/// the message decides no outcome.
pub(crate) const fn outcome_of(message: &Message) -> Option<OperationOutcome> {
    match message {
        // The operation succeeded. Only further users cannot be remembered.
        Message::Error(ErrorCode::TooManyUsers) => Some(OperationOutcome::Succeeded),
        Message::Error(ErrorCode::TryAgain) => Some(OperationOutcome::Failed),
        Message::Error(
            ErrorCode::Full
            | ErrorCode::TooManyDevices
            | ErrorCode::Displaced
            | ErrorCode::EndedByAdmin
            | ErrorCode::Expired
            | ErrorCode::Ended
            | ErrorCode::AlreadyJoined
            | ErrorCode::NotJoined
            | ErrorCode::Forbidden
            | ErrorCode::UnknownDevice
            | ErrorCode::NotActive
            | ErrorCode::NotPending
            | ErrorCode::TargetIsAdmin
            | ErrorCode::Locked
            | ErrorCode::TooManyCoAdmins
            | ErrorCode::Unreachable
            | ErrorCode::GuestsRefused
            | ErrorCode::StaleCommit
            | ErrorCode::MediaUnavailable
            | ErrorCode::MediaUnsealed
            | ErrorCode::TooManyOffers
            | ErrorCode::RateLimited,
        )
        | Message::GroupError { .. }
        | Message::Blocked => Some(OperationOutcome::Refused),
        Message::Joined(_)
        | Message::Participants { .. }
        | Message::Roster { .. }
        | Message::Admitted { .. }
        | Message::NewStatement { .. }
        | Message::Denied { .. }
        | Message::Removed
        | Message::Link(_)
        | Message::Moderation { .. }
        | Message::Muted { .. }
        | Message::Relay { .. }
        | Message::Commit { .. }
        | Message::Welcome { .. }
        | Message::Refuse { .. }
        | Message::Pong { .. } => None,
    }
}
