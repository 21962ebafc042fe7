//! The operations on this machine's processor.

use std::time::{Duration, Instant};

use anteroom_bench_e2ee::{CommitLengths, Operation, Subject};
use anteroom_protocol::Timestamp;
use anyhow::Result;
use rayon::{ThreadPool, ThreadPoolBuilder};

/// A call, and the one thread that works for it.
pub(super) struct Native {
    subject: Subject,
    thread: ThreadPool,
}

impl Native {
    pub(super) fn new(members: u32, now: Timestamp) -> Result<Self> {
        Ok(Self {
            subject: Subject::new(members, now)?,
            thread: ThreadPoolBuilder::new().num_threads(1).build()?,
        })
    }

    /// Does an operation, as often as it says.
    pub(super) fn time(&mut self, operation: Operation) -> Result<Duration> {
        self.subject.prepare(operation)?;
        self.thread.install(|| {
            let start = Instant::now();
            self.subject.run()?;
            Ok(start.elapsed())
        })
    }

    /// Returns the lengths of the messages of the last commit.
    pub(super) fn lengths(&self) -> CommitLengths {
        self.subject.lengths()
    }
}
