//! Events about rooms.

use std::sync::Arc;

use anteroom_runtime::{Clock, Event, EventSink, Pseudonymizer};
use anteroom_store::OpaqueRoomId;

/// The sink of events about rooms. Clones emit to the same sink.
#[derive(Clone)]
pub(crate) struct RoomEvents {
    pub(crate) sink: Arc<dyn EventSink>,
    pub(crate) pseudonymizer: Pseudonymizer,
    pub(crate) clock: Arc<dyn Clock>,
}

impl RoomEvents {
    /// Emits an event about the room.
    pub(crate) fn emit(&self, name: &'static str, room: &OpaqueRoomId) {
        self.sink.emit(self.event(name, room));
    }

    /// Emits the event of a link that was updated.
    pub(crate) fn emit_update(&self, room: &OpaqueRoomId, revoked: bool) {
        let event = self.event("call_link.updated", room);
        self.sink.emit(event.with("revoked", revoked));
    }

    fn event(&self, name: &'static str, room: &OpaqueRoomId) -> Event {
        let pseudonym = self.pseudonymizer.room(room.as_str()).to_string();
        Event::new(name, self.clock.now()).with("room", pseudonym)
    }
}
