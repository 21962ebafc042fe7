//! How a stay in a call ended, and the exit status that says so.

use std::{error::Error, process::ExitCode};

use anteroom_client::{ClientError, DenialReason, Ending, RoomsError};

/// How it ended, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The user left, or the call ended by itself.
    Left,
    /// The room service could not do what was asked, or the command failed otherwise.
    Failed,
    /// This device was not let in.
    Refused,
    /// An admin sent it away.
    Removed,
    /// An admin has ended the call.
    EndedByAdmin,
    /// The issuer or the room service cannot be reached, at the start or any more.
    Unreachable,
}

impl Outcome {
    /// The exit status.
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Left => 0,
            Self::Failed => 1,
            // 2 says that the command line is wrong.
            Self::Refused => 3,
            Self::Removed => 4,
            Self::EndedByAdmin => 5,
            Self::Unreachable => 6,
        }
    }

    /// The outcome of an ending.
    pub(super) fn of(ending: &Ending) -> Self {
        match ending {
            Ending::Left | Ending::Denied(DenialReason::Ended) => Self::Left,
            Ending::Denied(DenialReason::Admin) => Self::Refused,
            Ending::Removed | Ending::Blocked | Ending::Displaced => Self::Removed,
            Ending::EndedByAdmin => Self::EndedByAdmin,
            Ending::Failed(error) => Self::of_error(error),
            _ => Self::Failed,
        }
    }

    /// The outcome of a command that failed.
    pub(super) fn of_failure(error: &anyhow::Error) -> Self {
        let outcome = |cause: &(dyn Error + 'static)| {
            if let Some(error) = cause.downcast_ref() {
                return Some(Self::of_error(error));
            }
            match cause.downcast_ref()? {
                ClientError::Unreachable(_) | ClientError::TimedOut => Some(Self::Unreachable),
                _ => None,
            }
        };
        error.chain().find_map(outcome).unwrap_or(Self::Failed)
    }

    /// The outcome of a failure.
    fn of_error(error: &RoomsError) -> Self {
        match error {
            RoomsError::Unreachable(_) | RoomsError::TimedOut | RoomsError::Lost => {
                Self::Unreachable
            }
            RoomsError::Closed | RoomsError::NoSuchLink => Self::Refused,
            RoomsError::Refused { code, .. } if code == "blocked" || code == "full" => {
                Self::Refused
            }
            RoomsError::Problem(problem) if problem.status.is_server_error() => Self::Unreachable,
            _ => Self::Failed,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ending_has_its_exit_status() {
        let refused = |code: &str| {
            Ending::Failed(RoomsError::Refused {
                code: code.to_owned(),
                message: String::new(),
            })
        };
        for (ending, code) in [
            (Ending::Left, 0),
            (Ending::Denied(DenialReason::Ended), 0),
            (Ending::Denied(DenialReason::Admin), 3),
            (refused("blocked"), 3),
            (refused("full"), 3),
            (Ending::Failed(RoomsError::Closed), 3),
            (Ending::Failed(RoomsError::NoSuchLink), 3),
            (Ending::Removed, 4),
            (Ending::Blocked, 4),
            (Ending::Displaced, 4),
            (Ending::EndedByAdmin, 5),
            (Ending::Failed(RoomsError::Lost), 6),
            (Ending::Failed(RoomsError::TimedOut), 6),
            (refused("forbidden"), 1),
            (Ending::Failed(RoomsError::Redirected), 1),
        ] {
            assert_eq!(Outcome::of(&ending).code(), code, "{ending:?}");
        }
    }

    #[test]
    fn a_failure_to_join_has_the_exit_status_of_its_cause() {
        let joining = |error: RoomsError| anyhow::Error::from(error).context("not joined");
        for (error, code) in [
            (joining(RoomsError::Closed), 3),
            (joining(RoomsError::TimedOut), 6),
            (joining(RoomsError::Redirected), 1),
            (ClientError::TimedOut.into(), 6),
            (anyhow::anyhow!("no such file"), 1),
        ] {
            assert_eq!(Outcome::of_failure(&error).code(), code, "{error:#}");
        }
    }
}
