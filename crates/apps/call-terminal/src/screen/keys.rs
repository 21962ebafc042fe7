//! The keys.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::{Action, Pane, Screen};
use crate::{
    conversation::Scroll,
    draft::Edit,
    entry::Entry,
    input::{Decision, Input, command_line},
    tag::{DeviceTag, TagPrefix},
    view::View,
};

/// The keys, a line each.
pub(super) const KEYS: &[&str] = &[
    "Enter            say the line, or do the command",
    "Alt-Enter        begin another line of the same message",
    "Up, Down         what you typed before",
    "PageUp, PageDown scroll; Home and End on an empty line, too",
    "Tab, Shift-Tab   choose the next or the previous in the lobby: > marks the choice",
    "F2               let the chosen one in, with all devices of the account",
    "F3               send the chosen one away; the second time blocks the account",
    "F4               everybody in the call, or the conversation",
    "F5               the account id of the chosen one, all of it",
    "Alt-Up, Alt-Down scroll the people at the side",
    "F1, or ?         these keys; ? on an empty line only",
    "Ctrl-Z           to the shell for a while; `fg` comes back",
    "Ctrl-L           draw the screen anew",
    "Ctrl-C           leave",
    "Ctrl-A E U K W Y, Alt-B F D edit as in a shell.",
    "@ stands before admins. The four characters after # are a tag: it is the same for everybody, \
     and commands take it. After id# stands the start of an account id, which no name can imitate. \
     /help lists the commands.",
];

impl Screen {
    pub(super) fn press(&mut self, key: KeyEvent, view: &View) -> Action {
        if std::mem::take(&mut self.is_asking)
            && let Some(action) = self.answer(key, view)
        {
            return action;
        }
        if let Some(action) = self.press_command(key, view) {
            return action;
        }
        if self.press_pane(key, view) {
            return Action::None;
        }
        if key.code == KeyCode::Enter && key.modifiers.is_empty() {
            return self.submit(view);
        }
        let edit = self.draft.press(key);
        self.complain_if_full(edit, view);
        if edit != Edit::Unknown && self.pane == Pane::Keys {
            self.pane = Pane::Conversation;
        }
        Action::None
    }

    /// Keys for the call and the terminal.
    fn press_command(&mut self, key: KeyEvent, view: &View) -> Option<Action> {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        Some(match key.code {
            KeyCode::Char('c') if control => Action::Leave,
            KeyCode::Char('d') if control && self.draft.is_empty() => Action::Leave,
            KeyCode::Char('z') if control => Action::Suspend,
            KeyCode::Char('l') if control => Action::Redraw,
            KeyCode::F(2) => self.decide(view, Decision::Admit),
            KeyCode::F(3) => self.decide(view, Decision::Deny),
            KeyCode::F(5) => self.show_account(view),
            _ => return None,
        })
    }

    /// Handles the keys of the panes. Returns whether the key was one.
    fn press_pane(&mut self, key: KeyEvent, view: &View) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let is_free = control || self.draft.is_empty();
        let waiting = || view.waiting_devices();
        match key.code {
            KeyCode::Tab => self.choice.next(&waiting()),
            KeyCode::BackTab => self.choice.previous(&waiting()),
            KeyCode::F(1) => self.toggle(Pane::Keys),
            KeyCode::Char('?') if self.draft.is_empty() => self.toggle(Pane::Keys),
            KeyCode::F(4) => self.toggle(Pane::People),
            KeyCode::Esc => {
                self.pane = Pane::Conversation;
                self.conversation.scroll(Scroll::Newest);
            }
            KeyCode::Up if alt => self.first_person = self.first_person.saturating_sub(1),
            KeyCode::Down if alt => self.first_person = self.first_person.saturating_add(1),
            KeyCode::PageUp => self.scroll(Scroll::PageUp),
            KeyCode::PageDown => self.scroll(Scroll::PageDown),
            KeyCode::Home if is_free => self.scroll(Scroll::Oldest),
            KeyCode::End if is_free => self.scroll(Scroll::Newest),
            _ => return false,
        }
        true
    }

    fn toggle(&mut self, pane: Pane) {
        self.pane = if self.pane == pane {
            Pane::Conversation
        } else {
            pane
        };
    }

    fn scroll(&mut self, scroll: Scroll) {
        if self.pane == Pane::Conversation {
            self.conversation.scroll(scroll);
            return;
        }
        let step = self.list_height.saturating_sub(1).max(1);
        let first = match self.pane {
            Pane::People => &mut self.first_person,
            Pane::Conversation | Pane::Keys => &mut self.first_key,
        };
        *first = match scroll {
            Scroll::PageUp => first.saturating_sub(step),
            Scroll::PageDown => first.saturating_add(step),
            Scroll::Oldest => 0,
            Scroll::Newest => usize::MAX,
        };
    }

    fn decide(&mut self, view: &View, decision: Decision) -> Action {
        let chosen = self.choice.device();
        let tag = chosen.and_then(|device| TagPrefix::parse(DeviceTag::of(device).whole()));
        if let Some(tag) = tag {
            self.choice.decide();
            return Action::Decide(decision, tag);
        }
        self.complain_about_choice(view);
        Action::None
    }

    /// Shows the account of the chosen device.
    fn show_account(&mut self, view: &View) -> Action {
        match self.choice.device() {
            Some(device) => self.add([view.account(device)], view),
            None => self.complain_about_choice(view),
        }
        Action::None
    }

    fn complain_about_choice(&mut self, view: &View) {
        if !view.waiting_devices().is_empty() {
            let text = "nobody in the lobby is chosen: Tab chooses";
            self.add([Entry::Problem(text.to_owned())], view);
        }
    }

    fn submit(&mut self, view: &View) -> Action {
        if let Some(line) = command_line(self.draft.text()) {
            let text = format!(
                "a line of this message looks like a command: {}\nPress y to say all of it to \
                 everybody, any other key to go on editing.",
                line.trim()
            );
            self.add([Entry::Problem(text)], view);
            self.pane = Pane::Conversation;
            self.conversation.scroll(Scroll::Newest);
            self.is_asking = true;
            return Action::None;
        }
        match Input::parse_draft(self.draft.text()) {
            Input::Quit => Action::Leave,
            Input::Nothing => {
                self.draft.finish();
                Action::None
            }
            input => {
                self.pane = Pane::Conversation;
                self.conversation.scroll(Scroll::Newest);
                Action::Submit(input)
            }
        }
    }

    /// Handles the answer to the question whether to send a draft that contains a command. Other keys have
    /// their usual effect.
    fn answer(&mut self, key: KeyEvent, view: &View) -> Option<Action> {
        let is_bare = key.modifiers.difference(KeyModifiers::SHIFT).is_empty();
        match key.code {
            KeyCode::Char('y' | 'Y') if is_bare => {
                Some(Action::Submit(Input::parse_draft(self.draft.text())))
            }
            KeyCode::Char('c' | 'z' | 'l') if !is_bare => None,
            _ => {
                self.add([Entry::Notice("Nothing was said.".to_owned())], view);
                Some(Action::None)
            }
        }
    }
}
