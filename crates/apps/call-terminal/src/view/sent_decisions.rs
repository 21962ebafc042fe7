//! The requests of this device to the room service: whether they fit where another device is, and which of them it
//! has carried out.

use anteroom_client::DemuxId;

use super::{
    View,
    changed_devices::find,
    sent_commands::{Request, Route, SentCommand, TOO_MANY_USERS, UNKNOWN_DEVICE},
};
use crate::{entry::Entry, input::Decision};

pub(super) const EXPIRED: &str = "the link is revoked or has expired, and lets nobody in";
pub(super) const UNAVAILABLE: &str =
    "the room service cannot look at the link at the moment. Write it again in some seconds";
pub(super) const FORBIDDEN: &str = "the room service takes decisions from admins alone, and does not take you for one. \
    Join again with --admin";

impl View {
    /// Returns the reason why a decision does nothing about a device where it is, and the command that does.
    pub(crate) fn misplaced(&self, decision: Decision, device: DemuxId) -> Option<String> {
        let label = self.known_devices.decision_label(device);
        let tag = self.known_devices.tag(device);
        // The device may be in the call by now.
        let is_admitted = self
            .sent
            .contains(Request::Decision(Decision::Admit, device));
        match decision {
            Decision::Deny if find(&self.roster.active, device).is_some() => {
                Some(in_call(&label, &tag))
            }
            Decision::Remove if find(&self.roster.pending, device).is_some() && !is_admitted => {
                Some(in_lobby(&label, &tag))
            }
            _ => None,
        }
    }

    /// Returns the reason why a device in the lobby is no co-admin, and the next step.
    pub(crate) fn cannot_be_co_admin(&self, device: DemuxId) -> Option<String> {
        find(&self.roster.pending, device)?;
        let label = self.known_devices.decision_label(device);
        let tag = self.known_devices.tag(device);
        Some(format!(
            "{label} waits in the lobby, and co-admins are members of the group: write /admit {tag} first"
        ))
    }

    /// Notes that this device has sent a decision. `has_denied` says whether the account counts as not let in since.
    pub(super) fn sent_decision(&mut self, decision: Decision, device: DemuxId, has_denied: bool) {
        let tag = self.known_devices.tag(device);
        let route = match self.passes_on() {
            true => Route::ThroughAdmin,
            false => Route::Own,
        };
        let text = format!("{} {tag}", decision.command());
        self.add_decision(decision, device, (route, text, has_denied));
    }

    /// Notes that this device has passed the decision of a co-admin on.
    pub(super) fn passed_decision_on(
        &mut self,
        decision: Decision,
        device: DemuxId,
        decider: &str,
        about: &str,
    ) {
        let text = format!("what {decider}, has decided about {about}");
        self.add_decision(decision, device, (Route::OfCoAdmin, text, false));
    }

    fn add_decision(
        &mut self,
        decision: Decision,
        device: DemuxId,
        (route, text, has_denied): (Route, String, bool),
    ) {
        let is_active = find(&self.roster.active, device).is_some();
        self.sent.add(SentCommand {
            request: Request::Decision(decision, device),
            route,
            text,
            // Somebody in the call gets a signature, which no roster shows.
            is_listed: decision != Decision::Admit || !is_active,
            has_denied,
            sent_at: self.now,
        });
    }

    /// Notes that this device has raised or lowered its hand.
    pub(crate) fn hand_sent(&mut self, raised: bool) {
        let text = if raised { "/hand" } else { "/hand off" };
        self.sent.add(SentCommand {
            request: Request::Hand(raised),
            route: Route::Own,
            text: text.to_owned(),
            is_listed: true,
            has_denied: false,
            sent_at: self.now,
        });
    }

    /// Returns whether this device's hand is raised, by the last command or else by the roster.
    pub(crate) fn has_raised_hand(&self) -> bool {
        let own = self.me.and_then(|me| find(&self.roster.active, me));
        let listed = own.is_some_and(|own| own.hand_raised_at.is_some());
        self.sent.hand().unwrap_or(listed)
    }

    /// Forgets the commands that the roster shows as done.
    pub(super) fn confirm_sent(&mut self) {
        let (roster, me) = (&self.roster, self.me);
        self.sent.confirm(|sent| match sent.request {
            Request::Decision(Decision::Admit, device) if !sent.is_listed => {
                find(&roster.active, device).is_none()
            }
            Request::Decision(Decision::Admit, device) => find(&roster.pending, device).is_none(),
            Request::Decision(_, device) => {
                find(&roster.pending, device).is_none() && find(&roster.active, device).is_none()
            }
            Request::Hand(raised) => {
                let own = me.and_then(|me| find(&roster.active, me));
                own.is_some_and(|own| own.hand_raised_at.is_some() == raised)
            }
            Request::LowerHand(device) => {
                let listed = find(&roster.active, device);
                listed.is_none_or(|one| one.hand_raised_at.is_none())
            }
            Request::CoAdmin(device, on) => {
                let listed = find(&roster.active, device);
                listed.is_none_or(|one| one.is_co_admin == on)
            }
            Request::Lock(_) | Request::Approval(_) => false,
        });
    }

