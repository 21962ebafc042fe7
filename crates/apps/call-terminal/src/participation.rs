//! A participant, independent of the display: the call, its state and its commands.

mod unsaid_texts;

use std::time::Duration;

use anteroom_client::{CallEvent, CallSession, DemuxId, GroupEvent, RoomsError};
use anteroom_console::report::ErrorReport;
use anteroom_protocol::CallLink;

use crate::{
    ending,
    entry::Entry,
    input::{Decision, HELP, Input},
    tag::TagPrefix,
    unsaid::{OVER, unsaid},
    view::{Connection, View},
};

/// A participant of a call, with what it knows of the others.
pub struct CallParticipation {
    pub(super) view: View,
    call: CallSession,
    name: Option<String>,
    /// Whether a text was not said, or perhaps not.
    has_unsaid: bool,
    /// The entries about such texts since the last input.
    unsaid: Vec<Entry>,
    /// Whether a text came after the end of the call.
    is_over: bool,
    /// Whether the link has no admin key, where another device has the link with one, or with another one.
    damaged_link: Option<bool>,
}

/// The entries that follow from an event.
pub enum Moment {
    /// The call continues.
    Going(Vec<Entry>),
    /// The call is over, with the failure if there was one.
    Over(Vec<Entry>, Option<ErrorReport>),
}

impl CallParticipation {
    /// Returns the participant of a call that it has joined by a link, under this name.
    pub fn new(call: CallSession, name: Option<String>, link: &CallLink) -> Self {
        let room = link.root_key.secret_params();
        Self {
            view: View::of(name.clone())
                .with_room(room)
                .with_certificates(!link.without_certificates),
            call,
            name,
            has_unsaid: false,
            unsaid: Vec::new(),
            is_over: false,
            damaged_link: None,
        }
    }

    /// Waits for the next event. Nothing is lost if the future is dropped.
    pub(super) async fn next(&mut self) -> Option<CallEvent> {
        self.call.next().await
    }

    /// Applies an event, and sends this device's name to new participants.
    pub(super) async fn apply(&mut self, event: &CallEvent, now: Duration) -> Moment {
        let mut entries = self.view.apply(event, now);
        self.note(event, &entries);
        if let CallEvent::Ended(ending) = event {
            return Moment::Over(entries, ending::failure(ending, self.view.is_inside()));
        }
        for recipient in self.view.take_greetings() {
            if let Some(name) = self.name.clone() {
                let sent = self.call.introduce_to(recipient, name).await;
                entries.extend(error_entries(sent));
            }
        }
        Moment::Going(entries)
    }

    /// Executes the input. Returns the resulting entries, and whether it succeeded.
    pub(super) async fn act(&mut self, input: Input, now: Duration) -> Reply {
        let seen = match input {
            Input::Nothing => 0,
            _ => self.unsaid.len(),
        };
        // Gathered changes precede the reply.
        self.view.pass(now);
        let mut entries = self.view.take_notices();
        let mut reply = self.reply(input, now).await;
        if !self.is_over {
            // The person, who goes on, has seen them.
            self.unsaid.drain(..seen);
        }
        entries.append(&mut reply.entries);
        Reply { entries, ..reply }
    }

    async fn reply(&mut self, input: Input, now: Duration) -> Reply {
        if let (Connection::Lost(_), Some(command)) =
            (self.view.connection(now), input.connected_command())
        {
            // Nobody knows what is right when the connection is back.
            return Reply::refused(format!(
                "not done: the connection is lost. Write {command} again when it is back, which you are told"
            ));
        }
        let outcome = match input {
            Input::Nothing | Input::Quit => Ok(()),
            Input::Say(text) => return self.say(text, now).await,
            Input::Hand(raised) => return self.raise_hand(raised).await,
            Input::Verify => self.call.show_words().await,
            Input::Match => return self.confirm_words().await,
            Input::Lock(on) => self.call.lock(on).await,
            Input::CoAdmin(tag) => match self.nominee(&tag) {
                Ok(device) => self.call.add_co_admin(device).await,
                Err(why) => return Reply::refused(why),
            },
            Input::RemoveCoAdmin(tag) => match self.nominee(&tag) {
                Ok(device) => self.call.remove_co_admin(device).await,
                Err(why) => return Reply::refused(why),
            },
            Input::Who => return Reply::with_entries(self.view.everyone(now)),
            Input::Help => {
                let line = |line: &&str| Entry::Notice((*line).to_owned());
                return Reply::with_entries(HELP.iter().map(line).collect());
            }
            Input::Mistake(why) => return Reply::refused(why),
            Input::Account(tag) => return self.account(&tag),
            Input::Decide(decision, tag) => return self.decide(decision, &tag).await,
        };
        Reply::with_entries(error_entries(outcome))
    }

