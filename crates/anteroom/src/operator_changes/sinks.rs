//! Where the events of commands go.

use std::{
    num::NonZeroU64,
    path::{Path, PathBuf},
    sync::Arc,
};

use anteroom_service::{Count, EventQueue, EventSink, FanOut, TimeStepSink};
use anteroom_webhook::SpoolWriter;
use anyhow::Context as _;

use crate::{os::OsClock, settings::EventSettings};

#[derive(Default)]
pub(super) struct Sinks {
    queues: Vec<Arc<EventQueue>>,
    /// Events that the queues lost.
    dropped: Count,
    webhook: Option<Arc<SpoolWriter>>,
}

/// The sinks of one service.
pub(super) struct SinkPlaces<'a> {
    pub(super) file: Option<&'a Path>,
    pub(super) has_webhook: bool,
    /// Where events wait for the webhook.
    pub(super) spool: PathBuf,
}

impl Sinks {
    pub(super) fn open(settings: &EventSettings, places: SinkPlaces<'_>) -> anyhow::Result<Self> {
        let (mut queues, dropped) = (Vec::new(), Count::default());
        if settings.stdout {
            let queue = EventQueue::stderr(settings.queue, dropped.clone())?;
            queues.push(Arc::new(queue));
        }
        if let Some(path) = places.file {
            let queue = EventQueue::file(path, settings.queue, dropped.clone())
                .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
            queues.push(Arc::new(queue));
        }
        let webhook = if places.has_webhook {
            let capacity = settings.webhook.queue;
            let writer = SpoolWriter::open(places.spool, capacity, Arc::new(OsClock))
                .context("events.webhook")?;
            Some(Arc::new(writer))
        } else {
            None
        };
        Ok(Self {
            queues,
            dropped,
            webhook,
        })
    }

    /// Rounds the times of events to this step, in seconds.
    pub(super) fn sink(&self, time_step: NonZeroU64) -> Arc<dyn EventSink> {
        let queues = self.queues.iter();
        let mut sinks: Vec<Arc<dyn EventSink>> = queues
            .map(|queue| Arc::clone(queue) as Arc<dyn EventSink>)
            .collect();
        sinks.extend(self.webhook.clone().map(|sink| sink as Arc<dyn EventSink>));
        Arc::new(TimeStepSink::new(time_step, Arc::new(FanOut::new(sinks))))
    }

    /// Writes what waits, and says what was lost.
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
