//! The shape of an error on standard error.

use std::{error::Error, fmt, iter};

use clap::error::ErrorKind;
use serde::Serialize;

use crate::{
    exit_status::ExitStatus,
    explanation::{self, Explain},
    failure::Failure,
    terminal::print_error,
};

/// A failure as it is displayed: one line of text, or with `--json` `{"error": {"code", "what", "why",
/// "next"}}`.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// The stable name of the failure: one of a service in capitals, or one of this program.
    code: String,
    /// The sentence that describes the failure.
    what: String,
    /// The cause.
    why: Option<String>,
    /// The next step.
    next: Option<String>,
    #[serde(skip)]
    status: ExitStatus,
}

#[derive(Serialize)]
struct Document<'a> {
    error: &'a ErrorReport,
}

impl ErrorReport {
    /// Returns the report of a command that failed, other than by a database.
    pub fn of(error: &anyhow::Error) -> Self {
        Self::of_cause(error.as_ref())
    }

    /// Returns the report of an error of any type, other than of a database.
    pub fn of_cause(error: &(dyn Error + 'static)) -> Self {
        Self::explained_by(error, |_| None)
    }

    /// Returns the report of an error of any type. `explain` knows further types.
    pub fn explained_by(error: &(dyn Error + 'static), explain: Explain) -> Self {
        let status = ExitStatus::Failed;
        let mut report = Self::of_call(status, status.code(), "");
        let mut texts = Vec::new();
        let mut is_explained = false;
        for cause in causes(error) {
            let explanation = explain(cause).or_else(|| explanation::explain(cause));
            let own_text = explanation.as_ref().and_then(|found| found.text.clone());
            let is_whole = own_text.is_some();
            texts.push(own_text.unwrap_or_else(|| cause.to_string()));
            // A failure without a code and a next step leaves both to its cause.
            if let Some(found) = explanation.filter(|_| !is_explained) {
                is_explained = found.is_closer();
                report.code = found.code;
                report.next = found.next;
                report.status = found.status;
            }
            if is_whole {
                break;
            }
        }
        // A cause often repeats the text of the error that wraps it.
        texts.dedup();
        let mut texts = texts.into_iter();
        report.what = texts.next().unwrap_or_default();
        let why: Vec<String> = texts.collect();
        report.why = Some(why.join(": ")).filter(|why| !why.is_empty());
        report
    }

    /// Returns the report of a session in a call that others ended.
    pub fn of_call(status: ExitStatus, code: &str, what: &str) -> Self {
        Self {
            code: code.to_owned(),
            what: what.to_owned(),
            why: None,
            next: None,
            status,
        }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_why(mut self, why: &str) -> Self {
        self.why = Some(why.to_owned());
        self
    }

    /// Adds the step that mends it.
    #[must_use]
    pub fn with_next(mut self, next: &str) -> Self {
        self.next = Some(next.to_owned());
        self
    }

    /// Returns the report of an invalid command line.
    pub fn of_usage(error: &clap::Error) -> Self {
        if matches!(
            error.kind(),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
        ) {
            return Self::usage("the command is missing, or one below it", None);
        }
        let text = error.to_string();
        let mut paragraphs = text.split("\n\n").map(one_line);
        let what = paragraphs.next().unwrap_or_default();
        let what = what.strip_prefix("error: ").unwrap_or(&what);
        let why: Vec<String> = paragraphs
            .filter(|part| !part.starts_with("For more information"))
            .collect();
        Self::usage(what, Some(why.join("; ")).filter(|why| !why.is_empty()))
    }

    fn usage(what: &str, why: Option<String>) -> Self {
        let status = ExitStatus::Usage;
        Self {
            why,
            next: Some("Read the help of the command: add --help".to_owned()),
            ..Self::of_call(status, status.code(), what)
        }
    }

    /// The failure and its cause in one sentence, without the next step.
    pub fn cause(&self) -> String {
        match &self.why {
            Some(why) => format!("{}: {why}", self.what),
            None => self.what.clone(),
        }
    }

    /// The step that mends it.
    pub fn next(&self) -> Option<&str> {
        self.next.as_deref()
    }

    /// The exit status of the command.
    pub const fn status(&self) -> ExitStatus {
        self.status
    }

    /// Prints the line on standard error with which a command that has failed ends.
    pub fn print(&self, json: bool) {
        match json {
            true => print_error(&self.to_json()),
            false => print_error(&format!("anteroom: {self}")),
        }
    }

    /// Returns the report as one line of JSON.
    pub fn to_json(&self) -> String {
        // Serializing texts cannot fail.
        serde_json::to_string(&Document { error: self }).unwrap_or_default()
    }
}

impl fmt::Display for ErrorReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.cause();
        f.write_str(&text)?;
        if let Some(next) = &self.next {
            let is_ended = text.ends_with(['.', '!', '?']);
            write!(f, "{} {next}", if is_ended { "" } else { "." })?;
        }
        Ok(())
    }
}

/// Returns the sentence of an error for a person: what failed, why, and the next step.
pub fn sentence(error: &anyhow::Error) -> String {
    ErrorReport::of(error).to_string()
}

/// Returns the failure that several failures are together.
pub fn failure_of_all(reports: impl IntoIterator<Item = ErrorReport>) -> Failure {
    let reports: Vec<ErrorReport> = reports.into_iter().collect();
    let causes: Vec<String> = reports.iter().map(ErrorReport::cause).collect();
    let mut steps: Vec<&str> = reports.iter().filter_map(ErrorReport::next).collect();
    steps.dedup();
    let failure = Failure::failed(causes.join("; and "));
    match steps.join(". ") {
        next if next.is_empty() => failure,
        next => failure.next(next),
    }
}

fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    iter::successors(Some(error), |cause| (*cause).source())
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use anteroom_client::{
        IssuerError, PinStoreError, RoomsError, SessionStoreError, TransportFailure,
    };
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn a_report_has_a_code_what_why_and_the_next_step() {
        let failure = || {
            Failure::new("listen_failed", "cannot listen on a port")
                .with_reason(anyhow!("another program uses it"))
                .next("Stop it")
        };
        for (error, code, text) in [
            (
                anyhow::Error::from(failure()),
                "listen_failed",
                "cannot listen on a port: another program uses it. Stop it",
            ),
            (
                anyhow::Error::from(failure()).context("no start"),
                "listen_failed",
                "no start: cannot listen on a port: another program uses it. Stop it",
            ),
            (anyhow!("odd"), "failed", "odd"),
            (
                anyhow::Error::from(RoomsError::from(TransportFailure::TimedOut))
                    .context("the call cannot be joined"),
                "timed_out",
                "the call cannot be joined: the room service did not answer in time. Try again",
            ),
            (
                IssuerError::SessionEnded.into(),
                "login_ended",
                "the login has ended. Log in again: anteroom login",
            ),
        ] {
            let report = ErrorReport::of(&error);
            assert_eq!(report.code, code);
            assert_eq!(report.to_string(), text);
        }
    }

