//! The failure of a command in the one shape that users and scripts see: a code, what failed, why,
//! and the next step.

mod explanation;
mod report;

use std::{error::Error, fmt};

pub(crate) use self::report::ErrorReport;

/// A failure with the exit status 1 that says the next step. Texts are sentences without a capital and a full stop; the next
/// step has a capital.
#[derive(Debug)]
pub(crate) struct Failure {
    code: &'static str,
    what: String,
    why: Option<anyhow::Error>,
    next: Option<String>,
}

impl Failure {
    /// A failure of this code.
    pub(crate) fn new(code: &'static str, what: impl Into<String>) -> Self {
        Self {
            code,
            what: what.into(),
            why: None,
            next: None,
        }
    }

    /// The same with this cause.
    pub(crate) fn because(mut self, why: impl Into<anyhow::Error>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// The same with the step that mends it.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.why.as_ref().map(AsRef::as_ref)
    }
}
