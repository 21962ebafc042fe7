//! The operations that the messages of the socket request.

use anteroom_call::{ErrorCode, Message};
use anteroom_runtime::{
    Area::GroupCallSignaling, Metrics, Operation, OperationOutcome, OperationRecorder,
    RunningOperation,
};

/// The message types that are operations. `ping` is not one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MessageKind {
    Join,
    /// A `join` that asks to resume an earlier membership.
    Resume,
    Leave,
    Participants,
    RaiseHand,
    Relay,
    Approve,
    Deny,
    Remove,
    Block,
}

impl MessageKind {
    const fn operation(self) -> Operation {
        let name = match self {
            Self::Join => "join",
            Self::Resume => "resume",
            Self::Leave => "leave",
            Self::Participants => "participants",
            Self::RaiseHand => "raise-hand",
            Self::Relay => "relay",
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Remove => "remove",
            Self::Block => "block",
        };
        Operation::new(GroupCallSignaling, name)
    }
}

/// The operation recorders of the socket's messages.
pub(crate) struct SocketRecorders {
    join: OperationRecorder,
    resume: OperationRecorder,
    leave: OperationRecorder,
    participants: OperationRecorder,
    raise_hand: OperationRecorder,
    relay: OperationRecorder,
    approve: OperationRecorder,
    deny: OperationRecorder,
    remove: OperationRecorder,
    block: OperationRecorder,
}

impl SocketRecorders {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let recorder = |kind: MessageKind| metrics.operation(kind.operation());
        Self {
            join: recorder(MessageKind::Join),
            resume: recorder(MessageKind::Resume),
            leave: recorder(MessageKind::Leave),
            participants: recorder(MessageKind::Participants),
            raise_hand: recorder(MessageKind::RaiseHand),
            relay: recorder(MessageKind::Relay),
            approve: recorder(MessageKind::Approve),
            deny: recorder(MessageKind::Deny),
            remove: recorder(MessageKind::Remove),
            block: recorder(MessageKind::Block),
        }
    }

    /// Starts the operation of a message.
    pub(crate) fn start(&self, kind: MessageKind) -> RunningOperation {
        let recorder = match kind {
            MessageKind::Join => &self.join,
            MessageKind::Resume => &self.resume,
            MessageKind::Leave => &self.leave,
            MessageKind::Participants => &self.participants,
            MessageKind::RaiseHand => &self.raise_hand,
            MessageKind::Relay => &self.relay,
            MessageKind::Approve => &self.approve,
            MessageKind::Deny => &self.deny,
            MessageKind::Remove => &self.remove,
            MessageKind::Block => &self.block,
        };
        recorder.start()
    }
}

/// Returns the outcome of an operation whose caller receives this message from the call; `None` if
/// the message decides no outcome.
pub(crate) const fn outcome_of(message: &Message) -> Option<OperationOutcome> {
    match message {
        Message::Error(code) => Some(outcome_of_error(*code)),
        Message::Blocked => Some(OperationOutcome::Refused),
        Message::Joined(_)
        | Message::Participants { .. }
        | Message::Roster { .. }
        | Message::Admitted
        | Message::Denied { .. }
        | Message::Removed
        | Message::Link(_)
        | Message::Relay { .. }
        | Message::Pong => None,
    }
}

const fn outcome_of_error(code: ErrorCode) -> OperationOutcome {
    match code {
        // The operation succeeded. Only further users cannot be remembered.
        ErrorCode::TooManyUsers => OperationOutcome::Succeeded,
        ErrorCode::TryAgain => OperationOutcome::Failed,
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
        | ErrorCode::Unreachable
        | ErrorCode::RateLimited => OperationOutcome::Refused,
    }
}
