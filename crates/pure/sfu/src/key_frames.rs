//! The requests for key frames of one layer of a sender.
//!
//! 1. Whoever needs a key frame asks here: a viewer that begins to see the layer, or its PLI.
//! 2. The sender is asked at once, but not twice in a second: requests in between are one, and are sent when
//!    the second has passed, if no key frame has come since the last of them.
//! 3. A request that no key frame answers is repeated after one second, then two, four and eight, and every
//!    eight seconds from then on.

use core::time::Duration;

use crate::time::Moment;

/// The minimum time between two requests to a sender for the same layer.
pub const REQUEST_INTERVAL: Duration = Duration::from_secs(1);

/// The maximum time between repetitions.
const MAX_REPETITION: Duration = Duration::from_secs(8);

/// The requests for key frames of one layer. The module's documentation has the rules.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyFrameRequests {
    /// The moment of the last request to the sender.
    sent: Option<Moment>,
    /// The next request to the sender, if a key frame is missing.
    next: Option<Moment>,
    /// The time after the next request until it is repeated.
    repetition: Duration,
}

impl KeyFrameRequests {
    /// Notes that a viewer needs a key frame.
    pub fn request(&mut self, now: Moment) {
        let earliest = self.sent.map(|sent| sent.plus(REQUEST_INTERVAL));
        self.next = Some(earliest.unwrap_or(now).max(now));
        self.repetition = REQUEST_INTERVAL;
    }

    /// Notes that a key frame has come, which serves all who have asked for it.
    pub const fn receive(&mut self) {
        self.next = None;
    }

    /// Notes that nobody waits for a key frame any more.
    pub const fn cancel(&mut self) {
        self.next = None;
    }

    /// Returns whether the sender is to be asked now, which counts as a request.
    pub fn take_due(&mut self, now: Moment) -> bool {
        let is_due = self.next.is_some_and(|next| next <= now);
        if is_due {
            self.sent = Some(now);
            self.next = Some(now.plus(self.repetition));
            self.repetition = (self.repetition * 2).min(MAX_REPETITION);
        }
        is_due
    }

    /// Returns the moment of the next request to the sender.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Moment> {
        self.next
    }
}
