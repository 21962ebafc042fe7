//! Connections that have not asked for anything yet.
//!
//! When all places of a listener are taken, the oldest of them gives its place to the next
//! connection: whoever opens connections and stays silent takes places from others like that, and
//! not from those who ask.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// The newcomers of one listener. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Newcomers(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    next: u64,
    /// By the order in which they came.
    waiting: BTreeMap<u64, Arc<Notify>>,
}

/// A newcomer as long as this lives.
#[derive(Debug)]
pub(super) struct Newcomer {
    all: Newcomers,
    number: u64,
    sent_away: Arc<Notify>,
}

impl Newcomers {
    pub(super) fn enter(&self) -> Newcomer {
        let sent_away = Arc::new(Notify::new());
        let mut state = self.state();
        let number = state.next;
        state.next = number.wrapping_add(1);
        state.waiting.insert(number, Arc::clone(&sent_away));
        drop(state);
        Newcomer {
            all: self.clone(),
            number,
            sent_away,
        }
    }

    /// Sends the oldest away, if there is one.
    pub(super) fn send_oldest_away(&self) {
        if let Some((_, oldest)) = self.state().waiting.pop_first() {
            oldest.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Newcomer {
    /// Completes when another is to have the place.
    pub(super) async fn sent_away(&self) {
        self.sent_away.notified().await;
    }
}

impl Drop for Newcomer {
    fn drop(&mut self) {
        self.all.state().waiting.remove(&self.number);
    }
}
