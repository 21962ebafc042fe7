//! The maximum rate at which one client is read.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The maximum sustained rate, in messages a second.
const PER_SECOND: u32 = 2_000;
/// The maximum number of messages that are read at once.
const BURST: u32 = 10_000;

/// Delays the messages of a client that sends without end. They wait in the client's own
/// connection.
#[derive(Debug)]
pub(crate) struct Throttle {
    /// The time at which the whole burst would be available again.
    whole_at: Instant,
}

impl Throttle {
    pub(crate) fn new() -> Self {
        Self {
            whole_at: Instant::now(),
        }
    }

    /// Waits until another message may be read.
    pub(crate) async fn wait(&mut self) {
        let now = Instant::now();
        self.whole_at = self.whole_at.max(now) + Duration::from_secs(1) / PER_SECOND;
        let debt = self.whole_at.saturating_duration_since(now);
        let most = Duration::from_secs(1) * BURST / PER_SECOND;
        if let Some(delay) = debt.checked_sub(most) {
            sleep(delay).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_is_read_at_once_and_then_so_many_a_second() {
        let mut throttle = Throttle::new();
        let start = Instant::now();
        for _ in 0..BURST {
            throttle.wait().await;
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        for _ in 0..PER_SECOND {
            throttle.wait().await;
        }
        let elapsed = start.elapsed().as_secs_f64();
        assert!((0.9..2.1).contains(&elapsed), "{elapsed}");
    }
}
