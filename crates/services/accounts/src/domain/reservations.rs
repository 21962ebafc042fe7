//! Reservations of a limited number of places, in shares.

use std::{hash::Hash, sync::Arc};

use anteroom_runtime::{Share, ShareCounts};
use parking_lot::Mutex;

/// The reservations that exist. Clones are the same reservations.
#[derive(Clone)]
pub(crate) struct Reservations<K>(Arc<Mutex<ShareCounts<K>>>);

/// A reserved place, until it is dropped.
pub(crate) struct Reservation<K: Clone + Eq + Hash> {
    all: Reservations<K>,
    path: Vec<Share<K>>,
}

impl<K: Clone + Eq + Hash> Reservations<K> {
    /// Creates reservations of `most` places.
    pub(crate) fn new(most: usize) -> Self {
        Self(Arc::new(Mutex::new(ShareCounts::new(most))))
    }

    /// Reserves a place in all shares of a path; `None` if one of them, or the whole, is full.
    pub(crate) fn reserve(&self, path: Vec<Share<K>>) -> Option<Reservation<K>> {
        self.0.lock().enter(&path).ok()?;
        Some(Reservation {
            all: self.clone(),
            path,
        })
    }
}

impl<K: Clone + Eq + Hash> Drop for Reservation<K> {
    fn drop(&mut self) {
        let keys = self.path.iter().map(|share| &share.key);
        self.all.0.lock().leave(keys);
    }
}
