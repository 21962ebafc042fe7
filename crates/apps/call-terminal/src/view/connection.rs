//! The state of this device's connection.

use std::time::Duration;

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
