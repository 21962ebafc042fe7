//! The entries of a call's conversation.

use super::presence::PresenceChanges;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// An event.
    Notice(String),
    /// An error, or an event that needs the user's attention.
    Problem(String),
    /// A message of a participant.
    Message {
        /// The label of the device.
        author: String,
        /// The lines.
        text: String,
    },
    /// Participants joined or left.
    Presence {
        /// The changes.
        changes: PresenceChanges,
        /// The changes as text.
        text: String,
    },
}

impl Entry {
    /// Returns the text for a reader of plain lines.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Notice(text) | Self::Presence { text, .. } => text.clone(),
            Self::Problem(text) => format!("! {text}"),
            Self::Message { author, text } => format!("{author}: {text}"),
        }
    }

    /// Returns the lines for plain output. Lines after the first are indented, so that none imitates an entry
    /// of its own.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = self.text();
        let mut lines = text.split('\n');
        let first = lines.next().map(ToOwned::to_owned);
        let rest = lines.map(|line| format!("  {line}"));
        first.into_iter().chain(rest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_several_lines_imitates_no_other_entry() {
        let entry = Entry::Message {
            author: "#1000 Ann".to_owned(),
            text: "one\n#2000 Bob: two\n! three".to_owned(),
        };
        let lines = ["#1000 Ann: one", "  #2000 Bob: two", "  ! three"];
        assert_eq!(entry.lines(), lines);
        let problem = Entry::Problem("no".to_owned());
        assert_eq!(problem.lines(), ["! no"]);
    }
}
