//! A call of several devices, with the test as the room service.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{
    AdminSignature, Admission, Applicant, Approval, Candidate, CommitError, ContextChange,
    DeviceSecret, EpochChange, EraHistory, FrameContext, FrameOpener, FrameSealer, FrameTag, Group,
    GroupChange, GroupFailure, GroupLink, GroupStart, JoinError, MemberKey, MemberLeaf, Moment,
    OutgoingCommit, RosterHistory, SignedStatement, Surroundings,
};
use anteroom_protocol::{DemuxId, OpaqueUserId, Restrictions, RootKey, Timestamp};
use rand_chacha::ChaCha20Rng;

use crate::common::{NOW, RoomKeys, by_admin, people_of, rng, root_key, user};

/// The maximum number of devices of a user in the calls of the tests.
pub(crate) const MAX_DEVICES: usize = 2;

/// The system's time: openmls compares lifetimes of key packages with it.
#[expect(
    clippy::disallowed_methods,
    reason = "openmls compares lifetimes of key packages with the system's clock"
)]
pub(crate) fn system_time() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Timestamp::from_secs(since.unwrap().as_secs())
}

pub(crate) fn at(millis: u64) -> Moment {
    Moment::new(Duration::from_millis(millis))
}

pub(crate) fn demux(number: u32) -> DemuxId {
    DemuxId::new(number * 16).unwrap()
}

/// A device in a group.
pub(crate) struct Member {
    pub(crate) group: Group,
    pub(crate) sealer: FrameSealer,
    pub(crate) opener: FrameOpener,
}

impl Member {
    fn new(group: Group, now: Moment) -> Self {
        let frames = group.frames().unwrap();
        let mut sealer = FrameSealer::new();
        sealer
            .add_epoch(&frames.key, frames.own_leaf, true, now)
            .unwrap();
        let mut opener = FrameOpener::new();
        opener
            .add_epoch(frames.key, frames.leaves, &frames.stayed, now)
            .unwrap();
        Self {
            group,
            sealer,
            opener,
        }
    }

    fn take(&mut self, change: &EpochChange, now: Moment) {
        let Some(frames) = &change.frames else { return };
        let added = frames.has_new_members;
        self.sealer
            .add_epoch(&frames.key, frames.own_leaf, added, now)
            .unwrap();
        let key = frames.key.clone();
        self.opener
            .add_epoch(key, frames.leaves.clone(), &frames.stayed, now)
            .unwrap();
    }
}

/// A call: the members that are in, and the world around them.
pub(crate) struct Call {
    pub(crate) people: RoomKeys,
    pub(crate) root_key: RootKey,
    pub(crate) link: GroupLink,
    pub(crate) context: ContextChange,
    pub(crate) members: Vec<Member>,
    pub(crate) roster: RosterHistory,
    pub(crate) now: Moment,
    pub(crate) rng: ChaCha20Rng,
}

impl Call {
    /// Creates a call whose policy asks for nothing, or for approval, without a member.
    pub(crate) fn new(restrictions: Restrictions) -> Self {
        let root_key = root_key(1);
        let people = people_of(root_key.room_id());
        let link = GroupLink::new(&root_key, people.era, Some(people.admin.public()));
        let policy = by_admin(&people, &people.policy(restrictions));
        Self {
            link,
            people,
            root_key,
            context: ContextChange {
                policy: Some(policy),
                ..ContextChange::default()
            },
            members: Vec::new(),
            roster: RosterHistory::default(),
            now: at(10_000),
            rng: rng(77),
        }
    }

    /// Creates a call with a number of members, without restrictions. The devices have the numbers from 1.
    pub(crate) fn with_members(number: u32) -> Self {
        let mut call = Self::new(Restrictions::None);
        call.start(1);
        for device in 2..=number {
            call.add(0, device);
        }
        call
    }

    pub(crate) fn member_key(&self, device: u32) -> MemberKey {
        let secret = [u8::try_from(100 + device).unwrap(); 32];
        DeviceSecret::from_bytes(secret).member_key(&self.people.room)
    }

    /// The leaf of a device, each of a user of its own.
    pub(crate) fn leaf(&self, device: u32, admission: Admission) -> MemberLeaf {
        MemberLeaf {
            user: user(u64::from(device)),
            demux_id: demux(device),
            member_key: self.member_key(device).public(),
            admission,
            serial: 1,
            name: Some(format!("Person {device}")),
            certificate: None,
        }
    }

    pub(crate) fn admin_leaf(&self, device: u32) -> MemberLeaf {
        let key = self.member_key(device).public();
        let people = &self.people;
        let signature = AdminSignature::sign(&people.admin, &people.room, people.era, &key);
        self.leaf(device, Admission::Admin(signature))
    }

    /// The admin's approval of a device.
    pub(crate) fn approval(&self, device: u32) -> SignedStatement<Approval> {
        let approval = Approval {
            user: user(u64::from(device)),
            member_key: self.member_key(device).public(),
            ..self.people.approval()
        };
        by_admin(&self.people, &approval)
    }

    pub(crate) fn start(&mut self, device: u32) {
        let leaf = self.leaf(device, Admission::None);
        self.start_with(&leaf);
    }

