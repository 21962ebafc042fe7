//! The delivery of waiting events, one after the other.

use std::{sync::Arc, time::Duration};

use anteroom_http_client::HttpClient;
use anteroom_runtime::{Backoff, Clock, Count, DependencyState};
use http::{HeaderName, StatusCode, header};
use tokio::{
    sync::{Notify, watch},
    time::{sleep, timeout},
};
use url::Url;

use crate::{
    signature::Signer,
    spool::{EventNumber, Spool},
};

const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");
const WEBHOOK_SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

/// The interval at which events of other processes are looked for, without events of this one.
const LONGEST_IDLE: Duration = Duration::from_secs(2);
/// The number of rejections after which an event is dropped.
const MOST_REJECTIONS: u32 = 5;

pub(crate) struct Delivery {
    pub(crate) http: HttpClient,
    pub(crate) url: Url,
    pub(crate) signer: Signer,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) spool: Arc<Spool>,
    pub(crate) backoff: Backoff,
    /// Signals a new event in the spool.
    pub(crate) pushed: Arc<Notify>,
    pub(crate) state: Arc<DependencyState>,
    pub(crate) sent: Count,
    pub(crate) dropped: Count,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DeliveryOutcome {
    Accepted,
    /// The receiver rejects this event.
    Rejected(u16),
    /// The receiver does not work.
    Failed(Option<u16>),
}

impl Delivery {
    /// Sends until it is stopped. An event that is being sent then counts as not sent.
    pub(crate) async fn run(self, mut closing: watch::Receiver<bool>) {
        tokio::select! {
            () = self.send_all() => {}
            // An error means that the sender is gone, which ends the delivery too.
            () = async { drop(closing.wait_for(|closing| *closing).await) } => {}
        }
    }

    async fn send_all(&self) {
        loop {
            let spool = Arc::clone(&self.spool);
            match tokio::task::spawn_blocking(move || spool.first()).await {
                Ok(Some((number, Ok(bytes)))) => self.send(number, bytes).await,
                Ok(Some((number, Err(error)))) => {
                    tracing::error!(kind = ?error.kind(), "an event that waits cannot be read");
                    self.dropped.add(1);
                    self.remove(number).await;
                }
                // Another process cannot notify this one.
                Ok(None) => drop(timeout(LONGEST_IDLE, self.pushed.notified()).await),
                // The runtime is ending.
                Err(_) => return,
            }
        }
    }

    /// Sends an event until the receiver accepts it or has rejected it too often.
    async fn send(&self, number: EventNumber, body: Vec<u8>) {
        let mut attempts = 0;
        let mut rejections = 0;
        loop {
            let outcome = self.attempt(number, body.clone()).await;
            self.note(outcome);
            match outcome {
                DeliveryOutcome::Accepted => {
                    self.remove(number).await;
                    self.sent.add(1);
                    return;
                }
                DeliveryOutcome::Rejected(_) => rejections += 1,
                DeliveryOutcome::Failed(_) => {}
            }
            if rejections == MOST_REJECTIONS {
                tracing::error!("an event was given up: the webhook does not want it");
                self.dropped.add(1);
                break;
            }
            sleep(self.backoff.pause(attempts)).await;
            attempts = attempts.saturating_add(1);
        }
        self.remove(number).await;
    }

    async fn attempt(&self, number: EventNumber, body: Vec<u8>) -> DeliveryOutcome {
        let signature = self.signer.sign(self.clock.now().as_secs(), &body);
        let request = self
            .http
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header(WEBHOOK_ID, number.to_string())
            .header(WEBHOOK_SIGNATURE, signature)
            .body(body);
        match request.send().await.map(|answer| answer.status()) {
            Ok(status) if status.is_success() => DeliveryOutcome::Accepted,
            Ok(
                status @ (StatusCode::BAD_REQUEST
                | StatusCode::PAYLOAD_TOO_LARGE
                | StatusCode::UNSUPPORTED_MEDIA_TYPE
                | StatusCode::UNPROCESSABLE_ENTITY),
            ) => DeliveryOutcome::Rejected(status.as_u16()),
            Ok(status) => DeliveryOutcome::Failed(Some(status.as_u16())),
            Err(_) => DeliveryOutcome::Failed(None),
        }
    }

    async fn remove(&self, number: EventNumber) {
        let spool = Arc::clone(&self.spool);
        // An error means that the runtime is ending.
        let _ = tokio::task::spawn_blocking(move || spool.remove(number)).await;
    }

    fn note(&self, outcome: DeliveryOutcome) {
        match outcome {
            DeliveryOutcome::Accepted => {
                if self.state.succeeded() {
                    tracing::info!("the webhook takes events again");
                }
            }
            DeliveryOutcome::Rejected(status) => {
                tracing::warn!(status, "the webhook rejects an event");
            }
            DeliveryOutcome::Failed(status) => {
                if self.state.failed() {
                    tracing::error!(status, "the webhook takes no events");
                }
            }
        }
    }
}
