//! The line editor: a draft, the drafts of before, and the keys that change them.

mod rows;

use std::collections::VecDeque;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use rustyline::{
    At, Word,
    line_buffer::{ChangeListener, DeleteListener, Direction, LineBuffer},
};

pub(crate) use self::rows::DraftRows;

/// The maximum length of a draft, in bytes.
const MAX_BYTES: usize = 16 * 1024;
/// The maximum number of drafts in the history.
const MAX_HISTORY: usize = 200;

/// The text that is being typed.
pub(crate) struct Draft {
    buffer: LineBuffer,
    killed: KillBuffer,
    history: VecDeque<String>,
    /// The index of the visible draft in the history, counted from the newest.
    recalled: Option<usize>,
    /// The draft that was being edited before the history was opened.
    left: String,
}

/// The last killed text, for reinsertion.
#[derive(Default)]
struct KillBuffer {
    text: String,
    is_killing: bool,
}

/// The effect of a key or a paste on the draft.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Done,
    /// The editor does not handle the key.
    Unknown,
    /// The draft would exceed the maximum length.
    Full,
}

impl Default for Draft {
    fn default() -> Self {
        Self {
            buffer: LineBuffer::with_capacity(MAX_BYTES),
            killed: KillBuffer::default(),
            history: VecDeque::new(),
            recalled: None,
            left: String::new(),
        }
    }
}

