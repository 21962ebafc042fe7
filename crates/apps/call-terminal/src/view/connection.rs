//! The state of this device's connection.

use std::time::Duration;

use super::View;

/// The state of this device's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    /// The device has not joined yet.
    Joining,
    /// The device waits in the lobby, for this time.
    Lobby(Duration),
    /// The device is in the call.
    Inside,
    /// The connection has been lost for this time.
    Lost(Duration),
}

impl View {
    pub(crate) fn connection(&self, now: Duration) -> Connection {
        match (self.lost_since, self.me) {
            (Some(since), _) => Connection::Lost(now.saturating_sub(since)),
            (None, None) => Connection::Joining,
            (None, Some(_)) if self.is_inside => Connection::Inside,
            (None, Some(_)) => Connection::Lobby(self.lobby.own_wait(now)),
        }
    }
}
