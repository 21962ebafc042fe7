//! The events that say what became of a command.

use anteroom_client::{CallEvent, GroupEvent};

/// Returns whether an event says what became of a command. Of others there can be any number.
pub(super) fn is_outcome(event: &CallEvent) -> bool {
    match event {
        CallEvent::Refused { code, .. } => is_of_command(code),
        CallEvent::NotSaid { .. }
        | CallEvent::Unanswered
        | CallEvent::ModerationUnsupported
        | CallEvent::PolicyNotKept(_)
        | CallEvent::GroupRefused(_)
        | CallEvent::StatementLeftOut { .. } => true,
        CallEvent::Group(event) => matches!(
            **event,
            GroupEvent::Barred { .. } | GroupEvent::AdminKeyDiffers { .. }
        ),
        _ => false,
    }
}

/// Returns whether the room service refuses decisions, hands and texts with this code. Others come in any number.
fn is_of_command(code: &str) -> bool {
    let codes = [
        "rate_limited",
        "too_large",
        "unknown_device",
        "not_pending",
        "not_active",
        "target_is_admin",
        "forbidden",
        "full",
        "locked",
        "expired",
        "unavailable",
        "too_many_users",
        "too_many_co_admins",
    ];
    codes.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_that_may_be_of_a_command_is_an_outcome() {
        for (code, expected) in [
            ("rate_limited", true),
            ("too_large", true),
            ("not_pending", true),
            ("target_is_admin", true),
            ("too_many_co_admins", true),
            ("unknown_device", true),
            ("relay_dropped", false),
        ] {
            let event = CallEvent::Refused {
                code: code.to_owned(),
                message: String::new(),
            };
            assert_eq!(is_outcome(&event), expected, "{code}");
        }
    }
}
