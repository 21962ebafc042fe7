//! Decisions that do nothing, or of which nothing is known.

use super::*;

/// Returns the view of an admin, with number 16.
fn admin(active: &[u32], pending: &[u32]) -> View {
    let mut view = View::default();
    told(
        &mut view,
        &joined(SeatStatus::Active, true, roster(active, pending)),
    );
    view
}

fn refused(code: &str) -> CallEvent {
    CallEvent::Refused {
        code: code.to_owned(),
        message: "Too much.".to_owned(),
    }
}

#[test]
fn a_decision_that_does_not_fit_where_a_device_is_names_the_right_command() {
    use Decision::{Admit, Block, Deny, Remove};
    let mut view = admin(&[16, 32], &[48]);
    let in_call = "#2000 is in the call, and not in the lobby: /remove #2000 sends them away";
    let in_lobby = "#3000 waits in the lobby, and is not in the call: /deny #3000 sends them away";
    for (decision, number, expected) in [
        (Deny, 32, Some(in_call)),
        (Remove, 48, Some(in_lobby)),
        (Deny, 48, None),
        (Remove, 32, None),
        (Admit, 48, None),
        // A device in the call gets a signature.
        (Admit, 32, None),
        (Block, 32, None),
        (Block, 48, None),
    ] {
        let why = view.misplaced(decision, device(number));
        assert_eq!(why.as_deref(), expected, "{decision:?} {number}");
    }
    // It may be in the call by now.
    view.decide(Admit, device(48));
    assert_eq!(view.misplaced(Remove, device(48)), None);
}

#[test]
fn a_refusal_names_the_command_and_the_device_and_takes_the_claim_back() {
    use Decision::{Admit, Block, Deny, Remove};
    for (decision, code, expected) in [
        (
            Deny,
            "not_pending",
            "! /deny #2000 was not done: #2000 is in the call, and not in the lobby: /remove #2000",
        ),
        (
            Admit,
            "not_pending",
            "! /admit #2000 was not done: #2000 is in the call already",
        ),
        (
            Remove,
            "not_active",
            "! /remove #2000 was not done: #2000 waits in the lobby, and is not in the call: /deny #2000",
        ),
        (
            Remove,
            "target_is_admin",
            "! /remove #2000 was not done: #2000 has the account of an admin",
        ),
        (
            Block,
            "target_is_admin",
            "! /block #2000 was not done: #2000 has the account of an admin",
        ),
        (
            Block,
            "unknown_device",
            "! /block #2000 was perhaps not done: #2000 may have left before",
        ),
        (
            Admit,
            "unavailable",
            "! /admit #2000 was not done: the room service cannot look at the link",
        ),
        (
            Block,
            "forbidden",
            "! /block #2000 was not done: the room service takes decisions from admins alone",
        ),
        (
            Deny,
            "too_many_users",
            "! /deny #2000 was done, and is not remembered",
        ),
        // Of something else.
        (Deny, "full", "! Too much. (full)"),
        (Remove, "full", "! Too much. (full)"),
    ] {
        let mut view = admin(&[16, 32], &[]);
        view.decide(decision, device(32));
        let lines = told(&mut view, &refused(code));
        assert!(lines[0].starts_with(expected), "{lines:?}");
        assert_eq!(lines.len(), 1, "{lines:?}");
        let gone = told(&mut view, &CallEvent::Roster(roster(&[16], &[])));
        match code {
            "too_many_users" => assert!(gone.is_empty(), "{gone:?}"),
            _ => assert_eq!(gone, ["#2000 left."], "{code}"),
        }
    }
    for (code, expected) in [
        ("full", "! /admit #2000 was not done: the call is full"),
        (
            "expired",
            "! /admit #2000 was not done: the link is revoked",
        ),
    ] {
        let mut view = admin(&[16], &[32]);
        view.decide(Admit, device(32));
        let lines = told(&mut view, &refused(code));
        assert!(lines[0].starts_with(expected), "{lines:?}");
    }
    // Which one it was is not known.
    let mut view = admin(&[16, 32, 48], &[]);
    view.decide(Remove, device(32));
    view.decide(Block, device(48));
    assert_eq!(
        told(&mut view, &refused("target_is_admin")),
        [
            "! one of these was not done: /remove #2000, /block #3000: Too much. Look at /who, and write again what \
             is missing"
        ]
    );
}

#[test]
fn a_decision_that_a_roster_shows_is_not_taken_back() {
    for (decision, before, after) in [
        (
            Decision::Admit,
            roster(&[16], &[32]),
            roster(&[16, 32], &[]),
        ),
        (Decision::Deny, roster(&[16], &[32]), roster(&[16], &[])),
        (Decision::Remove, roster(&[16, 32], &[]), roster(&[16], &[])),
        (Decision::Block, roster(&[16, 32], &[]), roster(&[16], &[])),
    ] {
        let mut view = View::default();
        told(&mut view, &joined(SeatStatus::Active, true, before));
        view.decide(decision, device(32));
        told(&mut view, &CallEvent::Roster(after));
        assert_eq!(
            told(&mut view, &refused("forbidden")),
            ["! Too much. (forbidden)"],
            "{decision:?}"
        );
        assert_eq!(told(&mut view, &CallEvent::Lost).len(), 1, "{decision:?}");
    }
}

