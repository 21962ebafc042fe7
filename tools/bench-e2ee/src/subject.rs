//! A call that does the operations one at a time.

use core::hint::black_box;

use anteroom_e2ee::{Candidate, Group, MemberKey, MemberLeaf};
use anteroom_protocol::Timestamp;
use anyhow::{Context as _, Result};
use rand_chacha::{ChaCha20Rng, rand_core::SeedableRng as _};

use crate::{
    call::{Call, CommitLengths},
    frames::{Frame, Frames},
    operation::Operation,
};

/// The lengths of frames, in bytes.
const SHORT: usize = 1_200;
const LONG: usize = 30_000;

/// A call with a number of members, and frames.
pub struct Subject {
    call: Call,
    frames: Frames,
    next: Option<Task>,
    /// The result of the last run, which is dropped when the next one is prepared.
    result: Option<TaskResult>,
}

/// All that one run needs.
enum Task {
    KeyPackage(Box<(MemberKey, MemberLeaf)>),
    Add(Vec<Candidate>),
    Process,
    Join(Box<Candidate>),
    Remove,
    Words,
    Seal(Frame, u32),
    Open(Vec<Vec<u8>>, usize),
}

#[expect(
    dead_code,
    reason = "the values are kept until they are dropped, and not read"
)]
enum TaskResult {
    Candidates(Vec<Candidate>),
    Group(Box<Group>),
    Frames(Vec<Vec<u8>>),
}

impl Subject {
    /// Creates a call with at least two members. `now` must be the system's time, with which openmls compares
    /// the lifetimes of key packages.
    ///
    /// # Errors
    /// An operation fails.
    pub fn new(members: u32, now: Timestamp) -> Result<Self> {
        Ok(Self {
            call: Call::new(members, now)?,
            frames: Frames::new(&mut ChaCha20Rng::seed_from_u64(2))?,
            next: None,
            result: None,
        })
    }

    /// Prepares one run of an operation.
    ///
    /// # Errors
    /// An operation fails.
    pub fn prepare(&mut self, operation: Operation) -> Result<()> {
        self.result = None;
        self.call.settle()?;
        let task = match operation {
            Operation::KeyPackage => Task::KeyPackage(Box::new(self.call.newcomer()?)),
            Operation::Add | Operation::AddTen => {
                Task::Add(self.call.candidates(operation.added())?)
            }
            Operation::Process | Operation::ProcessTen => {
                self.add(operation)?;
                Task::Process
            }
            Operation::Join | Operation::JoinTen => {
                let mut candidates = self.add(operation)?;
                self.call.process()?;
                let candidate = candidates.pop().context("nobody was added")?;
                Task::Join(Box::new(candidate))
            }
            Operation::Remove => {
                self.add(operation)?;
                self.call.process()?;
                Task::Remove
            }
            Operation::Words => Task::Words,
            Operation::SealShort => Task::Seal(Frame::new(SHORT), operation.repeats()),
            Operation::SealLong => Task::Seal(Frame::new(LONG), operation.repeats()),
            Operation::OpenShort => self.sealed(SHORT, operation.repeats())?,
            Operation::OpenLong => self.sealed(LONG, operation.repeats())?,
        };
        self.next = Some(task);
        Ok(())
    }

    /// Does the prepared operation, as often as [`Operation::repeats`] says.
    ///
    /// # Errors
    /// Nothing is prepared, or the operation fails.
    pub fn run(&mut self) -> Result<()> {
        match self.next.take().context("nothing is prepared")? {
            Task::KeyPackage(device) => {
                let (key, leaf) = *device;
                let candidate = self.call.candidate(key, leaf)?;
                self.result = Some(TaskResult::Candidates(vec![candidate]));
            }
            Task::Add(candidates) => {
                self.call.add(&candidates)?;
                self.result = Some(TaskResult::Candidates(candidates));
            }
            Task::Process => self.call.process()?,
            Task::Join(candidate) => {
                let group = self.call.join(*candidate)?;
                self.result = Some(TaskResult::Group(Box::new(group)));
            }
            Task::Remove => self.call.remove()?,
            Task::Words => {
                black_box(self.call.words()?);
            }
            Task::Seal(frame, repeats) => self.frames.seal(&frame, repeats)?,
            Task::Open(sealed, clear_length) => {
                self.frames.open(&sealed, clear_length)?;
                self.result = Some(TaskResult::Frames(sealed));
            }
        }
        Ok(())
    }

    /// Returns the lengths of the messages of the last commit.
    #[must_use]
    pub fn lengths(&self) -> CommitLengths {
        self.call.lengths()
    }

    fn add(&mut self, operation: Operation) -> Result<Vec<Candidate>> {
        let candidates = self.call.candidates(operation.added())?;
        self.call.add(&candidates)?;
        Ok(candidates)
    }

    fn sealed(&mut self, length: usize, repeats: u32) -> Result<Task> {
        let frame = Frame::new(length);
        let sealed = self.frames.sealed(&frame, repeats)?;
        Ok(Task::Open(sealed, frame.clear_length()))
    }
}

#[cfg(test)]
mod tests {
    use std::time::{SystemTime, UNIX_EPOCH};

    use strum::VariantArray as _;

    use super::*;

    #[expect(
        clippy::disallowed_methods,
        reason = "openmls compares lifetimes of key packages with the system's clock"
    )]
    fn now() -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        Timestamp::from_secs(since.as_secs())
    }

    #[test]
    fn every_operation_is_done_again_and_again() {
        for members in [2, 5] {
            let mut subject = Subject::new(members, now()).unwrap();
            for operation in [Operation::VARIANTS, Operation::VARIANTS].concat() {
                subject.prepare(operation).unwrap();
                subject.run().unwrap();
            }
        }
    }

    #[test]
    fn nothing_is_run_twice_and_no_call_has_one_member() {
        let mut subject = Subject::new(2, now()).unwrap();
        assert!(subject.run().is_err(), "nothing is prepared");
        subject.prepare(Operation::Remove).unwrap();
        subject.run().unwrap();
        assert!(subject.run().is_err(), "it is done");
        assert!(Subject::new(1, now()).is_err());
    }

    #[test]
    fn a_commit_of_ten_is_longer_than_one_of_one() {
        let mut subject = Subject::new(2, now()).unwrap();
        let mut lengths = |operation| {
            subject.prepare(operation).unwrap();
            subject.run().unwrap();
            subject.lengths()
        };
        let [none, one, ten] =
            [Operation::Remove, Operation::Add, Operation::AddTen].map(&mut lengths);
        assert_eq!(none.welcome, 0);
        assert!(none.commit < one.commit && one.commit < ten.commit);
        assert!(one.welcome < ten.welcome);
    }
}
