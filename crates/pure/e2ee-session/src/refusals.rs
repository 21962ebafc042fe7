//! Refused commits, and the devices that are left out of the next group for them.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{MemberLeaf, MemberPublicKey, Moment};
use anteroom_protocol::{DemuxId, GroupEpoch, OpaqueUserId};

/// The maximum number of commits whose committers are remembered.
const MAX_COMMITS: usize = 64;

/// The maximum number of devices, and of users, that are remembered for the era.
const MAX_REMEMBERED: usize = 1_024;

/// The time without a next group after which a device asks the present one again that it left for a commit.
const RETURN_DELAY: Duration = Duration::from_secs(20);

/// The refusals of an era.
#[derive(Clone, Debug, Default)]
pub(crate) struct Refusals {
    /// The moment since which the next group is wanted.
    wanted_since: Option<Moment>,
    /// The member keys of committers of commits that do not hold: they are not added any more in this era.
    committers: BTreeSet<[u8; 32]>,
    /// The same by the word of the room service, for commits that do not open.
    suspects: BTreeSet<DemuxId>,
    /// The senders of Welcomes for which this device has asked a group again later.
    failed: BTreeSet<DemuxId>,
    /// The users whose refusals have led to a next group, with the committers of what they refused.
    heeded: BTreeSet<(OpaqueUserId, Option<[u8; 32]>)>,
    /// The committers of the present group, by the epochs that they ended.
    commits: BTreeMap<GroupEpoch, Committer>,
    /// The users who refuse a commit.
    refusers: BTreeMap<GroupEpoch, BTreeSet<OpaqueUserId>>,
    /// The refusals by other devices in the present group that were told.
    told: BTreeSet<(GroupEpoch, DemuxId)>,
    /// The commit that this device has refused last.
    accusation: Option<Accusation>,
    /// The member keys of committers whose commit most users refuse: nobody enters a group that they
    /// start.
    condemned: BTreeSet<[u8; 32]>,
    /// The group that this device has left for a commit that does not hold.
    left: Option<LeftGroup>,
}

/// The committer of a commit.
#[derive(Clone, Debug)]
struct Committer {
    key: [u8; 32],
    user: OpaqueUserId,
}

/// A group that this device has left for a commit that does not hold, or has not entered.
#[derive(Clone, Debug)]
struct LeftGroup {
    number: u32,
    since: Moment,
    /// The committer, if the commit proves it; else the sender, by the word of the room service.
    sender: Option<[u8; 32]>,
}

/// A commit that this device has refused.
#[derive(Clone, Debug)]
struct Accusation {
    at: GroupEpoch,
    committer: [u8; 32],
    /// The users in the group, without that of the committer if the commit proves it.
    users: BTreeSet<OpaqueUserId>,
    /// The number of all users in the group.
    all: usize,
}

impl Refusals {
    /// Takes note of a commit that this device has merged.
    pub(crate) fn merged(&mut self, at: GroupEpoch, committer: &MemberLeaf) {
        let committer = Committer {
            key: *committer.member_key.as_bytes(),
            user: committer.user.clone(),
        };
        self.commits.insert(at, committer);
        while self.commits.len() > MAX_COMMITS {
            self.commits.pop_first();
        }
    }

    /// Returns the moment since which the next group is wanted.
    pub(crate) const fn wanted_since(&self) -> Option<Moment> {
        self.wanted_since
    }

    /// Takes note that the next group is wanted, if it is not yet.
    pub(crate) fn want_next(&mut self, now: Moment) {
        self.wanted_since.get_or_insert(now);
    }

    /// Takes note of a commit that this device refuses.
    pub(crate) fn refused(&mut self, committer: Option<&MemberLeaf>, from: DemuxId, now: Moment) {
        match committer {
            Some(committer) => {
                remember(&mut self.committers, *committer.member_key.as_bytes());
            }
            None => {
                remember(&mut self.suspects, from);
            }
        }
        self.want_next(now);
    }

    /// Takes note of the commit that this device refuses, in a group of these users. Its committer is proven,
    /// or named by the room service.
    pub(crate) fn accuse(
        &mut self,
        at: GroupEpoch,
        committer: &MemberLeaf,
        is_proven: bool,
        own: &OpaqueUserId,
        mut users: BTreeSet<OpaqueUserId>,
    ) {
        let all = users.len();
        if is_proven {
            users.remove(&committer.user);
        }
        self.accusation = Some(Accusation {
            at,
            committer: *committer.member_key.as_bytes(),
            users,
            all,
        });
        self.join_accusation(at, own);
    }

