//! The HTTP interface of the fake media server to the room service.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{announced_client::AnnouncedClient, call::Call, state::Shared};

pub(super) fn router(state: Shared) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/v1/call/{era}/clients", get(clients))
        .route("/v1/call/{era}/client/{demux_id}", post(announce))
        .with_state(state)
}

async fn health(State(state): State<Shared>) -> Response {
    let fake = state.lock();
    if let Some((status, body)) = fake.health {
        return (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    }
    let clients: usize = fake.calls.values().map(Call::client_count).sum();
    let load = fake.load;
    let calls = fake.calls.len();
    Json(json!({
        "callCount": calls,
        "clientCount": u64::try_from(clients).unwrap_or(u64::MAX) + load,
        "cpuIdlePct": 87.5,
    }))
    .into_response()
}

async fn clients(
    State(state): State<Shared>,
    Path(era): Path<String>,
    headers: HeaderMap,
) -> Response {
    let user = headers.get("x-user-id");
    let user = user.and_then(|user| user.to_str().ok()).map(str::to_owned);
    let mut fake = state.lock();
    fake.asked_as.push(user.clone());
    if fake.broken {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    let Some(call) = fake.calls.get(&era) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    Json(call.clients(user.as_deref())).into_response()
}

async fn announce(
    State(state): State<Shared>,
    Path((era, demux_id)): Path<(String, u32)>,
    Json(body): Json<Value>,
) -> Response {
    state.wait_at_barrier().await;
    let mut fake = state.lock();
    if fake.broken {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    if fake.full {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    if fake.refusing {
        return StatusCode::UNPROCESSABLE_ENTITY.into_response();
    }
    let announced = AnnouncedClient {
        era: era.clone(),
        demux_id,
        body,
    };
    let status = fake.calls.entry(era).or_default().announce(&announced);
    fake.announced.push(announced);
    let optional = !fake.sparing;
    Json(json!({
        "serverIps": ["192.0.2.1", "2001:db8::1"],
        "serverIp": "192.0.2.1",
        "serverPort": 10_000,
        "serverPortTcp": 10_001,
        "serverPortTls": optional.then_some(443),
        "serverHostname": optional.then_some("media.example"),
        "serverIceUfrag": "server ufrag",
        "serverIcePwd": "server pwd",
        "serverDhePublicKey": "00ff",
        "clientStatus": status,
    }))
    .into_response()
}