    /// Leaves the call. Returns what became of the last commands.
    pub(super) async fn leave(&mut self, now: Duration) -> Vec<Entry> {
        self.call.start_leaving();
        let mut entries = Vec::new();
        while let Some(event) = self.call.next().await {
            let told = self.view.apply(&event, now);
            self.note(&event, &told);
            if is_outcome(&event) {
                entries.extend(told);
            } else if matches!(event, CallEvent::Lost) {
                // The commands that were perhaps not done.
                let is_problem = |entry: &Entry| matches!(entry, Entry::Problem(_));
                entries.extend(told.into_iter().filter(is_problem));
            }
        }
        entries
    }

    async fn say(&mut self, text: String, now: Duration) -> Reply {
        match self.view.connection(now) {
            Connection::Joining | Connection::Lobby(_) => {
                let why = "you are still in the lobby, where nobody hears you";
                return self.not_said(why, &text);
            }
            Connection::Lost(_) if !self.view.is_inside() => {
                return self.not_said("the connection is lost", &text);
            }
            Connection::Inside | Connection::Lost(_) => {}
        }
        match self.call.say(text.clone()).await {
            Ok(()) => {}
            Err(RoomsError::Over) => {
                let reply = self.not_said(OVER, &text);
                self.is_over = true;
                self.unsaid.extend(reply.entries.iter().cloned());
                // The entry is shown at the end, and has the text.
                return Reply {
                    is_done: true,
                    ..reply
                };
            }
            Err(error) => return self.not_said(&error.to_string(), &text),
        }
        let author = "You".to_owned();
        let mut entries = Vec::new();
        if matches!(self.view.connection(now), Connection::Lost(_)) {
            let why = "The connection is lost: this is said when it is back, to those who are back by then, and a line tells \
                you if it cannot be.";
            entries.push(Entry::Notice(why.to_owned()));
        }
        Reply {
            entries,
            said: Some(Entry::Message { author, text }),
            is_done: true,
        }
    }

    fn not_said(&mut self, why: &str, text: &str) -> Reply {
        self.has_unsaid = true;
        Reply {
            entries: vec![unsaid(why, text)],
            said: None,
            is_done: false,
        }
    }

    /// Sends a decision about a device.
    async fn decide(&mut self, decision: Decision, tag: &TagPrefix) -> Reply {
        if let Some(why) = self.view.lacks_rights() {
            return Reply::refused(why);
        }
        let device = match self.view.decided_device(tag) {
            Ok(device) => device,
            Err(why) => return Reply::refused(why),
        };
        let misplaced = self.view.misplaced(decision, device);
        let obstacle = self.view.request_obstacle(decision, device);
        let is_asked = obstacle.is_none();
        let in_the_way = obstacle.filter(|_| !self.view.puts_out(decision, device));
        if let Some(why) = misplaced.or(in_the_way) {
            return Reply::refused(why);
        }
        let outcome = match decision {
            Decision::Admit => self.call.approve(device).await,
            Decision::Deny => self.call.deny(device).await,
            Decision::Remove => self.call.remove(device).await,
            Decision::Block => self.call.block(device).await,
        };
        let is_sent = outcome.is_ok();
        let mut entries = error_entries(outcome);
        if is_sent {
            entries.push(match is_asked {
                true => self.view.decide(decision, device),
                // The reason why nobody is asked follows.
                false => self.view.sign_out(decision, device),
            });
        }
        Reply::with_entries(entries)
    }

