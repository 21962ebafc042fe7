//! The measurements of one operation.

use anteroom_bench_e2ee::{CommitLengths, Operation};
use serde::Serialize;

use super::goals::{self, goal};
use crate::quantiles::Quantiles;

/// One operation in both runtimes, in microseconds.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) operation: &'static str,
    /// The members before the operation, if the time depends on them.
    pub(super) members: Option<u32>,
    pub(super) native: Quantiles,
    pub(super) web_assembly: Quantiles,
    /// The maximum of the medians, if there is a goal.
    pub(super) goal: Option<f64>,
}

/// The lengths of the messages that add devices, in bytes.
#[derive(Clone, Debug, Serialize)]
pub(super) struct MessageLengths {
    pub(super) operation: &'static str,
    /// The members before the operation.
    pub(super) members: u32,
    pub(super) commit: usize,
    pub(super) welcome: usize,
}

impl Row {
    pub(super) fn new(
        operation: Operation,
        members: u32,
        native: Quantiles,
        web_assembly: Quantiles,
    ) -> Self {
        Self {
            operation: operation.name(),
            members: operation.depends_on_members().then_some(members),
            native,
            web_assembly,
            goal: goal(operation, members),
        }
    }

    /// Returns whether the native and the other median reach the goal.
    pub(super) fn verdicts(&self) -> Option<[bool; 2]> {
        let goal = self.goal?;
        Some([self.native, self.web_assembly].map(|times| times.median <= goal))
    }
}

impl MessageLengths {
    pub(super) fn new(operation: Operation, members: u32, lengths: CommitLengths) -> Self {
        Self {
            operation: operation.name(),
            members,
            commit: lengths.commit,
            welcome: lengths.welcome,
        }
    }

    /// Returns whether commit and Welcome are as short as the room service demands.
    pub(super) const fn verdicts(&self) -> [bool; 2] {
        [self.commit <= goals::COMMIT, self.welcome <= goals::WELCOME]
    }
}
