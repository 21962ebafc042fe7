//! The room service: links, lobby, capacity, expiry and live calls, blind to accounts.
//!
//! A request takes one way: listener limits, room and claim, parsing, look-up, verification,
//! domain, event, response. Every endpoint has a file of its own, in which one function decides for
//! an outcome and an exhaustive match turns the outcome into status, body and event.
//!
//! Calls live in this process ([`Media::Embedded`]), joined over a WebSocket, or on a pool of media
//! servers ([`Media::Sfu`]), joined over REST; media servers call back on the
//! [`internal_router`].
//!
//! Verifications run where their request runs, in turns with everything else.
//!
//! Nothing here logs or emits a room's or a user's id: events name rooms by pseudonyms.

mod authorization;
mod background;
mod calls;
mod change_link;
mod conference;
mod cpu_permits;
mod create_link;
mod database_health;
mod delete_link;
mod examples;
mod group_token;
mod health;
mod internal;
mod join;
mod join_body;
mod keys;
mod limits;
mod media;
mod node;
mod operations;
mod pages;
mod params;
mod peek;
mod problems;
mod read_link;
mod room_headers;
mod rooms;
mod router;
mod settings;
mod shared_reads;
mod socket;
mod timeline;
mod transactions;
mod update_link;
mod verification;
mod verifier;
mod wire;

pub use self::{
    group_token::GroupCallKey,
    health::process_router,
    internal::internal_router,
    keys::{KeysError, verifier_keys},
    media::client::media_connections,
    node::Node,
    operations::{INTERNAL_OPERATIONS, OPERATIONS},
    params::StoredParams,
    rooms::{Rooms, RoomsParts, SetupError},
    router::{openapi, router},
    settings::{
        CleanerSettings, LeaseSettings, Media, MediaServer, Origin, RoomsSettings, SfuSettings,
        SocketLimits, VerificationLimits,
    },
};
