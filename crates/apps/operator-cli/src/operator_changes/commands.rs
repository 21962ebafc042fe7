//! Records of commands on the services as a whole: keys and backups.

use std::sync::atomic::{AtomicBool, Ordering};

use anteroom_console::data_dir::DataDir;
use anteroom_server::{
    database::{self, ServiceSchema as _},
    services::EventOutputs,
    settings::{EventSettings, Settings},
};
use anteroom_store_sqlite::{IssuerSchema, RoomsSchema};

use super::sinks::{Sinks, record};

/// The services that a command has changed so far.
#[derive(Default)]
pub struct ChangedServices {
    issuer: AtomicBool,
    rooms: AtomicBool,
}

impl ChangedServices {
    /// Adds the service of this name.
    pub fn add(&self, service: &str) {
        if service == IssuerSchema::SERVICE {
            self.issuer.store(true, Ordering::Relaxed);
        } else {
            self.rooms.store(true, Ordering::Relaxed);
        }
    }

    /// Adds both services.
    pub fn add_both(&self) {
        self.add(IssuerSchema::SERVICE);
        self.add(RoomsSchema::SERVICE);
    }
}

/// A command that is recorded after it has succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandRecord {
    action: &'static str,
    of_issuer: bool,
    of_rooms: bool,
}

impl CommandRecord {
    /// Returns the record of an action on the services.
    pub const fn new(action: &'static str, of_issuer: bool, of_rooms: bool) -> Self {
        Self {
            action,
            of_issuer,
            of_rooms,
        }
    }

    /// Returns the record of a command that failed: for the services alone that it has changed before.
    pub fn of_failed(self, changes: &ChangedServices) -> Self {
        Self {
            of_issuer: self.of_issuer && changes.issuer.load(Ordering::Relaxed),
            of_rooms: self.of_rooms && changes.rooms.load(Ordering::Relaxed),
            ..self
        }
    }

    /// Writes the record to the events of the services whose databases exist here. The change has been made:
    /// a record that cannot be written is logged.
    pub fn write(self, settings: &Settings, data: &DataDir) {
        let events = &settings.events;
        if self.of_issuer && database::is_there(&IssuerSchema::path(data)) {
            self.write_to(events, EventOutputs::of_issuer(events, data));
        }
        if self.of_rooms && database::is_there(&RoomsSchema::path(data)) {
            self.write_to(events, EventOutputs::of_rooms(events, data));
        }
    }

    fn write_to(self, settings: &EventSettings, sinks: EventOutputs<'_>) {
        match Sinks::open(settings, sinks) {
            Ok(sinks) => sinks.emit(record(self.action)),
            Err(error) => {
                tracing::error!("the change is made, but its record cannot be written: {error:#}");
            }
        }
    }
}
