//! Delays that are recorded instead of waited for.

use std::{sync::Arc, time::Duration};

use anteroom_accounts::Delay;
use async_trait::async_trait;
use parking_lot::Mutex;

/// Records the delays of login attempts, which end immediately. Clones share the record.
#[derive(Clone, Debug, Default)]
pub struct RecordedDelays(Arc<Mutex<Vec<Duration>>>);

impl RecordedDelays {
    /// Returns the delays since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.0.lock())
    }
}

#[async_trait]
impl Delay for RecordedDelays {
    async fn wait(&self, time: Duration) {
        self.0.lock().push(time);
    }
}
