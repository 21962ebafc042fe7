//! Events of the operator's commands on rooms.

use std::sync::Arc;

use anteroom_service::{Clock as _, Event, EventSink, Pseudonymizer};
use anteroom_store::OpaqueRoomId;
use anteroom_store_sql::SqliteRooms;

use super::{
    record,
    sinks::{SinkPlaces, Sinks},
};
use crate::{data_dir::DataDir, os::OsClock, services, settings::Settings};

/// Announces the operator's changes of rooms.
pub(crate) struct RoomChanges {
    sinks: Sinks,
    sink: Arc<dyn EventSink>,
    pseudonymizer: Pseudonymizer,
}

impl RoomChanges {
    /// Opens the room service's sinks. To be called before a change is made: a change whose event
    /// cannot be written is not begun.
    pub(crate) fn open(
        settings: &Settings,
        data: &DataDir,
        database: &SqliteRooms,
    ) -> anyhow::Result<Self> {
        let events = &settings.events;
        let sinks = Sinks::open(events, SinkPlaces::of_rooms(events, data))?;
        Ok(Self {
            sink: sinks.sink(),
            pseudonymizer: services::rooms_pseudonymizer(database),
            sinks,
        })
    }

    /// Records that the operator did something to a room.
    pub(crate) fn note(&self, action: &'static str, room: &OpaqueRoomId) {
        let room = self.pseudonymizer.room(room.as_str()).to_string();
        self.sink.emit(record(action).with("room", room));
    }

    /// Announces what the service itself would.
    pub(crate) fn announce(&self, name: &'static str, room: &OpaqueRoomId) {
        let room = self.pseudonymizer.room(room.as_str()).to_string();
        self.sink
            .emit(Event::new(name, OsClock.now()).with("room", room));
    }

    /// Writes the events that wait, and says what was lost.
    pub(crate) fn close(self) {
        self.sinks.close();
    }
}
