//! The explanations of failures of files and of databases.

use std::{
    env,
    fs::File,
    io::{self, ErrorKind},
    path::PathBuf,
};

use anteroom_store::{KeyError, StoreError};
use anteroom_store_sqlite::FileFailure;

use super::explanation::Explanation;

const RIGHT: &str = "Give this user the right to it, or run the command as the user of the service";
const SPACE: &str = "Free space on that disk, and try again";
const RESTORE: &str = "Stop the services, and restore a backup with `anteroom restore`";

/// Explains a failure of a file that no other error explains.
pub(super) fn of_io(error: &io::Error) -> Explanation {
    let explanation = Explanation::failed("failed");
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => explanation.next("Correct the path"),
        ErrorKind::IsADirectory => explanation.next("Name a file in it"),
        ErrorKind::AlreadyExists => explanation.next("Name a new one: nothing is overwritten"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => explanation.next(RIGHT),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => explanation.next(SPACE),
        _ => explanation,
    }
}

/// Explains an error of a database.
pub(super) fn of_store(error: &StoreError) -> Explanation {
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

/// Explains why a master key is refused.
pub(super) fn of_key(error: KeyError) -> Explanation {
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

/// The next step where the certificates of this computer cannot be loaded.
pub(super) fn step_at_certificates() -> String {
    step_at_cert_file().unwrap_or_else(|| {
        "Look at the certificates of this computer, and at SSL_CERT_FILE if it is set".to_owned()
    })
}

/// The next step for a certificate of an unknown authority.
pub(super) fn step_at_authority() -> String {
    step_at_cert_file().unwrap_or_else(|| {
        "If it is your own, name its certificate or that of its authority in SSL_CERT_FILE"
            .to_owned()
    })
}

/// The next step if `SSL_CERT_FILE` names a file that cannot be read.
fn step_at_cert_file() -> Option<String> {
    let file = env::var_os("SSL_CERT_FILE").map(PathBuf::from)?;
    File::open(&file).is_err().then(|| {
        format!(
            "Correct the path in SSL_CERT_FILE, or unset it: {} cannot be read",
            file.display()
        )
    })
}
