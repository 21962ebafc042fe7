//! Events of the operator's commands on rooms.

use std::sync::Arc;

use anteroom_console::{data_dir::DataDir, os};
use anteroom_runtime::{Event, EventSink, Pseudonymizer};
use anteroom_server::{
    services::{self, EventOutputs},
    settings::Settings,
};
use anteroom_store::OpaqueRoomId;
use anteroom_store_sqlite::SqliteRooms;

use super::{record::record, sinks::Sinks};

/// Emits the events of the operator's changes of rooms.
pub(crate) struct RoomChanges {
    /// The database that is changed.
    pub(crate) database: SqliteRooms,
    sinks: Sinks,
    sink: Arc<dyn EventSink>,
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
        let sinks = Sinks::open(events, EventOutputs::of_rooms(events, data))?;
        Ok(Self {
            database: database.clone(),
            sink: sinks.sink(),
            pseudonymizer: services::rooms_pseudonymizer(database),
            sinks,
        })
    }

    /// Records an operator's action on a room.
    pub(crate) fn note(&self, action: &'static str, room: &OpaqueRoomId) {
        let room = self.pseudonymizer.room(room.as_str()).to_string();
        self.sink.emit(record(action).with("room", room));
    }

    /// Emits an event that the service itself would emit.
    pub(crate) fn announce(&self, name: &'static str, room: &OpaqueRoomId) {
        let room = self.pseudonymizer.room(room.as_str()).to_string();
        self.sink
            .emit(Event::new(name, os::now()).with("room", room));
    }

    /// Writes the waiting events, and logs lost ones.
    pub(crate) fn close(self) {
        self.sinks.close();
    }
}
