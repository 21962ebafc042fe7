//! A barred entry of this device.

use anteroom_e2ee::{BarredEntry, MemberLeaf, Moment, SignedStatement};

use crate::membership::Membership;

/// A barred entry of this device, until the others are known to have it.
pub(crate) struct PendingBar {
    pub(crate) claims: MemberLeaf,
    pub(crate) entry: SignedStatement<BarredEntry>,
    /// The moment of the command.
    pub(crate) since: Moment,
    pub(crate) is_told: bool,
}

impl PendingBar {
    /// Returns whether another member is known to have the entry.
    pub(crate) fn is_shared(&self, membership: &Membership) -> bool {
        let mut leaves = membership.view.leaves.values();
        let key = self.claims.member_key;
        let barred = membership.view.context.barred();
        // Of a long list the oldest entries go, and a moment stands for them.
        let has_entry = barred.entries().contains(&self.entry)
            || self.entry.claimed().time < barred.void_before();
        has_entry
            && leaves.all(|leaf| leaf.member_key != key)
            && (membership.others() == 0 || membership.confirmations.has_heard_other_than(None))
    }
}
