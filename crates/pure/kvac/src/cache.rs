//! A bounded cache of computed values.

use std::sync::{Mutex, PoisonError};

/// The number of cached results: more than the days that are issued and verified at one time, over all kinds
/// of credential.
const CAPACITY: usize = 64;

/// Results by their inputs. A new result replaces the oldest one.
pub(crate) struct BoundedCache<K, V>(Mutex<Vec<(K, V)>>);

impl<K: PartialEq, V: Clone> BoundedCache<K, V> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Returns the result for `key`. Computes it if it is not cached. Two threads may compute the same result
    /// at one time.
    pub(crate) fn of(&self, key: K, compute: impl FnOnce() -> V) -> V {
        if let Some(value) = self.find(&key) {
            return value;
        }
        let value = compute();
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.remove(0);
        }
        entries.push((key, value.clone()));
        value
    }

    /// Iterates over all results, in order to wipe them.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        let entries = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        entries.iter_mut().map(|(_, value)| value)
    }

    fn find(&self, key: &K) -> Option<V> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = entries.iter().rev().find(|(known, _)| known == key);
        found.map(|(_, value)| value.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_not_computed_again_and_the_oldest_is_forgotten() {
        let cache = BoundedCache::new();
        assert_eq!(cache.of(1, || 10), 10);
        assert_eq!(cache.of(1, || 11), 10);
        for key in 2..2 + CAPACITY {
            assert_eq!(cache.of(key, || key), key);
        }
        assert_eq!(cache.of(1, || 12), 12);
    }
}
