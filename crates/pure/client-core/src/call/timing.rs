//! The times of a connection to a call.

use std::time::Duration;

/// The time between two pings.
pub const PING_EVERY: Duration = Duration::from_secs(10);
/// The silence after which a connection counts as lost. The room service answers every ping, and pings go out
/// every 10 seconds.
pub const SILENCE_LIMIT: Duration = Duration::from_secs(25);
/// The longest time for which counters of received messages are held in memory before the replay store has
/// them.
pub const STORE_EVERY: Duration = Duration::from_secs(1);
