//! A clock that tests set.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use anteroom_protocol::Timestamp;
use anteroom_runtime::Clock;

/// A clock that shows the same moment until it is set. Clones share the moment.
#[derive(Clone, Debug)]
pub struct MockClock(Arc<AtomicU64>);

impl MockClock {
    /// Creates a clock that shows this moment.
    #[must_use]
    pub fn at(moment: Timestamp) -> Self {
        Self(Arc::new(AtomicU64::new(moment.as_secs())))
    }

    /// Sets the clock, forward or back.
    pub fn set(&self, moment: Timestamp) {
        self.0.store(moment.as_secs(), Ordering::SeqCst);
    }

    /// Sets the clock forward by `seconds`.
    pub fn advance(&self, seconds: u64) {
        self.set(self.now().plus(seconds));
    }
}

impl Clock for MockClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Ordering::SeqCst))
    }
}
