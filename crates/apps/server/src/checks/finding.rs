//! The result of a check, and the list of all results.

use anteroom_console::{
    exit_status::ExitStatus,
    failure::Failure,
    terminal::{plain, print, print_json},
};
use serde::Serialize;

use crate::database_explanation;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum CheckState {
    /// The subject is correct.
    Ok,
    /// The subject is irrelevant here, or another problem prevents the check.
    Skipped,
    /// The subject works, and can be improved.
    Warning,
    /// The subject does not work.
    Problem,
}

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    check: &'static str,
    state: CheckState,
    /// The result in words.
    pub(super) what: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) next: Option<String>,
}

impl Finding {
    /// Returns the result of a subject that is correct.
    pub fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            state: CheckState::Ok,
            what: what.into(),
            next: None,
        }
    }

    /// Returns the result of a subject that was not checked.
    pub fn skipped(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            state: CheckState::Skipped,
            ..Self::ok(check, what)
        }
    }

    /// Returns the result of a subject that works and can be improved.
    pub fn warning(check: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            check,
            state: CheckState::Warning,
            what: what.into(),
            next: Some(next.into()),
        }
    }

    /// Returns the result of a subject that does not work.
    pub fn problem(check: &'static str, what: impl Into<String>, next: impl Into<String>) -> Self {
        Self {
            state: CheckState::Problem,
            ..Self::warning(check, what, next)
        }
    }

    /// The problem that an error is, with the step of the error itself or else with this one.
    pub fn of_error(check: &'static str, error: &anyhow::Error, next: impl Into<String>) -> Self {
        let report = database_explanation::report(error);
        let next = report.next().map_or_else(|| next.into(), ToOwned::to_owned);
        Self::problem(check, report.cause(), next)
    }

    /// Returns whether the subject does not work.
    pub const fn is_problem(&self) -> bool {
        matches!(self.state, CheckState::Problem)
    }
}

#[derive(Serialize)]
struct Report<'a> {
    problems: usize,
    warnings: usize,
    checks: &'a [Finding],
}

/// Returns the failure of checks that have found problems.
fn problems_found(problems: usize, json: bool) -> Failure {
    let what = match problems {
        1 => "the checks have found a problem".to_owned(),
        problems => format!("the checks have found {problems} problems"),
    };
    Failure::new("problems_found", what).next(match json {
        true => "Each check whose state is problem has its next step in next",
        false => "Each line with PROBLEM has its next step below",
    })
}

/// Prints what was found.
///
/// # Errors
/// Something does not work, or the output cannot be written.
pub fn show(findings: &[Finding], json: bool) -> anyhow::Result<ExitStatus> {
    let count = |state| findings.iter().filter(|found| found.state == state).count();
    let report = Report {
        problems: count(CheckState::Problem),
        warnings: count(CheckState::Warning),
        checks: findings,
    };
    if json {
        print_json(&report)?;
    } else {
        for found in findings {
            let word = match found.state {
                CheckState::Ok => "ok",
                CheckState::Skipped => "-",
                CheckState::Warning => "WARNING",
                CheckState::Problem => "PROBLEM",
            };
            print(&format!(
                "{word:<7}  {:<13}  {}",
                found.check,
                plain(&found.what)
            ))?;
            if let Some(next) = &found.next {
                print(&format!("{:<7}  {:<13}  -> {}", "", "", plain(next)))?;
            }
        }
        print(&format!(
            "{} problem(s), {} warning(s)",
            report.problems, report.warnings
        ))?;
    }
    match report.problems {
        0 => Ok(ExitStatus::Done),
        problems => Err(problems_found(problems, json).into()),
    }
}
