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

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}
