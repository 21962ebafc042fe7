//! The commands of one kind, in their order.

use std::collections::VecDeque;

use tokio::{sync::mpsc, time::Instant};

use crate::call::session_command::SessionCommand;

/// A command with its position among all.
pub(super) struct QueuedCommand {
    pub(super) number: u64,
    pub(super) given_at: Instant,
    pub(super) command: SessionCommand,
}

/// The commands of one kind.
pub(super) struct Lane {
    pub(super) receiver: mpsc::Receiver<QueuedCommand>,
    /// Those that were taken from the receiver.
    pub(super) early: VecDeque<QueuedCommand>,
}

impl Lane {
    pub(super) const fn new(receiver: mpsc::Receiver<QueuedCommand>) -> Self {
        Self {
            receiver,
            early: VecDeque::new(),
        }
    }

    /// Returns the number of the first command that is there.
    pub(super) fn first(&mut self) -> Option<u64> {
        if self.early.is_empty() {
            self.early.extend(self.receiver.try_recv().ok());
        }
        self.early.front().map(|one| one.number)
    }

    /// Takes commands from the receiver, up to a number in all.
    pub(super) fn take_in(&mut self, limit: usize) {
        while self.early.len() < limit
            && let Ok(command) = self.receiver.try_recv()
        {
            self.early.push_back(command);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.early.is_empty() && self.receiver.is_empty()
    }
}
