//! The failure that a session in a call ended with.

use anteroom_client::{CallEvent, DenialReason, EndReason, GroupEvent};
use anteroom_console::{exit_status::ExitStatus, report::ErrorReport};

/// Returns the failure that reports the end to scripts; `None` if the user left, or the call ended regularly.
/// Somebody who was still in the lobby was refused.
pub fn failure(ending: &EndReason, is_inside: bool) -> Option<ErrorReport> {
    let report = |status, code, what| Some(ErrorReport::of_call(status, code, what));
    match ending {
        EndReason::Left | EndReason::Denied(DenialReason::Ended) => None,
        EndReason::Denied(DenialReason::Admin) => {
            report(ExitStatus::Refused, "denied", "an admin did not let you in")
        }
        EndReason::Removed => report(ExitStatus::Removed, "removed", "an admin sent you away"),
        EndReason::Blocked if !is_inside => {
            let what = "an admin did not let you in, and blocked you for the rest of this call";
            report(ExitStatus::Refused, "blocked", what)
        }
        EndReason::Blocked => {
            let what = "an admin sent you away for the rest of this call";
            report(ExitStatus::Removed, "blocked", what)
        }
        EndReason::Displaced => {
            let what = "the call is full, and an admin needed your place";
            report(ExitStatus::Removed, "displaced", what)
        }
        EndReason::EndedByAdmin => {
            let status = ExitStatus::EndedByAdmin;
            report(status, "ended_by_admin", "an admin ended the call")
        }
        EndReason::Failed(error) => Some(ErrorReport::of_cause(error)),
        _ => report(ExitStatus::Failed, "failed", "the call is over for you"),
    }
}

/// Returns the failure of a script whose texts were not all said.
pub(crate) fn not_said() -> ErrorReport {
    let what = "some of the input was said to nobody, or perhaps to nobody: the lines with \"not said\" have it";
    ErrorReport::of_call(ExitStatus::Failed, "not_said", what)
}

/// Returns the same where another device has the link with another admin key.
pub(crate) fn not_said_by_damaged_link(is_missing: bool) -> ErrorReport {
    let (code, what) = match is_missing {
        true => (
            "link_admin_missing",
            "not all of the input was said: the link lacks its admin key, by the word of somebody who has it",
        ),
        false => (
            "link_admin_other",
            "not all of the input was said: the link has another admin key than that of somebody in the call",
        ),
    };
    ErrorReport::of_call(ExitStatus::Failed, code, what)
        .with_next("Ask for the link anew, and use all of it, in quotes")
}

/// Returns what others have said of the link after an event: whether its admin key is missing. It explains nothing once
/// this device is in the group, or at another seat.
pub(crate) fn link_damage(before: Option<bool>, event: &CallEvent) -> Option<bool> {
    match event {
        CallEvent::Group(event) => match **event {
            GroupEvent::AdminKeyDiffers { is_missing, .. } => Some(is_missing),
            GroupEvent::Entered { .. } => None,
            _ => before,
        },
        CallEvent::Joined(_) => None,
        _ => before,
    }
}

/// Returns the exit status of a session that ended with this failure.
pub fn exit_status(failure: Option<&ErrorReport>) -> ExitStatus {
    failure.map_or(ExitStatus::Done, ErrorReport::status)
}

#[cfg(test)]
mod tests {
    use anteroom_client::{GroupEpoch, IssuerError, RoomsError, SeatStatus, TransportFailure};

    use super::*;
    use crate::view::tests::{device, joined, roster};

    #[test]
    fn every_ending_has_its_exit_status() {
        let refused = |code: &str| {
            EndReason::Failed(RoomsError::Refused {
                code: code.to_owned(),
                message: String::new(),
                time: None,
            })
        };
        for (ending, number) in [
            (EndReason::Left, 0),
            (EndReason::Denied(DenialReason::Ended), 0),
            (EndReason::Denied(DenialReason::Admin), 3),
            (refused("blocked"), 3),
            (refused("full"), 3),
            (refused("forbidden"), 3),
            (EndReason::Failed(RoomsError::Closed), 3),
            (EndReason::Failed(RoomsError::NoSuchLink), 3),
            (EndReason::Removed, 4),
            (EndReason::Blocked, 4),
            (EndReason::Displaced, 4),
            (EndReason::EndedByAdmin, 5),
            (EndReason::Failed(RoomsError::Lost), 6),
            (EndReason::Failed(TransportFailure::TimedOut.into()), 6),
            (EndReason::Failed(RoomsError::Redirected), 1),
        ] {
            let status = exit_status(failure(&ending, true).as_ref());
            assert_eq!(status.number(), number, "{ending:?}");
        }
        let in_lobby = failure(&EndReason::Blocked, false);
        assert_eq!(exit_status(in_lobby.as_ref()).number(), 3);
        for unsaid in [
            not_said(),
            not_said_by_damaged_link(true),
            not_said_by_damaged_link(false),
        ] {
            assert_eq!(exit_status(Some(&unsaid)).number(), 1);
        }
    }

    #[test]
    fn the_word_about_a_damaged_link_explains_nothing_in_the_group_or_at_another_seat() {
        let told = |event: GroupEvent| CallEvent::Group(Box::new(event));
        let differs = told(GroupEvent::AdminKeyDiffers {
            from: device(16),
            is_missing: true,
        });
        let entered = told(GroupEvent::Entered {
            epoch: GroupEpoch { group: 1, epoch: 1 },
            members: Vec::new(),
        });
        let seat = joined(SeatStatus::Active, false, roster(&[16, 32], &[]));
        for (events, expected) in [
            (vec![&differs], Some(true)),
            (vec![&differs, &CallEvent::Lost], Some(true)),
            (vec![&differs, &entered], None),
            (vec![&differs, &seat], None),
            (vec![&entered, &differs], Some(true)),
        ] {
            assert_eq!(events.into_iter().fold(None, link_damage), expected);
        }
    }

    #[test]
    fn a_failure_to_join_has_the_exit_status_of_its_cause() {
        let joining = |error: RoomsError| anyhow::Error::from(error).context("not joined");
        for (error, number) in [
            (joining(RoomsError::Closed), 3),
            (joining(TransportFailure::TimedOut.into()), 6),
            (joining(RoomsError::Redirected), 1),
            (IssuerError::from(TransportFailure::TimedOut).into(), 6),
            (anyhow::anyhow!("no such file"), 1),
        ] {
            let report = ErrorReport::of(&error);
            assert_eq!(report.status().number(), number, "{error:#}");
        }
    }
}
