//! A barred entry of this device, and a removal that waits for its time.

use anteroom_e2ee::{BarredEntry, MemberLeaf, Moment, SignedStatement};

use crate::membership::Membership;

/// A removal that cannot be signed yet: no entry may be of the time that it needs.
#[derive(Clone)]
pub(crate) struct WaitingRemoval {
    pub(crate) claims: MemberLeaf,
    pub(crate) entry: BarredEntry,
}

impl WaitingRemoval {
    /// Returns whether it is about the device, or the user, that an entry names.
    pub(crate) fn is_of(&self, entry: &BarredEntry) -> bool {
        self.entry.user == entry.user && self.entry.member_key == entry.member_key
    }

    /// Returns whether an entry puts those out whom this one is to put out, for as long.
    pub(crate) fn is_done_by(&self, entry: &BarredEntry) -> bool {
        let is_named = self.entry.user == entry.user
            && (entry.member_key.is_none() || entry.member_key == self.entry.member_key);
        is_named && self.entry.time <= entry.time
    }
}

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
