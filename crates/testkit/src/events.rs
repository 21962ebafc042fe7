//! A sink that collects events for tests.

use std::sync::Arc;

use anteroom_runtime::{Event, EventSink};
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::Notify;

/// Collects events. Clones share the collection.
#[derive(Clone, Debug, Default)]
pub struct CapturedEvents(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    kept: Mutex<Vec<Event>>,
    /// Notified of each new event.
    more: Notify,
}

impl CapturedEvents {
    /// Returns the events since the last call.
    #[must_use]
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.lock())
    }

    /// Waits for the next event of this name and removes it from the collection; the others stay.
    pub async fn next(&self, name: &str) -> Event {
        loop {
            let more = self.0.more.notified();
            if let Some(event) = self.take_first(name) {
                return event;
            }
            more.await;
        }
    }

    fn take_first(&self, name: &str) -> Option<Event> {
        let mut kept = self.lock();
        let place = kept.iter().position(|event| event.name() == name)?;
        Some(kept.remove(place))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        let kept = &self.0.kept;
        kept.lock()
    }
}

impl EventSink for CapturedEvents {
    fn emit(&self, event: Event) {
        self.lock().push(event);
        self.0.more.notify_waiters();
    }
}
