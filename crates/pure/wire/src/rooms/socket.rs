//! The messages of the room service's socket.

mod inbound;
mod member_text;
mod outbound;

pub use self::{
    inbound::{ClientMessage, JoinMessage, RelayRecipients, RosterUpdates},
    outbound::{DeviceBody, DeviceStatus, EntryBody, JoinedMessage, ServerMessage},
};
