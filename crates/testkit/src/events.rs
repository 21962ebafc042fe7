//! A sink that keeps events for the test to look at.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anteroom_service::{Event, EventSink};

/// Keeps events. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct CapturedEvents(Arc<Mutex<Vec<Event>>>);

impl CapturedEvents {
    /// What happened since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for CapturedEvents {
    fn emit(&self, event: Event) {
        self.lock().push(event);
    }
}
