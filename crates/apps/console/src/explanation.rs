//! The explanation of an error of the program beside its own text: a stable code, the exit status and the next
//! step.

mod files;
mod problem;
mod program;
mod service;

use std::error::Error;

pub use self::{
    files::{RIGHT, SPACE},
    problem::PASSWORD_CHARACTERS,
    program::explain,
    service::{AFTER_THIS_CALL, CERTIFICATE_OF_SERVICE},
};
use crate::exit_status::ExitStatus;

/// A function that explains the errors that it knows, without their causes.
pub type Explain = fn(&(dyn Error + 'static)) -> Option<Explanation>;

/// The command line's explanation of an error.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The stable code: one of a service, or one of this program.
    pub code: String,
    /// The exit status of a command that ends with the error.
    pub status: ExitStatus,
    /// The sentence that replaces the error and its causes if those would mislead.
    pub text: Option<String>,
    /// The step that mends it.
    pub next: Option<String>,
}

impl Explanation {
    /// Returns an explanation without a sentence of its own and without a next step.
    pub const fn new(code: String, status: ExitStatus) -> Self {
        Self {
            code,
            status,
            text: None,
            next: None,
        }
    }

    /// Returns the explanation of a failure.
    pub fn failed(code: &str) -> Self {
        Self::new(code.to_owned(), ExitStatus::Failed)
    }

    /// Returns the explanation of a refusal.
    pub fn refused(code: &str) -> Self {
        Self::new(code.to_owned(), ExitStatus::Refused)
    }

    /// Returns the explanation of a service that is not reached.
    pub fn unreachable(code: &str) -> Self {
        Self::new(code.to_owned(), ExitStatus::Unreachable)
    }

    /// Adds the next step.
    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    /// Replaces the text of the error and of its causes.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Returns whether it says more than that something failed.
    pub fn is_closer(&self) -> bool {
        self.next.is_some() || self.code != ExitStatus::Failed.code()
    }
}
