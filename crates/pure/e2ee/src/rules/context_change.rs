//! Statements that change the context of a room.

use anteroom_protocol::Timestamp;

use crate::{BarredEntry, Lock, Policy, SignedStatement};

/// Statements that change a context.
#[derive(Clone, Debug, Default)]
pub struct ContextChange {
    /// A policy.
    pub policy: Option<SignedStatement<Policy>>,
    /// Barred entries.
    pub barred: Vec<SignedStatement<BarredEntry>>,
    /// A lock.
    pub lock: Option<SignedStatement<Lock>>,
    /// The moment before which approvals of newcomers are void in an earlier group of the era, whose barred
    /// entries were merged into it. The next group begins with it; no commit brings it into a group. It counts
    /// with the entries that it follows from alone.
    pub void_before: Option<Timestamp>,
}

impl ContextChange {
    /// Returns what a device that knows it demands of a group at `now`: all but the barred entries and the lock of
    /// which the members of the group may take the time for too late. The moment before which approvals are void
    /// does not follow from fewer entries.
    #[must_use]
    pub fn demanded_at(&self, now: Timestamp) -> Self {
        let mut demanded = self.clone();
        demanded.barred.retain(|entry| entry.demanded_from() <= now);
        let is_less = demanded.barred.len() < self.barred.len();
        demanded.void_before.take_if(|_| is_less);
        demanded.lock.take_if(|lock| lock.demanded_from() > now);
        demanded
    }

    /// Returns what is signed of it: all that a commit can bring into a group.
    #[must_use]
    pub fn signed(self) -> Self {
        Self {
            void_before: None,
            ..self
        }
    }
}
