//! Telling who supervises the process how far it is, as systemd wants it (`Type=notify`).

use sd_notify::NotifyState;

/// The services answer.
pub(crate) fn ready() {
    tell(&NotifyState::Ready);
}

/// Requests in flight are finished, and no more are taken.
pub(crate) fn stopping() {
    tell(&NotifyState::Stopping);
}

/// Without a supervisor nothing is told.
fn tell(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the supervisor that NOTIFY_SOCKET names cannot be told");
    }
}
