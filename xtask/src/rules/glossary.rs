//! The glossary: sorted, and each entry with the code that holds the thing and a page about it.
//!
//! The rules of [`super::pages`] say whether that code and that page exist.

use super::{Violation, project::Project};

/// The page.
const PAGE: &str = "docs/glossary.md";

/// Checks the glossary of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    let page = project.text(PAGE).unwrap_or_default();
    let mut violations = Vec::new();
    let mut last = String::new();
    for (index, line) in page.lines().enumerate() {
        let Some(entry) = line.strip_prefix("- ") else {
            continue;
        };
        let mut breaks = |rule: String| {
            let place = format!("{PAGE}:{}", index + 1);
            violations.push(Violation::new(place, rule));
        };
        let term = entry.strip_prefix("**");
        let Some((term, text)) = term.and_then(|entry| entry.split_once("**: ")) else {
            breaks("an entry is written as **Term**: text".to_owned());
            continue;
        };
        if term.to_lowercase() <= last {
            breaks(format!("`{term}` stands after `{last}`"));
        }
        last = term.to_lowercase();
        if !text.contains(".rs::") {
            breaks(format!("`{term}` names no code"));
        }
        if !text.contains("](") {
            breaks(format!("`{term}` links to no page"));
        }
    }
    if last.is_empty() {
        violations.push(Violation::new(PAGE, "has no entry"));
    }
    violations
}
