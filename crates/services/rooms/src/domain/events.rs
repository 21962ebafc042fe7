//! Events about rooms.

use std::sync::Arc;

use anteroom_runtime::{Clock, Event, EventSink, Pseudonymizer};
use anteroom_store::OpaqueRoomId;

/// The sink of events about rooms. Clones emit to the same sink.
#[derive(Clone)]
pub(crate) struct RoomEvents {
    sink: Arc<dyn EventSink>,
    pseudonymizer: Pseudonymizer,
    clock: Arc<dyn Clock>,
}

impl RoomEvents {
    pub(crate) fn new(
        sink: Arc<dyn EventSink>,
        pseudonymizer: Pseudonymizer,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            sink,
            pseudonymizer,
            clock,
        }
    }

    /// Emits an event about the room. `describe` adds to the payload.
    pub(crate) fn emit(
        &self,
        name: &'static str,
        room: &OpaqueRoomId,
        describe: impl FnOnce(Event) -> Event,
    ) {
        let pseudonym = self.pseudonymizer.room(room.as_str()).to_string();
        let event = Event::new(name, self.clock.now()).with("room", pseudonym);
        self.sink.emit(describe(event));
    }
}
