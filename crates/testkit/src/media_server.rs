//! A fake media server: it speaks the media contract over real HTTP and carries no media.
//!
//! `call.rs` has the rules of its lobby, and lists which of them were observed at a real media server and
//! which are assumptions.

mod announced_client;
mod call;
mod callbacks;
mod http;
mod state;

use axum::http::StatusCode;
use tokio_util::sync::DropGuard;

pub use self::{announced_client::AnnouncedClient, callbacks::MediaCallback};
use self::{call::Call, callbacks::Callbacks, state::Shared};
use crate::router_server::serve_router;

/// A fake media server. It runs until the value is dropped.
///
/// The operations name clients by their demux ids, and panic if there is no such client. Operations that a
/// real media server reports to the room service return after the room service has answered.
pub struct FakeMediaServer {
    url: String,
    state: Shared,
    server: Option<DropGuard>,
}

impl FakeMediaServer {
    /// Starts a server on a free port of the loopback interface.
    ///
    /// # Panics
    /// No port is available.
    pub async fn start() -> Self {
        let state = Shared::default();
        let router = http::router(state.clone());
        let (address, server) = serve_router(router).await;
        Self {
            url: format!("http://{address}/"),
            state,
            server: Some(server),
        }
    }

    /// Returns the base URL, `http://127.0.0.1:PORT/`.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops the server and closes its listener.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Returns all announced clients, in order.
    #[must_use]
    pub fn announced(&self) -> Vec<AnnouncedClient> {
        self.state.lock().announced.clone()
    }

    /// Returns the `X-User-Id` of each request for a call's clients since the last call.
    #[must_use]
    pub fn asked_as(&self) -> Vec<Option<String>> {
        std::mem::take(&mut self.state.lock().asked_as)
    }

    /// Sets the base URL of the room service's internal listener. Before this call the server makes no
    /// callbacks.
    pub fn call_back_to(&self, url: &str) {
        self.state.lock().callbacks = Some(Callbacks::new(url));
    }

    /// Returns the callbacks since the last call, in order.
    #[must_use]
    pub fn called_back(&self) -> Vec<MediaCallback> {
        std::mem::take(&mut self.state.lock().called_back)
    }

    /// Approves the user of a pending client as an admin, and stores the approval.
    pub async fn approve(&self, demux_id: u32) {
        let era = self.change(demux_id, Call::approve);
        self.store_approvals(&era).await;
    }

    /// Denies a pending client as an admin.
    pub fn deny(&self, demux_id: u32) {
        self.change(demux_id, Call::deny);
    }

    /// Removes a client as an admin, and stores that its user is no longer approved.
    pub async fn remove(&self, demux_id: u32) {
        let era = self.change(demux_id, Call::remove);
        self.store_approvals(&era).await;
        self.end_if_over(&era).await;
    }

    /// Lets a client leave.
    pub async fn leave(&self, demux_id: u32) {
        let era = self.change(demux_id, Call::leave);
        self.end_if_over(&era).await;
    }

    /// Ends a call, and reports it.
    ///
    /// # Panics
    /// There is no call of this era.
    pub async fn end(&self, era: &str) {
        let call = self.state.lock().calls.remove(era);
        let call = call.expect("a call of this era");
        if let Some(callbacks) = self.callbacks() {
            self.note(callbacks.call_ended(call.room_id(), era).await);
        }
    }

    /// Ends all calls, and reports them in one request.
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

    /// Drops all calls without a report, as a restarted server does.
    pub fn lose_calls(&self) {
        self.state.lock().calls.clear();
    }

    /// Changes the call of the client, and returns the era of the call.
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

    /// Sets the number that `clientCount` reports in addition to the actual clients.
    pub fn set_load(&self, clients: u64) {
        self.state.lock().load = clients;
    }

    /// Sets whether `/health` answers 500.
    pub fn set_unhealthy(&self, unhealthy: bool) {
        self.state.lock().health = unhealthy.then_some((StatusCode::INTERNAL_SERVER_ERROR, ""));
    }

    /// Sets the status and the body of `/health`.
    ///
    /// # Panics
    /// There is no such status.
    pub fn set_health(&self, status: u16, body: &'static str) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.state.lock().health = Some((status, body));
    }

    /// Sets whether optional members of the answers to announcements are `null`.
    pub fn set_sparing(&self, sparing: bool) {
        self.state.lock().sparing = sparing;
    }

    /// Sets whether announcements are delayed, unread, until this is unset.
    pub fn set_holding(&self, holding: bool) {
        self.state
            .barrier
            .send_modify(|barrier| barrier.closed = holding);
    }

    /// Completes when an announcement is delayed.
    pub async fn holding(&self) {
        let mut barrier = self.state.barrier.subscribe();
        drop(
            barrier
                .wait_for(|barrier| barrier.closed && barrier.waiting > 0)
                .await,
        );
    }

    /// Sets whether calls refuse further clients.
    pub fn set_full(&self, full: bool) {
        self.state.lock().full = full;
    }

    /// Sets whether announcements are answered with 422, as malformed ones are.
    pub fn set_refusing(&self, refusing: bool) {
        self.state.lock().refusing = refusing;
    }

    /// Sets whether announcements and requests for clients are answered with 500.
    pub fn set_broken(&self, broken: bool) {
        self.state.lock().broken = broken;
    }
}
