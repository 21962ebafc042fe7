//! The pings of a connection, and what their answers show.

/// The pings of a connection. The room service answers in the order of all messages, so that it has read and answered
/// what was written before a ping that it answers.
#[derive(Default)]
pub(super) struct Answers {
    /// The number of pings that were written.
    pings: u64,
    /// The number of those that were answered.
    pongs: u64,
    /// The number of the ping whose answer shows that the last request was read; 0 before the first one.
    request: u64,
}

impl Answers {
    /// Takes note that a ping is written.
    pub(super) const fn ping(&mut self) {
        self.pings += 1;
    }

    /// Takes note that a ping was answered.
    pub(super) fn pong(&mut self) {
        self.pongs = self.pings.min(self.pongs + 1);
    }

    /// Takes note of a request that the room service may refuse.
    pub(super) const fn request(&mut self) {
        self.request = self.pings + 1;
    }

    /// Returns whether a ping was not answered yet.
    pub(super) const fn awaits_pong(&self) -> bool {
        self.pongs < self.pings
    }

    /// Returns whether a request may not have been read.
    pub(super) const fn has_unanswered(&self) -> bool {
        self.pongs < self.request
    }
}