    pub(crate) fn start_with(&mut self, leaf: &MemberLeaf) {
        let group = self.try_start(leaf).unwrap();
        self.members.push(Member::new(group, self.now));
    }

    pub(crate) fn try_start(&mut self, leaf: &MemberLeaf) -> Result<Group, GroupFailure> {
        let key = self.member_key(leaf.demux_id.number() / 16);
        let surroundings = surroundings(&self.roster, self.now);
        let start = GroupStart {
            link: self.link.clone(),
            member_key: key,
            leaf,
            number: 0,
            context: &self.context,
            history: EraHistory::of_founder(),
        };
        Group::start(start, &surroundings, &mut self.rng)
    }

    pub(crate) fn candidate(&mut self, leaf: MemberLeaf) -> Candidate {
        let key = self.member_key(leaf.demux_id.number() / 16);
        let (link, history) = (self.link.clone(), EraHistory::default());
        Candidate::new(link, key, leaf, history, system_time(), &mut self.rng).unwrap()
    }

    pub(crate) fn applicant(&self, candidate: &Candidate) -> Applicant {
        Applicant::open(&self.link, candidate.key_package()).unwrap()
    }

    /// Lets a member commit.
    pub(crate) fn commit(
        &mut self,
        committer: usize,
        change: &GroupChange,
    ) -> Result<OutgoingCommit, GroupFailure> {
        let surroundings = surroundings(&self.roster, self.now);
        let group = &mut self.members[committer].group;
        group.commit(change, &surroundings, &mut self.rng)
    }

    /// Tells a commit to all members, as the room service does.
    pub(crate) fn tell(
        &mut self,
        commit: &OutgoingCommit,
    ) -> Vec<Result<EpochChange, CommitError>> {
        let surroundings = surroundings(&self.roster, self.now);
        let now = self.now;
        let tell = |member: &mut Member| {
            let epoch = commit.epoch;
            let change = member
                .group
                .receive_commit(epoch, &commit.body, &surroundings)?;
            member.take(&change, now);
            Ok(change)
        };
        self.members.iter_mut().map(tell).collect()
    }

    /// Welcomes a candidate.
    pub(crate) fn welcome(
        &mut self,
        candidate: Candidate,
        commit: &OutgoingCommit,
    ) -> Result<(), JoinError> {
        let surroundings = surroundings(&self.roster, self.now);
        let mut epoch = commit.epoch;
        epoch.epoch += 1;
        let (_, welcome) = commit.welcome.as_ref().unwrap();
        let (group, _) = candidate.join(epoch, welcome, &self.context, &surroundings)?;
        self.members.push(Member::new(group, self.now));
        Ok(())
    }

    /// Adds a device by a commit of a member.
    pub(crate) fn add(&mut self, committer: usize, device: u32) {
        let candidate = self.candidate(self.leaf(device, Admission::None));
        let change = self.adding(&candidate);
        let commit = self.commit(committer, &change).unwrap();
        for told in self.tell(&commit) {
            told.unwrap();
        }
        self.welcome(candidate, &commit).unwrap();
    }

    pub(crate) fn adding(&self, candidate: &Candidate) -> GroupChange {
        GroupChange {
            add: vec![self.applicant(candidate)],
            ..GroupChange::default()
        }
    }

    /// Tells rosters without some devices, and lets 2 s pass.
    pub(crate) fn leave(&mut self, devices: &[u32]) {
        let all: BTreeSet<DemuxId> = (1..=60).map(demux).collect();
        self.roster.update(all.clone(), self.now);
        let gone: BTreeSet<DemuxId> = devices.iter().copied().map(demux).collect();
        self.roster.update(&all - &gone, self.now);
        self.now = self.now.plus(Duration::from_secs(2));
    }

    /// Checks that all members are in one epoch, that each opens the frames of each, and that they see the
    /// same words.
    pub(crate) fn agree(&mut self) {
        let now = self.now.plus(Duration::from_secs(1));
        let epoch = self.members[0].group.epoch();
        let words = self.members[0].group.verification_words().unwrap();
        for index in 0..self.members.len() {
            let member = &mut self.members[index];
            assert_eq!(member.group.epoch(), epoch);
            let leaf = member.group.own_leaf();
            let frame = member
                .sealer
                .seal(FrameContext::Camera, b"picture", 1, now)
                .unwrap();
            for other in &mut self.members {
                let opened = other.opener.open(FrameTag(0), &frame, 1, now).unwrap();
                assert_eq!((opened.epoch, opened.leaf), (epoch, leaf));
            }
        }
        let last = self.members.last().unwrap().group.verification_words();
        assert_eq!(last.unwrap(), words);
        self.now = now;
    }
}

/// The world in which every user is an account.
pub(crate) fn surroundings(roster: &RosterHistory, moment: Moment) -> Surroundings<'_> {
    fn everybody(_: &OpaqueUserId) -> bool {
        true
    }
    Surroundings {
        is_account: &everybody,
        max_devices: MAX_DEVICES,
        roster,
        now: NOW,
        moment,
    }
}
