//! House rules that a machine checks.

pub mod circles;
pub mod comments;
pub mod conformance;
pub mod dependencies;
pub mod files;
pub mod glossary;
pub mod http_code;
pub mod layers;
pub mod module_files;
pub mod names;
pub mod packages;
pub mod pages;
pub mod project;
pub mod purity;
pub mod sizes;
pub mod spawned_tasks;
mod tokens;

use std::fmt;

/// A violation of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The violating crate, or the file and line.
    pub place: String,
    /// The rule.
    pub rule: String,
}

impl Violation {
    fn new(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
        }
    }
}

/// Removes the violations at excused places, and adds one for each excuse that no place needs. `covers` says
/// whether the first, an excuse, is one for the second, a place.
fn without_excused(
    mut violations: Vec<Violation>,
    excused: &[(&str, &str)],
    covers: impl Fn(&str, &str) -> bool,
    needless: &str,
) -> Vec<Violation> {
    let is_needed = |excuse| violations.iter().any(|one| covers(excuse, &one.place));
    let stale = excused.iter().filter(|(excuse, _)| !is_needed(excuse));
    let stale: Vec<Violation> = stale
        .map(|(excuse, _)| Violation::new(*excuse, needless))
        .collect();
    violations.retain(|one| !excused.iter().any(|(excuse, _)| covers(excuse, &one.place)));
    violations.extend(stale);
    violations
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}
