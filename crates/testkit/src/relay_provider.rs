//! A provider of relay credentials: its HTTP API on a free port, with its possible failures.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::post,
};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio_util::sync::DropGuard;

use crate::router_server::serve_router;

/// The answer of the provider.
#[derive(Clone, Debug)]
pub enum ProviderBehaviour {
    /// New credentials for these URLs.
    Gives(Value),
    /// This status and text.
    Says(u16, String),
    /// 503 for this number of requests, then new credentials.
    BusyAtFirst(u32),
    /// No answer.
    Hangs,
    /// A body without an end.
    Floods,
}

/// A request to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderQuestion {
    /// The `Authorization` header.
    pub authorization: String,
    /// The body.
    pub body: Value,
}

/// A provider of relay credentials. It runs until the value is dropped.
pub struct RelayProvider {
    url: String,
    state: Arc<Mutex<Provider>>,
    server: Option<DropGuard>,
}

struct Provider {
    behaviour: ProviderBehaviour,
    questions: Vec<ProviderQuestion>,
}

impl RelayProvider {
    /// Starts a provider on a free port of the loopback interface. It grants credentials.
    ///
    /// # Panics
    /// No port is available.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Provider {
            behaviour: ProviderBehaviour::Gives(json!(["turn:relay.example:3478"])),
            questions: Vec::new(),
        }));
        let router = Router::new()
            .route("/credentials", post(answer))
            .with_state(Arc::clone(&state));
        let (address, server) = serve_router(router).await;
        Self {
            url: format!("http://{address}/credentials"),
            state,
            server: Some(server),
        }
    }

    /// Returns the URL for requests.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the provider and closes its listener.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Sets the answer of the provider.
    pub fn set_behaviour(&self, behaviour: ProviderBehaviour) {
        self.state.lock().behaviour = behaviour;
    }

    /// Returns the requests since the last call.
    #[must_use]
    pub fn questions(&self) -> Vec<ProviderQuestion> {
        std::mem::take(&mut self.state.lock().questions)
    }
}

async fn answer(
    State(state): State<Arc<Mutex<Provider>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let authorization = headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let behaviour = {
        let mut provider = state.lock();
        provider.questions.push(ProviderQuestion {
            authorization: authorization.unwrap_or_default().to_owned(),
            body: serde_json::from_slice(&body).unwrap_or_default(),
        });
        let behaviour = provider.behaviour.clone();
        if let ProviderBehaviour::BusyAtFirst(times @ 1..) = behaviour {
            provider.behaviour = ProviderBehaviour::BusyAtFirst(times - 1);
        }
        behaviour
    };
    match behaviour {
        ProviderBehaviour::Gives(urls) => credentials(&urls),
        ProviderBehaviour::BusyAtFirst(0) => credentials(&json!("turn:relay.example:3478")),
        ProviderBehaviour::BusyAtFirst(_) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        ProviderBehaviour::Says(status, text) => {
            let status = StatusCode::from_u16(status).expect("a status");
            (status, text).into_response()
        }
        ProviderBehaviour::Hangs => {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
            StatusCode::CREATED.into_response()
        }
        ProviderBehaviour::Floods => {
            let body = axum::body::Body::new(EndlessBody);
            (StatusCode::CREATED, body).into_response()
        }
    }
}

fn credentials(urls: &Value) -> Response {
    let body = json!({
        "iceServers": {
            "username": "given-username",
            "credential": "given-credential",
            "urls": urls,
        },
    });
    (StatusCode::CREATED, axum::Json(body)).into_response()
}

/// A body of spaces, without an end and without an announced length.
struct EndlessBody;

impl http_body::Body for EndlessBody {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> {
        let spaces = Bytes::from_static(&[b' '; 4_096]);
        std::task::Poll::Ready(Some(Ok(http_body::Frame::data(spaces))))
    }
}
