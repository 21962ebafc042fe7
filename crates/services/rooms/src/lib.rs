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
//! - `http` parses requests and writes answers. Every endpoint has a file of its own, which extracts
//!   a command, calls one function of the domain and maps its outcome in an exhaustive match.
//! - `domain` decides: look-up, verification, limits, passkey, call. It knows no HTTP. Events are
//!   emitted there, where a decision is stored.
//! - `state` holds the parts that both share. No part knows the state.
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
        external_media::client::external_media_connections,
        group_token::GroupCallKey,
        media::{
            MediaBackend, MediaBusy, MediaConfig, MediaControl, MediaEnd, MediaEvent, MediaEvents,
            MediaUnavailable, OfferRefusal, OpenedMedia,
        },
        node::Node,
        verification::{KeysError, StoredParams, VerifierKeys, verifier_keys},
    },
    http::{
        health::process_router,
        internal::internal_router,
        operations::{INTERNAL_OPERATIONS, OPERATIONS},
        router::{openapi, router},
    },
    rooms::{Rooms, RoomsParts, SetupError},
    settings::{
        CleanerSettings, ExternalMediaServer, LeaseSettings, Media, Origin, RoomsSettings,
        SfuSettings, SocketLimits, VerificationLimits,
    },
};
