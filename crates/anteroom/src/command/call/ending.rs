//! The exit status of a stay in a call, by its end.

use anteroom_client::{DenialReason, Ending};

use crate::{exit_status::ExitStatus, failure::ErrorReport};

/// The exit status that tells scripts of an ending.
pub(super) fn exit_status(ending: &Ending) -> ExitStatus {
    match ending {
        Ending::Left | Ending::Denied(DenialReason::Ended) => ExitStatus::Done,
        Ending::Denied(DenialReason::Admin) => ExitStatus::Refused,
        Ending::Removed | Ending::Blocked | Ending::Displaced => ExitStatus::Removed,
        Ending::EndedByAdmin => ExitStatus::EndedByAdmin,
        Ending::Failed(error) => ErrorReport::of_cause(error).status(),
        _ => ExitStatus::Failed,
    }
}

#[cfg(test)]
mod tests {
    use anteroom_client::{ClientError, RoomsError};

    use super::*;

    #[test]
    fn every_ending_has_its_exit_status() {
        let refused = |code: &str| {
            Ending::Failed(RoomsError::Refused {
                code: code.to_owned(),
                message: String::new(),
            })
        };
        for (ending, number) in [
            (Ending::Left, 0),
            (Ending::Denied(DenialReason::Ended), 0),
            (Ending::Denied(DenialReason::Admin), 3),
            (refused("blocked"), 3),
            (refused("full"), 3),
            (refused("forbidden"), 3),
            (Ending::Failed(RoomsError::Closed), 3),
            (Ending::Failed(RoomsError::NoSuchLink), 3),
            (Ending::Removed, 4),
            (Ending::Blocked, 4),
            (Ending::Displaced, 4),
            (Ending::EndedByAdmin, 5),
            (Ending::Failed(RoomsError::Lost), 6),
            (Ending::Failed(RoomsError::TimedOut), 6),
            (Ending::Failed(RoomsError::Redirected), 1),
        ] {
            assert_eq!(exit_status(&ending).number(), number, "{ending:?}");
        }
    }

    #[test]
    fn a_failure_to_join_has_the_exit_status_of_its_cause() {
        let joining = |error: RoomsError| anyhow::Error::from(error).context("not joined");
        for (error, number) in [
            (joining(RoomsError::Closed), 3),
            (joining(RoomsError::TimedOut), 6),
            (joining(RoomsError::Redirected), 1),
            (ClientError::TimedOut.into(), 6),
            (anyhow::anyhow!("no such file"), 1),
        ] {
            let report = ErrorReport::of(&error);
            assert_eq!(report.status().number(), number, "{error:#}");
        }
    }
}