impl Draft {
    pub(super) fn text(&self) -> &str {
        self.buffer.as_str()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Returns the draft in rows, with the cursor.
    pub(super) fn rows(&self, width: usize) -> DraftRows {
        DraftRows::of(self.buffer.as_str(), self.buffer.pos(), width)
    }

    /// Ends the draft, and adds it to the history.
    pub(super) fn finish(&mut self) {
        let text = self.text().to_owned();
        if !text.trim().is_empty() && self.history.front() != Some(&text) {
            self.history.push_front(text);
            self.history.truncate(MAX_HISTORY);
        }
        self.recalled = None;
        self.left.clear();
        self.replace("");
    }

    /// Inserts a pasted text unchanged. It is not sent before the user presses Enter.
    pub(super) fn paste(&mut self, text: &str) -> Edit {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let text = text.replace('\t', "    ");
        let is_text = |one: &char| *one == '\n' || !one.is_control();
        let text: String = text.chars().filter(is_text).collect();
        let text = text.trim_end_matches('\n');
        if text.is_empty() {
            return Edit::Done;
        }
        done(self.buffer.yank(text, 1, &mut self.killed))
    }

    /// Applies a key.
    pub(super) fn press(&mut self, key: KeyEvent) -> Edit {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match (key.code, control, alt) {
            (KeyCode::Char(character), false, false) => self.insert(character),
            (KeyCode::Char('j'), true, false) | (KeyCode::Enter, false, true) => self.insert('\n'),
            (code, true, false) => self.press_control(code),
            (code, false, true) => self.press_alt(code),
            (code, false, false) => self.press_bare(code),
            _ => Edit::Unknown,
        }
    }

    fn press_bare(&mut self, code: KeyCode) -> Edit {
        match code {
            KeyCode::Backspace => self.buffer.backspace(1, &mut self.killed),
            KeyCode::Delete => self.buffer.delete(1, &mut self.killed).is_some(),
            KeyCode::Left => self.buffer.move_backward(1),
            KeyCode::Right => self.buffer.move_forward(1),
            KeyCode::Home => self.buffer.move_home(),
            KeyCode::End => self.buffer.move_end(),
            KeyCode::Up => self.move_up(),
            KeyCode::Down => self.move_down(),
            _ => return Edit::Unknown,
        };
        Edit::Done
    }

    fn press_control(&mut self, code: KeyCode) -> Edit {
        match code {
            KeyCode::Char('a') => self.buffer.move_home(),
            KeyCode::Char('e') => self.buffer.move_end(),
            KeyCode::Char('b') => self.buffer.move_backward(1),
            KeyCode::Char('f') => self.buffer.move_forward(1),
            KeyCode::Char('d') => self.buffer.delete(1, &mut self.killed).is_some(),
            KeyCode::Char('h') => self.buffer.backspace(1, &mut self.killed),
            KeyCode::Char('k') => self.kill(LineBuffer::kill_line),
            KeyCode::Char('u') => self.kill(LineBuffer::discard_line),
            KeyCode::Char('w') => {
                self.kill(|buffer, killed| buffer.delete_prev_word(Word::Big, 1, killed))
            }
            KeyCode::Char('t') => self.buffer.transpose_chars(&mut self.killed),
            KeyCode::Char('y') => return self.put_killed(),
            KeyCode::Char('p') => self.recall_older(),
            KeyCode::Char('n') => self.recall_newer(),
            KeyCode::Left => self.buffer.move_to_prev_word(Word::Emacs, 1),
            KeyCode::Right => self.move_to_next_word(),
            _ => return Edit::Unknown,
        };
        Edit::Done
    }

    fn press_alt(&mut self, code: KeyCode) -> Edit {
        match code {
            KeyCode::Char('b') | KeyCode::Left => self.buffer.move_to_prev_word(Word::Emacs, 1),
            KeyCode::Char('f') | KeyCode::Right => self.move_to_next_word(),
            KeyCode::Char('d') => {
                self.kill(|buffer, killed| buffer.delete_word(At::AfterEnd, Word::Emacs, 1, killed))
            }
            KeyCode::Backspace => {
                self.kill(|buffer, killed| buffer.delete_prev_word(Word::Emacs, 1, killed))
            }
            _ => return Edit::Unknown,
        };
        Edit::Done
    }

    fn insert(&mut self, character: char) -> Edit {
        done(self.buffer.insert(character, 1, &mut self.killed))
    }

    fn kill(&mut self, kill: impl FnOnce(&mut LineBuffer, &mut KillBuffer) -> bool) -> bool {
        self.killed.is_killing = true;
        let before = std::mem::take(&mut self.killed.text);
        let has_killed = kill(&mut self.buffer, &mut self.killed);
        self.killed.is_killing = false;
        if self.killed.text.is_empty() {
            self.killed.text = before;
        }
        has_killed
    }

    fn put_killed(&mut self) -> Edit {
        let text = self.killed.text.clone();
        if text.is_empty() {
            return Edit::Done;
        }
        done(self.buffer.yank(&text, 1, &mut self.killed))
    }

    fn move_to_next_word(&mut self) -> bool {
        self.buffer.move_to_next_word(At::AfterEnd, Word::Emacs, 1)
    }

    /// Moves to the line above, or to the draft of before.
    fn move_up(&mut self) -> bool {
        match rows::position_above(self.text(), self.buffer.pos()) {
            Some(position) => {
                self.buffer.set_pos(position);
                true
            }
            None => self.recall_older(),
        }
    }

    /// Moves to the line below, or to a later draft.
    fn move_down(&mut self) -> bool {
        match rows::position_below(self.text(), self.buffer.pos()) {
            Some(position) => {
                self.buffer.set_pos(position);
                true
            }
            None => self.recall_newer(),
        }
    }

    fn recall_older(&mut self) -> bool {
        let index = self.recalled.map_or(0, |index| index + 1);
        let Some(text) = self.history.get(index).cloned() else {
            return false;
        };
        if self.recalled.is_none() {
            self.left = self.text().to_owned();
        }
        self.recalled = Some(index);
        self.replace(&text);
        true
    }

    fn recall_newer(&mut self) -> bool {
        let Some(index) = self.recalled else {
            return false;
        };
        self.recalled = index.checked_sub(1);
        let recalled = self.recalled.and_then(|index| self.history.get(index));
        let text = recalled
            .cloned()
            .unwrap_or_else(|| std::mem::take(&mut self.left));
        self.replace(&text);
        true
    }

    fn replace(&mut self, text: &str) {
        self.buffer.update(text, text.len(), &mut self.killed);
    }
}

const fn done(inserted: Option<bool>) -> Edit {
    match inserted {
        Some(_) => Edit::Done,
        None => Edit::Full,
    }
}

impl DeleteListener for KillBuffer {
    fn delete(&mut self, _: usize, text: &str, _: Direction) {
        if self.is_killing {
            text.clone_into(&mut self.text);
        }
    }
}

impl ChangeListener for KillBuffer {
    fn insert_char(&mut self, _: usize, _: char) {}

    fn insert_str(&mut self, _: usize, _: &str) {}

    fn replace(&mut self, _: usize, _: &str, _: &str) {}
}

#[cfg(test)]
mod tests;
