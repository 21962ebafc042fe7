//! The failure that a session in a call ended with.

use anteroom_client::{CallEvent, DenialReason, EndReason, GroupEvent};
use anteroom_console::{
    exit_status::ExitStatus, explanation::AFTER_THIS_CALL, report::ErrorReport,
};

/// Returns the failure that reports the end to scripts; `None` if the user left, or the call ended regularly.
/// Somebody who was still in the lobby was refused.
pub fn failure(ending: &EndReason, is_inside: bool) -> Option<ErrorReport> {
    let report = |status, code, what, next| {
        let report = ErrorReport::of_call(status, code, what);
        Some(report.with_next(next))
    };
    match ending {
        EndReason::Left | EndReason::Denied(DenialReason::Ended) => None,
        EndReason::Denied(DenialReason::Admin) => report(
            ExitStatus::Refused,
            "denied",
            "an admin did not let you in",
            "Ask an admin before you join again: a second refusal blocks your account for the rest of this call",
        ),
        EndReason::Removed => report(
            ExitStatus::Removed,
            "removed",
            "an admin sent you away",
            "Ask an admin before you join again: your account has to be let in anew",
        ),
        EndReason::Blocked => {
            let (status, what) = match is_inside {
                true => (
                    ExitStatus::Removed,
                    "an admin sent you away for the rest of this call",
                ),
                false => (
                    ExitStatus::Refused,
                    "an admin did not let you in, and blocked you for the rest of this call",
                ),
            };
            report(status, "blocked", what, AFTER_THIS_CALL)
        }
        EndReason::Displaced => report(
            ExitStatus::Removed,
            "displaced",
            "an admin needed your place",
            "Join again when somebody has left",
        )
        .map(|report| report.with_why("the call is full")),
        EndReason::EndedByAdmin => report(
            ExitStatus::EndedByAdmin,
            "ended_by_admin",
            "an admin ended the call",
            "Ask an admin whether there is to be another one: whoever joins first begins it",
        ),
        EndReason::Failed(error) => Some(ErrorReport::of_cause(error)),
        _ => report(
            ExitStatus::Failed,
            "failed",
            "the call is over for you",
            "Join again",
        ),
    }
}

/// Returns the failure of a script whose texts were not all said.
pub(crate) fn not_said() -> ErrorReport {
    let what = "some of the input was said to nobody, or perhaps to nobody";
    ErrorReport::of_call(ExitStatus::Failed, "not_said", what)
        .with_why("each line with \"not said\" in the output has a text, and its reason")
        .with_next("Say it again when somebody is in the group with you")
}

/// Returns the same where another device has the link with another admin key.
pub(crate) fn not_said_by_damaged_link(is_missing: bool) -> ErrorReport {
    let (code, why) = match is_missing {
        true => (
            "link_admin_missing",
            "the link lacks its admin key, by the word of somebody who has it",
        ),
        false => (
            "link_admin_other",
            "the link has another admin key than that of somebody in the call",
        ),
    };
    ErrorReport::of_call(ExitStatus::Failed, code, "not all of the input was said")
        .with_why(why)
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