    /// Takes note of a user who refuses the commit that this device has refused.
    pub(crate) fn join_accusation(&mut self, at: GroupEpoch, user: &OpaqueUserId) {
        let accusation = self.accusation.as_ref();
        let accusation = accusation.filter(|one| one.at == at && one.users.contains(user));
        let Some(accusation) = accusation else { return };
        let refusers = self.refusers.entry(at).or_default();
        refusers.insert(user.clone());
        if is_majority(refusers.len(), accusation.all) {
            remember(&mut self.condemned, accusation.committer);
            remember(&mut self.committers, accusation.committer);
        }
    }

    /// Takes note of a refusal by another member, in a group of these users. Returns whether the next group is
    /// wanted for it.
    pub(crate) fn refused_by_other(
        &mut self,
        at: GroupEpoch,
        refuser: &MemberLeaf,
        users: &BTreeSet<OpaqueUserId>,
        now: Moment,
    ) -> bool {
        let committer = self.commits.get(&at);
        let refusers = self.refusers.entry(at).or_default();
        if committer.is_none_or(|committer| committer.user != refuser.user) {
            refusers.insert(refuser.user.clone());
        }
        // Several devices of a user count once, and those of the committer's user not at all.
        let is_majority = is_majority(refusers.len(), users.len());
        let committer = committer.map(|committer| committer.key);
        if let Some(committer) = committer.filter(|_| is_majority) {
            remember(&mut self.committers, committer);
            remember(&mut self.condemned, committer);
        }
        while self.refusers.len() > MAX_COMMITS {
            self.refusers.pop_first();
        }
        let pair = (refuser.user.clone(), committer);
        let is_heeded = remember(&mut self.heeded, pair) || is_majority;
        if is_heeded {
            self.want_next(now);
        }
        is_heeded
    }

    /// Returns whether a refusal by another device is to be told: once for each commit.
    pub(crate) fn tells(&mut self, at: GroupEpoch, refuser: DemuxId) -> bool {
        remember(&mut self.told, (at, refuser))
    }

    /// Takes note of the start of the next group.
    pub(crate) fn next_group(&mut self) {
        self.wanted_since = None;
        self.left = None;
        self.commits.clear();
        self.refusers.clear();
        self.told.clear();
    }

    /// Takes note that this device has left a group for a commit that does not hold, or has not entered it.
    pub(crate) fn leave_group(&mut self, number: u32, sender: Option<&MemberLeaf>, now: Moment) {
        self.left = Some(LeftGroup {
            number,
            since: now,
            sender: sender.map(|sender| *sender.member_key.as_bytes()),
        });
    }

    /// Returns whether this device asks the present group again that it has left, once: its refusal has led
    /// to no next group, and most users do not share it.
    pub(crate) fn returns_to(&mut self, present: GroupEpoch, now: Moment) -> bool {
        let condemned = &self.condemned;
        let returns = self.left.take_if(|left| {
            left.number == present.group
                && now >= left.since.plus(RETURN_DELAY)
                && left.sender.is_none_or(|key| !condemned.contains(&key))
        });
        if returns.is_some() {
            self.wanted_since = None;
        }
        returns.is_some()
    }

    /// Returns whether most users refuse a commit of a device.
    pub(crate) fn is_condemned(&self, key: &MemberPublicKey) -> bool {
        self.condemned.contains(key.as_bytes())
    }

    /// Takes note of the sender of a Welcome, by the word of the room service, for which this device asks the
    /// same group again later.
    pub(crate) fn welcome_failed(&mut self, device: DemuxId) {
        remember(&mut self.failed, device);
    }

    /// Returns whether a device has sent what does not hold, or such a Welcome before.
    pub(crate) fn has_failed(&self, device: DemuxId) -> bool {
        self.failed.contains(&device) || self.suspects.contains(&device)
    }

    /// Returns whether a device is left out.
    pub(crate) fn leaves_out(&self, leaf: &MemberLeaf) -> bool {
        self.leaves_out_key(leaf.demux_id, Some(&leaf.member_key))
    }

    /// Returns whether a device is left out by its key.
    pub(crate) fn leaves_out_key(&self, device: DemuxId, key: Option<&MemberPublicKey>) -> bool {
        self.suspects.contains(&device)
            || key.is_some_and(|key| self.committers.contains(key.as_bytes()))
    }
}

/// Adds an element to those that are remembered; returns whether it is new, and there was room for it.
fn remember<T: Ord>(remembered: &mut BTreeSet<T>, element: T) -> bool {
    remembered.len() < MAX_REMEMBERED && remembered.insert(element)
}

