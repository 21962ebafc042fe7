//! The pace of a device's relays: the room service drops what a user relays beyond its limits.

use std::time::Duration;

use anteroom_e2ee::Moment;
use anteroom_wire::rooms::socket::ClientMessage;

/// The bytes of relays that go out at once. The room service takes twice as many of a user, so that messages that the
/// network delays may come together.
const BURST: u64 = 128 * 1024;
/// The bytes of relays in a second that the room service takes of a user, on average.
const RATE: u64 = 64 * 1024;
/// The bytes that a relay counts at least.
const MIN_COST: u64 = 1024;
/// The time without commands that relay something after the room service has dropped a relay: other devices of the
/// user may send too.
const PAUSE: Duration = Duration::from_secs(2);

/// The relays of a device. Those of the session of the end-to-end encryption count, and do not wait.
pub(super) struct RelayBudget {
    /// The bytes that count at `at`.
    level: u64,
    at: Moment,
}

impl Default for RelayBudget {
    fn default() -> Self {
        Self {
            level: 0,
            at: Moment::new(Duration::ZERO),
        }
    }
}

impl RelayBudget {
    /// Takes note that time has passed.
    pub(super) fn pass(&mut self, now: Moment) {
        let elapsed = now.since_start().saturating_sub(self.at.since_start());
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        self.level = self
            .level
            .saturating_sub(millis.saturating_mul(RATE) / 1000);
        self.at = self.at.plus(Duration::from_millis(millis));
    }

    /// Takes a message that goes out.
    pub(super) fn take(&mut self, message: &ClientMessage) {
        if let ClientMessage::Relay { body, .. } = message {
            let length = u64::try_from(body.len() / 4 * 3).unwrap_or(u64::MAX);
            self.level = self.level.saturating_add(length.max(MIN_COST));
        }
    }

    /// Takes note that the room service has dropped a message.
    pub(super) fn refuse(&mut self) {
        self.level = self.level.max(BURST + RATE * PAUSE.as_secs());
    }

    /// Returns whether the next command may relay something.
    pub(super) const fn is_open(&self) -> bool {
        self.level < BURST
    }

    /// Returns the moment at which the next command may relay something, if that is not now.
    pub(super) fn opens_at(&self) -> Option<Moment> {
        let excess = self.level.checked_sub(BURST)?;
        let millis = (excess + 1).saturating_mul(1000).div_ceil(RATE);
        // A millisecond drains 65 bytes and a half.
        Some(self.at.plus(Duration::from_millis(millis + 1)))
    }
}

#[cfg(test)]
mod tests {
    use anteroom_wire::rooms::socket::Recipients;

    use super::*;

    fn at(millis: u64) -> Moment {
        Moment::new(Duration::from_millis(millis))
    }

    fn relay(length: usize) -> ClientMessage {
        ClientMessage::Relay {
            to: Recipients::ALL,
            body: "A".repeat(length / 3 * 4),
        }
    }

    /// Returns the number of relays until commands have to wait.
    fn burst(budget: &mut RelayBudget, message: &ClientMessage) -> usize {
        let mut count = 0;
        while budget.is_open() {
            budget.take(message);
            count += 1;
        }
        count
    }

    #[test]
    fn relays_go_out_at_half_of_the_burst_and_then_at_the_rate_of_the_room_service() {
        let (small, large) = (relay(30), relay(63 * 1024));
        for (message, at_once, in_ten_seconds) in [(&small, 128, 640), (&large, 3, 10)] {
            let mut budget = RelayBudget::default();
            budget.pass(at(5));
            assert_eq!(burst(&mut budget, message), at_once);
            let (mut count, mut now) = (0, at(5));
            while let Some(next) = budget.opens_at().filter(|next| *next <= at(10_005)) {
                assert!(next > now);
                now = next;
                budget.pass(now);
                assert!(budget.is_open(), "{now:?}");
                count += burst(&mut budget, message);
            }
            assert!(count <= in_ten_seconds, "{count}");
            assert!(count * 100 >= in_ten_seconds * 90, "{count}");
        }
        // Other messages count nothing.
        let mut budget = RelayBudget::default();
        for _ in 0..1_000 {
            budget.take(&ClientMessage::Ping);
        }
        assert!(budget.is_open() && budget.opens_at().is_none());
    }

    #[test]
    fn relays_wait_after_a_refusal() {
        let mut budget = RelayBudget::default();
        budget.refuse();
        budget.pass(at(1_900));
        assert!(!budget.is_open());
        budget.pass(at(2_100));
        assert!(budget.is_open());
    }
}
