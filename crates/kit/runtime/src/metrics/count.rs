//! Single gauges and counters.

use std::sync::Arc;

use prometheus_client::metrics::{counter::Counter, gauge::Gauge};
use tokio::sync::Notify;

/// The number of things at the moment. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct GuardedGauge {
    pub(super) number: Gauge,
    /// Notified when the number becomes 0.
    none: Arc<Notify>,
}

/// A guard for one of the things that a [`GuardedGauge`] counts.
#[derive(Debug)]
pub struct GaugeGuard(GuardedGauge);

impl GuardedGauge {
    /// Counts one more.
    #[must_use]
    pub fn enter(&self) -> GaugeGuard {
        self.number.inc();
        GaugeGuard(self.clone())
    }

    /// Returns the number.
    #[must_use]
    pub fn number(&self) -> i64 {
        self.number.get()
    }

    /// Completes when the number is 0.
    pub async fn none(&self) {
        loop {
            // Registers the waiter before reading the counter, so that a decrement in between is
            // not missed.
            let none = self.none.notified();
            if self.number() == 0 {
                return;
            }
            none.await;
        }
    }
}

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        let Self(count) = self;
        count.number.dec();
        if count.number() == 0 {
            count.none.notify_waiters();
        }
    }
}

/// The number of occurrences. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Count(pub(super) Counter);

impl Count {
    /// Adds `times`.
    pub fn add(&self, times: u64) {
        self.0.inc_by(times);
    }

    /// Returns the number so far.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.0.get()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_live_count_goes_up_and_down() {
        let count = GuardedGauge::default();
        let (one, two) = (count.enter(), count.clone().enter());
        drop(one);
        assert_eq!(count.number(), 1);
        drop(two);
        assert_eq!(count.number(), 0);
    }

    #[tokio::test]
    async fn the_end_of_the_last_one_is_told() {
        let count = GuardedGauge::default();
        count.none().await;
        let (one, two) = (count.enter(), count.enter());
        let mut none = pin!(count.none());
        assert!(none.as_mut().now_or_never().is_none());
        drop(one);
        assert!(none.as_mut().now_or_never().is_none());
        drop(two);
        assert!(none.as_mut().now_or_never().is_some());
    }
}
