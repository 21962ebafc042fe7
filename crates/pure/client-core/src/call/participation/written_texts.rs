//! The texts whose messages were written to a connection, until the room service shows that it has them.

use std::{collections::VecDeque, mem, time::Duration};

use anteroom_e2ee::Moment;

/// The maximum number of texts that are remembered, and of pings.
const MAX_ENTRIES: usize = 1024;
/// The maximum length of the texts that are remembered, in bytes. The room service takes less of a user between two
/// pings.
const MAX_LENGTH: usize = 1024 * 1024;
/// The time after a lost connection in which a member has to be there, whom the texts are said to again.
const AUDIENCE_WAIT: Duration = Duration::from_secs(15);

/// The texts, in the order of their writing, with the pings between them. The room service answers pings in the order
/// of all messages, so that it has read what was written before a ping that it answers.
#[derive(Default)]
pub(super) struct WrittenTexts {
    entries: VecDeque<Entry>,
    length: usize,
    /// The moment until which the texts of a lost connection wait for a member who asks for them again.
    until: Option<Moment>,
}

enum Entry {
    Text {
        text: String,
        /// Whether the connection to which the text was written is lost.
        is_of_lost: bool,
    },
    Ping,
}

impl WrittenTexts {
    /// Takes a text whose messages are written.
    pub(super) fn write(&mut self, text: String) {
        self.push(text, false);
    }

    /// Takes a text whose messages did not go out before the connection was lost.
    pub(super) fn write_lost(&mut self, text: String) {
        self.push(text, true);
    }

    fn push(&mut self, text: String, is_of_lost: bool) {
        self.length += text.len();
        self.entries.push_back(Entry::Text { text, is_of_lost });
        while self.entries.len() > MAX_ENTRIES || self.length > MAX_LENGTH {
            let Some(entry) = self.entries.pop_front() else {
                break;
            };
            self.forget(&entry);
        }
    }

    /// Takes a ping that is written.
    pub(super) fn ping(&mut self) {
        if self.entries.len() < MAX_ENTRIES {
            self.entries.push_back(Entry::Ping);
        }
    }

    /// Returns whether a ping is to be written for the texts: one at a time.
    pub(super) fn wants_ping(&self) -> bool {
        let mut entries = self.entries.iter();
        let has_text = |entry: &Entry| matches!(entry, Entry::Text { .. });
        self.entries.iter().any(has_text) && entries.all(has_text)
    }

    /// Takes the answer to a ping. Texts of a lost connection wait for a member who asks for them again.
    pub(super) fn acknowledge(&mut self, has_audience: bool) {
        let mut waiting = Vec::new();
        while let Some(entry) = self.entries.pop_front() {
            match entry {
                Entry::Ping => break,
                Entry::Text {
                    is_of_lost: true, ..
                } if !has_audience => waiting.push(entry),
                Entry::Text { .. } => self.forget(&entry),
            }
        }
        for entry in waiting.into_iter().rev() {
            self.entries.push_front(entry);
        }
    }

    /// Takes note that the room service has read everything of this connection.
    pub(super) fn acknowledge_all(&mut self) {
        self.entries.retain(is_of_lost);
    }

    /// Takes note that the connection is lost.
    pub(super) fn disconnect(&mut self) {
        self.until = None;
        self.entries
            .retain(|entry| matches!(entry, Entry::Text { .. }));
        for entry in &mut self.entries {
            if let Entry::Text { is_of_lost, .. } = entry {
                *is_of_lost = true;
            }
        }
    }

    /// Takes note that there is a connection again.
    pub(super) fn reconnect(&mut self, now: Moment) {
        self.until = Some(now.plus(AUDIENCE_WAIT));
    }

    /// Returns the moment at which the texts of a lost connection are given up.
    pub(super) fn deadline(&self) -> Option<Moment> {
        let mut entries = self.entries.iter();
        self.until.filter(|_| entries.any(is_of_lost))
    }

    /// Takes the texts of a lost connection whose time is over.
    pub(super) fn take_late(&mut self, now: Moment) -> Vec<String> {
        if self.deadline().is_none_or(|until| now < until) {
            return Vec::new();
        }
        let (late, rest): (Vec<_>, Vec<_>) = mem::take(&mut self.entries)
            .into_iter()
            .partition(is_of_lost);
        self.entries = rest.into();
        self.texts(late)
    }

    /// Takes all texts.
    pub(super) fn take(&mut self) -> Vec<String> {
        let entries = mem::take(&mut self.entries);
        self.texts(entries)
    }

    fn texts(&mut self, entries: impl IntoIterator<Item = Entry>) -> Vec<String> {
        let mut texts = Vec::new();
        for entry in entries {
            self.forget(&entry);
            if let Entry::Text { text, .. } = entry {
                texts.push(text);
            }
        }
        texts
    }

    fn forget(&mut self, entry: &Entry) {
        if let Entry::Text { text, .. } = entry {
            self.length = self.length.saturating_sub(text.len());
        }
    }
}

const fn is_of_lost(entry: &Entry) -> bool {
    matches!(
        entry,
        Entry::Text {
            is_of_lost: true,
            ..
        }
    )
}
