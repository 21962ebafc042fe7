//! Texts and names of others as they can be displayed.

use anteroom_protocol::printable;

/// The maximum length of a name, in characters.
const MAX_NAME_CHARS: usize = 60;

/// Returns a name as it can be displayed; `None` if nothing of it is visible.
pub(crate) fn clean_name(name: &str) -> Option<String> {
    Some(printable(name, MAX_NAME_CHARS)).filter(|name| !name.is_empty())
}

/// Returns the lines of a text as they can be displayed, without empty lines at the end.
pub(crate) fn clean_text(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| printable(&line.replace('\t', "    "), usize::MAX));
    let lines: Vec<String> = lines.collect();
    lines.join("\n").trim_end().to_owned()
}
