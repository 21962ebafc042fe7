//! A participant, independent of the display: the call, its state and its commands.

mod commands;
mod moderation;
mod outcomes;
mod reply;
mod unsaid_texts;

use std::time::Duration;

use anteroom_client::{CallEvent, CallSession, EndReason, RoomsError};
use anteroom_console::report::ErrorReport;
use anteroom_protocol::CallLink;

pub use self::reply::Reply;
use self::{outcomes::is_outcome, reply::error_entries};
use crate::{
    ending,
    entry::Entry,
    input::{HELP, Input},
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

/// The end of a call that the person leaves.
pub(super) struct Parting {
    /// The outcomes of the last commands.
    pub(super) entries: Vec<Entry>,
    /// The failure with which others have ended the call before.
    pub(super) failure: Option<ErrorReport>,
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
            Input::LowerHand(tag) => return self.lower_hand(&tag).await,
            Input::Approval(on) => return self.set_approval(on).await,
            Input::Verify if !self.view.is_inside() => {
                let why =
                    "you are in no group yet, whose words these are: wait until you are let in";
                return Reply::refused(why.to_owned());
            }
            Input::Verify => self.call.show_words().await,
            Input::Match => return self.confirm_words().await,
            Input::Lock(on) => return self.lock(on).await,
            Input::CoAdmin(tag) => return self.name_co_admin(&tag, true).await,
            Input::RemoveCoAdmin(tag) => return self.name_co_admin(&tag, false).await,
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

    /// Leaves the call. Returns what became of the last commands, and the end of the call if it came before.
    pub(super) async fn leave(&mut self, now: Duration) -> Parting {
        self.call.start_leaving();
        let (mut entries, mut failure) = (Vec::new(), None);
        while let Some(event) = self.call.next().await {
            let told = self.view.apply(&event, now);
            self.note(&event, &told);
            if let CallEvent::Ended(ending) = &event
                && !matches!(ending, EndReason::Left | EndReason::Failed(_))
            {
                failure = ending::failure(ending, self.view.is_inside());
                entries.extend(told);
            } else if is_outcome(&event) {
                entries.extend(told);
            } else if matches!(event, CallEvent::Lost) {
                // The commands that were perhaps not done.
                let is_problem = |entry: &Entry| matches!(entry, Entry::Problem(_));
                entries.extend(told.into_iter().filter(is_problem));
            }
        }
        Parting { entries, failure }
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
}
