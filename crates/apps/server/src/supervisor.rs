//! Notifications of the process's state to a supervisor such as systemd (`Type=notify`).

use sd_notify::NotifyState;

/// Reports that the services answer.
pub(crate) fn ready() {
    notify(&NotifyState::Ready);
}

/// Reports that requests in flight are being finished and no more are accepted.
pub(crate) fn stopping() {
    notify(&NotifyState::Stopping);
}

/// Sends a notification. Without a supervisor this does nothing.
fn notify(state: &NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(std::slice::from_ref(state)) {
        tracing::warn!(%error, "the supervisor that NOTIFY_SOCKET names cannot be told");
    }
}
