//! The commands of this device to the room service that nothing has confirmed yet: a refusal, which does not name
//! its request, is about one of them.

use std::{collections::VecDeque, mem, time::Duration};

use anteroom_client::DemuxId;

use crate::input::Decision;

/// The maximum number of commands that are kept. Of more, the first ones count as done.
const MAX_SENT: usize = 64;
/// The time after which a command counts as done that no roster shows as done: an answer would have come.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// A request to the room service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Request {
    Decision(Decision, DemuxId),
    Hand(bool),
    LowerHand(DemuxId),
    Lock(bool),
    Approval(bool),
    CoAdmin(DemuxId, bool),
}

/// The way of a command to the room service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// This device has sent it for its person.
    Own,
    /// This device has passed it on for a co-admin.
    OfCoAdmin,
    /// This device has asked the device of an admin to pass it on, which gets the refusals.
    ThroughAdmin,
}

/// A command that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SentCommand {
    pub(super) request: Request,
    pub(super) route: Route,
    /// The command as it is typed, or in words.
    pub(super) text: String,
    /// Whether a roster shows that it was done.
    pub(super) is_listed: bool,
    /// Whether the account of the device counts as not let in since this command.
    pub(super) has_denied: bool,
    pub(super) sent_at: Duration,
}

#[derive(Default)]
pub(super) struct SentCommands {
    sent: VecDeque<SentCommand>,
    /// The commands that the last roster has shown as done.
    confirmed: Vec<SentCommand>,
}

impl SentCommands {
    pub(super) fn add(&mut self, command: SentCommand) {
        // The last one counts.
        let is_replaced = |sent: &SentCommand| sent.request.is_replaced_by(command.request);
        self.sent.retain(|sent| !is_replaced(sent));
        if self.sent.len() >= MAX_SENT {
            self.sent.pop_front();
        }
        self.sent.push_back(command);
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(super) fn contains(&self, request: Request) -> bool {
        self.sent.iter().any(|sent| sent.request == request)
    }

    /// Returns whether the hand is to be raised by the last command about it.
    pub(super) fn hand(&self) -> Option<bool> {
        self.sent.iter().find_map(|sent| match sent.request {
            Request::Hand(raised) => Some(raised),
            _ => None,
        })
    }

    /// Forgets the commands that a roster or the group shows as done.
    pub(super) fn confirm(&mut self, is_done: impl Fn(&SentCommand) -> bool) {
        let (done, rest): (Vec<_>, Vec<_>) =
            mem::take(&mut self.sent).into_iter().partition(is_done);
        self.sent = rest.into();
        self.confirmed = done;
    }

    /// Forgets the commands that something else shows as done.
    pub(super) fn forget(&mut self, is_done: impl Fn(Request) -> bool) {
        self.sent.retain(|sent| !is_done(sent.request));
    }

    /// Forgets the last command that did not go to the room service, since the group refuses it. `is_refused` says
    /// whether it can be about a request.
    pub(super) fn forget_refused(&mut self, is_refused: impl Fn(Request) -> bool) {
        if let Some(last) = self.sent.iter().rposition(|sent| is_refused(sent.request)) {
            self.sent.remove(last);
        }
    }

    /// Takes the commands that nothing shows as done, and that would have been answered by now.
    pub(super) fn take_old(&mut self, now: Duration) -> Vec<SentCommand> {
        let is_old = |sent: &SentCommand| {
            let is_shown = sent.is_listed && sent.route != Route::ThroughAdmin;
            !is_shown && now >= sent.sent_at + ANSWER_WAIT
        };
        let (old, rest): (Vec<_>, Vec<_>) = mem::take(&mut self.sent).into_iter().partition(is_old);
        self.sent = rest.into();
        old
    }

    /// Takes the commands that a refusal with this code can be about. Several stay where it can also be about none of
    /// them.
    pub(super) fn take_refused(&mut self, code: &str) -> Vec<SentCommand> {
        let is_refused = |sent: &SentCommand| sent.is_refused_with(code);
        let refused: Vec<SentCommand> = self
            .sent
            .iter()
            .filter(|sent| is_refused(sent))
            .cloned()
            .collect();
        if refused.is_empty() && code == TOO_MANY_USERS {
            // The roster that shows it as done comes first.
            let confirmed = mem::take(&mut self.confirmed);
            return confirmed
                .into_iter()
                .filter(|sent| is_refused(sent))
                .collect();
        }
        if refused.len() < 2 || code != UNKNOWN_DEVICE {
            self.sent.retain(|sent| !is_refused(sent));
        }
        refused
    }

    /// Takes all commands, when no answer comes any more: nothing tells whether they were done.
    pub(super) fn take_unanswered(&mut self) -> Vec<SentCommand> {
        mem::take(&mut self.sent).into()
    }
}

impl Request {
    /// Returns whether a later request leaves nothing of this one.
    fn is_replaced_by(self, later: Self) -> bool {
        match (self, later) {
            (Self::Hand(_), Self::Hand(_))
            | (Self::Lock(_), Self::Lock(_))
            | (Self::Approval(_), Self::Approval(_)) => true,
            (Self::CoAdmin(device, _), Self::CoAdmin(other, _))
            | (Self::LowerHand(device), Self::LowerHand(other)) => device == other,
            _ => false,
        }
    }

    /// Returns whether the room service refuses such a request about the whole call, hands or co-admins with a code.
    fn is_refused_with(self, code: &str) -> bool {
        match code {
            "rate_limited" => true,
            "forbidden" => !matches!(self, Self::Hand(_)),
            UNKNOWN_DEVICE => matches!(self, Self::LowerHand(_) | Self::CoAdmin(_, true)),
            "not_active" => matches!(self, Self::LowerHand(_)),
            "unavailable" => matches!(self, Self::Lock(false) | Self::Approval(false)),
            "expired" => matches!(self, Self::Approval(false)),
            TOO_MANY_CO_ADMINS => matches!(self, Self::CoAdmin(_, true)),
            _ => false,
        }
    }
}

/// The code of decisions that the call does not remember.
pub(super) const TOO_MANY_USERS: &str = "too_many_users";
/// The code of requests about a device that has left, which also answers messages that this device sends by itself.
pub(super) const UNKNOWN_DEVICE: &str = "unknown_device";

/// The code of a co-admin too many.
pub(super) const TOO_MANY_CO_ADMINS: &str = "too_many_co_admins";

impl SentCommand {
    /// Returns whether the room service refuses such a request of this device with this code.
    fn is_refused_with(&self, code: &str) -> bool {
        use Decision::{Admit, Block, Deny, Remove};
        let decision = match self.request {
            _ if self.route == Route::ThroughAdmin => return false,
            Request::Decision(decision, _) => decision,
            request => return request.is_refused_with(code),
        };
        match code {
            "forbidden" | UNKNOWN_DEVICE => true,
            "not_pending" => matches!(decision, Admit | Deny),
            "not_active" => decision == Remove,
            "target_is_admin" => matches!(decision, Remove | Block),
            "unavailable" => decision == Admit,
            // Somebody in the call has a place.
            "full" | "expired" | "locked" => decision == Admit && self.is_listed,
            TOO_MANY_USERS => matches!(decision, Admit | Deny | Block) && self.is_listed,
            _ => false,
        }
    }
}
