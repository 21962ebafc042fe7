//! The departure of a device that leaves a call.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::socket::PARTING;

/// The maximum time for which leaving waits until all commands have gone out, at the pace of the room service.
const LAST_COMMANDS: Duration = Duration::from_secs(30);
/// The maximum time for which leaving waits until a member is there to hear the texts that wait, and until the members
/// have what this person has signed.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A device leaves: its last commands go out, the room service answers them, and `leave` follows.
pub(super) struct Departure {
    start: Instant,
    /// The moment since which texts or statements wait for members.
    waits_since: Option<Instant>,
    /// The moment since which answers alone are missing.
    asks_since: Option<Instant>,
    has_pinged: bool,
}

impl Departure {
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            waits_since: None,
            asks_since: None,
            has_pinged: false,
        }
    }

    /// Returns the moment at which the device leaves without an answer to all.
    pub(super) fn until(&self) -> Instant {
        let words = self.waits_since.map(|since| since + LAST_WORDS);
        let answer = self.asks_since.map(|since| since + PARTING);
        let limits = words.into_iter().chain(answer);
        limits.fold(self.start + LAST_COMMANDS, Instant::min)
    }

    /// Takes note whether texts or statements wait for members.
    pub(super) fn wait_for_members(&mut self, waits: bool) {
        let since = self.waits_since.unwrap_or_else(Instant::now);
        self.waits_since = waits.then_some(since);
    }

    /// Takes note that answers alone are missing.
    pub(super) fn wait_for_answers(&mut self) {
        self.asks_since.get_or_insert_with(Instant::now);
    }

    /// Returns whether the last ping is to be written now.
    pub(super) const fn takes_last_ping(&mut self) -> bool {
        !std::mem::replace(&mut self.has_pinged, true)
    }
}
