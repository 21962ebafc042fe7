//! A webhook receiver that collects events and answers as a test specifies.

use std::{collections::VecDeque, sync::Arc};

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    routing::post,
};
use tokio::sync::watch;
use tokio_util::sync::DropGuard;

use crate::router_server::serve_router;

/// A received request, whatever its answer was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedEvent {
    /// `Webhook-Id`.
    pub id: String,
    /// `Webhook-Signature`.
    pub signature: String,
    /// The body.
    pub body: String,
    /// The status of the answer; `None` for no answer.
    pub answer: Option<u16>,
}

/// A webhook receiver on a free port of the loopback interface. It runs until the value is dropped.
pub struct WebhookReceiver {
    url: String,
    state: Arc<watch::Sender<ReceiverState>>,
    _server: DropGuard,
}

#[derive(Default)]
struct ReceiverState {
    events: Vec<ReceivedEvent>,
    script: VecDeque<Option<u16>>,
    otherwise: Option<u16>,
}

impl WebhookReceiver {
    /// Starts a receiver that accepts everything.
    ///
    /// # Panics
    /// No port is available.
    pub async fn start() -> Self {
        let state = Arc::new(watch::Sender::new(ReceiverState {
            otherwise: Some(200),
            ..ReceiverState::default()
        }));
        let router = Router::new()
            .route("/hook", post(receive))
            .with_state(Arc::clone(&state));
        let (address, server) = serve_router(router).await;
        Self {
            url: format!("http://{address}/hook"),
            state,
            _server: server,
        }
    }

    /// Returns the URL.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the answers to the next requests, in order; `None` is no answer.
    pub fn answer_next(&self, answers: &[Option<u16>]) {
        self.state
            .send_modify(|receiver| receiver.script.extend(answers));
    }

    /// Sets the answer to all other requests.
    pub fn answer_always(&self, status: u16) {
        self.state
            .send_modify(|receiver| receiver.otherwise = Some(status));
    }

    /// Waits until `count` requests have arrived, and returns all requests.
    ///
    /// # Panics
    /// Never: the receiver owns the sender.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedEvent> {
        let mut receiver = self.state.subscribe();
        let arrived = receiver
            .wait_for(|receiver| receiver.events.len() >= count)
            .await;
        arrived.expect("the receiver lives").events.clone()
    }
}

async fn receive(
    State(state): State<Arc<watch::Sender<ReceiverState>>>,
    headers: HeaderMap,
    body: String,
) -> StatusCode {
    let header = |name| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let mut answer = None;
    state.send_modify(|receiver| {
        answer = receiver.script.pop_front().unwrap_or(receiver.otherwise);
        receiver.events.push(ReceivedEvent {
            id: header("webhook-id"),
            signature: header("webhook-signature"),
            body,
            answer,
        });
    });
    match answer {
        Some(status) => StatusCode::from_u16(status).expect("a status"),
        None => std::future::pending().await,
    }
}