    /// Raises or lowers the hand.
    async fn raise_hand(&mut self, raised: bool) -> Reply {
        if !self.view.is_inside() {
            let why =
                "you are not in the call yet, and nobody sees your hand: wait until you are let in";
            return Reply::refused(why.to_owned());
        }
        let outcome = self.call.raise_hand(raised).await;
        let is_sent = outcome.is_ok();
        let mut entries = error_entries(outcome);
        if is_sent {
            self.view.hand_sent(raised);
            let text = match raised {
                true => "You raised your hand.",
                false => "You lowered your hand.",
            };
            entries.push(Entry::Notice(text.to_owned()));
        }
        Reply::with_entries(entries)
    }

    /// Marks the members beside the words that were shown as compared.
    async fn confirm_words(&self) -> Reply {
        let Some(epoch) = self.view.shown_words() else {
            return Reply::refused(self.view.lacks_words().to_owned());
        };
        Reply::with_entries(error_entries(self.call.confirm_words(epoch).await))
    }

    /// Shows the account of a device.
    fn account(&self, tag: &TagPrefix) -> Reply {
        match self.view.other_device(tag) {
            Ok(device) => Reply::with_entries(vec![self.view.account(device)]),
            Err(why) => Reply::refused(why),
        }
    }

    /// Returns the device that a typed tag names, if this person names co-admins.
    fn nominee(&self, tag: &TagPrefix) -> Result<DemuxId, String> {
        match self.view.cannot_name_co_admins() {
            Some(why) => Err(why.to_owned()),
            None => {
                let device = self.view.other_device(tag)?;
                match self.view.cannot_be_co_admin(device) {
                    Some(why) => Err(why),
                    None => Ok(device),
                }
            }
        }
    }
}

/// Returns whether an event says what became of a command. Of others there can be any number.
fn is_outcome(event: &CallEvent) -> bool {
    match event {
        CallEvent::Refused { code, .. } => is_of_command(code),
        CallEvent::NotSaid { .. }
        | CallEvent::Unanswered
        | CallEvent::PolicyNotKept(_)
        | CallEvent::GroupRefused(_)
        | CallEvent::StatementLeftOut { .. } => true,
        CallEvent::Group(event) => matches!(
            **event,
            GroupEvent::Barred { .. } | GroupEvent::AdminKeyDiffers { .. }
        ),
        _ => false,
    }
}

/// Returns whether the room service refuses decisions, hands and texts with this code. Others come in any number.
fn is_of_command(code: &str) -> bool {
    let codes = [
        "rate_limited",
        "too_large",
        "unknown_device",
        "not_pending",
        "not_active",
        "target_is_admin",
        "forbidden",
        "full",
        "expired",
        "unavailable",
        "too_many_users",
    ];
    codes.contains(&code)
}

/// The reply to an input.
pub struct Reply {
    pub(super) entries: Vec<Entry>,
    /// The sent message, for display.
    pub(super) said: Option<Entry>,
    /// Whether the input succeeded, so that the draft can be cleared.
    pub(super) is_done: bool,
}

impl Reply {
    const fn with_entries(entries: Vec<Entry>) -> Self {
        Self {
            entries,
            said: None,
            is_done: true,
        }
    }

    fn refused(why: String) -> Self {
        Self {
            entries: vec![Entry::Problem(why)],
            said: None,
            is_done: false,
        }
    }
}

fn error_entries(outcome: Result<(), RoomsError>) -> Vec<Entry> {
    match outcome {
        // The `Ended` event reports the reason.
        Ok(()) | Err(RoomsError::Over) => Vec::new(),
        Err(error) => vec![Entry::Problem(error.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_may_be_of_a_command_is_an_outcome() {
        for (code, expected) in [
            ("rate_limited", true),
            ("too_large", true),
            ("not_pending", true),
            ("target_is_admin", true),
            ("unknown_device", true),
            ("relay_dropped", false),
        ] {
            let event = CallEvent::Refused {
                code: code.to_owned(),
                message: String::new(),
            };
            assert_eq!(is_outcome(&event), expected, "{code}");
        }
    }
}
