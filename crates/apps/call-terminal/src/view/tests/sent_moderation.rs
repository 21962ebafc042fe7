//! Decisions about the call, about hands and about co-admins, of which the room service may not have read.

use anteroom_client::{CallModeration, CommandError, GroupError, GroupState};

use super::{
    proofs::{ann, bob},
    *,
};
use crate::role::Role;

/// Returns the seat of an admin beside Bob, whose hand is raised, at a room service with these features.
fn seat(features: &[&str]) -> CallEvent {
    let mut there = roster(&[16, 32], &[48]);
    there.active[1].hand_raised_at = Some(1);
    let mut seat = joined(SeatStatus::Active, true, there);
    if let CallEvent::Joined(info) = &mut seat {
        info.features = features.iter().copied().map(ToOwned::to_owned).collect();
    }
    seat
}

fn view() -> View {
    let mut view = View::of(None);
    told(&mut view, &seat(&["moderation"]));
    view
}

fn moderation(is_locked: bool, asks_approval: bool) -> CallEvent {
    CallEvent::Moderation(CallModeration {
        is_locked,
        asks_approval,
        is_admin: true,
    })
}

fn with_bob(change: impl FnOnce(&mut Participant)) -> CallEvent {
    let mut there = roster(&[16, 32], &[48]);
    there.active[1].hand_raised_at = Some(1);
    change(&mut there.active[1]);
    CallEvent::Roster(there)
}

fn refused(code: &str) -> CallEvent {
    CallEvent::Refused {
        code: code.to_owned(),
        message: "No.".to_owned(),
    }
}

type Step = fn(&mut View);

#[test]
fn what_was_sent_just_before_a_loss_and_nothing_confirms_is_named() {
    let cases: [(&str, Step, CallEvent); 5] = [
        ("/lock", |view| view.lock_sent(true), moderation(true, true)),
        (
            "/approval off",
            |view| view.approval_sent(false),
            moderation(false, false),
        ),
        (
            "/coadmin #2000",
            |view| view.co_admin_sent(device(32), true),
            with_bob(|bob| bob.is_co_admin = true),
        ),
        (
            "/hand #2000 down",
            |view| view.lower_hand_sent(device(32)),
            with_bob(|bob| bob.hand_raised_at = None),
        ),
        // The last one counts.
        (
            "/lock off",
            |view| {
                told(view, &moderation(true, true));
                view.lock_sent(true);
                view.lock_sent(false);
            },
            moderation(false, true),
        ),
    ];
    for (command, send, confirmation) in cases {
        for (is_confirmed, end) in [
            (false, CallEvent::Lost),
            (false, CallEvent::Unanswered),
            (true, CallEvent::Lost),
        ] {
            let mut view = view();
            send(&mut view);
            if is_confirmed {
                told(&mut view, &confirmation);
            }
            let lines = told(&mut view, &end).concat();
            let is_named = lines.contains(&format!("came: {command}. "));
            assert_eq!(is_named, !is_confirmed, "{command}: {lines}");
        }
    }
}

#[test]
fn what_changes_nothing_or_goes_to_no_room_service_is_not_named() {
    let cases: [(&[&str], Step); 4] = [
        (&["moderation"], |view| view.lock_sent(false)),
        (&["moderation"], |view| view.approval_sent(true)),
        (&["moderation"], |view| {
            view.co_admin_sent(device(32), false);
        }),
        (&[], |view| view.lock_sent(true)),
    ];
    for (features, send) in cases {
        let mut view = View::of(None);
        told(&mut view, &seat(features));
        send(&mut view);
        assert!(told(&mut view, &CallEvent::Unanswered).is_empty());
    }
    // The group refuses it for now, or for good: then the room service alone locks.
    for (error, is_named) in [(CommandError::Alone, false), (CommandError::NotAdmin, true)] {
        let mut view = view();
        view.lock_sent(true);
        told(
            &mut view,
            &CallEvent::GroupRefused(GroupError::Command(error)),
        );
        let is_told = !told(&mut view, &CallEvent::Unanswered).is_empty();
        assert_eq!(is_told, is_named, "{error}");
    }
}

#[test]
fn a_refusal_names_what_it_can_be_about() {
    let lock_off: Step = |view| {
        told(view, &moderation(true, true));
        view.lock_sent(false);
    };
    let approval_off: Step = |view| view.approval_sent(false);
    let co_admin: Step = |view| view.co_admin_sent(device(32), true);
    for (send, code, expected) in [
        (
            lock_off,
            "unavailable",
            "! /lock off was not done: the room service cannot look at the link",
        ),
        (
            approval_off,
            "expired",
            "! /approval off was not done: the link is revoked",
        ),
        (
            approval_off,
            "rate_limited",
            "! /approval off was perhaps not done: No.",
        ),
        (
            co_admin,
            "too_many_co_admins",
            "! /coadmin #2000 was not done: the room service takes no more co-admins",
        ),
        (
            co_admin,
            "unknown_device",
            "! /coadmin #2000 was perhaps not done: #2000 may have left before",
        ),
        (lock_off, "full", "! No. (full)"),
    ] {
        let mut view = view();
        send(&mut view);
        let line = told(&mut view, &refused(code)).concat();
        assert!(line.starts_with(expected), "{code}: {line}");
    }
    // Beside an admission it may be about either, and the admission counts still.
    let mut view = view();
    lock_off(&mut view);
    view.decide(Decision::Admit, device(48));
    let line = told(&mut view, &refused("unavailable")).concat();
    let expected = "! one of these was perhaps not done: /lock off, /admit #3000: ";
    assert!(line.starts_with(expected), "{line}");
}

#[test]
fn who_is_a_co_admin_by_the_room_service_alone_is_shown_and_told() {
    let mut view = view();
    let named = with_bob(|bob| bob.is_co_admin = true);
    assert_eq!(
        told(&mut view, &named),
        ["co-admin #2000 decides beside the admins now."]
    );
    assert!(told(&mut view, &named).is_empty());
    assert_eq!(view.present()[1].role, Role::CoAdmin);
    let again = joined_in(2, 64, SeatStatus::Active, true, roster(&[64], &[]));
    let lines = told(&mut view, &again);
    let expected = "! the call began anew, and #2000 is no co-admin any more (this is the former tag). /coadmin with a \
        tag of this call names one anew";
    assert!(lines.contains(&expected.to_owned()), "{lines:?}");

    let mut view = self::view();
    told(&mut view, &named);
    assert_eq!(
        told(&mut view, &with_bob(|_| {})),
        ["#2000 is no co-admin any more."]
    );
}

#[test]
fn a_right_at_the_room_service_that_the_group_does_not_know_is_shown() {
    let mut view = View::of(None).with_room(room_params());
    told(&mut view, &seat(&["moderation"]));
    let state = GroupState {
        members: vec![ann(), bob()],
        has_admin: true,
        ..GroupState::default()
    };
    told(&mut view, &CallEvent::GroupChanged(Box::new(state)));
    for is_co_admin in [true, false] {
        told(&mut view, &with_bob(|bob| bob.is_co_admin = is_co_admin));
        let who = lines(&view.everyone(NOW)).concat();
        let shown = who.contains(", a co-admin for the room service alone");
        assert_eq!(shown, is_co_admin, "{who}");
    }
}
