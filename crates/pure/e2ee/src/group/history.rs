//! The member keys that were in the groups of an era.

use std::{collections::BTreeSet, sync::Arc};

use anteroom_protocol::redacted_debug;

use crate::MemberPublicKey;

/// The maximum number of member keys that are remembered: 2 MiB.
const MAX_KEYS: usize = 65_536;

/// The member keys that a member has seen in the groups of an era. It goes along into the next group of the
/// era. Cheap to clone.
#[derive(Clone, Default)]
pub struct EraHistory {
    seen: Arc<BTreeSet<[u8; 32]>>,
    has_seen_all: bool,
}

redacted_debug!(EraHistory);

impl EraHistory {
    /// Creates the history of the device that starts the first group of an era: it sees everybody who is ever
    /// in. Other devices begin with the default, which is empty.
    #[must_use]
    pub fn of_founder() -> Self {
        Self {
            seen: Arc::default(),
            has_seen_all: true,
        }
    }

    /// Adds the member keys of another history of the same device in the era. Whether it has seen all stays.
    pub fn merge(&mut self, other: &Self) {
        for key in &*other.seen {
            self.add(key);
        }
    }

    /// Takes note that the device was not in the group for a time: it has not seen who came and went.
    pub const fn interrupt(&mut self) {
        self.has_seen_all = false;
    }

    /// Returns whether the device was in no group of the era.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.seen.is_empty()
    }

    /// Adds a member key. A history that is full adds none, and has not seen all from then on.
    pub fn see(&mut self, member_key: &MemberPublicKey) {
        self.add(member_key.as_bytes());
    }

    fn add(&mut self, key: &[u8; 32]) {
        if self.seen.contains(key) {
            return;
        }
        if self.seen.len() >= MAX_KEYS {
            self.interrupt();
            return;
        }
        Arc::make_mut(&mut self.seen).insert(*key);
    }

    /// Returns whether a member key was in.
    #[must_use]
    pub fn has_seen(&self, member_key: &MemberPublicKey) -> bool {
        self.seen.contains(member_key.as_bytes())
    }

    /// Returns whether the keys are all that were ever in during the era.
    #[must_use]
    pub const fn has_seen_all(&self) -> bool {
        self.has_seen_all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_history_adds_nothing_and_has_not_seen_all() {
        let key = |number: usize| {
            let mut key = [0; 32];
            key[..8].copy_from_slice(&number.to_be_bytes());
            key
        };
        let mut history = EraHistory::of_founder();
        for number in 0..MAX_KEYS {
            history.add(&key(number));
        }
        history.add(&key(0));
        let before = history.clone();
        assert!(history.has_seen_all());
        let mut other = EraHistory::default();
        other.add(&key(MAX_KEYS));
        history.merge(&other);
        assert!(!history.has_seen_all());
        assert!(Arc::ptr_eq(&history.seen, &before.seen), "it is no copy");
    }
}
