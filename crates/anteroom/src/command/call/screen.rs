//! A call on the whole screen: what is shown, and what keys do.

mod choice;
mod draw;
mod keys;
mod lists;
mod run;

use ratatui::crossterm::event::{Event, KeyEventKind};

use self::choice::{Choice, Update};
pub(super) use self::run::run;
use super::{
    conversation::Conversation,
    draft::{Draft, Edit},
    entry::Entry,
    input::{Decision, Input},
    participant::Reply,
    tag::TagPrefix,
    view::View,
};

/// The state of the screen, besides the view of the call.
#[derive(Default)]
struct Screen {
    conversation: Conversation,
    draft: Draft,
    pane: Pane,
    /// The guest in the lobby about whom the keys decide.
    choice: Choice,
    /// The first person that is shown.
    first_person: usize,
    /// The first of the keys that is shown.
    first_key: usize,
    /// Rows of the list in the largest pane, when it was drawn last.
    list_height: usize,
    /// Whether the user is asked if the draft, which has a command in it, is to be said.
    is_asking: bool,
}

/// The content of the largest pane.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Pane {
    #[default]
    Conversation,
    People,
    Keys,
}

/// The meaning of a key for the call and the terminal.
#[derive(Debug, PartialEq, Eq)]
enum Action {
    None,
    /// Do what was typed.
    Submit(Input),
    /// Decide about the chosen one.
    Decide(Decision, TagPrefix),
    Leave,
    Suspend,
    Redraw,
}

impl Screen {
    /// Adds entries.
    fn add(&mut self, entries: impl IntoIterator<Item = Entry>, view: &View) {
        for entry in entries {
            self.conversation.add(entry, view);
        }
    }

    /// Shows the answer to what was typed. The draft stays if it could not be said; a command that
    /// came to nothing goes into the history, so that the next one is not typed behind it.
    fn take_reply(&mut self, reply: Reply, view: &View) {
        if reply.is_done || self.draft.text().starts_with('/') {
            self.draft.finish();
        }
        self.add(reply.entries, view);
        self.add(reply.said, view);
    }

    /// Does what an event of the terminal means.
    fn handle(&mut self, event: Event, view: &View) -> Action {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(key, view),
            Event::Paste(text) => {
                self.is_asking = false;
                let edit = self.draft.paste(&text);
                self.complain_if_full(edit, view);
                Action::None
            }
            // The next frame has the new size.
            _ => Action::None,
        }
    }

    /// Keeps the choice among those who wait.
    fn keep_choice(&mut self, view: &View) {
        if self.choice.update(&view.waiting_devices()) == Update::Lost {
            let text = "The one whom you had chosen waits no more: Tab chooses another.";
            self.add([Entry::Notice(text.to_owned())], view);
        }
    }

    fn complain_if_full(&mut self, edit: Edit, view: &View) {
        if edit == Edit::Full {
            let text = "the line cannot be longer: send it in parts";
            self.add([Entry::Problem(text.to_owned())], view);
        }
    }
}

#[cfg(test)]
mod tests;
