//! A member that the test plays itself: it has the link, an account and a leaf, and none of a session's
//! scruples.

use anteroom_call::{
    Command as Say, Commit, CommitBody, RelayBody, RelayTarget, Role, Welcome, WelcomeBody,
};
use anteroom_e2ee::{
    AdminKey, Admission, Applicant, Candidate, ContextChange, EraHistory, Group, GroupChange,
    GroupLink, HandshakeKind, MemberLeaf, OutgoingCommit, RosterHistory, Surroundings,
};
use anteroom_e2ee_session::Input;
use anteroom_protocol::{OpaqueUserId, Timestamp};

use crate::{
    people::{Room, TestUser, rng, system_time, user},
    stage::Stage,
};

fn everybody(_: &OpaqueUserId) -> bool {
    true
}

/// A member that the test plays itself.
pub(crate) struct Insider {
    pub(crate) who: usize,
    pub(crate) group: Group,
    pub(crate) link: GroupLink,
    /// The rosters as the insider claims to have seen them.
    pub(crate) roster: RosterHistory,
    /// The time that the insider's clock shows.
    pub(crate) now: Timestamp,
}

/// The link as a member has it.
pub(crate) fn link_of(room: &Room) -> GroupLink {
    let admin = room.admin.as_ref().map(AdminKey::public);
    GroupLink::new(&room.root_key, room.era, admin)
}

/// Makes a device that asks to be added.
pub(crate) fn candidate(stage: &mut Stage, number: u64, leaf: MemberLeaf) -> Candidate {
    let (link, key) = (link_of(&stage.room), stage.room.member_key(number));
    let history = EraHistory::default();
    Candidate::new(link, key, leaf, history, system_time(), &mut stage.rng).unwrap()
}

/// The leaf of a person's device.
pub(crate) fn leaf(stage: &Stage, number: u64, demux: u32, admission: Admission) -> MemberLeaf {
    MemberLeaf {
        user: user(number),
        demux_id: anteroom_protocol::DemuxId::new(demux).unwrap(),
        member_key: stage.room.member_key(number).public(),
        admission,
        serial: stage.now().now.as_secs() * 1_000,
        name: Some(format!("Person {number}")),
        certificate: None,
    }
}

impl Insider {
    /// Comes into the call by the first person, and into the group by the commit of an honest member, if one
    /// adds it.
    pub(crate) fn join(stage: &mut Stage, number: u64, admission: Admission) -> Option<Self> {
        let mut person = TestUser::new(stage.room.options(number), Role::Guest);
        person.inbox = Some(Vec::new());
        let who = stage.join(person);
        stage.approve(0, who, None);
        let demux = stage.people[who].demux.unwrap().number();
        let leaf = leaf(stage, number, demux, admission);
        let candidate = candidate(stage, number, leaf);
        let body = [&[2, 0, 0, 0, 0][..], candidate.key_package()].concat();
        let relay = Say::Relay {
            to: RelayTarget::All,
            body: RelayBody::new(body).unwrap(),
        };
        stage.say(who, relay);
        stage.run(4_000);
        let inbox = stage.people[who].inbox.replace(Vec::new()).unwrap();
        let welcome = inbox.into_iter().find_map(|input| match input {
            Input::Welcome { at, body, .. } => Some((at, body)),
            _ => None,
        });
        let (at, welcome) = welcome?;
        let roster = RosterHistory::default();
        let now = system_time();
        let (group, _) = {
            let world = world(&roster, now, stage);
            let known = ContextChange::default();
            candidate.join(at, &welcome, &known, &world).unwrap()
        };
        Some(Self {
            who,
            group,
            link: link_of(&stage.room),
            roster,
            now,
        })
    }

    /// Merges the commits that the service has told.
    pub(crate) fn follow(&mut self, stage: &mut Stage) {
        let inbox = stage.people[self.who].inbox.replace(Vec::new()).unwrap();
        for input in inbox {
            if let Input::Commit { at, body, .. } = input {
                let world = world(&self.roster, self.now, stage);
                self.group.receive_commit(at, &body, &world).unwrap();
            }
        }
    }

    /// Commits a change that holds to the insider alone.
    pub(crate) fn commit(&mut self, stage: &mut Stage, change: &GroupChange) {
        let commit = self.make(stage, change);
        self.send(stage, commit);
    }

    /// Makes a commit that holds to the insider alone.
    pub(crate) fn make(&mut self, stage: &Stage, change: &GroupChange) -> OutgoingCommit {
        // Randomness of its own: two commits with the same would have the same keys.
        let mut rng = rng(77 + self.group.epoch().epoch);
        let world = world(&self.roster, self.now, stage);
        self.group.commit(change, &world, &mut rng).unwrap()
    }

    /// Sends bytes that are no commit, sealed as one.
    pub(crate) fn commit_bytes(&self, stage: &mut Stage, bytes: &[u8]) {
        let epoch = self.group.epoch();
        let kind = HandshakeKind::Commit;
        let handshake = self.link.handshake();
        let body = handshake.seal(kind, Some(epoch), bytes, &mut stage.rng);
        let commit = OutgoingCommit {
            epoch,
            body: body.unwrap(),
            welcome: None,
        };
        self.send(stage, commit);
    }

    pub(crate) fn send(&self, stage: &mut Stage, commit: OutgoingCommit) {
        let welcome = commit.welcome.map(|(to, body)| Welcome {
            to: to.into_iter().collect(),
            body: WelcomeBody::new(body).unwrap(),
        });
        let commit = Commit {
            at: commit.epoch,
            body: CommitBody::new(commit.body).unwrap(),
            welcome,
        };
        stage.say(self.who, Say::Commit(commit));
        stage.run(0);
    }

    /// Returns the leaf of another person in the insider's tree.
    pub(crate) fn leaf_of(&self, stage: &Stage, who: usize) -> u32 {
        let view = self.group.view().unwrap();
        let key = stage.people[who].member_key.public();
        let mut leaves = view.leaves.iter();
        *leaves.find(|(_, leaf)| leaf.member_key == key).unwrap().0
    }

    /// The change that adds a device.
    pub(crate) fn adding(&self, candidate: &Candidate) -> GroupChange {
        let applicant = Applicant::open(&self.link, candidate.key_package());
        GroupChange {
            add: vec![applicant.unwrap()],
            ..GroupChange::default()
        }
    }
}

/// The world as the insider pretends it to be.
pub(crate) fn world<'s>(
    roster: &'s RosterHistory,
    now: Timestamp,
    stage: &Stage,
) -> Surroundings<'s> {
    Surroundings {
        is_account: &everybody,
        max_devices: 100,
        roster,
        now,
        moment: stage.now().moment,
    }
}
