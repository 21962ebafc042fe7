//! The entries about texts that nobody was told.

use anteroom_client::GroupError;
use anteroom_protocol::printable;

use crate::entry::Entry;

/// The reason why a text is not said when the call is over.
pub(crate) const OVER: &str = "the call is over for you";

/// Returns the entry about a text that was not said, with all of it, so that it can be copied.
pub(crate) fn unsaid(why: &str, text: &str) -> Entry {
    Entry::Problem(format!("not said: {why}: {}", shown(text)))
}

/// Returns the entry about a text that the client's library has given up.
pub(crate) fn given_up(error: GroupError, text: &str) -> Entry {
    match error {
        GroupError::Unconfirmed | GroupError::Limited => {
            Entry::Problem(format!("perhaps not said: {error}: {}", shown(text)))
        }
        error => unsaid(&error.to_string(), text),
    }
}

/// Returns a text as a terminal can show it.
fn shown(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| printable(&line.replace('\t', "    "), usize::MAX));
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unsaid_text_is_shown_whole_and_drives_no_terminal() {
        let entry = unsaid(OVER, "one\u{1b}[2J\n\ttwo\nthree");
        let lines = [
            "! not said: the call is over for you: one[2J",
            "  |     two",
            "  | three",
        ];
        assert_eq!(entry.lines(None), lines);
        let entry = given_up(GroupError::Alone, "hi");
        assert_eq!(
            entry.lines(None),
            ["! not said: nobody else is in the call: hi"]
        );
        for error in [GroupError::Unconfirmed, GroupError::Limited] {
            let entry = given_up(error, "hi").text();
            assert!(entry.starts_with("! perhaps not said: "), "{entry}");
            assert!(entry.ends_with(": hi"), "{entry}");
        }
    }
}
