//! The room service: HTTP and WebSocket for call links, lobbies and live calls.
//!
//! # Contract
//!
//! - [`Rooms::new`] takes a database, a clock, randomness, server params, limits and settings as
//!   [`RoomsParts`]. [`router`] serves clients, [`internal_router`] serves media servers, and
//!   [`process_router`] answers health probes before the database is open.
//! - The caller runs [`Rooms::recover`] once before serving and [`Rooms::run_background`] while
//!   serving, and calls [`Rooms::close`] when the node stops.
//! - A client proves its rights with a zero-knowledge presentation. The service never learns an
//!   account, and never sees the keys of a link.
//! - No log, event, metric or error contains the id of a room or a user. Events name rooms by
//!   pseudonyms.
//! - Every wait, queue, body and message is bounded. Clients, networks and users have budgets,
//!   which [`RoomsSettings`] sets.
//! - Every error is a problem document with a stable code, or an error message of the socket. A
//!   failing database or media server leads to a 5xx, never to a decision without it.
//!
//! # Structure
//!
//! Every request passes the same steps: listener limits, room and claim, parsing, look-up,
//! verification, domain, event, response. Every endpoint has its own file, in which one function
//! decides for an outcome and an exhaustive match maps the outcome to status, body and event.
//!
//! Calls run in this process ([`Media::Embedded`]) and are joined over a WebSocket, or run on a
//! pool of media servers ([`Media::Sfu`]) and are joined over REST. Media servers report to the
//! [`internal_router`].
//!
//! Verifications run on the thread of their request. A permit for each core limits them.

mod domain;
mod http;
mod rooms;
mod settings;
mod state;

pub use self::{
    domain::{
        group_token::GroupCallKey,
        media::client::media_connections,
        node::Node,
        verification::{KeysError, StoredParams, verifier_keys},
    },
    http::{
        health::process_router,
        internal::internal_router,
        operations::{INTERNAL_OPERATIONS, OPERATIONS},
        router::{openapi, router},
    },
    rooms::{Rooms, RoomsParts, SetupError},
    settings::{
        CleanerSettings, LeaseSettings, Media, MediaServer, Origin, RoomsSettings, SfuSettings,
        SocketLimits, VerificationLimits,
    },
};
