//! The exit statuses of all commands.

use std::process::ExitCode;

/// The outcome of a command, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// The command succeeded; `call join`: the user left, or the call ended regularly.
    Done,
    /// The command failed for a reason without a status of its own.
    Failed,
    /// The command line is invalid.
    Usage,
    /// A service or an admin refused.
    Refused,
    /// An admin sent this device away from a call.
    Removed,
    /// An admin ended the call.
    EndedByAdmin,
    /// A service cannot be reached, or its connection was lost.
    Unreachable,
}

impl ExitStatus {
    /// All statuses, in the order of their numbers.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Refused,
        Self::Removed,
        Self::EndedByAdmin,
        Self::Unreachable,
    ];

    /// Returns the number.
    pub const fn number(self) -> u8 {
        self.row().0
    }

    /// Returns the code of an error that has no closer one.
    pub const fn code(self) -> &'static str {
        self.row().1
    }

    /// Returns the meaning, in the help and in `docs/commands.md`.
    pub const fn meaning(self) -> &'static str {
        self.row().2
    }

    /// Returns the number, the code and the meaning.
    const fn row(self) -> (u8, &'static str, &'static str) {
        const DONE: &str = "the command did its work; in a call: you left, or the call ended";
        const REFUSED: &str = "refused: a wrong password, no such link, a limit; in a call: an admin \
                               denied or blocked you, or the call is full or the link closed";
        const REMOVED: &str = "an admin sent you away from the call";
        const UNREACHABLE: &str =
            "the issuer or the room service cannot be reached, or not any more";
        match self {
            Self::Done => (0, "done", DONE),
            Self::Failed => (1, "failed", "something failed"),
            Self::Usage => (2, "usage", "the command line is wrong"),
            Self::Refused => (3, "refused", REFUSED),
            Self::Removed => (4, "removed", REMOVED),
            Self::EndedByAdmin => (5, "ended_by_admin", "an admin ended the call"),
            Self::Unreachable => (6, "unreachable", UNREACHABLE),
        }
    }

    /// Returns the list for the help.
    pub fn help() -> String {
        let lines =
            Self::ALL.map(|status| format!("\n  {}  {}", status.number(), status.meaning()));
        format!("Exit status:{}", lines.concat())
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        status.number().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_status_has_the_number_of_its_place_and_stands_in_the_documents() {
        let page = include_str!("../../../../docs/commands.md");
        for (place, status) in ExitStatus::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(status.number()), place);
            let row = format!("| {place} | `{}` | {} |", status.code(), status.meaning());
            assert!(page.contains(&row), "{row}");
        }
    }
}
