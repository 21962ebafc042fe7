//! A room service that lies: a proxy before an honest one.

mod hop;
mod http;
mod shared;
mod socket;

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::DropGuard;

pub use self::hop::{Hop, HttpHop};
use self::shared::Shared;
use crate::router_server::serve_router;

/// A room service that lies, on a free port of the loopback interface. It stands before an honest one, and runs
/// until the value is dropped.
///
/// It can do all that a room service can. It reads each message of the sockets in both directions, as a room
/// service does: only the bodies that clients seal are closed to both. A lie ([`Self::lie`]) drops a message,
/// changes it, holds it back, or passes others in its place, to any client and to the honest service in the name
/// of any client. [`Self::deliver`] makes messages at any time, [`Self::break_connection`] and
/// [`Self::refuse_connections`] cut clients off, [`Self::lie_over_http`] changes requests and answers. It keeps
/// every message that it has delivered ([`Self::record`]).
///
/// Each client has a URL of its own ([`Self::url`]), so that a client has the same number in all its connections.
/// A room service tells clients apart by their users and member keys.
pub struct LyingRooms {
    url: String,
    shared: Arc<Shared>,
    _server: DropGuard,
}

impl LyingRooms {
    /// Starts before the service with this `http://` URL.
    ///
    /// # Panics
    /// No port is available.
    pub async fn before(service: &str) -> Self {
        let shared = Arc::new(Shared::new(service));
        let router = Router::new()
            .fallback(http::pass_on)
            .with_state(Arc::clone(&shared));
        let (address, server) = serve_router(router).await;
        Self {
            url: format!("http://{address}"),
            shared,
            _server: server,
        }
    }

    /// Returns the base URL for the client with this number.
    #[must_use]
    pub fn url(&self, client: usize) -> String {
        format!("{}/{client}", self.url)
    }

    /// Lets each message of the sockets go through a lie from now on: the messages that it returns are delivered
    /// in the place of the one that it gets. It calls no method of this value.
    pub fn lie(&self, lie: impl FnMut(Hop) -> Vec<Hop> + Send + 'static) {
        self.shared.set_lie(Some(Box::new(lie)));
    }

    /// Tells clients nothing of a feature from now on, as a room service of an earlier version.
    pub fn leave_out(&self, feature: &'static str) {
        self.shared.leave_out(feature);
    }

    /// Passes all messages of the sockets on as they are, from now on.
    pub fn be_honest(&self) {
        self.shared.set_lie(None);
    }

    /// Lets each request and each answer outside of the sockets go through a lie from now on. An answer in the
    /// place of a request is given without the honest service.
    pub fn lie_over_http(&self, lie: impl FnMut(usize, HttpHop) -> HttpHop + Send + 'static) {
        self.shared.set_http_lie(Box::new(lie));
    }

    /// Delivers a message over the newest connection of its client, past the lie. A message for a client without
    /// a connection is lost.
    pub fn deliver(&self, hop: Hop) {
        self.shared.deliver(hop);
    }

    /// Breaks the connection of a client at both ends, without a close frame.
    pub fn break_connection(&self, client: usize) {
        self.shared.break_connection(client);
    }

    /// Sets whether new connections of a client are answered with 503.
    pub fn refuse_connections(&self, client: usize, refuses: bool) {
        self.shared.refuse_connections(client, refuses);
    }

    /// Returns the messages that were delivered, in their order.
    #[must_use]
    pub fn record(&self) -> Vec<Hop> {
        self.shared.record()
    }

    /// Waits until a message that meets a condition is delivered, or returns the first one that was.
    pub async fn delivered(&self, is_wanted: impl Fn(&Hop) -> bool) -> Hop {
        self.shared.delivered(0, is_wanted).await
    }

    /// Waits until a message that meets a condition is delivered from now on.
    pub async fn next_delivered(&self, is_wanted: impl Fn(&Hop) -> bool) -> Hop {
        let count = self.shared.count();
        self.shared.delivered(count, is_wanted).await
    }
}
