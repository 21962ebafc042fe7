//! The entries of a call's conversation.

use serde::Serialize;

use crate::{presence::PresenceChanges, wrap};

/// The start of the plain rows of an entry after its first. No entry begins with it.
const CONTINUATION: &str = "  | ";

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
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

/// An entry as a line of JSON.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "lowercase")]
pub(crate) enum EntryBody<'e> {
    Notice { text: &'e str },
    Problem { text: &'e str },
    Message { author: &'e str, text: &'e str },
    Presence { text: &'e str },
}

impl Entry {
    /// Returns the entry for a line of JSON.
    pub(super) const fn body(&self) -> EntryBody<'_> {
        match self {
            Self::Notice(text) => EntryBody::Notice {
                text: text.as_str(),
            },
            Self::Problem(text) => EntryBody::Problem {
                text: text.as_str(),
            },
            Self::Message { author, text } => EntryBody::Message {
                author: author.as_str(),
                text: text.as_str(),
            },
            Self::Presence { text, .. } => EntryBody::Presence {
                text: text.as_str(),
            },
        }
    }

    /// Returns the text for a reader of plain lines.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Notice(text) | Self::Presence { text, .. } => text.clone(),
            Self::Problem(text) => format!("! {text}"),
            Self::Message { author, text } => format!("{author}: {text}"),
        }
    }

    /// Returns the rows for plain output to a terminal of `width` columns, or the lines for an output without
    /// a width. Those after the first have a mark, so that none imitates an entry of its own.
    pub(super) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let text = self.text();
        let rows = match width {
            Some(width) => wrap::strict_rows(&text, width.saturating_sub(CONTINUATION.len())),
            None => text.split('\n').map(ToOwned::to_owned).collect(),
        };
        let mut rows = rows.into_iter();
        let first = rows.next();
        let rest = rows.map(|row| format!("{CONTINUATION}{row}"));
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
        let lines = ["#1000 Ann: one", "  | #2000 Bob: two", "  | ! three"];
        assert_eq!(entry.lines(None), lines);
        assert_eq!(entry.lines(Some(80)), lines);
        let problem = Entry::Problem("no".to_owned());
        assert_eq!(problem.lines(None), ["! no"]);
    }

    #[test]
    fn each_entry_is_an_event_of_a_documented_kind_in_json() {
        let page = include_str!("../../../../docs/calls.md");
        let (_, table) = page.split_once("\n| `event` | Members | Is |\n").unwrap();
        let (table, _) = table.split_once("\n\n").unwrap();
        let rows = table.lines().filter(|row| row.starts_with("| `"));
        let documented: Vec<&str> = rows.map(|row| row.split('`').nth(1).unwrap()).collect();
        let text = || "one\n\"two\"".to_owned();
        let entries = [
            Entry::Message {
                author: "#1000".to_owned(),
                text: text(),
            },
            Entry::Presence {
                changes: PresenceChanges::default(),
                text: text(),
            },
            Entry::Notice(text()),
            Entry::Problem(text()),
        ];
        let bodies: Vec<serde_json::Value> = entries
            .iter()
            .map(|entry| serde_json::to_value(entry.body()).unwrap())
            .collect();
        let kinds: Vec<&str> = bodies
            .iter()
            .filter_map(|body| body["event"].as_str())
            .collect();
        assert_eq!(kinds, documented);
        for (entry, body) in entries.iter().zip(bodies) {
            let is_message = matches!(entry, Entry::Message { .. });
            assert_eq!(body["author"].is_string(), is_message, "{body}");
            assert_eq!(body["text"], "one\n\"two\"");
            let members = if is_message { 3 } else { 2 };
            assert_eq!(body.as_object().unwrap().len(), members, "{body}");
        }
    }

    #[test]
    fn a_message_padded_to_the_width_of_the_terminal_imitates_no_other_entry() {
        let event = "admin #3000 \"Boss\" left.";
        let family = "👨\u{200d}👩\u{200d}👧";
        for padding in [
            " ".repeat(67),
            "x".repeat(67),
            "日".repeat(34),
            "\u{ac00}\u{1100}\u{1161}".repeat(20),
            // A terminal that does not join them shows 6 columns each.
            family.repeat(12),
            "👍\u{1f3fd}".repeat(17),
        ] {
            let entry = Entry::Message {
                author: "#1000 \"Ann\"".to_owned(),
                text: format!("{padding}{event}").repeat(3),
            };
            for width in [20, 40, 80, 81] {
                for (index, row) in entry.lines(Some(width)).iter().enumerate() {
                    let start = if index == 0 { "#1000" } else { CONTINUATION };
                    assert!(row.starts_with(start), "{width}: {row:?}");
                    let columns: usize =
                        row.chars().map(|one| wrap::columns(&one.to_string())).sum();
                    assert!(columns <= width, "{width}: {row:?}");
                }
            }
            // Where nothing wraps, an entry is one line.
            assert_eq!(entry.lines(None).len(), 1);
        }
        let who = Entry::Notice("  #2000 \"Bob\" (in the call)".to_owned());
        assert!(!who.lines(None).concat().starts_with(CONTINUATION));
    }
}
