//! A fake media server: it speaks the media contract over real HTTP and carries no media.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};

/// A client that was announced to a [`FakeMediaServer`].
#[derive(Clone, Debug, PartialEq)]
pub struct AnnouncedClient {
    /// The era in the path.
    pub era: String,
    /// The demux id in the path.
    pub demux_id: u32,
    /// The body.
    pub body: Value,
    /// Whether the server has it wait.
    pub pending: bool,
}

impl AnnouncedClient {
    fn text(&self, member: &str) -> &str {
        self.body
            .get(member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }

    fn flag(&self, member: &str) -> bool {
        self.body
            .get(member)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    fn user(&self) -> &str {
        let endpoint = self.text("endpointId");
        endpoint.rsplit_once('-').map_or("", |(user, _)| user)
    }
}

/// Not a media server: it only answers like one. It runs while the value lives.
pub struct FakeMediaServer {
    url: String,
    state: Shared,
    server: Option<DropGuard>,
}

#[derive(Clone, Default)]
struct Shared {
    fake: Arc<Mutex<Fake>>,
    gate: watch::Sender<Gate>,
}

/// Where announcements may be held up.
#[derive(Default)]
struct Gate {
    closed: bool,
    waiting: usize,
}

#[derive(Default)]
struct Fake {
    clients: HashMap<String, Vec<AnnouncedClient>>,
    announced: Vec<AnnouncedClient>,
    asked_as: Vec<Option<String>>,
    load: u64,
    health: Option<(StatusCode, &'static str)>,
    sparing: bool,
    full: bool,
    refusing: bool,
    broken: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Fake> {
        self.fake.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes when the gate is open.
    async fn pass(&self) {
        let mut gate = self.gate.subscribe();
        self.gate.send_modify(|gate| gate.waiting += 1);
        drop(gate.wait_for(|gate| !gate.closed).await);
        self.gate.send_modify(|gate| gate.waiting -= 1);
    }
}

impl FakeMediaServer {
    /// Starts one on a free port of the loopback interface.
    ///
    /// # Panics
    /// When no port can be had.
    pub async fn start() -> Self {
        let state = Shared::default();
        let router = Router::new()
            .route("/health", get(health))
            .route("/v1/call/{era}/clients", get(clients))
            .route("/v1/call/{era}/client/{demux_id}", post(announce))
            .with_state(state.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port's address");
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            tokio::select! {
                served = axum::serve(listener, router) => served.expect("the listener works"),
                () = stopped.cancelled() => {}
            }
        });
        Self {
            url: format!("http://{address}/"),
            state,
            server: Some(stop.drop_guard()),
        }
    }

    /// `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Takes the server away: nobody listens any more.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// All clients that were announced, in order.
    #[must_use]
    pub fn announced(&self) -> Vec<AnnouncedClient> {
        self.state.lock().announced.clone()
    }

    /// The `X-User-Id` of each question about a call's clients since the last call.
    #[must_use]
    pub fn asked_as(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.state.lock().asked_as)
    }

    /// Forgets all calls, as a server does when they are over.
    pub fn end_calls(&self) {
        self.state.lock().clients.clear();
    }

    /// What `clientCount` says besides the clients there are.
    pub fn set_load(&self, clients: u64) {
        self.state.lock().load = clients;
    }

    /// Whether `/health` answers 500.
    pub fn set_unhealthy(&self, unhealthy: bool) {
        self.state.lock().health = unhealthy.then_some((StatusCode::INTERNAL_SERVER_ERROR, ""));
    }

    /// Has `/health` answer with this status and this body, whatever the truth is.
    ///
    /// # Panics
    /// When there is no such status.
    pub fn set_health(&self, status: u16, body: &'static str) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.state.lock().health = Some((status, body));
    }

    /// Whether the answers to announcements leave out what is optional in them.
    pub fn set_sparing(&self, sparing: bool) {
        self.state.lock().sparing = sparing;
    }

    /// Whether announcements are held up, unread, until they no longer are.
    pub fn set_holding(&self, holding: bool) {
        self.state.gate.send_modify(|gate| gate.closed = holding);
    }

    /// Completes when an announcement is held up.
    pub async fn holding(&self) {
        let mut gate = self.state.gate.subscribe();
        drop(gate.wait_for(|gate| gate.closed && gate.waiting > 0).await);
    }

    /// Whether calls take no more clients.
    pub fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    /// Whether announcements are answered with 422, as if they made no sense.
    pub fn set_refusing(&self, refusing: bool) {
        self.state.lock().refusing = refusing;
    }

    /// Whether announcements and questions are answered with 500.
    pub fn set_broken(&self, broken: bool) {
        self.state.lock().broken = broken;
    }
}

async fn health(State(state): State<Shared>) -> Response {
    let fake = state.lock();
    if let Some((status, body)) = fake.health {
        return (status, [(CONTENT_TYPE, "application/json")], body).into_response();
    }
    let clients: usize = fake.clients.values().map(Vec::len).sum();
    let load = fake.load;
    let calls = fake.clients.len();
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
    let Some(clients) = fake.clients.get(&era) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let admin = clients
        .iter()
        .any(|client| client.flag("isAdmin") && Some(client.user()) == user.as_deref());
    let (pending, active): (Vec<_>, Vec<_>) = clients.iter().partition(|client| client.pending);
    let pending: Vec<Value> = pending
        .into_iter()
        .map(|client| match admin {
            true => json!({ "demuxId": client.demux_id, "userId": client.user() }),
            false => json!({ "demuxId": client.demux_id }),
        })
        .collect();
    let endpoints: Vec<&str> = active
        .iter()
        .map(|client| client.text("endpointId"))
        .collect();
    let demux_ids: Vec<u32> = active.iter().map(|client| client.demux_id).collect();
    Json(json!({
        "endpointIds": endpoints,
        "demuxIds": demux_ids,
        "pendingClients": pending,
    }))
    .into_response()
}

async fn announce(
    State(state): State<Shared>,
    Path((era, demux_id)): Path<(String, u32)>,
    Json(body): Json<Value>,
) -> Response {
    state.pass().await;
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
    let mut client = AnnouncedClient {
        era: era.clone(),
        demux_id,
        body,
        pending: false,
    };
    let approved = client.body.get("approvedUsers").and_then(Value::as_array);
    let approved = approved.is_some_and(|users| users.iter().any(|user| user == client.user()));
    client.pending =
        client.flag("newClientsRequireApproval") && !client.flag("isAdmin") && !approved;
    let status = if client.pending { "pending" } else { "active" };
    fake.announced.push(client.clone());
    fake.clients.entry(era).or_default().push(client);
    let mut answer = json!({
        "serverIps": ["192.0.2.1", "2001:db8::1"],
        "serverPort": 10_000,
        "serverPortTcp": 10_001,
        "serverPortTls": 443,
        "serverHostname": "media.example",
        "serverIceUfrag": "server ufrag",
        "serverIcePwd": "server pwd",
        "serverDhePublicKey": "00ff",
        "clientStatus": status,
    });
    if fake.sparing
        && let Some(members) = answer.as_object_mut()
    {
        members.retain(|member, _| !["serverPortTls", "serverHostname"].contains(&member.as_str()));
    }
    Json(answer).into_response()
}
