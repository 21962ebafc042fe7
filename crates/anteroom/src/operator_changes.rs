//! Changes of devices by the operator's commands, and their events, beside a service that may be
//! running on the same data.
//!
//! The event file takes whole lines from both. Events for the webhook go into the service's folder,
//! from which the service sends them. The standard output of the service is out of reach, and that of
//! a command is its result: there, events go to standard error.

use std::{num::NonZeroU64, path::Path, sync::Arc};

use anteroom_issuer::{DeviceChange, DeviceChanges, DeviceJournal};
use anteroom_protocol::Timestamp;
use anteroom_service::{Clock as _, Count, EventQueue, EventSink, FanOut, TimeStepSink};
use anteroom_store::{DeviceRetention, IssuerRepository};
use anteroom_store_sql::SqliteIssuer;
use anteroom_webhook::SpoolWriter;
use anyhow::Context as _;

use crate::{
    data_dir::DataDir,
    os::OsClock,
    services,
    settings::{EventSettings, Settings},
};

/// Changes devices for the operator, and announces the changes.
pub(crate) struct OperatorChanges {
    sinks: Sinks,
    journal: DeviceJournal,
    retention: DeviceRetention,
}

#[derive(Default)]
struct Sinks {
    queues: Vec<Arc<EventQueue>>,
    /// Events that the queues lost.
    dropped: Count,
    webhook: Option<Arc<SpoolWriter>>,
}

impl OperatorChanges {
    /// Opens the issuer's sinks. To be called before a change is made: a change whose event cannot be
    /// written is not begun.
    pub(crate) fn open(
        settings: &Settings,
        data: &DataDir,
        database: &SqliteIssuer,
    ) -> anyhow::Result<Self> {
        let sinks = Sinks::open(&settings.events, &data.issuer_webhook())?;
        let sink = sinks.sink(settings.events.time_step_seconds);
        Ok(Self {
            journal: DeviceJournal::new(sink, services::pseudonymizer(database)),
            retention: settings.login.device_retention(),
            sinks,
        })
    }

    /// Announces into the events of a service that runs in this process.
    pub(crate) fn within(journal: DeviceJournal, retention: DeviceRetention) -> Self {
        Self {
            sinks: Sinks::default(),
            journal,
            retention,
        }
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

    /// Writes the events that wait, and says what was lost.
    pub(crate) fn close(self) {
        let lost = self.sinks.close();
        if lost > 0 {
            tracing::error!(
                lost,
                "the change is made, but events of it cannot be written: look at the free space of \
                 the disk and at what waits for the webhook"
            );
        }
    }
}

impl Sinks {
    fn open(settings: &EventSettings, spool: &Path) -> anyhow::Result<Self> {
        let (mut queues, dropped) = (Vec::new(), Count::default());
        if settings.stdout {
            let queue = EventQueue::stderr(settings.queue, dropped.clone())?;
            queues.push(Arc::new(queue));
        }
        if let Some(path) = &settings.file {
            let queue = EventQueue::file(path, settings.queue, dropped.clone())
                .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
            queues.push(Arc::new(queue));
        }
        let webhook = match &settings.webhook.url {
            Some(_) => {
                let capacity = settings.webhook.queue;
                let writer = SpoolWriter::open(spool.to_owned(), capacity, Arc::new(OsClock))
                    .context("events.webhook")?;
                Some(Arc::new(writer))
            }
            None => None,
        };
        Ok(Self {
            queues,
            dropped,
            webhook,
        })
    }

    /// Rounds the times of events to this step, in seconds.
    fn sink(&self, time_step: NonZeroU64) -> Arc<dyn EventSink> {
        let queues = self.queues.iter();
        let mut sinks: Vec<Arc<dyn EventSink>> = queues
            .map(|queue| Arc::clone(queue) as Arc<dyn EventSink>)
            .collect();
        sinks.extend(self.webhook.clone().map(|sink| sink as Arc<dyn EventSink>));
        Arc::new(TimeStepSink::new(time_step, Arc::new(FanOut::new(sinks))))
    }

    /// Writes what waits; the number of lost events.
    fn close(self) -> u64 {
        for queue in &self.queues {
            queue.close();
        }
        self.dropped.number() + self.webhook.map_or(0, |webhook| webhook.dropped())
    }
}
