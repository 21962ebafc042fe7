//! A call: two of its members with their groups, and the messages between them.

use core::time::Duration;
use std::collections::BTreeSet;

use anteroom_e2ee::{
    ABSENCE, Candidate, EPOCH_RETENTION, EraHistory, Group, GroupChange, GroupStart, MemberKey,
    MemberLeaf, Moment, OutgoingCommit, VerificationWord,
};
use anteroom_protocol::Timestamp;
use anyhow::{Context as _, Result, ensure};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::room::Room;

/// The device that makes all commits.
const COMMITTER: u32 = 1;
/// The device that processes them.
const MEMBER: u32 = 2;

/// The lengths of the messages of a commit, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommitLengths {
    /// The commit, sealed.
    pub commit: usize,
    /// The Welcome, sealed; 0 if the commit adds nobody.
    pub welcome: usize,
}

/// A call with a number of members. The groups of the first two are kept: they are enough to commit and to
/// process.
pub(crate) struct Call {
    room: Room,
    members: u32,
    committer: Group,
    member: Group,
    last_commit: OutgoingCommit,
    /// Whether the member has yet to process the last commit.
    is_behind: bool,
    /// The leaves beyond the number of members.
    surplus: BTreeSet<u32>,
    moment: Moment,
    rng: ChaCha20Rng,
}

impl Call {
    pub(crate) fn new(members: u32, now: Timestamp) -> Result<Self> {
        ensure!(members >= MEMBER, "at least two members");
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let moment = Moment::new(Duration::ZERO);
        let room = Room::new(now, moment, &mut rng)?;
        let moment = moment.plus(ABSENCE);
        let surroundings = room.surroundings(moment);
        let (member_key, leaf) = room.device(COMMITTER)?;
        let start = GroupStart {
            link: room.link.clone(),
            member_key,
            leaf: &leaf,
            number: 1,
            context: &room.context,
            history: EraHistory::of_founder(),
        };
        let mut committer = Group::start(start, &surroundings, &mut rng)?;
        let candidate = room.candidate(MEMBER, &mut rng)?;
        let change = GroupChange {
            add: room.applicants(core::slice::from_ref(&candidate))?,
            ..GroupChange::default()
        };
        let commit = committer.commit(&change, &surroundings, &mut rng)?;
        committer.receive_commit(commit.epoch, &commit.body, &surroundings)?;
        let member = join(&room, candidate, &commit, moment)?;
        let mut call = Self {
            room,
            members,
            committer,
            member,
            last_commit: commit,
            is_behind: false,
            surplus: BTreeSet::new(),
            moment,
            rng,
        };
        for number in MEMBER + 1..=members {
            let candidate = call.room.candidate(number, &mut call.rng)?;
            call.add(&[candidate])?;
            call.process()?;
        }
        call.surplus.clear();
        Ok(call)
    }

    /// Returns the key and the leaf of a device that is not in the call.
    pub(crate) fn newcomer(&self) -> Result<(MemberKey, MemberLeaf)> {
        self.room.device(self.members + 1)
    }

    /// Makes the key package of a leaf.
    pub(crate) fn candidate(&mut self, key: MemberKey, leaf: MemberLeaf) -> Result<Candidate> {
        self.room.candidate_with(key, leaf, &mut self.rng)
    }

    /// Makes the key packages of devices that are not in the call.
    pub(crate) fn candidates(&mut self, count: u32) -> Result<Vec<Candidate>> {
        let first = self.members + 1;
        let numbers = first..first + count;
        numbers
            .map(|number| self.room.candidate(number, &mut self.rng))
            .collect()
    }

    /// Adds devices by one commit, which the committer merges.
    pub(crate) fn add(&mut self, candidates: &[Candidate]) -> Result<()> {
        let change = GroupChange {
            add: self.room.applicants(candidates)?,
            ..GroupChange::default()
        };
        self.commit(&change)
    }

    /// Takes the devices out that were added, by one commit, which the committer merges.
    pub(crate) fn remove(&mut self) -> Result<()> {
        let change = GroupChange {
            remove: self.surplus.clone(),
            ..GroupChange::default()
        };
        self.commit(&change)
    }

    /// Lets the other member process the last commit.
    pub(crate) fn process(&mut self) -> Result<()> {
        let OutgoingCommit { epoch, body, .. } = &self.last_commit;
        let surroundings = self.room.surroundings(self.moment);
        self.member.receive_commit(*epoch, body, &surroundings)?;
        self.is_behind = false;
        Ok(())
    }

    /// Lets a device join by the Welcome of the last commit.
    pub(crate) fn join(&self, candidate: Candidate) -> Result<Group> {
        join(&self.room, candidate, &self.last_commit, self.moment)
    }

    /// Computes the verification words of the present epoch.
    pub(crate) fn words(&self) -> Result<[VerificationWord; 6]> {
        Ok(self.committer.verification_words()?)
    }

    /// Brings the call back to its number of members, with both groups in one epoch, 10 s later.
    pub(crate) fn settle(&mut self) -> Result<()> {
        if self.is_behind {
            self.process()?;
        }
        if !self.surplus.is_empty() {
            self.remove()?;
            self.process()?;
        }
        self.moment = self.moment.plus(EPOCH_RETENTION);
        self.committer.drop_past_epochs(self.moment);
        self.member.drop_past_epochs(self.moment);
        Ok(())
    }

    pub(crate) fn lengths(&self) -> CommitLengths {
        let welcome = self.last_commit.welcome.as_ref();
        CommitLengths {
            commit: self.last_commit.body.len(),
            welcome: welcome.map_or(0, |(_, body)| body.len()),
        }
    }

    fn commit(&mut self, change: &GroupChange) -> Result<()> {
        let surroundings = self.room.surroundings(self.moment);
        let commit = self
            .committer
            .commit(change, &surroundings, &mut self.rng)?;
        let merged = self
            .committer
            .receive_commit(commit.epoch, &commit.body, &surroundings)?;
        let frames = merged.frames.context("the committer is out")?;
        self.surplus = &frames.leaves - &frames.stayed;
        self.last_commit = commit;
        self.is_behind = true;
        Ok(())
    }
}

/// Lets a device join by the Welcome of a commit.
fn join(
    room: &Room,
    candidate: Candidate,
    commit: &OutgoingCommit,
    moment: Moment,
) -> Result<Group> {
    let (_, welcome) = commit.welcome.as_ref().context("there is no Welcome")?;
    let surroundings = room.surroundings(moment);
    let (group, _) = candidate.join(commit.epoch.next(), welcome, &room.context, &surroundings)?;
    Ok(group)
}
