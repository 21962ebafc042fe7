//! The commands of this device to the room service that nothing has confirmed yet: a refusal, which does not name
//! its request, is about one of them.

use std::collections::VecDeque;

use anteroom_client::DemuxId;

use crate::input::Decision;

/// The maximum number of commands that are kept. Of more, the first ones count as done.
const MAX_SENT: usize = 64;

/// A request to the room service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Decision(Decision, DemuxId),
    Hand(bool),
}

/// A command that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentCommand {
    pub(super) request: Request,
    /// The command as it is typed.
    pub(super) text: String,
    /// Whether a roster shows that it was done.
    pub(super) is_listed: bool,
}

#[derive(Default)]
pub(super) struct SentCommands(VecDeque<SentCommand>);

impl SentCommands {
    pub(super) fn add(&mut self, command: SentCommand) {
        if matches!(command.request, Request::Hand(_)) {
            // The last one counts.
            self.0
                .retain(|sent| !matches!(sent.request, Request::Hand(_)));
        }
        if self.0.len() >= MAX_SENT {
            self.0.pop_front();
        }
        self.0.push_back(command);
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn contains(&self, request: Request) -> bool {
        self.0.iter().any(|sent| sent.request == request)
    }

    /// Returns whether the hand is to be raised by the last command about it.
    pub(super) fn hand(&self) -> Option<bool> {
        self.0.iter().find_map(|sent| match sent.request {
            Request::Hand(raised) => Some(raised),
            Request::Decision(..) => None,
        })
    }

    /// Forgets the commands that a roster shows as done.
    pub(super) fn confirm(&mut self, is_done: impl Fn(Request) -> bool) {
        self.0
            .retain(|sent| !sent.is_listed || !is_done(sent.request));
    }

    /// Takes the commands that a refusal with this code can be about.
    pub(super) fn take_refused(&mut self, code: &str) -> Vec<SentCommand> {
        let (refused, rest) = self
            .0
            .drain(..)
            .partition(|sent: &SentCommand| sent.request.is_refused_with(code));
        self.0 = rest;
        refused.into()
    }

    /// Takes all commands, when the connection is lost. Returns those of which nothing tells whether they were done.
    pub(super) fn take_unanswered(&mut self) -> Vec<SentCommand> {
        let commands = self.0.drain(..);
        commands.filter(|sent| sent.is_listed).collect()
    }
}

impl Request {
    /// Returns whether the room service refuses such a request with this code.
    fn is_refused_with(self, code: &str) -> bool {
        use Decision::{Admit, Block, Deny, Remove};
        let Self::Decision(decision, _) = self else {
            return code == "rate_limited";
        };
        match code {
            "forbidden" | "unknown_device" => true,
            "not_pending" => matches!(decision, Admit | Deny),
            "not_active" => decision == Remove,
            "target_is_admin" => matches!(decision, Remove | Block),
            "full" | "expired" | "locked" | "unavailable" => decision == Admit,
            "too_many_users" => matches!(decision, Admit | Deny | Block),
            _ => false,
        }
    }
}
