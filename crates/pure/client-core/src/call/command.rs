//! The commands of a device to the room service.

use core::fmt;

use anteroom_e2ee::MemberPublicKey;
use anteroom_protocol::media::MuteTarget;
use zeroize::Zeroizing;

use super::{group::GroupCommand, media::MediaCommand};
use crate::{ApprovalStatement, DemuxId, EraId, call::event::StatementOmission};

/// The recipients of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// All devices in the call.
    All,
    /// One device.
    One(DemuxId),
}

/// A command of a device in a call. `Debug` shows no messages, texts and names.
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
        /// The admin's statement about the device, which the room service delivers unread. Without one, a co-admin signs
        /// it when the command is carried out.
        statement: Option<AdmissionStatement>,
    },
    /// Denies a waiting device.
    Deny(DemuxId),
    /// Removes a device.
    Remove(DemuxId),
    /// Removes and blocks a device's user.
    Block(DemuxId),
    /// Lowers the hand of another device. For admins and co-admins.
    LowerHand(DemuxId),
    /// Lets those wait who come from now on, or lets those in who wait. For admins and co-admins.
    SetApproval(bool),
    /// Says something about media.
    Media(MediaCommand),
    /// Asks for a sign of life, unless it was asked for already and has not come.
    Ping,
    /// Leaves the call.
    Leave,
}

/// The admin's statement about a device that is admitted.
#[derive(Clone)]
pub enum AdmissionStatement {
    /// One that the caller has.
    Given(ApprovalStatement),
    /// One that this device signs with the admin key when the command is carried out: a removal, or a policy, that comes
    /// before it would make an earlier one void. Without a group, the one of the moment at which the person has given
    /// the command counts, or the reason for none.
    Signed(Result<ApprovalStatement, StatementOmission>),
}

/// The state of the call in which a person has given a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandOrigin {
    /// The era of the last seat that the person has read of.
    pub era: EraId,
    /// Whether the person has read that the connection is lost, and not yet that it is back.
    pub knows_loss: bool,
    /// The key of the device that the command is about.
    pub device_key: DeviceKey,
}

/// The member key under the number of a device, as a person has read of it last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKey {
    /// The person has read nothing of the number.
    Unread,
    /// The device has named no key.
    Missing,
    /// The key.
    Member(MemberPublicKey),
}

impl DeviceKey {
    /// Returns whether the device with a key can be the one that the person means. A device that has gone is nobody
    /// else.
    pub(super) fn allows(self, now: Option<MemberPublicKey>) -> bool {
        match self {
            Self::Unread => true,
            Self::Missing => now.is_none(),
            Self::Member(key) => now.is_none_or(|now| now == key),
        }
    }
}

impl Command {
    /// Returns whether it relays words of the person, which wait at the pace of the room service.
    #[must_use]
    pub const fn is_relay(&self) -> bool {
        matches!(
            self,
            Self::Send { .. } | Self::Say(_) | Self::Introduce { .. }
        )
    }

    /// Returns whether it lets somebody in, who is not to hear what was written before.
    #[must_use]
    pub const fn lets_in(&self) -> bool {
        matches!(
            self,
            Self::Approve { .. }
                | Self::SetApproval(false)
                | Self::Group(GroupCommand::Lock(false))
        )
    }

    /// Returns whether it takes back an earlier command that lets somebody in and was not done yet: it would be done
    /// after this one otherwise. A block is about a user, and the admission may be of another device of that user. Nobody
    /// comes in under a lock, so that it takes back every admission.
    #[must_use]
    pub fn takes_back(&self, admission: &Self) -> bool {
        match (self, admission) {
            (Self::Deny(denied) | Self::Remove(denied), Self::Approve { device, .. }) => {
                denied == device
            }
            (Self::Block(_), Self::Approve { .. })
            | (Self::SetApproval(true), Self::SetApproval(false))
            | (
                Self::Group(GroupCommand::Lock(true)),
                Self::Approve { .. } | Self::Group(GroupCommand::Lock(false)),
            ) => true,
            _ => false,
        }
    }

    /// Returns the device that it is about, if it means the device with the key of which the person has read. For
    /// approvals the first key of the era counts, which their statements name.
    #[must_use]
    pub(super) const fn device(&self) -> Option<DemuxId> {
        match self {
            Self::Deny(device)
            | Self::Remove(device)
            | Self::Block(device)
            | Self::LowerHand(device)
            | Self::Group(GroupCommand::AddCoAdmin(device) | GroupCommand::RemoveCoAdmin(device))
            | Self::Media(MediaCommand::Mute {
                target: MuteTarget::One(device),
                ..
            }) => Some(*device),
            _ => None,
        }
    }

    /// Returns whether it counts in the era alone in which it was given: in another one a number can be somebody
    /// else's, and others hear. Who knows that the connection is lost says to those who will be there.
    pub(super) const fn is_of_era(&self, knows_loss: bool) -> bool {
        match self {
            Self::Say(_)
            | Self::Send {
                to: Recipient::All, ..
            } => !knows_loss,
            Self::Introduce {
                to: Recipient::All, ..
            }
            | Self::Group(GroupCommand::ShowWords)
            | Self::Ping
            | Self::Leave => false,
            _ => true,
        }
    }

    /// Returns whether it is a request that the room service may refuse.
    #[must_use]
    pub const fn is_request(&self) -> bool {
        matches!(
            self,
            Self::Group(
                GroupCommand::Lock(_)
                    | GroupCommand::AddCoAdmin(_)
                    | GroupCommand::RemoveCoAdmin(_)
            ) | Self::RaiseHand(_)
                | Self::LowerHand(_)
                | Self::SetApproval(_)
                | Self::Approve { .. }
                | Self::Deny(_)
                | Self::Remove(_)
                | Self::Block(_)
        )
    }
}

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, device) = match self {
            Self::Send { to, .. } => return f.debug_tuple("Send").field(to).finish(),
            Self::Say(text) => return write!(f, "Say({} bytes)", text.len()),
            Self::Introduce { to, .. } => return f.debug_tuple("Introduce").field(to).finish(),
            Self::Group(command) => return f.debug_tuple("Group").field(command).finish(),
            Self::RaiseHand(raised) => return f.debug_tuple("RaiseHand").field(raised).finish(),
            Self::SetApproval(on) => return f.debug_tuple("SetApproval").field(on).finish(),
            Self::Media(command) => return f.debug_tuple("Media").field(command).finish(),
            Self::Ping => return f.write_str("Ping"),
            Self::Leave => return f.write_str("Leave"),
            Self::Approve { device, .. } => ("Approve", device),
            Self::Deny(device) => ("Deny", device),
            Self::Remove(device) => ("Remove", device),
            Self::Block(device) => ("Block", device),
            Self::LowerHand(device) => ("LowerHand", device),
        };
        f.debug_tuple(name).field(device).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_no_texts_and_no_names() {
        let name = "hello".to_owned();
        let to = Recipient::All;
        for command in [Command::Say(name.clone()), Command::Introduce { to, name }] {
            let shown = format!("{command:?}");
            assert!(!shown.contains("hello"), "{shown}");
        }
    }
}
