//! The events that say what became of a command.

use anteroom_client::{CallEvent, GroupEvent};

/// Returns whether an event says what became of a command. Of others there can be any number.
pub(super) fn is_outcome(event: &CallEvent) -> bool {
    match event {
        event if may_be_unsaid(event) => true,
        CallEvent::Refused { code, .. } => is_of_decision(code),
        CallEvent::PolicyNotKept(_)
        | CallEvent::ModerationUnsupported
        | CallEvent::GroupRefused(_)
        | CallEvent::StatementLeftOut { .. } => true,
        CallEvent::Group(event) => matches!(
            **event,
            GroupEvent::Barred { .. } | GroupEvent::AdminKeyDiffers { .. }
        ),
        _ => false,
    }
}

/// Returns whether an event says that a text was not said, or that the room service has refused what may be one.
pub(super) fn may_be_unsaid(event: &CallEvent) -> bool {
    match event {
        CallEvent::NotSaid { .. } => true,
        CallEvent::Refused { code, .. } => code == "rate_limited" || code == "too_large",
        _ => false,
    }
}

/// Returns whether the room service refuses decisions with this code. Others come in any number.
fn is_of_decision(code: &str) -> bool {
    let codes = [
        "not_pending",
        "not_active",
        "target_is_admin",
        "forbidden",
        "full",
        "locked",
        "expired",
        "unavailable",
        "too_many_users",
    ];
    codes.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_may_be_of_a_text_or_a_decision_is_an_outcome() {
        for (code, expected, of_text) in [
            ("rate_limited", true, true),
            ("too_large", true, true),
            ("not_pending", true, false),
            ("target_is_admin", true, false),
            ("unknown_device", false, false),
        ] {
            let event = CallEvent::Refused {
                code: code.to_owned(),
                message: String::new(),
            };
            assert_eq!(is_outcome(&event), expected, "{code}");
            assert_eq!(may_be_unsaid(&event), of_text, "{code}");
        }
    }
}
