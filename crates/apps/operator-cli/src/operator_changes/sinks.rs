//! The sinks of the events of commands.

use std::{io, sync::Arc};

use anteroom_console::os::{self, OsClock};
use anteroom_runtime::{Count, Event, EventQueue, EventSink, TimeStepSink};
use anteroom_server::{services::EventOutputs, settings::EventSettings};
use anteroom_webhook::SpoolWriter;
use anyhow::Context as _;

/// The outputs of one service's events. Waiting events are written on drop, and lost ones logged.
pub(super) struct Sinks {
    queues: Vec<Arc<EventQueue>>,
    /// The counter of events that the queues dropped.
    dropped: Count,
    webhook: Option<Arc<SpoolWriter>>,
    /// All of them, with times that are rounded to the service's step.
    sink: Arc<dyn EventSink>,
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
        let shared = |queue: &Arc<EventQueue>| Arc::clone(queue) as Arc<dyn EventSink>;
        let mut sinks: Vec<_> = queues.iter().map(shared).collect();
        sinks.extend(webhook.clone().map(|sink| sink as Arc<dyn EventSink>));
        Ok(Self {
            queues,
            dropped,
            webhook,
            sink: Arc::new(TimeStepSink {
                step: outputs.time_step,
                sinks,
            }),
        })
    }

    pub(super) fn sink(&self) -> Arc<dyn EventSink> {
        Arc::clone(&self.sink)
    }

    pub(super) fn emit(&self, event: Event) {
        self.sink.emit(event);
    }
}

impl Drop for Sinks {
    fn drop(&mut self) {
        for queue in &self.queues {
            queue.close();
        }
        let webhook = self.webhook.as_ref().map_or(0, |webhook| webhook.dropped());
        let lost = self.dropped.number() + webhook;
        if lost > 0 {
            tracing::error!(
                lost,
                "the change is made, but events of it cannot be written: look at the free space of \
                 the disk and at what waits for the webhook"
            );
        }
    }
}

pub(super) fn record(action: &'static str) -> Event {
    Event::new("audit", os::now())
        .with("action", action)
        .with("actor", "operator")
}