    /// Forgets the commands that no roster shows, once their answers would have come.
    pub(super) fn forget_sent(&mut self) {
        for command in self.sent.take_old(self.now) {
            if let Request::Decision(Decision::Admit, device) = command.request
                && find(&self.roster.pending, device).is_some()
            {
                // No admin's device has passed it on.
                self.take_back(&command);
            }
        }
    }

    /// Says what the room service has refused.
    pub(super) fn refused(&mut self, code: &str, message: &str) -> Vec<Entry> {
        let refused = self.sent.take_refused(code);
        let is_decision = |sent: &SentCommand| matches!(sent.request, Request::Decision(..));
        let is_doubtful =
            refused.len() > 1 && (code == UNKNOWN_DEVICE || !refused.iter().all(is_decision));
        if code != TOO_MANY_USERS && !is_doubtful {
            for command in &refused {
                self.take_back(command);
            }
        }
        // A device left or lost its connection while this device sent something to it by itself.
        let automatic = [UNKNOWN_DEVICE, "unreachable", "not_active"];
        let text = match refused.as_slice() {
            [] if automatic.contains(&code) => return Vec::new(),
            [] => {
                // The request may still be a decision.
                self.dismissed.clear();
                format!("{message} ({code})")
            }
            [command] => self.refusal(command, code, message),
            commands => {
                let perhaps = if is_doubtful { "perhaps " } else { "" };
                format!(
                    "one of these was {perhaps}not done: {}: {message} Look at /who, and write again what is missing",
                    listed(commands)
                )
            }
        };
        vec![Entry::Problem(text)]
    }

    /// Names the commands of which nobody knows whether the room service had them before the connection was lost.
    pub(super) fn unanswered_at_loss(&mut self) -> Option<Entry> {
        self.unanswered("the connection was lost before an answer came")
    }

    /// Names those of which nobody knows it when the call is over.
    pub(super) fn unanswered_at_end(&mut self) -> Option<Entry> {
        self.unanswered("the call was over for you before an answer came")
    }

    fn unanswered(&mut self, why: &str) -> Option<Entry> {
        let commands = self.sent.take_unanswered();
        for command in &commands {
            self.take_back(command);
        }
        (!commands.is_empty()).then(|| {
            Entry::Problem(format!(
                "perhaps not done, since {why}: {}. When you are back, look at /who, and write again what is missing",
                listed(&commands)
            ))
        })
    }

    fn take_back(&mut self, command: &SentCommand) {
        let Request::Decision(decision, device) = command.request else {
            return;
        };
        self.group.put_out.forget(device);
        if decision == Decision::Admit {
            self.note_approval(device, None);
        }
        if command.route == Route::Own {
            self.dismissed.remove(&device);
        }
        if command.has_denied {
            let listed = [&self.roster.pending, &self.roster.active];
            let mut listed = listed.into_iter().filter_map(|list| find(list, device));
            if let Some(user) = listed.find_map(|one| one.user.as_ref()) {
                self.denied.remove(user);
            }
        }
    }

    /// Returns the sentence about a command that the room service has refused.
    fn refusal(&self, command: &SentCommand, code: &str, message: &str) -> String {
        let text = &command.text;
        let Request::Decision(decision, device) = command.request else {
            return self.other_refusal(command, code, message);
        };
        let label = self.known_devices.decision_label(device);
        let tag = self.known_devices.tag(device);
        let why = match code {
            "not_pending" if decision == Decision::Deny => in_call(&label, &tag),
            "not_pending" => format!("{label} is in the call already"),
            "not_active" => in_lobby(&label, &tag),
            "target_is_admin" => {
                format!("{label} has the account of an admin in the call, whom nobody sends away")
            }
            // It may also be that a greeting came too late.
            UNKNOWN_DEVICE => {
                return format!(
                    "{text} was perhaps not done: {label} may have left before. Decide again if they come back"
                );
            }
            "full" => format!(
                "the call is full. Write it again when somebody has left; {label} waits in the lobby"
            ),
            "locked" => format!(
                "the room service lets nobody in while the call is locked: /lock off, and write it again; {label} \
                 waits in the lobby"
            ),
            "expired" => EXPIRED.to_owned(),
            "unavailable" => UNAVAILABLE.to_owned(),
            TOO_MANY_USERS => {
                return format!(
                    "{text} was done, and is not remembered: the call remembers too many accounts already. Decide \
                     about {label} again when they come back"
                );
            }
            "forbidden" => FORBIDDEN.to_owned(),
            _ => message.to_owned(),
        };
        format!("{text} was not done: {why}")
    }
}

fn listed(commands: &[SentCommand]) -> String {
    let texts: Vec<&str> = commands.iter().map(|sent| sent.text.as_str()).collect();
    texts.join(", ")
}

fn in_call(label: &str, tag: &str) -> String {
    format!("{label} is in the call, and not in the lobby: /remove {tag} sends them away")
}

fn in_lobby(label: &str, tag: &str) -> String {
    format!("{label} waits in the lobby, and is not in the call: /deny {tag} sends them away")
}
