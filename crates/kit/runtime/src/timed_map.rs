//! A bounded map whose entries have a time each.

use std::{
    collections::{BTreeSet, HashMap},
    hash::Hash,
    num::NonZeroUsize,
};

/// A map of at most `most` entries, each with a time. One entry more pushes out the one with the
/// earliest time, which may be itself.
#[derive(Debug)]
pub struct TimedMap<K, T, V = ()> {
    most: NonZeroUsize,
    by_key: HashMap<K, (T, V)>,
    by_time: BTreeSet<(T, K)>,
}

impl<K: Copy + Eq + Hash + Ord, T: Copy + Ord, V> TimedMap<K, T, V> {
    /// A map without entries.
    #[must_use]
    pub fn new(most: NonZeroUsize) -> Self {
        Self {
            most,
            by_key: HashMap::new(),
            by_time: BTreeSet::new(),
        }
    }

    /// The time of an entry.
    #[must_use]
    pub fn time(&self, key: &K) -> Option<T> {
        self.by_key.get(key).map(|(time, _)| *time)
    }

    /// Sets an entry in place of one with the same key.
    pub fn set(&mut self, key: K, time: T, value: V) {
        self.remove(&key);
        self.by_key.insert(key, (time, value));
        self.by_time.insert((time, key));
        if self.by_key.len() > self.most.get() {
            self.forget_first();
        }
    }

    /// Removes an entry.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (time, value) = self.by_key.remove(key)?;
        self.by_time.remove(&(time, *key));
        Some(value)
    }

    /// Forgets the entries with this time or an earlier one.
    pub fn forget_until(&mut self, last: T) {
        while self.by_time.first().is_some_and(|(time, _)| *time <= last) {
            self.forget_first();
        }
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    fn forget_first(&mut self) {
        if let Some((_, key)) = self.by_time.pop_first() {
            self.by_key.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(most: usize) -> TimedMap<u8, u64, char> {
        TimedMap::new(most.try_into().unwrap())
    }

    fn keys(map: &TimedMap<u8, u64, char>) -> Vec<u8> {
        assert_eq!(map.by_key.len(), map.by_time.len());
        let mut keys: Vec<u8> = map.by_key.keys().copied().collect();
        keys.sort_unstable();
        keys
    }

    #[test]
    fn memory_is_bounded_and_the_entries_with_the_latest_times_stay() {
        let mut map = map(3);
        for (key, time) in [(1, 10), (2, 30), (3, 20), (4, 40), (5, 5), (6, 50)] {
            map.set(key, time, 'a');
            assert!(map.len() <= 3);
        }
        assert_eq!(keys(&map), [2, 4, 6]);
    }

    #[test]
    fn an_entry_that_is_set_again_has_its_new_time_alone() {
        let mut map = map(2);
        map.set(1, 10, 'a');
        map.set(2, 20, 'b');
        map.set(1, 30, 'c');
        assert_eq!((map.time(&1), keys(&map)), (Some(30), vec![1, 2]));
        map.set(3, 40, 'd');
        assert_eq!(keys(&map), [1, 3]);
        assert_eq!((map.remove(&1), map.remove(&1)), (Some('c'), None));
        assert_eq!(keys(&map), [3]);
    }

    #[test]
    fn entries_are_forgotten_up_to_a_time_and_with_it() {
        for (last, left) in [(9, &[1, 2, 3][..]), (10, &[2, 3]), (29, &[2, 3]), (30, &[])] {
            let mut map = map(3);
            for (key, time) in [(1, 10), (2, 30), (3, 30)] {
                map.set(key, time, 'a');
            }
            map.forget_until(last);
            assert_eq!(keys(&map), left, "{last}");
            assert_eq!(map.is_empty(), left.is_empty());
        }
    }
}
