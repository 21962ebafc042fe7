//! A delay that passes at once and is noted.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anteroom_issuer::Delay;
use async_trait::async_trait;

/// Notes how long attempts would have waited. Clones share the notes.
#[derive(Clone, Debug, Default)]
pub struct RecordedDelays(Arc<Mutex<Vec<Duration>>>);

impl RecordedDelays {
    /// The waits since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Duration> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Delay for RecordedDelays {
    async fn wait(&self, time: Duration) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(time);
    }
}
