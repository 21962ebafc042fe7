//! The member keys that were in the groups of an era.

use std::collections::BTreeSet;

use anteroom_protocol::redacted_debug;

use crate::MemberPublicKey;

/// The member keys that a member has seen in the groups of an era. It goes along into the next group of the
/// era.
#[derive(Clone, Default)]
pub struct EraHistory {
    seen: BTreeSet<[u8; 32]>,
    has_seen_all: bool,
}

redacted_debug!(EraHistory);

impl EraHistory {
    /// Creates the history of the device that starts the first group of an era: it sees everybody who is ever
    /// in. Other devices begin with the default, which is empty.
    #[must_use]
    pub const fn of_founder() -> Self {
        Self {
            seen: BTreeSet::new(),
            has_seen_all: true,
        }
    }

    /// Adds the member keys of another history of the same device in the era. Whether it has seen all stays.
    pub fn merge(&mut self, other: &Self) {
        self.seen.extend(&other.seen);
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

    /// Adds a member key.
    pub fn see(&mut self, member_key: &MemberPublicKey) {
        self.seen.insert(*member_key.as_bytes());
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
