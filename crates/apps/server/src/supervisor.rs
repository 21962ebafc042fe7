//! Notifications of the process's state to a supervisor such as systemd (`Type=notify`).

use sd_notify::NotifyState;

/// Sends a notification. Without a supervisor this does nothing.
pub(crate) fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the supervisor that NOTIFY_SOCKET names cannot be told");
    }
}
