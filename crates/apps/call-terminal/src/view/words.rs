//! The sentences of a call.

mod people;

use anteroom_client::{
    AdmissionError, Approval, CertificateStatus, CommandError, DenialReason, EndReason, GroupEpoch,
    GroupError, GuestAdmission, LinkState, RoomName, StatementOmission,
};

pub(super) use self::people::{account, everyone};
use crate::{entry::Entry, input::Decision, quotation::quoted};

pub(super) fn room_title(name: &RoomName) -> String {
    match name {
        RoomName::Known(name) => name.clone(),
        RoomName::None | RoomName::Unreadable => "A call without a name".to_owned(),
    }
}

pub(super) fn link_change(link: &LinkState) -> String {
    let state = if link.revoked {
        "it is revoked, nobody can join any more"
    } else {
        admission(link)
    };
    let name = match &link.name {
        RoomName::Known(name) => {
            let name = quoted(name, usize::MAX);
            format!("the room is called {name}")
        }
        RoomName::None | RoomName::Unreadable => "the room has no name".to_owned(),
    };
    format!("The link has changed: {name}, {state}.")
}

/// Returns the condition for new people, and that for guests if it is another one.
const fn admission(link: &LinkState) -> &'static str {
    match (link.approval, link.guests) {
        (Approval::Required, GuestAdmission::Wait | GuestAdmission::AsAccounts) => {
            "who comes by it waits in the lobby"
        }
        (Approval::Required, GuestAdmission::Refused) => {
            "who comes by it waits in the lobby, and nobody without an account can join"
        }
        (Approval::Off, GuestAdmission::Wait) => {
            "who comes by it is in at once, and guests without an account wait in the lobby"
        }
        (Approval::Off, GuestAdmission::AsAccounts) => "who comes by it is in at once",
        (Approval::Off, GuestAdmission::Refused) => {
            "who comes by it is in at once, and nobody without an account can join"
        }
    }
}

/// Returns the text for a lost connection.
pub(super) const fn lost(was_ended: bool) -> &'static str {
    if was_ended {
        "Your place is not kept; trying for a minute to join again."
    } else {
        "The connection is lost; trying for a minute to come back. A room service that still runs \
         keeps your place for 30 seconds."
    }
}

/// Returns the text for the end of the call for a device that was in it, or in the lobby.
pub(super) fn ending(ending: &EndReason, is_inside: bool) -> String {
    match ending {
        EndReason::Blocked if !is_inside => {
            "An admin did not let you in, and blocked your account for the rest of this call."
                .to_owned()
        }
        EndReason::Left => "You left.".to_owned(),
        EndReason::Denied(DenialReason::Ended) => {
            "The call ended before you were let in: everybody left, or the room service has stopped or lost it. Join \
             again to wait for the next one."
                .to_owned()
        }
        EndReason::Denied(DenialReason::Admin) => "An admin did not let you in.".to_owned(),
        EndReason::EndedByAdmin => "An admin ended the call.".to_owned(),
        EndReason::Displaced => "The call is full, and an admin needed your place.".to_owned(),
        EndReason::Failed(error) => format!("The call is over for you: {error}."),
        _ => "The call is over for you.".to_owned(),
    }
}

/// The warning about a waiting device for which a roster states another account or key than the one before.
pub(super) fn other_account(label: &str) -> Entry {
    Entry::Problem(format!(
        "The room service states another account or another key for {label} than before: look at who waits \
         there now. No approval is signed for them in this call."
    ))
}

/// The warning about a decision that went without a signed approval.
pub(super) fn left_out(label: &str, reason: StatementOmission) -> Entry {
    match reason {
        StatementOmission::NoEncryption => Entry::Notice(format!(
            "The room service lets {label} in, which takes no part in the end-to-end encryption: no approval is \
             signed for them, and they are in no group."
        )),
        _ => Entry::Problem(format!(
            "No signed approval went with your decision about {label}: {reason}. The room service lets them in, \
             and members who verify approvals may not."
        )),
    }
}

/// The warning about a link that was cut off before its admin key, or has a typing error in it. The room service
/// cannot make the message that it follows from, and can name another sender.
pub(super) fn admin_key_differs(label: &str, is_missing: bool) -> String {
    let (what, where_it_is_right) = match is_missing {
        true => ("your link lacks its admin key", "never had &admin="),
        false => ("your link has another admin key", "has just your &admin="),
    };
    format!(
        "{what}: leave, ask for the link anew, and join with all of it. With yours you are in no group with the \
         others, and read nothing of theirs. A device with the link says that, {label} by the word of the room \
         service, which cannot say it alone. If the link that you were given {where_it_is_right}, that device may \
         be wrong: ask whoever made the link"
    )
}

/// Returns the reason why this device may not be in the group, and the next step.
pub(super) fn cannot_be_in(error: AdmissionError, own_tag: &str) -> String {
    let next = match error {
        AdmissionError::Missing
        | AdmissionError::Expired
        | AdmissionError::Ending
        | AdmissionError::Early
        | AdmissionError::Void => format!(
            ". Each device needs an approval of its own, also if another one of your account has one: ask an \
             admin in the call to write /admit {own_tag}"
        ),
        _ => String::new(),
    };
    format!("you cannot be in the group: {error}{next}")
}

/// Returns the source of a member's account.
pub(super) const fn certificate(certificate: CertificateStatus) -> &'static str {
    match certificate {
        CertificateStatus::Valid { is_guest: false } => "account certified",
        CertificateStatus::Valid { is_guest: true } => "certified as a guest",
        CertificateStatus::Missing | CertificateStatus::Invalid(_) => {
            "account as told by the server"
        }
    }
}

/// Returns a number of members.
pub(super) fn members(count: usize) -> String {
    match count {
        1 => "1 member".to_owned(),
        count => format!("{count} members"),
    }
}

