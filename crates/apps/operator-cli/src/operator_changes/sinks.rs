//! The sinks of the events of commands.

use std::{
    num::NonZeroU64,
    path::{Path, PathBuf},
    sync::Arc,
};

use anteroom_console::{data_dir::DataDir, os::OsClock};
use anteroom_runtime::{Count, EventQueue, EventSink, FanOut, TimeStepSink};
use anteroom_server::settings::EventSettings;
use anteroom_webhook::SpoolWriter;
use anyhow::Context as _;

pub(super) struct Sinks {
    queues: Vec<Arc<EventQueue>>,
    /// The counter of events that the queues dropped.
    dropped: Count,
    webhook: Option<Arc<SpoolWriter>>,
    time_step: NonZeroU64,
}

/// The sinks of one service.
pub(super) struct SinkSettings<'a> {
    file: Option<&'a Path>,
    has_webhook: bool,
    /// The folder of events that wait for the webhook.
    spool: PathBuf,
    /// The step to which the times of events are rounded, in seconds.
    time_step: NonZeroU64,
}

impl<'a> SinkSettings<'a> {
    pub(super) fn of_issuer(settings: &'a EventSettings, data: &DataDir) -> Self {
        Self {
            file: settings.file.as_deref(),
            has_webhook: settings.webhook.url.is_some(),
            spool: data.issuer_webhook(),
            time_step: settings.time_step_seconds,
        }
    }

    pub(super) fn of_rooms(settings: &'a EventSettings, data: &DataDir) -> Self {
        Self {
            file: settings.rooms_file.as_deref(),
            has_webhook: settings.webhook.rooms_url.is_some(),
            spool: data.rooms_webhook(),
            time_step: settings.rooms_time_step_seconds,
        }
    }
}

impl Sinks {
    pub(super) fn open(settings: &EventSettings, sinks: SinkSettings<'_>) -> anyhow::Result<Self> {
        let (mut queues, dropped) = (Vec::new(), Count::default());
        if settings.stdout {
            let queue = EventQueue::stderr(settings.queue, dropped.clone())?;
            queues.push(Arc::new(queue));
        }
        if let Some(path) = sinks.file {
            let queue = EventQueue::file(path, settings.queue, dropped.clone())
                .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
            queues.push(Arc::new(queue));
        }
        let webhook = if sinks.has_webhook {
            let capacity = settings.webhook.queue;
            let writer = SpoolWriter::open(sinks.spool, capacity, Arc::new(OsClock))
                .context("events.webhook")?;
            Some(Arc::new(writer))
        } else {
            None
        };
        Ok(Self {
            queues,
            dropped,
            webhook,
            time_step: sinks.time_step,
        })
    }

    /// Rounds the times of events to the service's step.
    pub(super) fn sink(&self) -> Arc<dyn EventSink> {
        let queues = self.queues.iter();
        let mut sinks: Vec<Arc<dyn EventSink>> = queues
            .map(|queue| Arc::clone(queue) as Arc<dyn EventSink>)
            .collect();
        sinks.extend(self.webhook.clone().map(|sink| sink as Arc<dyn EventSink>));
        Arc::new(TimeStepSink::new(
            self.time_step,
            Arc::new(FanOut::new(sinks)),
        ))
    }

    /// Writes the waiting events, and logs lost ones.
    pub(super) fn close(self) {
        for queue in &self.queues {
            queue.close();
        }
        let lost = self.dropped.number() + self.webhook.map_or(0, |webhook| webhook.dropped());
        if lost > 0 {
            tracing::error!(
                lost,
                "the change is made, but events of it cannot be written: look at the free space of \
                 the disk and at what waits for the webhook"
            );
        }
    }
}
