//! The events of changes of devices.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_runtime::{Event, EventSink, Pseudonymizer};

use crate::domain::devices::changes::{ChangeCause, ChangeKind, DeviceChange};

/// Emits the events of changes of devices.
#[derive(Clone)]
pub struct DeviceEvents {
    events: Arc<dyn EventSink>,
    pseudonymizer: Pseudonymizer,
}

impl DeviceEvents {
    /// Creates an emitter into this sink, with accounts under these pseudonyms.
    #[must_use]
    pub fn new(events: Arc<dyn EventSink>, pseudonymizer: Pseudonymizer) -> Self {
        Self {
            events,
            pseudonymizer,
        }
    }

    /// Emits the events of a saved change: the change itself; for the end of a device a record of
    /// its cause; and a message for the account's other devices, if it has any.
    pub fn announce(&self, change: &DeviceChange, now: Timestamp) {
        let DeviceChange {
            kind,
            owner,
            device,
            cause,
            others,
            new_name: _,
        } = change;
        let user = self.pseudonymizer.account(owner).to_string();
        let about = |name| {
            Event::new(name, now)
                .with("user_id", user.as_str())
                .with("device_id", device.as_u32())
        };
        let (event, word) = kind.names();
        self.events.emit(about(event));
        if change.is_end() {
            let record = about("audit")
                .with("action", event)
                .with("actor", self.name(*cause));
            self.events.emit(record);
        }
        if !others.is_empty() {
            let others: Vec<u32> = others.iter().map(|other| other.as_u32()).collect();
            let message = about("device.list_changed")
                .with("device_ids", others)
                .with("change", word);
            self.events.emit(message);
        }
    }

    /// Emits the event of a list of an account's devices.
    pub(crate) fn list_retrieved(&self, owner: &Aci, count: usize, now: Timestamp) {
        let user = self.pseudonymizer.account(owner).to_string();
        self.events.emit(
            Event::new("device.list_retrieved", now)
                .with("user_id", user)
                .with("device_count", count),
        );
    }

    fn name(&self, cause: ChangeCause) -> String {
        match cause {
            ChangeCause::Account(aci) => self.pseudonymizer.account(&aci).to_string(),
            ChangeCause::Operator => "operator".to_owned(),
            ChangeCause::Limit => "limit".to_owned(),
            ChangeCause::Retention => "retention".to_owned(),
        }
    }
}

impl ChangeKind {
    /// Returns the event of the change, and the word for the change in other events.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Registered => ("device.registered", "registered"),
            Self::Updated => ("device.updated", "updated"),
            Self::Deleted => ("device.deleted", "deleted"),
            Self::Purged => ("device.purged", "purged"),
        }
    }
}
