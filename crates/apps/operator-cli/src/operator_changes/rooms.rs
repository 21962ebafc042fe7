//! Events of the operator's commands on rooms.

use anteroom_console::{data_dir::DataDir, os};
use anteroom_runtime::{Event, Pseudonymizer};
use anteroom_server::{
    services::{self, EventOutputs},
    settings::Settings,
};
use anteroom_store::OpaqueRoomId;
use anteroom_store_sqlite::SqliteRooms;

use super::sinks::{Sinks, record};

/// Emits the events of the operator's changes of rooms.
pub(crate) struct RoomChanges {
    sinks: Sinks,
    pseudonymizer: Pseudonymizer,
}

impl RoomChanges {
    /// Opens the room service's sinks. Called before a change is made, so that a change whose event cannot be
    /// written does not start.
    pub(crate) fn open(
        settings: &Settings,
        data: &DataDir,
        database: &SqliteRooms,
    ) -> anyhow::Result<Self> {
        let events = &settings.events;
        Ok(Self {
            sinks: Sinks::open(events, EventOutputs::of_rooms(events, data))?,
            pseudonymizer: services::rooms_pseudonymizer(database),
        })
    }

    /// Records an operator's action on a room.
    pub(crate) fn note(&self, action: &'static str, room: &OpaqueRoomId) {
        self.emit(record(action), room);
    }

    /// Emits an event that the service itself would emit.
    pub(crate) fn announce(&self, name: &'static str, room: &OpaqueRoomId) {
        self.emit(Event::new(name, os::now()), room);
    }

    fn emit(&self, event: Event, room: &OpaqueRoomId) {
        let room = self.pseudonymizer.room(room.as_str()).to_string();
        self.sinks.emit(event.with("room", room));
    }
}
