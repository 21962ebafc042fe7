//! A value that one task changes and that others wait for.

use parking_lot::Mutex;
use tokio::sync::watch;

/// A value that one task changes and that others wait for.
pub(crate) struct Record<T> {
    value: Mutex<T>,
    changes: watch::Sender<()>,
}

impl<T: Default> Default for Record<T> {
    fn default() -> Self {
        Self {
            value: Mutex::default(),
            changes: watch::Sender::new(()),
        }
    }
}

impl<T> Record<T> {
    /// Returns a part of the value as it is now.
    pub(crate) fn read<R>(&self, part: impl FnOnce(&T) -> R) -> R {
        part(&self.value.lock())
    }

    pub(crate) fn change<R>(&self, change: impl FnOnce(&mut T) -> R) -> R {
        let changed = change(&mut self.value.lock());
        self.changes.send_replace(());
        changed
    }

    /// Waits until a part is in the value.
    pub(crate) async fn until<R>(&self, part: impl Fn(&T) -> Option<R>) -> R {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(found) = self.read(&part) {
                return found;
            }
            changes.changed().await.unwrap();
        }
    }
}
