//! The messages of the room service's socket.

mod group_epoch;
mod inbound;
mod member_text;
mod outbound;

pub use self::{
    group_epoch::GroupEpochBody,
    inbound::{ClientMessage, JoinMessage, RelayRecipients, RosterUpdates, WelcomeBody},
    outbound::{DeviceBody, DeviceStatus, EntryBody, JoinedMessage, ServerMessage},
};
