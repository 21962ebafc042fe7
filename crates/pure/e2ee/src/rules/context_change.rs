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
}

impl ContextChange {
    /// Returns what a device that knows it demands of a group at `now`: all but the barred entries and the lock of
    /// which the members of the group may take the time for too late.
    #[must_use]
    pub fn demanded_at(&self, now: Timestamp) -> Self {
        let mut demanded = self.clone();
        demanded.barred.retain(|entry| entry.demanded_from() <= now);
        demanded.lock.take_if(|lock| lock.demanded_from() > now);
        demanded
    }
}
