//! The events that a participant receives.

use std::fmt;

use anteroom_e2ee::MemberLeaf;
use anteroom_e2ee_session::{CoAdminDecision, Event as GroupEvent, ShownWords};
use anteroom_protocol::{ApprovalStatement, DemuxId, EraId};
use zeroize::Zeroizing;

use super::{
    chat::Chat,
    group::{GroupError, GroupState},
    media::{MediaConfig, MediaNotice},
    roster::Roster,
    sealing::OpenError,
};
use crate::{LinkState, Participant, RoomsError};

/// Whether a device is in the call or waits in its lobby.
pub use anteroom_wire::rooms::socket::DeviceStatus as SeatStatus;

/// The reason why a waiting device was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DenialReason {
    /// An admin denied the request.
    Admin,
    /// The call ended while the device waited.
    Ended,
}

/// The reason why a decision went without a statement. [`fmt::Display`] words it as a part of a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementOmission {
    /// The room service does not deliver statements: it lacks the feature `statements`.
    Unsupported,
    /// The roster has no such device.
    NoDevice,
    /// The device takes no part in the end-to-end encryption: it has named no member key, by its own word and by
    /// the room service's. The room service lets it in, and it is in no group.
    NoEncryption,
    /// The room service states another member key than the device, or one of the two states none; or it states no
    /// user.
    NoMemberKey,
    /// Rosters of the era have stated different users or member keys of the device's number: the admin may have
    /// decided about another one. The same holds for devices that are listed beside very many others.
    Changed,
    /// Approvals are void until a moment that is minutes ahead.
    Early,
}

impl StatementOmission {
    /// Returns the reason for a device without a user, or without a member key that it and the room service state
    /// alike.
    pub(crate) const fn without_key(device: &Participant) -> Self {
        match (&device.member, &device.stated_key) {
            (None, None) => Self::NoEncryption,
            _ => Self::NoMemberKey,
        }
    }
}

impl fmt::Display for StatementOmission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsupported => "the room service delivers no statements",
            Self::NoDevice => "the roster does not have the device any more",
            Self::NoEncryption => "the device takes no part in the end-to-end encryption",
            Self::NoMemberKey => "the device and the room service do not state the same key",
            Self::Changed => {
                "the room service has stated different accounts or keys for it in this call"
            }
            Self::Early => {
                "somebody was put out by a clock that is ahead, and approvals are void until then. Approve it again in \
                 some minutes"
            }
        })
    }
}

/// The part of this device in the decision of a co-admin, which an admin's device passes on to the room service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecisionHandling {
    /// This device has passed it on. The room service may refuse it.
    PassedOn,
    /// It is for this device to pass it on, which it did not: the room service does not list the device that is
    /// meant as such, or an admin's device is.
    Dropped,
    /// It is for another device to pass it on.
    OfOther,
}

/// A device's seat in a call, or in its lobby.
#[derive(Clone, Debug)]
pub struct SeatInfo {
    /// The device's number in the call.
    pub demux: DemuxId,
    /// The era of the call.
    pub era: EraId,
    /// Whether the device is in the call or in its lobby.
    pub status: SeatStatus,
    /// Whether the device has joined with the passkey, and may admit, deny, remove and block others.
    pub is_admin: bool,
    /// The maximum number of devices in the call.
    pub max_devices: u32,
    /// All devices, this one included.
    pub roster: Roster,
    /// The state of the link.
    pub link: LinkState,
    /// The media that the call has, if it has some for this device.
    pub media: Option<MediaConfig>,
    /// Optional functions of this room service, such as `roster_delta`.
    pub features: Vec<String>,
    /// The newest statement that an admin has given the device for this seat.
    pub statement: Option<ApprovalStatement>,
}

/// The state of a call that admins have decided on at the room service, by whose word it is. Members decide by signed
/// statements whom they let into their group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallModeration {
    /// Whether nobody new comes into the call.
    pub is_locked: bool,
    /// Whether those who come wait for an approval.
    pub asks_approval: bool,
    /// Whether the room service takes the decisions of this device: as an admin's, or as a co-admin's.
    pub is_admin: bool,
}

