//! The texts whose messages were written to a connection, until the room service shows that it has them.

use std::{collections::VecDeque, mem, time::Duration};

use anteroom_e2ee::Moment;
use anteroom_e2ee_session::{CommandError, TextReach};

use crate::call::{encryption::SaidText, group::GroupError};

/// The maximum number of texts that are remembered, and of pings.
const MAX_ENTRIES: usize = 1024;
/// The maximum length of the texts that are remembered, in bytes. The room service takes less of a user between two
/// pings.
const MAX_LENGTH: usize = 1024 * 1024;
/// The maximum number of texts of which it is unknown whether the room service has them, before the next command that
/// relays something is performed.
const WINDOW: usize = 32;
/// The time after a lost connection in which a member has to be there who asks for the texts.
const AUDIENCE_WAIT: Duration = Duration::from_secs(15);

/// The reason why a text was not said whose messages did not go out.
pub(super) const NOT_CONNECTED: GroupError = GroupError::Command(CommandError::NotConnected);

/// The texts, in the order of their writing, with the pings between them. The room service answers pings in the order
/// of all messages, so that it has read what was written before a ping that it answers.
#[derive(Default)]
pub(super) struct WrittenTexts {
    entries: VecDeque<Entry>,
    length: usize,
    /// The number of the first pings of the connection whose texts are forgotten: their answers settle nothing.
    forgotten_pings: u64,
    /// The moment until which the texts of a lost connection wait for a member who asks for them again.
    until: Option<Moment>,
}

enum Entry {
    Text(WrittenText),
    Ping,
}

struct WrittenText {
    said: SaidText,
    transmission: Transmission,
}

/// The fate of the messages of a text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Transmission {
    /// They were written to the present connection.
    Written,
    /// They were written to a connection that is lost, or did not go out before another connection, on which the
    /// members learn of the text by its number: they may have asked for it.
    Lost,
    /// They did not go out before the connection was lost, and there is no other one yet.
    Unsent,
}

impl WrittenTexts {
    /// Takes a text whose messages are written. Returns the texts for which there is no room any more.
    pub(super) fn write(&mut self, said: SaidText) -> Vec<(String, GroupError)> {
        self.push_text(said, Transmission::Written)
    }

    /// Takes a text whose messages did not go out before the connection was lost. Returns the texts for which there is
    /// no room any more.
    pub(super) fn keep_unsent(&mut self, said: SaidText) -> Vec<(String, GroupError)> {
        self.push_text(said, Transmission::Unsent)
    }

    fn push_text(
        &mut self,
        said: SaidText,
        transmission: Transmission,
    ) -> Vec<(String, GroupError)> {
        self.length += said.text.len();
        self.push(Entry::Text(WrittenText { said, transmission }))
    }

    /// Takes a ping that is written. Returns the texts for which there is no room any more.
    pub(super) fn ping(&mut self) -> Vec<(String, GroupError)> {
        self.push(Entry::Ping)
    }

    fn push(&mut self, entry: Entry) -> Vec<(String, GroupError)> {
        self.entries.push_back(entry);
        let (mut surplus, mut length) = (Vec::new(), self.length);
        while self.entries.len() > MAX_ENTRIES || length > MAX_LENGTH {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            match &entry {
                Entry::Text(text) => length = length.saturating_sub(text.said.text.len()),
                Entry::Ping => self.forgotten_pings = self.forgotten_pings.saturating_add(1),
            }
            surplus.push(entry);
        }
        self.unsaid(surplus)
    }

    /// Returns whether a ping is to be written for the texts, one at a time: its answer settles one of them. A text
    /// of a lost connection that waits for a member is none of these.
    pub(super) fn wants_ping(&self, reach: impl Fn(&SaidText) -> TextReach) -> bool {
        let mut entries = self.entries.iter();
        let settles = |entry: &Entry| match entry {
            Entry::Ping => false,
            Entry::Text(text) => !text.is_of_lost() || reach(&text.said) != TextReach::Absent,
        };
        let is_text = |entry: &Entry| matches!(entry, Entry::Text(_));
        self.entries.iter().any(settles) && entries.all(is_text)
    }

    /// Takes the answer to a ping, and returns the texts that nobody can ask for any more. Texts of a lost connection
    /// wait for a member who asks for them again.
    pub(super) fn acknowledge(
        &mut self,
        reach: impl Fn(&SaidText) -> TextReach,
    ) -> Vec<(String, GroupError)> {
        if self.forgotten_pings > 0 {
            self.forgotten_pings -= 1;
            return Vec::new();
        }
        let mut waiting = Vec::new();
        let mut dropped = Vec::new();
        while let Some(entry) = self.entries.pop_front() {
            match &entry {
                Entry::Ping => break,
                Entry::Text(text) if text.is_of_lost() => match reach(&text.said) {
                    TextReach::Present => self.forget(&entry),
                    TextReach::Absent => waiting.push(entry),
                    TextReach::Dropped => dropped.push(entry),
                },
                Entry::Text(_) => self.forget(&entry),
            }
        }
        for entry in waiting.into_iter().rev() {
            self.entries.push_front(entry);
        }
        self.unsaid(dropped)
    }