/// Returns the number of a change of the group, which people can compare.
pub(super) fn change(epoch: GroupEpoch) -> String {
    match epoch.group {
        0 | 1 => format!("change {}", epoch.epoch),
        group => format!("change {} of group {group}", epoch.epoch),
    }
}

/// Returns the reason why a command about the group was not carried out, and the next step.
pub(super) fn group_refusal(error: GroupError) -> String {
    let next = match error {
        GroupError::Command(CommandError::Alone | CommandError::NobodyToCompare) => {
            ": write it again once somebody is in the group with you"
        }
        GroupError::Command(CommandError::NotInGroup) => {
            ": write it again when you are in the group, which you are told"
        }
        GroupError::Command(CommandError::NotAdmin) => {
            ": it takes the admin secret of the link, or that an admin writes /coadmin with your tag"
        }
        GroupError::CallChanged | GroupError::Overruled => ": look at /who, and write it again",
        _ => "",
    };
    format!("{error}{next}")
}

/// A decision of this device about another one. The room service remembers an admission for the account.
/// Where the link names an admin key, members let in each device by itself.
pub(super) fn decision(
    decision: Decision,
    label: &str,
    is_each_admitted: bool,
    after: &str,
) -> Entry {
    Entry::Notice(match decision {
        Decision::Admit if is_each_admitted => format!(
            "You let {label} in. Other devices of that account come into the call without waiting from now on, and \
             each needs an /admit of its own to hear it."
        ),
        Decision::Admit => format!(
            "You let {label} in. All devices of that account come in without waiting from now on."
        ),
        Decision::Deny => format!(
            "You do not let {label} in. A second /deny of the account, by you or another admin, blocks it for the \
             rest of this call."
        ),
        Decision::Remove => format!("You send {label} away.{after}"),
        Decision::Block => format!("You block {label} for the rest of this call."),
    })
}

/// The decision of this device about one that it did not let in before.
pub(super) fn second_denial(label: &str) -> Entry {
    Entry::Notice(format!(
        "You do not let {label} in, and block the account for the rest of this call: this is the second /deny \
         of it."
    ))
}

/// The decision of this device about one in the lobby with the account of an admin who is in the call.
pub(super) fn denial_of_admin(label: &str) -> Entry {
    Entry::Notice(format!(
        "You do not let {label} in. The account is that of an admin in the call, which no /deny blocks."
    ))
}

/// The end of the sentence about the removal of another device of one's account.
pub(super) const OWN_ACCOUNT_REMOVED: &str = " This device stays. Your account has to be let in again where it joins \
    without the rights of an admin.";

/// The end of the sentence about a removal where the link asks for no approval.
pub(super) const OPEN_REMOVED: &str = " The link asks for no approval, so they may join again: /block with their new \
    tag keeps the account away.";

/// A decision of this device, of a co-admin, which an admin's device has to pass on.
pub(super) fn asked_decision(
    decision: Decision,
    label: &str,
    is_second_denial: bool,
    after: &str,
) -> Entry {
    let what = request(decision, label);
    let effect = match decision {
        Decision::Deny if is_second_denial => {
            " If the /deny of the account before it was passed on, this one blocks it for the rest of this call."
        }
        Decision::Deny => {
            " A second /deny of the account, by you or another one who decides, blocks it for the rest of this call."
        }
        _ => after,
    };
    Entry::Notice(format!("You ask an admin's device {what}.{effect}"))
}

/// Returns the end of a sentence about the decision that an admin's device is asked to pass on.
pub(super) fn request(decision: Decision, label: &str) -> String {
    match decision {
        Decision::Admit => format!("to let {label} in"),
        Decision::Deny => format!("not to let {label} in"),
        Decision::Remove => format!("to send {label} away"),
        Decision::Block => format!("to block {label} for the rest of this call"),
    }
}

/// The maximum number of displayed lines of a message.
pub(super) const MAX_MESSAGE_LINES: usize = 200;

/// Returns a text cut to at most `most` lines.
pub(super) fn bounded(text: &str, most: usize) -> String {
    let count = text.split('\n').count();
    if count <= most {
        return text.to_owned();
    }
    let mut lines: Vec<&str> = text.split('\n').take(most).collect();
    let rest = format!("(and {} more lines)", count - most);
    lines.push(&rest);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::{AdminStatement, Timestamp};

    use super::*;

    #[test]
    fn a_change_of_the_link_says_who_waits_and_who_cannot_join() {
        use Approval::{Off, Required};
        use GuestAdmission::{AsAccounts, Refused, Wait};
        for (approval, guests, waiting) in [
            (Required, Wait, "who comes by it waits in the lobby"),
            (Required, AsAccounts, "who comes by it waits in the lobby"),
            (
                Required,
                Refused,
                "who comes by it waits in the lobby, and nobody without an account can join",
            ),
            (
                Off,
                Wait,
                "who comes by it is in at once, and guests without an account wait in the lobby",
            ),
            (Off, AsAccounts, "who comes by it is in at once"),
            (
                Off,
                Refused,
                "who comes by it is in at once, and nobody without an account can join",
            ),
        ] {
            let state = LinkState {
                name: RoomName::Known("Tea".to_owned()),
                approval,
                guests,
                revoked: false,
                expiration: Timestamp::from_secs(1),
                deletion: Timestamp::from_secs(2),
                admin_statement: AdminStatement::default(),
            };
            let expected = format!("The link has changed: the room is called \"Tea\", {waiting}.");
            assert_eq!(link_change(&state), expected);
            let revoked = LinkState {
                revoked: true,
                ..state
            };
            assert!(link_change(&revoked).ends_with("nobody can join any more."));
        }
    }
}
