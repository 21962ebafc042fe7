//! The explanations of failures of files, and of the certificates of this computer.

use std::{
    env,
    fs::File,
    io::{self, ErrorKind},
    path::PathBuf,
};

use super::Explanation;

/// The next step without the right to a file.
pub const RIGHT: &str =
    "Give this user the right to it, or run the command as the user of the service";
/// The next step on a full disk.
pub const SPACE: &str = "Free space on that disk, and try again";

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
