//! A fake media server: it speaks the media contract over real HTTP and carries no media.
//!
//! Its lobby keeps the rules in `call.rs`, which says what of them was seen at a real media server
//! and what is assumed.

mod call;
mod callbacks;
mod http;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::http::StatusCode;
use serde_json::Value;
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use self::callbacks::MediaCallback;
use self::{call::Call, callbacks::Callbacks};

/// A client that was announced to a [`FakeMediaServer`].
#[derive(Clone, Debug, PartialEq)]
pub struct AnnouncedClient {
    /// The era in the path.
    pub era: String,
    /// The demux id in the path.
    pub demux_id: u32,
    /// The body.
    pub body: Value,
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
}

/// Not a media server: it only answers like one. It runs while the value lives.
///
/// The operations name clients by their demux ids, and panic where there is no such client. Those
/// that a real media server tells the room service of return when that has answered.
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
    /// By era.
    calls: BTreeMap<String, Call>,
    callbacks: Option<Callbacks>,
    called_back: Vec<MediaCallback>,
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
        let router = http::router(state.clone());
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

    /// Calls back to the internal listener of a room service, at this base URL. Until then nobody
    /// is told of anything.
    pub fn call_back_to(&self, url: &str) {
        self.state.lock().callbacks = Some(Callbacks::new(url));
    }

    /// The callbacks since the last call, in order.
    #[must_use]
    pub fn called_back(&self) -> Vec<MediaCallback> {
        std::mem::take(&mut self.state.lock().called_back)
    }

    /// Has an admin approve the user of a pending client, and stores the approval.
    pub async fn approve(&self, demux_id: u32) {
        let era = self.change(demux_id, Call::approve);
        self.store_approvals(&era).await;
    }

    /// Has an admin deny a pending client.
    pub fn deny(&self, demux_id: u32) {
        self.change(demux_id, Call::deny);
    }

    /// Has an admin remove a client, and stores that its user is no longer approved.
    pub async fn remove(&self, demux_id: u32) {
        let era = self.change(demux_id, Call::remove);
        self.store_approvals(&era).await;
        self.end_if_over(&era).await;
    }

    /// Has a client leave.
    pub async fn leave(&self, demux_id: u32) {
        let era = self.change(demux_id, Call::leave);
        self.end_if_over(&era).await;
    }

    /// Ends a call, and says so.
    ///
    /// # Panics
    /// When there is no call of this era.
    pub async fn end(&self, era: &str) {
        let call = self.state.lock().calls.remove(era);
        let call = call.expect("a call of this era");
        if let Some(callbacks) = self.callbacks() {
            self.note(callbacks.call_ended(call.room_id(), era).await);
        }
    }

    /// Ends all calls, and says so in one request.
    pub async fn end_all(&self) {
        let calls = std::mem::take(&mut self.state.lock().calls);
        let calls: Vec<_> = calls
            .into_iter()
            .map(|(era, call)| (call.room_id().to_owned(), era))
            .collect();
        if let Some(callbacks) = self.callbacks() {
            self.note(callbacks.calls_ended(&calls).await);
        }
    }

    /// Forgets all calls without a word, as a server does that starts again.
    pub fn lose_calls(&self) {
        self.state.lock().calls.clear();
    }

    /// Changes the call of the client, and gives the era of the call.
    fn change(&self, demux_id: u32, change: impl FnOnce(&mut Call, u32)) -> String {
        let mut fake = self.state.lock();
        let mut calls = fake.calls.iter_mut();
        let found = calls.find(|(_, call)| call.has(demux_id));
        let (era, call) = found.expect("a client of a call");
        change(call, demux_id);
        era.clone()
    }

    async fn store_approvals(&self, era: &str) {
        let (room_id, users) = {
            let fake = self.state.lock();
            let call = fake.calls.get(era).expect("a call of this era");
            (call.room_id().to_owned(), call.approved())
        };
        if let Some(callbacks) = self.callbacks() {
            self.note(callbacks.approvals(&room_id, &users).await);
        }
    }

    async fn end_if_over(&self, era: &str) {
        let is_over = self.state.lock().calls.get(era).is_some_and(Call::is_over);
        if is_over {
            self.end(era).await;
        }
    }

    fn callbacks(&self) -> Option<Callbacks> {
        self.state.lock().callbacks.clone()
    }

    fn note(&self, callback: MediaCallback) {
        self.state.lock().called_back.push(callback);
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

    /// Whether optional members of the answers to announcements are `null`.
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
