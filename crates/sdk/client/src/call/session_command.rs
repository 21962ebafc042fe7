//! The commands of a session to its task.

use anteroom_client_core::call::command::{Command, CommandOrigin};

use super::session_media::MediaOpening;
use crate::{CallEvent, GroupError};

/// A command of a session to its task.
pub(crate) enum SessionCommand {
    /// For the room service.
    Call(CommandOrigin, Command),
    /// An event of the session itself, after those of earlier commands.
    Event(CallEvent),
    /// Drops the connection and restores it.
    Reconnect,
    /// Starts the media.
    #[cfg_attr(
        not(feature = "media"),
        expect(dead_code, reason = "there is no opening")
    )]
    Media(MediaOpening),
}

/// The kind of a command, by which it waits.
#[derive(Clone, Copy)]
pub(super) enum CommandKind {
    /// It relays something, at the pace of the room service.
    Relay,
    /// It lets somebody in, after the relays before it.
    Admission,
    /// It does not wait.
    Other,
}

impl SessionCommand {
    /// Returns the kind.
    pub(super) const fn kind(&self) -> CommandKind {
        match self {
            Self::Call(_, command) if command.is_relay() => CommandKind::Relay,
            Self::Call(_, command) if command.lets_in() => CommandKind::Admission,
            _ => CommandKind::Other,
        }
    }

    /// Returns what becomes of a relay that has waited too long: a text or a message is told as not said, and a name goes
    /// out beyond the pace of the room service.
    pub(super) fn late(self) -> Self {
        let error = GroupError::NotTaken;
        match self {
            Self::Call(_, Command::Say(text)) => Self::Event(CallEvent::NotSaid { text, error }),
            Self::Call(_, Command::Send { .. }) => Self::Event(CallEvent::GroupRefused(error)),
            other => other,
        }
    }
}