    #[test]
    fn an_error_of_the_client_without_a_step_of_its_own_gives_that_of_its_cause() {
        let failure = || Failure::failed("it is of another issuer").next("Log in again");
        let sessions = SessionStoreError::with_source("it is of another issuer", failure());
        let pins = PinStoreError::with_source("pins.json", failure());
        for (error, text) in [
            (
                IssuerError::from(sessions),
                "it is of another issuer. Log in again",
            ),
            (
                IssuerError::from(pins),
                "the pinned params cannot be used: pins.json: it is of another issuer. Log in again",
            ),
        ] {
            let report = ErrorReport::of(&error.into());
            assert_eq!(report.to_string(), text);
            assert_eq!(report.next(), Some("Log in again"));
        }
    }

    #[test]
    fn several_failures_are_one_with_each_step_once() {
        let failure = |what: &str, next: &str| Failure::failed(what).next(next).into();
        let errors = [
            failure("a", "Do x"),
            failure("b", "Do x"),
            failure("c", "Do y"),
        ];
        let report = ErrorReport::of(&failure_of_all(errors.iter().map(ErrorReport::of)).into());
        assert_eq!(report.to_string(), "a; and b; and c. Do x. Do y");
        let report = ErrorReport::of(&failure_of_all([ErrorReport::of(&anyhow!("odd"))]).into());
        assert_eq!(
            (report.to_string(), report.next()),
            ("odd".to_owned(), None)
        );
    }

    #[test]
    fn the_json_of_a_report_has_exactly_the_documented_members() {
        let error = Failure::new("failed", "it failed")
            .with_reason(anyhow!("a cause"))
            .next("Do this");
        assert_eq!(
            ErrorReport::of(&error.into()).to_json(),
            r#"{"error":{"code":"failed","what":"it failed","why":"a cause","next":"Do this"}}"#
        );
        assert_eq!(
            ErrorReport::of(&anyhow!("odd")).to_json(),
            r#"{"error":{"code":"failed","what":"odd","why":null,"next":null}}"#
        );
    }
}
