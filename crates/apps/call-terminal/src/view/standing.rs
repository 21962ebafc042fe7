//! The decisions of this device: whether they fit where another device is, and which of them the room service has
//! carried out.

use anteroom_client::DemuxId;

use super::{
    View,
    changed_devices::find,
    sent_commands::{Request, SentCommand},
};
use crate::{entry::Entry, input::Decision};

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

    /// Notes that this device has sent a decision.
    pub(super) fn sent_decision(&mut self, decision: Decision, device: DemuxId) {
        let is_active = find(&self.roster.active, device).is_some();
        let tag = self.known_devices.tag(device);
        self.sent.add(SentCommand {
            request: Request::Decision(decision, device),
            text: format!("{} {tag}", decision.command()),
            // Somebody in the call gets a signature, which no roster shows.
            is_listed: decision != Decision::Admit || !is_active,
        });
    }

    /// Notes that this device has raised or lowered its hand.
    pub(crate) fn hand_sent(&mut self, raised: bool) {
        let text = if raised { "/hand" } else { "/hand off" };
        self.sent.add(SentCommand {
            request: Request::Hand(raised),
            text: text.to_owned(),
            is_listed: true,
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
        self.sent.confirm(|request| match request {
            Request::Decision(Decision::Admit, device) => find(&roster.pending, device).is_none(),
            Request::Decision(_, device) => {
                find(&roster.pending, device).is_none() && find(&roster.active, device).is_none()
            }
            Request::Hand(raised) => {
                let own = me.and_then(|me| find(&roster.active, me));
                own.is_some_and(|own| own.hand_raised_at.is_some() == raised)
            }
        });
    }

    /// Says what the room service has refused.
    pub(super) fn refused(&mut self, code: &str, message: &str) -> Vec<Entry> {
        let refused = self.sent.take_refused(code);
        if code != "too_many_users" {
            for command in &refused {
                self.take_back(command.request);
            }
        }
        let text = match refused.as_slice() {
            // A device left while this device sent its name to it, which is no reaction to input.
            [] if code == "unknown_device" => return Vec::new(),
            [] => {
                // The request may still be a decision.
                self.dismissed.clear();
                format!("{message} ({code})")
            }
            [command] => self.refusal(command, code, message),
            commands => format!(
                "one of these was not done: {}: {message} Look at /who, and write again what is missing",
                listed(commands)
            ),
        };
        vec![Entry::Problem(text)]
    }

    /// Names the commands of which nobody knows whether the room service had them before the connection was lost.
    pub(super) fn unanswered(&mut self) -> Option<Entry> {
        let commands = self.sent.take_unanswered();
        for command in &commands {
            self.take_back(command.request);
        }
        (!commands.is_empty()).then(|| {
            Entry::Problem(format!(
                "perhaps not done, since the connection was lost before an answer came: {}. When it is back, look \
                 at /who, and write again what is missing",
                listed(&commands)
            ))
        })
    }

    fn take_back(&mut self, request: Request) {
        let Request::Decision(decision, device) = request else {
            return;
        };
        self.dismissed.remove(&device);
        self.group.put_out.forget(device);
        if decision == Decision::Deny {
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
            return format!(
                "{text} was perhaps not done: {message} Look at /who, and write it again in some seconds if your \
                 hand is not as you want it"
            );
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
            "unknown_device" => {
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
            "expired" => "the link is revoked or has expired, and lets nobody in".to_owned(),
            "unavailable" => {
                "the room service cannot look at the link at the moment. Write it again in some seconds".to_owned()
            }
            "too_many_users" => {
                return format!(
                    "{text} was done, and is not remembered: the call remembers too many accounts already. Decide \
                     about {label} again when they come back"
                );
            }
            "forbidden" => {
                "the room service takes decisions from admins alone, and does not take you for one. Join again \
                 with --admin"
                    .to_owned()
            }
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
