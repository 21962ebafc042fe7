//! Refused commits, and the devices that are left out of the next group for them.

use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{MemberLeaf, MemberPublicKey, Moment};
use anteroom_protocol::{DemuxId, GroupEpoch, OpaqueUserId};

/// The maximum number of commits whose committers are remembered.
const MAX_COMMITS: usize = 64;

/// The refusals of an era.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    /// The moment since which the next group is wanted.
    pub(crate) wanted_since: Option<Moment>,
    /// The member keys of committers of commits that do not hold: they are not added any more in this era.
    committers: BTreeSet<[u8; 32]>,
    /// The same by the word of the room service, for commits that do not open.
    suspects: BTreeSet<DemuxId>,
    /// The users whose refusals have led to a next group.
    heeded: BTreeSet<OpaqueUserId>,
    /// The committers of the present group, by the epochs that they ended.
    commits: BTreeMap<GroupEpoch, MemberPublicKey>,
    /// The users who refuse a commit.
    refusers: BTreeMap<GroupEpoch, BTreeSet<OpaqueUserId>>,
}

impl Refusals {
    /// Takes note of a commit that this device has merged.
    pub(crate) fn merged(&mut self, at: GroupEpoch, committer: &MemberPublicKey) {
        self.commits.insert(at, *committer);
        while self.commits.len() > MAX_COMMITS {
            self.commits.pop_first();
        }
    }

    /// Takes note of a commit that this device refuses.
    pub(crate) fn refused(&mut self, committer: Option<&MemberLeaf>, from: DemuxId, now: Moment) {
        match committer {
            Some(committer) => {
                self.committers.insert(*committer.member_key.as_bytes());
            }
            None => {
                self.suspects.insert(from);
            }
        }
        self.wanted_since.get_or_insert(now);
    }

    /// Takes note of a refusal by another member, one of `others` besides this device. Returns whether the
    /// next group is wanted for it.
    pub(crate) fn refused_by_other(
        &mut self,
        at: GroupEpoch,
        refuser: &MemberLeaf,
        others: usize,
        now: Moment,
    ) -> bool {
        let user = refuser.user.clone();
        let refusers = self.refusers.entry(at).or_default();
        refusers.insert(user.clone());
        let is_majority = 2 * refusers.len() > others;
        if is_majority
            && others > 1
            && let Some(committer) = self.commits.get(&at)
        {
            self.committers.insert(*committer.as_bytes());
        }
        while self.refusers.len() > MAX_COMMITS {
            self.refusers.pop_first();
        }
        let is_heeded = self.heeded.insert(user) || is_majority;
        if is_heeded {
            self.wanted_since.get_or_insert(now);
        }
        is_heeded
    }

    /// Takes note of the start of the next group.
    pub(crate) fn next_group(&mut self) {
        self.wanted_since = None;
        self.commits.clear();
        self.refusers.clear();
    }

    /// Returns whether a device is left out.
    pub(crate) fn leaves_out(&self, leaf: &MemberLeaf) -> bool {
        self.suspects.contains(&leaf.demux_id)
            || self.committers.contains(leaf.member_key.as_bytes())
    }

    /// Returns whether a device is left out by its key.
    pub(crate) fn leaves_out_key(&self, device: DemuxId, key: Option<&MemberPublicKey>) -> bool {
        self.suspects.contains(&device)
            || key.is_some_and(|key| self.committers.contains(key.as_bytes()))
    }
}