/// Returns whether two or more users refuse a commit, and more than half of all in the group. The room service
/// counts those of the active devices, the committer's too, and lets any of them start the next group then.
const fn is_majority(refusers: usize, all: usize) -> bool {
    refusers > 1 && 2 * refusers > all
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

    /// The users of four members.
    fn users() -> BTreeSet<OpaqueUserId> {
        (1..=4).map(|number| leaf(number).user).collect()
    }

    const AT: GroupEpoch = GroupEpoch { group: 1, epoch: 4 };
    const NOW: Moment = Moment::new(Duration::from_secs(9));

    #[test]
    fn a_refusal_by_another_device_is_told_once_for_each_commit_of_a_group() {
        let mut refusals = Refusals::default();
        let [bob, carol] = [32, 48].map(|number| DemuxId::new(number).unwrap());
        let at = |epoch| GroupEpoch { group: 1, epoch };
        for (at, refuser, is_told) in [
            (at(1), bob, true),
            (at(1), bob, false),
            (at(1), carol, true),
            (at(2), bob, true),
            (at(2), bob, false),
        ] {
            assert_eq!(refusals.tells(at, refuser), is_told);
        }
        for epoch in 3..10_000 {
            refusals.tells(at(epoch), bob);
        }
        assert_eq!(refusals.told.len(), MAX_REMEMBERED);
        refusals.next_group();
        assert!(refusals.told.is_empty());
    }

    #[test]
    fn one_device_leads_to_one_next_group_and_leaves_nobody_out() {
        let mut refusals = Refusals::default();
        refusals.merged(AT, &leaf(1));
        assert!(refusals.refused_by_other(AT, &leaf(2), &users(), NOW));
        assert_eq!(refusals.wanted_since, Some(NOW));
        assert!(!refusals.leaves_out(&leaf(1)));
        refusals.next_group();
        refusals.merged(AT.next(), &leaf(1));
        assert!(!refusals.refused_by_other(AT.next(), &leaf(2), &users(), NOW));
        assert_eq!(refusals.wanted_since, None);
        refusals.merged(AT.next().next(), &leaf(3));
        let is_heeded = refusals.refused_by_other(AT.next().next(), &leaf(2), &users(), NOW);
        assert!(is_heeded, "of another committer");
    }

    #[test]
    fn most_users_leave_a_committer_out() {
        let mut refusals = Refusals::default();
        refusals.merged(AT, &leaf(1));
        for number in [1, 2, 2, 3, 4] {
            assert!(!refusals.is_condemned(&leaf(1).member_key));
            refusals.refused_by_other(AT, &leaf(number), &users(), NOW);
        }
        assert!(refusals.is_condemned(&leaf(1).member_key));
        assert!(refusals.leaves_out(&leaf(1)));
        let mut refusals = Refusals::default();
        refusals.refused(Some(&leaf(1)), leaf(1).demux_id, NOW);
        refusals.accuse(AT, &leaf(1), true, &leaf(2).user, users());
        assert!(refusals.leaves_out(&leaf(1)), "by its own judgement");
        refusals.join_accusation(AT.next(), &leaf(3).user);
        for stranger in [1, 9] {
            refusals.join_accusation(AT, &leaf(stranger).user);
        }
        assert!(!refusals.is_condemned(&leaf(1).member_key));
        refusals.join_accusation(AT, &leaf(3).user);
        assert!(!refusals.is_condemned(&leaf(1).member_key), "two of four");
        refusals.join_accusation(AT, &leaf(4).user);
        assert!(refusals.is_condemned(&leaf(1).member_key));
    }

    #[test]
    fn a_device_asks_the_group_again_that_it_left_alone() {
        let at = |seconds| Moment::new(Duration::from_secs(seconds));
        let mut refusals = Refusals::default();
        refusals.refused(Some(&leaf(1)), leaf(1).demux_id, at(9));
        refusals.leave_group(1, Some(&leaf(1)), at(9));
        let mut condemning = refusals.clone();
        assert!(!refusals.returns_to(AT, at(28)), "too early");
        let next = GroupEpoch { group: 2, epoch: 1 };
        assert!(!refusals.returns_to(next, at(29)), "there is a next group");
        assert!(refusals.returns_to(AT, at(29)));
        assert!(!refusals.returns_to(AT, at(99)), "once");
        condemning.accuse(AT, &leaf(1), false, &leaf(2).user, users());
        for refuser in [3, 4] {
            condemning.join_accusation(AT, &leaf(refuser).user);
        }
        assert!(!condemning.returns_to(AT, at(29)), "most have left it");
    }

    #[test]
    fn what_is_remembered_has_a_limit() {
        let mut remembered = BTreeSet::new();
        assert!((0..MAX_REMEMBERED).all(|number| remember(&mut remembered, number)));
        assert!(!remember(&mut remembered, MAX_REMEMBERED));
    }
}
