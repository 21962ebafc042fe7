//! Changes by the operator's commands, and their events, beside a service that may run on the same data.
//!
//! The event file accepts whole lines from both. Events for the webhook are stored in the service's folder,
//! from which the service sends them. The standard output of the service is not accessible, and that of a
//! command is its result: events for it go to standard error.

mod commands;
mod record;
mod rooms;
mod sinks;

use std::sync::Arc;

use anteroom_accounts::{DeviceChange, DeviceChanges, DeviceEvents};
use anteroom_console::{data_dir::DataDir, os};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{EventSink, Pseudonymizer};
use anteroom_server::{
    services::{self, EventOutputs},
    settings::Settings,
};
use anteroom_store::{DeviceId, DeviceRetention, IssuerRepository};
use anteroom_store_sqlite::SqliteIssuer;

pub use self::commands::{ChangedServices, CommandRecord};
pub(crate) use self::rooms::RoomChanges;
use self::{record::record, sinks::Sinks};

/// Changes devices on behalf of the operator, and emits the events.
pub struct OperatorChanges {
    /// The database that is changed.
    pub(crate) database: SqliteIssuer,
    sinks: Sinks,
    sink: Arc<dyn EventSink>,
    pseudonymizer: Pseudonymizer,
    device_events: DeviceEvents,
    retention: DeviceRetention,
}

impl OperatorChanges {
    /// Opens the issuer's sinks. Called before a change is made, so that a change whose event cannot be
    /// written does not start.
    pub fn open(
        settings: &Settings,
        data: &DataDir,
        database: &SqliteIssuer,
    ) -> anyhow::Result<Self> {
        let events = &settings.events;
        let sinks = Sinks::open(events, EventOutputs::of_issuer(events, data))?;
        let sink = sinks.sink();
        let pseudonymizer = services::pseudonymizer(database);
        Ok(Self {
            database: database.clone(),
            device_events: DeviceEvents::new(Arc::clone(&sink), pseudonymizer.clone()),
            retention: settings.login.device_retention(),
            sink,
            pseudonymizer,
            sinks,
        })
    }

    /// The time that a device stays active without being seen.
    pub const fn retention(&self) -> DeviceRetention {
        self.retention
    }

    /// Changes devices in a transaction.
    pub fn of<'a>(
        &self,
        transaction: &'a mut dyn IssuerRepository,
        now: Timestamp,
    ) -> DeviceChanges<'a> {
        DeviceChanges::new(transaction, self.retention, now)
    }

    /// Emits the event of a committed change.
    pub fn announce(&self, change: &DeviceChange) {
        self.device_events.announce(change, os::now());
    }

    /// Records an operator's action on an account.
    pub fn note(&self, action: &'static str, account: &Aci) {
        let user = self.pseudonymizer.account(account).to_string();
        self.sink.emit(record(action).with("user_id", user));
    }

    /// Records an operator's action on a device of an account.
    pub fn note_device(&self, action: &'static str, account: &Aci, device: DeviceId) {
        let user = self.pseudonymizer.account(account).to_string();
        let record = record(action)
            .with("user_id", user)
            .with("device_id", device.as_u32());
        self.sink.emit(record);
    }

    /// Records an operator's action on the service.
    pub fn note_service(&self, action: &'static str) {
        self.sink.emit(record(action));
    }

    /// Writes the waiting events, and logs lost ones.
    pub fn close(self) {
        self.sinks.close();
    }
}
