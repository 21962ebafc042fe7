//! The signal that ends a room's call for all clients.

use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

/// Signals the task of a room that its call is to end.
#[derive(Debug, Default)]
pub(super) struct EndSignal {
    end: Notify,
    is_dismissal: AtomicBool,
}

impl EndSignal {
    /// Ends the call because this node cannot hold it any longer. Clients may reconnect by
    /// themselves.
    pub(super) fn stop(&self) {
        self.end.notify_one();
    }

    /// Ends the call because a holder of the passkey asked for it. Clients stay away.
    pub(super) fn dismiss(&self) {
        self.is_dismissal.store(true, Ordering::Release);
        self.end.notify_one();
    }

    /// Completes when the call is to end. Returns whether a holder of the passkey ended it.
    pub(super) async fn notified(&self) -> bool {
        self.end.notified().await;
        self.is_dismissal()
    }

    /// Returns whether a holder of the passkey has ended the call.
    pub(super) fn is_dismissal(&self) -> bool {
        self.is_dismissal.load(Ordering::Acquire)
    }
}
