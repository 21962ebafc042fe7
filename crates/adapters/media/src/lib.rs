//! The sockets and threads that carry the media of calls. [`anteroom_sfu`] decides what travels where; this crate
//! receives and sends.
//!
//! # Contract
//!
//! 1. [`MediaServer::start`] opens the sockets and starts the threads: one for each core, each with a UDP and a TCP
//!    port of its own. [`MediaServer::open_call`] gives a call to the thread with the least to do, where it stays.
//! 2. A [`CallHandle`] takes what happens in the call, and never waits. The answers are [`MediaEvent`]s, which
//!    [`CallEvents::next`] returns.
//! 3. [`CallHandle::remove`] ends everything of a device: once its [`Receipt`] is done, not one packet more is sent
//!    to it or taken from it.
//! 4. Media go only to an address that has answered a check of ours, for the connection that made the check. An
//!    address that has proven nothing is sent one answer to each of its checks that has the credentials of a
//!    connection, and few checks of ours.
//! 5. Every queue and every table has a bound for each client: the modules say which. The caller bounds the sizes
//!    of offers and views.
//! 6. Nothing here is logged. Counts name no call, device or address.
//!
//! # Inside
//!
//! ```text
//! handle ──commands──▶ thread ──▶ events             call_handle, command, call_port, event
//!                       │  ▲
//!        offers (SDP) ◀─┘  └─ a thread beside it      offers
//!
//! sockets ──▶ router ──▶ call ──▶ sockets             udp, tcp, sockets, router, call
//!               │
//!               └── routes, checks                    which connection, and how many checks
//! ```
//!
//! A round of a thread (`media_thread`) takes commands, receives from all sockets, lets time pass, and sends at most
//! once in the flush interval, so that the packets for one viewer leave in one system call. A fault that a device
//! provokes in the code of connections ends its call, not the thread. The load of a thread (`load`) lowers the
//! layers of its calls, and then keeps new ones away.
#![forbid(unsafe_code)]

mod call;
mod call_handle;
mod call_port;
mod checks;
mod client_key;
mod command;
mod containment;
mod event;
mod frame_queue;
mod incoming;
mod load;
mod local_addresses;
mod media_thread;
mod offers;
mod router;
mod routes;
mod server;
mod settings;
mod sockets;
mod statistics;
mod tcp;
mod udp;

pub use anteroom_protocol::media::{SessionDescription, SlotReport, SlotWish, ViewRequest};
/// The limits of what devices send, and the reasons of refusals.
pub use anteroom_sfu::{
    OfferError,
    description::LineError,
    limits::{MediaLimits, SourceLimit},
    output::Refusal,
};

pub use self::{
    call_handle::{BusyError, CallEvents, CallHandle, Receipt},
    event::{MediaEvent, OfferRefusal},
    frame_queue::QueueLimits,
    load::LoadLimit,
    server::{MediaServer, StartError, UnavailableError},
    settings::{ListenAddresses, MAX_THREADS, MediaSettings},
    sockets::SocketAddresses,
    statistics::{BATCH_BOUNDS, HistogramCounts, LOAD_BOUNDS, MediaCounts, MediaHistograms},
    tcp::TcpLimits,
};
