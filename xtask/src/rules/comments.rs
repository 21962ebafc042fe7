//! The rule about comments: subject, verb, object. A sentence that begins with a question word has
//! no subject that a reader can look up.

use super::{Violation, project::Project};

/// The number of such comment lines that the workspace may have.
const LIMIT: usize = 20;

/// The first words that are counted.
const QUESTION_WORDS: [&str; 6] = ["What", "Whatever", "Who", "Whoever", "Whom", "Whose"];

/// Checks the comments of all Rust files of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let sources = project.texts(".rs");
    let places = sources.flat_map(|(file, text)| places_of(file, text));
    violations_above(LIMIT, places.collect())
}

/// The places, as `file:line`, of the comment lines that begin with a question word.
#[must_use]
pub fn places_of(file: &str, text: &str) -> Vec<String> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| begins_with_question_word(line))
        .map(|(index, _)| format!("{file}:{}", index + 1))
        .collect()
}

/// A violation for each place, if there are more places than the limit.
#[must_use]
pub fn violations_above(limit: usize, places: Vec<String>) -> Vec<Violation> {
    let count = places.len();
    if count <= limit {
        return Vec::new();
    }
    let rule =
        format!("no comment begins with What or Who: name the subject ({count} do, {limit} may)");
    places
        .into_iter()
        .map(|place| Violation::new(place, rule.as_str()))
        .collect()
}

fn begins_with_question_word(line: &str) -> bool {
    let Some(comment) = line.trim_start().strip_prefix("//") else {
        return false;
    };
    let word: String = comment
        .trim_start_matches(['/', '!'])
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    QUESTION_WORDS.contains(&word.as_str())
}
