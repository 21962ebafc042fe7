//! The input of a participant while other things happen.

use std::thread;

use tokio::sync::mpsc;

/// The capacity of the queue.
pub(crate) const TYPED_AHEAD: usize = 64;

/// Returns what is read until nothing is left. A thread reads, since a blocking read must not delay the end
/// of the process.
pub(crate) fn on_thread<T: Send + 'static>(
    mut read: impl FnMut() -> Option<T> + Send + 'static,
) -> mpsc::Receiver<T> {
    let (sender, typed) = mpsc::channel(TYPED_AHEAD);
    thread::spawn(move || {
        while let Some(one) = read() {
            if sender.blocking_send(one).is_err() {
                break;
            }
        }
    });
    typed
}
