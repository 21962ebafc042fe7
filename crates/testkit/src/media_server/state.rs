//! The state of the fake media server.

use std::{collections::BTreeMap, sync::Arc};

use axum::http::StatusCode;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::watch;

use super::{
    announced_client::AnnouncedClient,
    call::Call,
    callbacks::{Callbacks, MediaCallback},
};

#[derive(Clone, Default)]
pub(super) struct Shared {
    server: Arc<Mutex<ServerState>>,
    pub(super) barrier: watch::Sender<AnnouncementBarrier>,
}

/// The barrier that delays announcements.
#[derive(Default)]
pub(super) struct AnnouncementBarrier {
    pub(super) closed: bool,
    pub(super) waiting: usize,
}

#[derive(Default)]
pub(super) struct ServerState {
    /// The calls by era.
    pub(super) calls: BTreeMap<String, Call>,
    pub(super) callbacks: Option<Callbacks>,
    pub(super) called_back: Vec<MediaCallback>,
    pub(super) announced: Vec<AnnouncedClient>,
    pub(super) asked_as: Vec<Option<String>>,
    pub(super) load: u64,
    pub(super) health: Option<(StatusCode, &'static str)>,
    pub(super) sparing: bool,
    pub(super) full: bool,
    pub(super) refusing: bool,
    pub(super) broken: bool,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, ServerState> {
        self.server.lock()
    }

    /// Completes when the barrier is open.
    pub(super) async fn wait_at_barrier(&self) {
        let mut barrier = self.barrier.subscribe();
        self.barrier.send_modify(|barrier| barrier.waiting += 1);
        drop(barrier.wait_for(|barrier| !barrier.closed).await);
        self.barrier.send_modify(|barrier| barrier.waiting -= 1);
    }
}
