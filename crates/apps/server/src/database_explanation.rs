//! The explanations of failures of databases and of their keys, and the reports that contain them.

use std::error::Error;

use anteroom_console::{
    explanation::{Explanation, RIGHT, SPACE},
    failure::Failure,
    report::{self, ErrorReport},
};
use anteroom_store::{EmailError, KeyError, NewEmailError, StoreError};
use anteroom_store_sqlite::FileFailure;

const RESTORE: &str = "Stop the services, and restore a backup with `anteroom restore`";

/// Returns the report of any error of the program.
pub fn report(error: &anyhow::Error) -> ErrorReport {
    ErrorReport::explained_by(error.as_ref(), explain)
}

/// Returns the sentence of an error for the log: what failed, why, and the next step.
pub fn sentence(error: &anyhow::Error) -> String {
    report(error).to_string()
}

/// Returns the failure that several errors are together.
pub fn failure_of_all<'a>(errors: impl IntoIterator<Item = &'a anyhow::Error>) -> Failure {
    report::failure_of_all(errors.into_iter().map(report))
}

/// Explains an error of a database, without its causes.
fn explain(error: &(dyn Error + 'static)) -> Option<Explanation> {
    if error.is::<EmailError>() || error.is::<NewEmailError>() {
        let explanation = Explanation::failed("email_invalid");
        return Some(explanation.next("Check what was typed, such as ann@mail.example"));
    }
    if let Some(error) = error.downcast_ref() {
        return Some(of_store(error));
    }
    error.downcast_ref::<KeyError>().map(|error| of_key(*error))
}

fn of_store(error: &StoreError) -> Explanation {
    let explanation = Explanation::failed("failed");
    if let Some(failure) = FileFailure::of_store(error) {
        let explanation = explanation.text(failure.to_string());
        return match step(failure) {
            Some(next) => explanation.next(next),
            None => explanation,
        };
    }
    match error {
        StoreError::Damaged { .. } => explanation.next(RESTORE),
        StoreError::Keys(error) => of_key(*error),
        StoreError::UnknownSchema { .. } => explanation
            .next("Install the version of anteroom that made it, or put the service's own database in its place"),
        _ => explanation,
    }
}

fn of_key(error: KeyError) -> Explanation {
    let explanation = Explanation::failed("failed");
    match error {
        KeyError::MalformedMasterKey => {
            explanation.next("Put a copy of the key in its place, as `anteroom serve` wrote it")
        }
        KeyError::WrongMasterKey => explanation.next(
            "Put the master key back that it was made with, or name that with \
             ANTEROOM_MASTER_KEY_FILE",
        ),
        KeyError::KeysMissing | KeyError::DamagedKeys => explanation.next(RESTORE),
        _ => explanation,
    }
}

const fn step(failure: FileFailure) -> Option<&'static str> {
    Some(match failure {
        FileFailure::DiskFull => SPACE,
        FileFailure::Locked | FileFailure::Busy => {
            "Find the process that holds it with `fuser`, end it if it hangs, and try again"
        }
        FileFailure::Damaged | FileFailure::TablesMissing => RESTORE,
        FileFailure::Foreign => "Remove the triggers",
        FileFailure::Io => "Look at the disk and the kernel's log",
        FileFailure::ReadOnly | FileFailure::Denied | FileFailure::NotOpened => RIGHT,
        FileFailure::OutOfDescriptors => "Raise the limit of open files (ulimit -n)",
        FileFailure::OutOfMemory => "Free memory, and try again",
        _ => return None,
    })
}
