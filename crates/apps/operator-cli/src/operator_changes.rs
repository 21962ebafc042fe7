//! Changes by the operator's commands, and their events, beside a service that may run on the same data.
//!
//! The event file accepts whole lines from both. Events for the webhook are stored in the service's folder,
//! from which the service sends them. The standard output of the service is not accessible, and that of a
//! command is its result: events for it go to standard error.

mod commands;
mod rooms;
mod sinks;

use anteroom_accounts::{DeviceChange, DeviceChanges, DeviceEvents};
use anteroom_console::{data_dir::DataDir, os};
use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::Pseudonymizer;
use anteroom_server::{
    services::{self, EventOutputs},
    settings::Settings,
};
use anteroom_store::{DeviceId, DeviceRetention, IssuerRepository};
use anteroom_store_sqlite::SqliteIssuer;

pub use self::commands::{ChangedServices, CommandRecord};
pub(crate) use self::rooms::RoomChanges;
use self::sinks::{Sinks, record};

/// Changes devices on behalf of the operator, and emits the events.
pub(crate) struct OperatorChanges {
    sinks: Sinks,
    pseudonymizer: Pseudonymizer,
    device_events: DeviceEvents,
    retention: DeviceRetention,
}

impl OperatorChanges {
    /// Opens the issuer's sinks. Called before a change is made, so that a change whose event cannot be
    /// written does not start.
    pub(crate) fn open(
        settings: &Settings,
        data: &DataDir,
        database: &SqliteIssuer,
    ) -> anyhow::Result<Self> {
        let events = &settings.events;
        let sinks = Sinks::open(events, EventOutputs::of_issuer(events, data))?;
        let pseudonymizer = services::pseudonymizer(database);
        Ok(Self {
            device_events: DeviceEvents::new(sinks.sink(), pseudonymizer.clone()),
            retention: settings.login.device_retention(),
            pseudonymizer,
            sinks,
        })
    }

    /// Changes devices in a transaction.
    pub(crate) fn of<'a>(
        &self,
        transaction: &'a mut dyn IssuerRepository,
        now: Timestamp,
    ) -> DeviceChanges<'a> {
        DeviceChanges::new(transaction, self.retention, now)
    }

    /// Emits the event of a committed change.
    pub(crate) fn announce(&self, change: &DeviceChange) {
        self.device_events.announce(change, os::now());
    }

    /// Records an operator's action on an account.
    pub(crate) fn note(&self, action: &'static str, account: &Aci) {
        let user = self.pseudonymizer.account(account).to_string();
        self.sinks.emit(record(action).with("user_id", user));
    }

    /// Records an operator's action on a device of an account.
    pub(crate) fn note_device(&self, action: &'static str, account: &Aci, device: DeviceId) {
        let user = self.pseudonymizer.account(account).to_string();
        let record = record(action).with("user_id", user);
        self.sinks.emit(record.with("device_id", device.as_u32()));
    }

    /// Records an operator's action on the service.
    pub(crate) fn note_service(&self, action: &'static str) {
        self.sinks.emit(record(action));
    }
}
