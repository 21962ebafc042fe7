//! The lock, the approval and the rights at the room service, as they are told.

use anteroom_client::{CallModeration, GroupState};

use super::{
    proofs::{ann, bob},
    *,
};
use crate::role::Role;

const USUAL: CallModeration = CallModeration {
    is_locked: false,
    asks_approval: true,
    is_admin: false,
};

#[test]
fn each_change_of_the_moderation_is_told_once() {
    let mut view = View::of(None);
    told(
        &mut view,
        &joined(SeatStatus::Active, false, roster(&[16, 32], &[])),
    );
    let locked = CallModeration {
        is_locked: true,
        ..USUAL
    };
    let open = CallModeration {
        asks_approval: false,
        ..USUAL
    };
    let lock = "The room service lets nobody new into the call or its lobby. Those who were in may come back, and so \
        may admins.";
    for (moderation, expected) in [
        (USUAL, vec![]),
        (locked, vec![lock]),
        (locked, vec![]),
        (
            open,
            vec![
                "The room service lets people into the call again.",
                "Who comes from now on is in at once, and so are those who waited.",
            ],
        ),
        (USUAL, vec!["Who comes from now on waits in the lobby."]),
    ] {
        let told = told(&mut view, &CallEvent::Moderation(moderation));
        assert_eq!(told, expected, "{moderation:?}");
    }
    let who = |view: &View| lines(&view.everyone(NOW));
    assert!(!view.is_locked() && !who(&view).iter().any(|line| line.contains("room service")));
    told(&mut view, &CallEvent::Moderation(locked));
    assert!(view.is_locked() && who(&view).iter().any(|line| line == lock));
    told(&mut view, &CallEvent::Moderation(open));
    let expected = "Who comes is in the call at once, for this call.";
    assert!(who(&view).iter().any(|line| line == expected));
    // Another call begins as its link says.
    let again = joined_in(2, 48, SeatStatus::Active, false, roster(&[48], &[]));
    told(&mut view, &again);
    assert!(!who(&view).iter().any(|line| line == expected));
}

#[test]
fn who_decides_at_the_room_service_is_shown_as_a_co_admin_and_asks_no_admins_device() {
    let mut view = View::of(None).with_room(room_params());
    let mut anne = ann();
    anne.is_own = false;
    let mut own = bob();
    own.is_own = true;
    let mut there = roster(&[16, 32], &[48]);
    there.active[0].is_admin = true;
    told(
        &mut view,
        &joined_in(1, 32, SeatStatus::Active, false, there),
    );
    let state = GroupState {
        members: vec![anne, own],
        has_admin: true,
        is_co_admin: true,
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    assert!(view.missing_admin().is_some());
    let rights = |is_admin| CallEvent::Moderation(CallModeration { is_admin, ..USUAL });
    let expected =
        "You are a co-admin: the room service takes your decisions, and shows you who waits.";
    assert_eq!(told(&mut view, &rights(true)), [expected]);
    assert_eq!(
        (view.own_role(), view.missing_admin()),
        (Role::CoAdmin, None)
    );
    assert_eq!(view.request_obstacle(Decision::Deny, device(48)), None);
    let denied = lines(&[view.decide(Decision::Deny, device(48))]);
    assert!(
        denied[0].starts_with("You do not let #3000 in."),
        "{denied:?}"
    );
    let why = view.request_obstacle(Decision::Remove, device(16)).unwrap();
    assert!(
        why.contains("is an admin, about whom a co-admin decides nothing"),
        "{why}"
    );
    let expected = "The room service takes no decisions of yours any more.";
    assert_eq!(told(&mut view, &rights(false)), [expected]);
    assert!(view.missing_admin().is_some());
}

#[test]
fn a_hand_that_somebody_else_lowers_is_told_to_its_owner() {
    let raised = |is_raised: bool| {
        let mut roster = roster(&[16, 32], &[]);
        roster.active[0].hand_raised_at = is_raised.then_some(1);
        CallEvent::Roster(roster)
    };
    for is_own_wish in [true, false] {
        let mut view = View::of(None);
        told(
            &mut view,
            &joined(SeatStatus::Active, false, roster(&[16, 32], &[])),
        );
        told(&mut view, &raised(true));
        if is_own_wish {
            view.hand_sent(false);
        }
        let expected: &[&str] = match is_own_wish {
            true => &[],
            false => &["An admin has lowered your hand."],
        };
        assert_eq!(told(&mut view, &raised(false)), expected);
        assert!(told(&mut view, &raised(false)).is_empty());
    }
}

#[test]
fn a_command_that_an_earlier_room_service_does_not_know_is_told() {
    let mut view = View::of(None);
    let told = told(&mut view, &CallEvent::ModerationUnsupported);
    assert!(
        told[0].starts_with("! not done: the room service is of an earlier version"),
        "{told:?}"
    );
    assert!(view.has_no_raised_hand(device(32)).is_some());
}
