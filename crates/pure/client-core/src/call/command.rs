//! The commands of a device to the room service.

use zeroize::Zeroizing;

use super::group::GroupCommand;
use crate::{ApprovalStatement, DemuxId};

/// The recipients of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// All devices in the call.
    All,
    /// One device.
    One(DemuxId),
}

/// A command of a device in a call.
#[derive(Debug)]
pub enum Command {
    /// Seals a message under the key of the link, and relays it.
    Send {
        /// The recipients.
        to: Recipient,
        /// The plaintext.
        message: Zeroizing<Vec<u8>>,
    },
    /// Says a text: to the members of the group, where the device takes part in the end-to-end encryption.
    Say(String),
    /// Tells the name of this device.
    Introduce {
        /// The recipients.
        to: Recipient,
        /// The name.
        name: String,
    },
    /// Changes or shows the group.
    Group(GroupCommand),
    /// Raises or lowers the hand.
    RaiseHand(bool),
    /// Admits a waiting device.
    Approve {
        /// The device.
        device: DemuxId,
        /// The admin's statement about the device, which the room service delivers unread.
        statement: Option<ApprovalStatement>,
    },
    /// Denies a waiting device.
    Deny(DemuxId),
    /// Removes a device.
    Remove(DemuxId),
    /// Removes and blocks a device's user.
    Block(DemuxId),
    /// Asks for a sign of life, unless it was asked for already and has not come.
    Ping,
    /// Leaves the call.
    Leave,
}

impl Command {
    /// Returns whether it is a request that the room service may refuse.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(
            self,
            Self::RaiseHand(_)
                | Self::Approve { .. }
                | Self::Deny(_)
                | Self::Remove(_)
                | Self::Block(_)
        )
    }
}
