//! A call in full-screen mode: display and keys.

mod choice;
mod draw;
mod keys;
mod lists;
mod run;

use ratatui::crossterm::event::{Event, KeyEventKind};

use self::choice::{Choice, Update};
pub use self::run::run;
use crate::{
    conversation::Conversation,
    draft::{Draft, Edit},
    entry::Entry,
    input::{Decision, Input},
    participation::Reply,
    tag::TagPrefix,
    view::View,
};

/// The state of the screen, except the view of the call.
#[derive(Default)]
struct Screen {
    conversation: Conversation,
    draft: Draft,
    pane: Pane,
    /// The chosen guest in the lobby, to which the decision keys apply.
    choice: Choice,
    /// The index of the first visible person.
    first_person: usize,
    /// The index of the first visible key.
    first_key: usize,
    /// The number of rows of the list in the largest pane, as last drawn.
    list_height: usize,
    /// Whether the user is asked to confirm sending a draft that contains a command.
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
    /// Execute the input.
    Submit(Input),
    /// Decide about the chosen guest.
    Decide(Decision, TagPrefix),
    Leave,
    Suspend,
    Redraw,
}

impl Screen {
    fn add(&mut self, entries: impl IntoIterator<Item = Entry>, view: &View) {
        for entry in entries {
            self.conversation.add(entry, view);
        }
    }

    /// Displays the reply. A text stays if it could not be sent; a failed command goes to the history, so
    /// that the next input is not appended to it.
    fn take_reply(&mut self, reply: Reply, view: &View) {
        let is_text = matches!(Input::parse_draft(self.draft.text()), Input::Say(_));
        if reply.is_done || !is_text {
            self.draft.finish();
        }
        self.add(reply.entries, view);
        self.add(reply.said, view);
    }

    /// Applies an event of the terminal.
    fn handle(&mut self, event: Event, view: &View) -> Action {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.press(key, view),
            Event::Paste(text) => {
                self.is_asking = false;
                let edit = self.draft.paste(&text);
                self.complain_if_full(edit, view);
                Action::None
            }
            // The next frame is drawn with the new size.
            _ => Action::None,
        }
    }

    /// Updates the choice with the waiting devices.
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
pub(crate) mod tests;
