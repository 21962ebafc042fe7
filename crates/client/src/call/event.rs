//! What a participant hears.

use zeroize::Zeroizing;

use super::{Chat, DemuxId, EraId, OpenError, Roster};
use crate::{LinkState, RoomsError};

/// Whether a device is in the call or waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// In the call.
    Active,
    /// In the lobby.
    Pending,
}

/// Why an admin's or the room's door stayed shut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// An admin said no.
    Admin,
    /// The call ended while the device waited.
    Ended,
}

/// A device's place in a call.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The device's number.
    pub demux: DemuxId,
    /// The era.
    pub era: EraId,
    /// In the call or in its lobby.
    pub standing: Standing,
    /// Whether the device may decide about others.
    pub is_admin: bool,
    /// How many devices fit.
    pub max_devices: u32,
    /// Everyone, this device included.
    pub roster: Roster,
    /// The link.
    pub link: LinkState,
    /// What this room service does beyond what every one does, such as `roster_delta`.
    pub features: Vec<String>,
}

/// Something that happened in the call.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallEvent {
    /// This device has a place: at the start, and anew when the one it had could not be kept.
    Joined(Box<Joined>),
    /// Who is there has changed.
    Roster(Roster),
    /// An admin let this device in.
    Admitted,
    /// The link has changed.
    Link(LinkState),
    /// A member said something.
    Message {
        /// Who.
        from: DemuxId,
        /// What.
        message: Zeroizing<Vec<u8>>,
    },
    /// What came was not from whom the room service said, or came again. Nothing to be shown.
    Unreadable {
        /// Whom the room service named.
        from: DemuxId,
        /// What was wrong.
        reason: OpenError,
    },
    /// The room service refused something that this device asked for.
    Refused {
        /// The stable code, such as `forbidden`.
        code: String,
        /// The message.
        message: String,
    },
    /// The connection is lost and is being restored, for a minute at most. [`CallEvent::Restored`]
    /// follows while the service keeps the place, which it does for 30 seconds unless it stops;
    /// [`CallEvent::Joined`] follows when the device has to join anew.
    Lost,
    /// The connection is back and the place is the same.
    Restored(Roster),
    /// The call is over for this device: the last event.
    Ended(Ending),
}

impl CallEvent {
    /// The message of a conversation that a member has sent, if it is one.
    #[must_use]
    pub fn chat(&self) -> Option<Chat> {
        match self {
            Self::Message { message, .. } => Chat::from_bytes(message),
            _ => None,
        }
    }
}

/// How a stay in a call ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Ending {
    /// This device left.
    Left,
    /// It was not let in.
    Denied(DenialReason),
    /// An admin sent it away.
    Removed,
    /// An admin has ended the call from outside.
    EndedByAdmin,
    /// The call was full, and an admin took its place.
    Displaced,
    /// An admin sent it away, and it cannot come back in this era.
    Blocked,
    /// It could not go on.
    Failed(RoomsError),
}
