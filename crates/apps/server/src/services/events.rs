//! The events and the metrics of a service.

use std::{
    io,
    num::NonZeroU64,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anteroom_console::{
    data_dir::DataDir,
    environment::{self, Environment},
    failure::Failure,
    os::OsClock,
};
use anteroom_runtime::{Count, Dependency, EventQueue, EventSink, Metrics, TimeStepSink};
use anteroom_webhook::{Backoff, WebhookSecret, WebhookSettings, WebhookSink};
use anyhow::Context as _;

use crate::settings::EventSettings;

/// The sinks of one service. Clones share them.
#[derive(Clone)]
pub struct EventSinks {
    queues: Vec<Arc<EventQueue>>,
    /// The counter of dropped events, over all queues.
    dropped: Count,
    webhook: Option<Arc<WebhookSink>>,
    time_step: NonZeroU64,
}

/// The events and the metrics of one service. Clones share them.
///
/// They exist before the service's database is open, and outlive every attempt to open it, so that requests
/// answered meanwhile are counted, and raise alerts.
#[derive(Clone)]
pub struct Telemetry {
    /// The sinks of the events.
    pub events: EventSinks,
    /// The metrics.
    pub metrics: Metrics,
}

impl Telemetry {
    /// Opens those of a service, which the log names.
    ///
    /// # Errors
    /// An output of events cannot be used.
    pub fn open(
        service: &'static str,
        settings: &EventSettings,
        outputs: EventOutputs<'_>,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let events = open_events(settings, outputs, environment)?;
        let metrics = Metrics::of_service(Some(service), events.sink(), Arc::new(OsClock));
        events.show_counts(&metrics);
        Ok(Self { events, metrics })
    }
}

/// The settings of one service's event outputs.
pub struct EventOutputs<'a> {
    /// The event file.
    pub file: Option<&'a Path>,
    /// The URL of the webhook.
    pub webhook: Option<&'a str>,
    /// The folder of events that wait for the webhook.
    pub spool: PathBuf,
    /// The step to which the times of its events are rounded, in seconds.
    pub time_step: NonZeroU64,
}

impl<'a> EventOutputs<'a> {
    /// Returns those of the issuer.
    pub fn of_issuer(settings: &'a EventSettings, data: &DataDir) -> Self {
        Self {
            file: settings.file.as_deref(),
            webhook: settings.webhook.url.as_deref(),
            spool: data.issuer_webhook(),
            time_step: settings.time_step_seconds,
        }
    }

    /// Returns those of the room service.
    pub fn of_rooms(settings: &'a EventSettings, data: &DataDir) -> Self {
        Self {
            file: settings.rooms_file.as_deref(),
            webhook: settings.webhook.rooms_url.as_deref(),
            spool: data.rooms_webhook(),
            time_step: settings.rooms_time_step_seconds,
        }
    }
}

fn open_events(
    settings: &EventSettings,
    outputs: EventOutputs<'_>,
    environment: &Environment,
) -> anyhow::Result<EventSinks> {
    let (mut queues, dropped) = (Vec::new(), Count::default());
    if settings.stdout {
        let queue = EventQueue::start(io::stdout(), settings.queue, dropped.clone())?;
        queues.push(Arc::new(queue));
    }
    if let Some(path) = outputs.file {
        let queue = EventQueue::file(path, settings.queue, dropped.clone())
            .with_context(|| format!("the event file {} cannot be opened", path.display()))?;
        queues.push(Arc::new(queue));
    }
    let webhook = outputs
        .webhook
        .map(|url| webhook(settings, url, outputs.spool, environment))
        .transpose()?;
    Ok(EventSinks {
        queues,
        dropped,
        webhook,
        time_step: outputs.time_step,
    })
}

impl EventSinks {
    pub fn sink(&self) -> Arc<dyn EventSink> {
        let queues = self.queues.iter().cloned();
        let queues = queues.map(|queue| queue as Arc<dyn EventSink>);
        let webhook = self.webhook.clone().map(|sink| sink as Arc<dyn EventSink>);
        Arc::new(TimeStepSink {
            step: self.time_step,
            sinks: queues.chain(webhook).collect(),
        })
    }

    pub fn dependencies(&self) -> Vec<Arc<dyn Dependency>> {
        let queues = self.queues.iter().cloned();
        let queues = queues.map(|queue| queue as Arc<dyn Dependency>);
        let webhook = self.webhook.clone().map(|sink| sink as Arc<dyn Dependency>);
        queues.chain(webhook).collect()
    }

    pub fn show_counts(&self, metrics: &Metrics) {
        metrics.show_count(
            "events_dropped",
            "Events for the event file and standard output that were lost: one too many",
            &self.dropped,
        );
        if let Some(webhook) = &self.webhook {
            metrics.show_count(
                "webhook_events_sent",
                "Events that the webhook took",
                webhook.sent(),
            );
            metrics.show_count(
                "webhook_events_dropped",
                "Events for the webhook that were lost: not wanted, or one too many",
                webhook.dropped(),
            );
        }
    }

    pub async fn close(&self) -> anyhow::Result<()> {
        if let Some(webhook) = &self.webhook {
            webhook.close().await;
            let dropped = webhook.dropped().number();
            if dropped > 0 {
                tracing::warn!(dropped, "events for the webhook were dropped");
            }
        }
        // Closing waits for the sink, so that it needs a thread of its own.
        let queues = self.queues.clone();
        tokio::task::spawn_blocking(move || {
            for queue in queues {
                queue.close();
            }
        })
        .await?;
        let dropped = self.dropped.number();
        if dropped > 0 {
            tracing::warn!(dropped, "events were dropped: their sink was too slow");
        }
        Ok(())
    }
}

fn webhook(
    settings: &EventSettings,
    url: &str,
    spool: PathBuf,
    environment: &Environment,
) -> anyhow::Result<Arc<WebhookSink>> {
    let secret = environment.secret(
        environment::WEBHOOK_SECRET,
        environment::WEBHOOK_SECRET_FILE,
    )?;
    let secret = secret.ok_or_else(|| {
        let next = format!(
            "Put it into the file that {} names, or into {}",
            environment::WEBHOOK_SECRET_FILE,
            environment::WEBHOOK_SECRET
        );
        Failure::failed("events.webhook needs a secret").next(next)
    })?;
    let settings = WebhookSettings {
        url: url.to_owned(),
        secret: WebhookSecret::new(secret).context("events.webhook")?,
        spool,
        capacity: settings.webhook.queue,
        timeout: Duration::from_secs(settings.webhook.timeout_seconds.get()),
        backoff: Backoff::default(),
    };
    let sink = WebhookSink::start(settings, Arc::new(OsClock)).context("events.webhook")?;
    Ok(Arc::new(sink))
}
