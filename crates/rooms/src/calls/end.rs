//! The word that a room is to send everybody away.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Tells a room's task that its call is to end.
#[derive(Debug, Default)]
pub(super) struct EndSignal {
    end: Notify,
    is_dismissal: AtomicBool,
}

impl EndSignal {
    /// The node cannot hold the call any longer: clients may come back by themselves.
    pub(super) fn stop(&self) {
        self.end.notify_one();
    }

    /// Whoever has the passkey has ended the call from outside: clients stay away.
    pub(super) fn dismiss(&self) {
        self.is_dismissal.store(true, Ordering::Release);
        self.end.notify_one();
    }

    /// Completes when the call is to end; says whether it was ended from outside.
    pub(super) async fn notified(&self) -> bool {
        self.end.notified().await;
        self.is_dismissal.load(Ordering::Acquire)
    }
}
