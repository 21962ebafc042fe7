//! The sinks of the events of commands.

use std::{io, num::NonZeroU64, sync::Arc};

use anteroom_console::os::OsClock;
use anteroom_runtime::{Count, EventQueue, EventSink, TimeStepSink};
use anteroom_server::{services::EventOutputs, settings::EventSettings};
use anteroom_webhook::SpoolWriter;
use anyhow::Context as _;

pub(super) struct Sinks {
    queues: Vec<Arc<EventQueue>>,
    /// The counter of events that the queues dropped.
    dropped: Count,
    webhook: Option<Arc<SpoolWriter>>,
    time_step: NonZeroU64,
}

impl Sinks {
    pub(super) fn open(
        settings: &EventSettings,
        outputs: EventOutputs<'_>,
    ) -> anyhow::Result<Self> {
        let (mut queues, dropped) = (Vec::new(), Count::default());
        if settings.stdout {
            let queue = EventQueue::start(io::stderr(), settings.queue, dropped.clone())?;
            queues.push(Arc::new(queue));
        }
        if let Some(path) = outputs.file {
            let queue = EventQueue::file(path, settings.queue, dropped.clone())
                .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
            queues.push(Arc::new(queue));
        }
        let webhook = if outputs.webhook.is_some() {
            let capacity = settings.webhook.queue;
            let writer = SpoolWriter::open(outputs.spool, capacity, Arc::new(OsClock))
                .context("events.webhook")?;
            Some(Arc::new(writer))
        } else {
            None
        };
        Ok(Self {
            queues,
            dropped,
            webhook,
            time_step: outputs.time_step,
        })
    }

    /// Rounds the times of events to the service's step.
    pub(super) fn sink(&self) -> Arc<dyn EventSink> {
        let queues = self.queues.iter();
        let mut sinks: Vec<Arc<dyn EventSink>> = queues
            .map(|queue| Arc::clone(queue) as Arc<dyn EventSink>)
            .collect();
        sinks.extend(self.webhook.clone().map(|sink| sink as Arc<dyn EventSink>));
        Arc::new(TimeStepSink {
            step: self.time_step,
            sinks,
        })
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