    /// Returns whether it is unknown of a text of this connection whether the room service has it.
    pub(super) fn has_written(&self) -> bool {
        self.entries.iter().any(Entry::is_written)
    }

    /// Returns whether it is known of enough texts to write another one.
    pub(super) fn has_room(&self) -> bool {
        self.unanswered() < WINDOW
    }

    /// Returns the number of texts of this connection of which it is unknown whether the room service has them.
    pub(super) fn unanswered(&self) -> usize {
        let written = self.entries.iter().filter(|entry| entry.is_written());
        written.count()
    }

    /// Takes the texts of this connection of which it is unknown whether the room service has them.
    pub(super) fn take_written(&mut self) -> Vec<SaidText> {
        let mut written = Vec::new();
        for entry in mem::take(&mut self.entries) {
            match entry {
                Entry::Text(text) if !text.is_of_lost() => {
                    self.length = self.length.saturating_sub(text.said.text.len());
                    written.push(text.said);
                }
                entry => self.entries.push_back(entry),
            }
        }
        written
    }

    /// Takes note that the connection is lost, and returns the texts that nobody can ask for.
    pub(super) fn disconnect(
        &mut self,
        reach: impl Fn(&SaidText) -> TextReach,
    ) -> Vec<(String, GroupError)> {
        self.until = None;
        self.forgotten_pings = 0;
        let mut dropped = Vec::new();
        for entry in mem::take(&mut self.entries) {
            let Entry::Text(mut text) = entry else {
                continue;
            };
            if text.transmission == Transmission::Written {
                text.transmission = Transmission::Lost;
            }
            match reach(&text.said) {
                TextReach::Dropped => dropped.push(Entry::Text(text)),
                TextReach::Present | TextReach::Absent => {
                    self.entries.push_back(Entry::Text(text));
                }
            }
        }
        self.unsaid(dropped)
    }

    /// Takes note that there is a connection again.
    pub(super) fn reconnect(&mut self, now: Moment) {
        for entry in &mut self.entries {
            if let Entry::Text(text) = entry
                && text.transmission == Transmission::Unsent
            {
                text.transmission = Transmission::Lost;
            }
        }
        self.until = Some(now.plus(AUDIENCE_WAIT));
    }

    /// Returns the moment at which the texts of a lost connection are given up.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let mut entries = self.entries.iter();
        self.until.filter(|_| entries.any(Entry::is_of_lost))
    }

    /// Takes the texts of a lost connection whose time is over.
    pub(super) fn take_late(&mut self, now: Moment) -> Vec<(String, GroupError)> {
        if self.deadline().is_none_or(|until| now < until) {
            return Vec::new();
        }
        let (late, rest): (Vec<_>, Vec<_>) = mem::take(&mut self.entries)
            .into_iter()
            .partition(Entry::is_of_lost);
        self.entries = rest.into();
        self.unsaid(late)
    }

    /// Takes all texts.
    pub(super) fn take(&mut self) -> Vec<(String, GroupError)> {
        let entries = mem::take(&mut self.entries);
        self.unsaid(entries)
    }

    /// Forgets texts, and returns each with the reason why it was not said.
    fn unsaid(&mut self, entries: impl IntoIterator<Item = Entry>) -> Vec<(String, GroupError)> {
        let mut unsaid = Vec::new();
        for entry in entries {
            self.forget(&entry);
            if let Entry::Text(text) = entry {
                let error = match text.transmission {
                    Transmission::Unsent => NOT_CONNECTED,
                    Transmission::Written | Transmission::Lost => GroupError::Unconfirmed,
                };
                unsaid.push((text.said.text, error));
            }
        }
        unsaid
    }

    fn forget(&mut self, entry: &Entry) {
        if let Entry::Text(text) = entry {
            self.length = self.length.saturating_sub(text.said.text.len());
        }
    }
}

impl Entry {
    fn is_written(&self) -> bool {
        matches!(self, Self::Text(text) if !text.is_of_lost())
    }

    fn is_of_lost(&self) -> bool {
        matches!(self, Self::Text(text) if text.is_of_lost())
    }
}

impl WrittenText {
    fn is_of_lost(&self) -> bool {
        self.transmission != Transmission::Written
    }
}
