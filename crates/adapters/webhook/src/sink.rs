//! The sink, which moves the events of requests to the spool.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{self, JoinHandle},
};

use anteroom_http_client::{HttpClient, HttpClientOptions};
use anteroom_runtime::{
    Clock, Count, Dependency, DependencyState, Event, EventSink, Health, spawn_task, task_span,
};
use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{
    delivery::Delivery,
    settings::{WebhookError, WebhookSettings, checked},
    signature::Signer,
    spool::{PushOutcome, Spool},
};

/// The maximum number of events in memory, before they are on the disk.
const IN_MEMORY: usize = 1_000;

/// Sends events to a webhook, from a thread and a task of its own.
pub struct WebhookSink {
    tasks: Mutex<Option<SinkTasks>>,
    closing: watch::Sender<bool>,
    state: Arc<DependencyState>,
    sent: Count,
    dropped: Count,
}

struct SinkTasks {
    sender: SyncSender<Event>,
    writer: JoinHandle<()>,
    delivery: tokio::task::JoinHandle<()>,
}

impl WebhookSink {
    /// Starts the delivery, with the waiting events of an earlier run first.
    ///
    /// # Errors
    /// When the settings or the folder cannot be used.
    ///
    /// # Panics
    /// Outside of a Tokio runtime.
    pub fn start(settings: WebhookSettings, clock: Arc<dyn Clock>) -> Result<Self, WebhookError> {
        let url = checked(&settings.url)?;
        let http = HttpClient::new(HttpClientOptions::new(settings.timeout))
            .map_err(WebhookError::Https)?;
        let spool = Spool::open(settings.spool, settings.capacity).map_err(WebhookError::Spool)?;
        let spool = Arc::new(spool);
        let (sent, dropped) = (Count::default(), Count::default());
        let (pushed, state) = (Arc::new(Notify::new()), Arc::<DependencyState>::default());
        let (sender, receiver) = sync_channel(IN_MEMORY);
        let writer = Writer {
            spool: Arc::clone(&spool),
            clock: Arc::clone(&clock),
            pushed: Arc::clone(&pushed),
            dropped: dropped.clone(),
        };
        let writer = thread::Builder::new()
            .name("webhook".to_owned())
            .spawn(move || task_span("webhook-queue").in_scope(|| writer.run(&receiver)))
            .map_err(WebhookError::Spool)?;
        let closing = watch::Sender::new(false);
        let delivery = Delivery {
            http,
            url,
            signer: Signer::new(&settings.secret),
            clock,
            spool,
            backoff: settings.backoff,
            pushed,
            state: Arc::clone(&state),
            sent: sent.clone(),
            dropped: dropped.clone(),
        };
        let delivery = spawn_task("webhook-delivery", delivery.run(closing.subscribe()));
        Ok(Self {
            tasks: Mutex::new(Some(SinkTasks {
                sender,
                writer,
                delivery,
            })),
            closing,
            state,
            sent,
            dropped,
        })
    }

    /// Returns the number of events that the receiver has accepted.
    #[must_use]
    pub fn sent(&self) -> &Count {
        &self.sent
    }

    /// Returns the number of lost events.
    #[must_use]
    pub fn dropped(&self) -> &Count {
        &self.dropped
    }

    /// Writes the events in memory to the disk, and stops. Waiting events are sent after the next
    /// start. Later events are dropped and counted.
    pub async fn close(&self) {
        let tasks = self.tasks.lock().take();
        let Some(SinkTasks {
            sender,
            writer,
            delivery,
        }) = tasks
        else {
            return;
        };
        drop(sender);
        // Neither the thread nor the task panics. After a panic there would be nothing left to do.
        let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        self.closing.send_replace(true);
        let _ = delivery.await;
    }
}

impl EventSink for WebhookSink {
    fn emit(&self, event: Event) {
        let queued = match &*self.tasks.lock() {
            Some(tasks) => tasks.sender.try_send(event).is_ok(),
            None => false,
        };
        if !queued {
            self.dropped.add(1);
        }
    }
}

#[async_trait]
impl Dependency for WebhookSink {
    fn name(&self) -> &str {
        "webhook"
    }

    fn required(&self) -> bool {
        false
    }

    async fn check(&self) -> Health {
        if self.state.is_failing() {
            Health::Degraded
        } else {
            Health::Ok
        }
    }

    fn state(&self) -> Option<&DependencyState> {
        Some(&self.state)
    }
}

/// Writes events to the disk.
struct Writer {
    spool: Arc<Spool>,
    clock: Arc<dyn Clock>,
    pushed: Arc<Notify>,
    dropped: Count,
}

impl Writer {
    fn run(&self, receiver: &Receiver<Event>) {
        let mut losing = false;
        while let Ok(event) = receiver.recv() {
            let lost = match self.spool.push(&event.to_line(), &*self.clock) {
                Ok(PushOutcome::Stored) => None,
                Ok(PushOutcome::Full) => Some("too many events wait for the webhook"),
                Err(error) => {
                    tracing::debug!(kind = ?error.kind(), "an event was not written");
                    Some("events for the webhook cannot be written")
                }
            };
            if let Some(reason) = lost {
                self.dropped.add(1);
                if !losing {
                    tracing::error!("events are dropped: {reason}");
                }
            }
            losing = lost.is_some();
            self.pushed.notify_one();
        }
    }
}