#[test]
fn commands_that_nothing_has_confirmed_are_named_when_the_connection_is_lost() {
    let mut view = admin(&[16, 32], &[48]);
    view.decide(Decision::Block, device(32));
    view.decide(Decision::Deny, device(48));
    view.hand_sent(true);
    let lines = told(&mut view, &CallEvent::Lost);
    assert_eq!(
        lines[1],
        "! perhaps not done, since the connection was lost before an answer came: /block #2000, /deny #3000, /hand. \
         When you are back, look at /who, and write again what is missing"
    );
    assert_eq!(lines.len(), 2, "{lines:?}");
    // A device that leaves now leaves by itself.
    told(
        &mut view,
        &CallEvent::Restored {
            roster: roster(&[16, 32], &[48]),
            statement: None,
        },
    );
    let gone = told(&mut view, &CallEvent::Roster(roster(&[16], &[48])));
    assert_eq!(gone, ["#2000 left."]);
    assert_eq!(told(&mut view, &CallEvent::Lost).len(), 1);
}

#[test]
fn a_second_denial_of_an_account_says_that_it_blocks() {
    let mut view = View::default().with_room(room_params());
    let waiting = |account| Roster {
        pending: vec![participant_with(32, None, Some(account))],
        pending_count: 1,
        ..roster(&[16], &[])
    };
    told(
        &mut view,
        &joined(SeatStatus::Active, true, roster(&[16], &[])),
    );
    for (account, is_refused, expected) in [
        (
            0xb0,
            true,
            "in. A second /deny of the account, by you or another admin, blocks it",
        ),
        (
            0xb0,
            false,
            "in. A second /deny of the account, by you or another admin, blocks it",
        ),
        (
            0xc0,
            false,
            "in. A second /deny of the account, by you or another admin, blocks it",
        ),
        (
            0xb0,
            false,
            "in, and block the account for the rest of this call",
        ),
    ] {
        told(&mut view, &CallEvent::Roster(waiting(account)));
        let line = lines(&[view.decide(Decision::Deny, device(32))]).concat();
        assert!(line.contains(expected), "{account:x}: {line}");
        if is_refused {
            told(&mut view, &refused("forbidden"));
        }
        told(&mut view, &CallEvent::Roster(roster(&[16], &[])));
    }
}

#[test]
fn a_hand_that_was_perhaps_not_lowered_is_told_with_its_command() {
    let raised = |is_raised: bool| {
        let mut there = roster(&[16, 32], &[]);
        there.active[0].hand_raised_at = is_raised.then_some(1);
        CallEvent::Roster(there)
    };
    let mut view = admin(&[16, 32], &[]);
    assert!(!view.has_raised_hand());
    view.hand_sent(true);
    assert!(view.has_raised_hand());
    told(&mut view, &raised(true));
    assert!(view.has_raised_hand());
    view.hand_sent(false);
    assert!(!view.has_raised_hand());
    assert_eq!(
        told(&mut view, &refused("rate_limited")),
        [
            "! /hand off was perhaps not done: Too much. Look at /who, and write it again in some seconds if your hand \
             is not as you want it"
        ]
    );
    view.hand_sent(false);
    told(&mut view, &raised(false));
    assert_eq!(
        told(&mut view, &refused("rate_limited")),
        ["! Too much. (rate_limited)"]
    );
}

#[test]
fn a_removal_by_an_open_link_says_that_it_does_not_last() {
    for (approval, is_told) in [(Approval::Off, true), (Approval::Required, false)] {
        let mut view = View::of(None).with_room(room_params());
        let mut seat = joined(SeatStatus::Active, true, roster(&[16, 32], &[]));
        if let CallEvent::Joined(joined) = &mut seat {
            joined.link.approval = approval;
        }
        told(&mut view, &seat);
        let line = lines(&[view.decide(Decision::Remove, device(32))]).concat();
        let next = "so they may join again: /block with their new tag keeps the account away.";
        assert_eq!(line.ends_with(next), is_told, "{line}");
    }
}

#[test]
fn the_own_account_is_told_like_that_of_others() {
    let mut view = View::of(None).with_room(room_params());
    let there = Roster {
        active: vec![participant_with(16, Some("Ann"), Some(0xa0))],
        ..roster(&[], &[])
    };
    told(&mut view, &joined(SeatStatus::Active, true, there));
    let line = lines(&Vec::from_iter(view.own_account())).concat();
    assert!(line.starts_with("You have the account a0a0a0a0-"), "{line}");
}
