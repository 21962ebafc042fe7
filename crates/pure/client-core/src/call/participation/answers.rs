//! The pings of a connection, and what their answers show.

use std::time::Duration;

use anteroom_e2ee::Moment;

use crate::call::connection::SILENCE_LIMIT;

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
    /// The moment at which the ping was asked for that was not answered yet.
    asked_at: Option<Moment>,
    /// Whether a ping is due since the room service has dropped a message: until it has answered one, it drops others
    /// without a word.
    is_due: bool,
}

impl Answers {
    /// Takes note that a ping is asked for.
    pub(super) const fn ask(&mut self, now: Moment) {
        self.asked_at = Some(now);
    }

    /// Takes note that a ping is written.
    pub(super) const fn ping(&mut self) {
        self.is_due = false;
        self.pings += 1;
    }

    /// Takes note that a ping was answered.
    pub(super) fn pong(&mut self) {
        self.pongs = self.pings.min(self.pongs + 1);
        if !self.awaits_pong() {
            self.asked_at = None;
        }
    }

    /// Returns whether the answer to a ping is missing for so long that the connection counts as lost. The room service
    /// could leave out the answers, and send everything else.
    pub(super) fn is_late(&self, now: Moment) -> bool {
        self.late_at().is_some_and(|late_at| late_at <= now)
    }

    /// Returns the first moment at which the answer to a ping is missing for so long.
    pub(super) fn late_at(&self) -> Option<Moment> {
        let limit = SILENCE_LIMIT + Duration::from_millis(1);
        self.asked_at.map(|asked_at| asked_at.plus(limit))
    }

    /// Takes note that the room service has dropped a message. A ping is due also while another one is not answered,
    /// which may have been written before that message.
    pub(super) const fn take_limit(&mut self) {
        self.is_due = true;
    }

    /// Returns whether a ping is due since the room service has dropped a message.
    pub(super) const fn is_due(&self) -> bool {
        self.is_due
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