/// An event of a call.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallEvent {
    /// The device has a seat: once at the start, and again after a reconnection that could not resume the
    /// former seat.
    Joined(Box<SeatInfo>),
    /// The list of devices has changed.
    Roster(Roster),
    /// An admin admitted this device from the lobby, or gave it a newer statement while it was in.
    Admitted {
        /// The admin's statement about this device, if the admin made one. Who made it, and what it says, is
        /// for the caller to verify.
        statement: Option<ApprovalStatement>,
    },
    /// The state of the link has changed.
    Link(LinkState),
    /// The lock, the approval or the rights of this device at the room service are now like this. After
    /// [`CallEvent::Joined`] it comes where they are not as [`SeatInfo`] says.
    Moderation(CallModeration),
    /// A command about the call was not sent: the room service, of an earlier version, does not know it.
    ModerationUnsupported,
    /// A device has sent a message, sealed under the key of the link. In a call with end-to-end encryption it
    /// comes from outside of the group: whoever has the link can have sent it, with the room service's help.
    Message {
        /// The sending device.
        from: DemuxId,
        /// The plaintext.
        message: Zeroizing<Vec<u8>>,
    },
    /// A message failed authentication, or repeats an earlier one. Programs display nothing for it.
    Unreadable {
        /// The sender that the room service named.
        from: DemuxId,
        /// The reason.
        reason: OpenError,
    },
    /// The group of the end-to-end encryption is now like this. The first one follows
    /// [`CallEvent::Joined`], if this device takes part.
    GroupChanged(Box<GroupState>),
    /// The members of the group have done or said something.
    Group(Box<GroupEvent>),
    /// A co-admin, who has no passkey, has decided about a device.
    Decision {
        /// The claims of the co-admin.
        claims: Box<MemberLeaf>,
        /// The decision. The approval of an admission is verified.
        decision: CoAdminDecision,
        /// The part of this device in it.
        handling: DecisionHandling,
    },
    /// The verification words of the group, frozen with its members.
    Words(Box<ShownWords>),
    /// A text was not said, or, with [`GroupError::Unconfirmed`] or [`GroupError::Limited`], perhaps not.
    NotSaid {
        /// The text.
        text: String,
        /// The reason.
        error: GroupError,
    },
    /// The room service tells something about media.
    Media(MediaNotice),
    /// A command about the group was not carried out.
    GroupRefused(GroupError),
    /// The room service does not keep the policy that this device has signed. The members have it.
    PolicyNotKept(RoomsError),
    /// The room service refused a request of this device.
    Refused {
        /// The stable code, such as `forbidden`.
        code: String,
        /// The room service's explanation.
        message: String,
    },
    /// This device's decision was sent without a statement, although its rights sign for the link.
    StatementLeftOut {
        /// The device that was let in.
        device: DemuxId,
        /// The reason.
        reason: StatementOmission,
    },
    /// The call is over before the room service has shown that it has read the last decisions and hands of this
    /// device.
    Unanswered,
    /// The connection is lost. The session tries to restore it for one minute. [`CallEvent::Restored`]
    /// follows if the room service still reserves the seat, for which it allows 30 seconds unless it shuts
    /// down; [`CallEvent::Joined`] follows if the device has to join anew.
    Lost,
    /// The connection is restored, and the device has the same seat.
    Restored {
        /// All devices, this one included.
        roster: Roster,
        /// As in [`SeatInfo`]. The device may have been admitted while its connection was lost.
        statement: Option<ApprovalStatement>,
    },
    /// The call is over for this device. No event follows.
    Ended(EndReason),
}

impl CallEvent {
    /// Returns the conversation message that the event carries; `None` for other events and for messages of
    /// an unknown kind.
    #[must_use]
    pub fn chat(&self) -> Option<Chat> {
        match self {
            Self::Message { message, .. } => Chat::from_bytes(message),
            Self::Group(event) => match &**event {
                GroupEvent::Text { text, .. } => Some(Chat::Text { text: text.clone() }),
                _ => None,
            },
            _ => None,
        }
    }
}

/// The reason why a device's participation ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum EndReason {
    /// This device left.
    Left,
    /// This device was not admitted from the lobby.
    Denied(DenialReason),
    /// An admin removed the device.
    Removed,
    /// An admin ended the call through the link's interface.
    EndedByAdmin,
    /// The call was full, and an admin's device took the seat.
    Displaced,
    /// An admin removed the device's user and blocked it for the rest of the era.
    Blocked,
    /// An error ended the participation.
    Failed(RoomsError),
}
