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
    /// The commit that this device has refused last.
    accusation: Option<Accusation>,
    /// The member keys of committers whose commit most of the others refuse: nobody enters a group that they
    /// start.
    condemned: BTreeSet<[u8; 32]>,
}

/// A commit that this device has refused.
#[derive(Clone, Debug)]
struct Accusation {
    at: GroupEpoch,
    committer: [u8; 32],
    /// The number of the other members.
    others: usize,
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

    /// Takes note of the commit that this device refuses, as one of the users in a group with `others` besides
    /// it.
    pub(crate) fn accuse(
        &mut self,
        at: GroupEpoch,
        committer: &MemberLeaf,
        own: &OpaqueUserId,
        others: usize,
    ) {
        self.accusation = Some(Accusation {
            at,
            committer: *committer.member_key.as_bytes(),
            others,
        });
        self.join_accusation(at, own);
    }

    /// Takes note of a user who refuses the commit that this device has refused.
    pub(crate) fn join_accusation(&mut self, at: GroupEpoch, user: &OpaqueUserId) {
        let Some(accusation) = self.accusation.as_ref().filter(|one| one.at == at) else {
            return;
        };
        let refusers = self.refusers.entry(at).or_default();
        refusers.insert(user.clone());
        if is_majority(refusers.len(), accusation.others) {
            self.condemned.insert(accusation.committer);
        }
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
        let is_majority = is_majority(refusers.len(), others);
        let committer = self.commits.get(&at).filter(|_| is_majority);
        if let Some(committer) = committer {
            self.committers.insert(*committer.as_bytes());
            self.condemned.insert(*committer.as_bytes());
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

    /// Returns whether most of the others refuse a commit of a device.
    pub(crate) fn is_condemned(&self, key: &MemberPublicKey) -> bool {
        self.condemned.contains(key.as_bytes())
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

/// Returns whether two or more users refuse a commit, and more than half of the others.
const fn is_majority(refusers: usize, others: usize) -> bool {
    refusers > 1 && 2 * refusers > others
}

#[cfg(test)]
mod tests {
    use anteroom_e2ee::{Admission, DeviceSecret};
    use anteroom_protocol::RoomId;
    use core::time::Duration;

    use super::*;

    fn leaf(number: u8) -> MemberLeaf {
        let room = RoomId::from_bytes([1; 32]);
        let key = DeviceSecret::from_bytes([number; 32]).member_key(&room);
        MemberLeaf {
            user: OpaqueUserId::parse(&format!("{number:02x}")).unwrap(),
            demux_id: DemuxId::new(u32::from(number) * 16).unwrap(),
            member_key: key.public(),
            admission: Admission::None,
            serial: 1,
            name: None,
            certificate: None,
        }
    }

    const AT: GroupEpoch = GroupEpoch { group: 1, epoch: 4 };
    const NOW: Moment = Moment::new(Duration::from_secs(9));

    #[test]
    fn one_device_leads_to_one_next_group_and_leaves_nobody_out() {
        let mut refusals = Refusals::default();
        refusals.merged(AT, &leaf(1).member_key);
        assert!(refusals.refused_by_other(AT, &leaf(2), 3, NOW));
        assert_eq!(refusals.wanted_since, Some(NOW));
        assert!(!refusals.leaves_out(&leaf(1)));
        refusals.next_group();
        refusals.merged(AT.next(), &leaf(1).member_key);
        assert!(!refusals.refused_by_other(AT.next(), &leaf(2), 3, NOW));
        assert_eq!(refusals.wanted_since, None);
    }

    #[test]
    fn most_of_the_others_leave_a_committer_out() {
        let mut refusals = Refusals::default();
        refusals.merged(AT, &leaf(1).member_key);
        for number in [2, 3] {
            assert!(!refusals.is_condemned(&leaf(1).member_key));
            refusals.refused_by_other(AT, &leaf(number), 3, NOW);
        }
        assert!(refusals.is_condemned(&leaf(1).member_key));
        assert!(refusals.leaves_out(&leaf(1)));
        let mut refusals = Refusals::default();
        refusals.refused(Some(&leaf(1)), leaf(1).demux_id, NOW);
        refusals.accuse(AT, &leaf(1), &leaf(2).user, 3);
        assert!(refusals.leaves_out(&leaf(1)), "by its own judgement");
        refusals.join_accusation(AT.next(), &leaf(3).user);
        assert!(!refusals.is_condemned(&leaf(1).member_key));
        refusals.join_accusation(AT, &leaf(3).user);
        assert!(refusals.is_condemned(&leaf(1).member_key));
    }
}
