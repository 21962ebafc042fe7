//! The messages of the room service's socket.

mod group_epoch;
mod inbound;
mod media;
mod member_text;
mod outbound;

pub use self::{
    group_epoch::GroupEpochBody,
    inbound::{ClientMessage, JoinMessage, Recipients, RosterUpdates, WelcomeBody},
    media::{
        LayersBody, MediaConfigBody, SlotBody, SlotWishBody, SourceName, SourcesBody, WantedBody,
    },
    outbound::{DeviceBody, DeviceStatus, EntryBody, JoinedMessage, ServerMessage},
};
