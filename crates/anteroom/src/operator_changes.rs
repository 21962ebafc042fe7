//! Changes by the operator's commands, and their events, beside a service that may be running on the
//! same data.
//!
//! The event file takes whole lines from both. Events for the webhook go into the service's folder,
//! from which the service sends them. The standard output of the service is out of reach, and that of
//! a command is its result: there, events go to standard error.

mod commands;
mod rooms;
mod sinks;

use std::sync::Arc;

use anteroom_issuer::{DeviceChange, DeviceChanges, DeviceJournal};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_service::{Clock as _, Event, EventSink, Pseudonymizer};
use anteroom_store::{DeviceId, DeviceRetention, IssuerRepository};
use anteroom_store_sql::SqliteIssuer;

use self::sinks::{SinkPlaces, Sinks};
pub(crate) use self::{
    commands::{ChangedServices, CommandRecord},
    rooms::RoomChanges,
};
use crate::{data_dir::DataDir, os::OsClock, services, settings::Settings};

/// Changes devices for the operator, and announces the changes.
pub(crate) struct OperatorChanges {
    sinks: Sinks,
    sink: Arc<dyn EventSink>,
    pseudonymizer: Pseudonymizer,
    journal: DeviceJournal,
    retention: DeviceRetention,
}

impl OperatorChanges {
    /// Opens the issuer's sinks. To be called before a change is made: a change whose event cannot be
    /// written is not begun.
    pub(crate) fn open(
        settings: &Settings,
        data: &DataDir,
        database: &SqliteIssuer,
    ) -> anyhow::Result<Self> {
        let events = &settings.events;
        let sinks = Sinks::open(events, SinkPlaces::of_issuer(events, data))?;
        let sink = sinks.sink();
        let pseudonymizer = services::pseudonymizer(database);
        Ok(Self {
            journal: DeviceJournal::new(Arc::clone(&sink), pseudonymizer.clone()),
            retention: settings.login.device_retention(),
            sink,
            pseudonymizer,
            sinks,
        })
    }

    /// The time that a device stays active without being seen.
    pub(crate) const fn retention(&self) -> DeviceRetention {
        self.retention
    }

    /// Changes devices in a transaction.
    pub(crate) fn of<'a>(
        &self,
        transaction: &'a mut dyn IssuerRepository,
        now: Timestamp,
    ) -> DeviceChanges<'a> {
        DeviceChanges::new(transaction, self.retention, now)
    }

    /// Announces a change whose transaction is saved.
    pub(crate) fn announce(&self, change: &DeviceChange) {
        self.journal.announce(change, OsClock.now());
    }

    /// Records that the operator did something to an account.
    pub(crate) fn note(&self, action: &'static str, account: &Aci) {
        let user = self.pseudonymizer.account(account).to_string();
        self.sink.emit(record(action).with("user_id", user));
    }

    /// Records that the operator did something to a device of an account.
    pub(crate) fn note_device(&self, action: &'static str, account: &Aci, device: DeviceId) {
        let user = self.pseudonymizer.account(account).to_string();
        let record = record(action)
            .with("user_id", user)
            .with("device_id", device.as_u32());
        self.sink.emit(record);
    }

    /// Records that the operator did something to the service.
    pub(crate) fn note_service(&self, action: &'static str) {
        self.sink.emit(record(action));
    }

    /// Writes the events that wait, and says what was lost.
    pub(crate) fn close(self) {
        self.sinks.close();
    }
}

/// The record of a command.
fn record(action: &'static str) -> Event {
    Event::new("audit", OsClock.now())
        .with("action", action)
        .with("actor", "operator")
}
