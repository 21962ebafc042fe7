//! Devices that are kept outside of the group, and what they are told.

use anteroom_e2ee::{AdmissionError, CommitRefusal, Signer};
use anteroom_e2ee_session::{Command, CommandError, Event};

use crate::{
    harness::Harness,
    people::{admin, person},
    statements::{approved, refusals, strict},
};

/// Returns what a device was told of being kept outside: whether by a lock, and who has approved it.
fn outside(call: &mut Harness, device: usize) -> Vec<(bool, Option<Signer>)> {
    let events = call.take_events(device).into_iter();
    let told = events.filter_map(|event| match event {
        Event::KeptOutside {
            is_locked,
            approved_by,
        } => Some((is_locked, approved_by)),
        _ => None,
    });
    told.collect()
}

#[test]
fn who_is_kept_outside_is_told_once_and_at_once_under_a_lock() {
    let mut call = Harness::of([strict(admin(1)), approved(2)]);
    call.run(1_000);
    call.agree(&[0, 1]);
    call.join(strict(person(3)));
    call.run(23_000);
    // It has the reason by itself, which says more.
    let told = call.take_events(2);
    let has_reason = |event: &&Event| matches!(event, Event::CannotStart(_));
    let is_outside = |event: &&Event| matches!(event, Event::KeptOutside { .. });
    assert_eq!(told.iter().filter(has_reason).count(), 1);
    assert_eq!(told.iter().filter(is_outside).count(), 0);
    call.command(0, Command::Lock(true));
    call.run(500);
    call.join(approved(4));
    call.run(500);
    assert_eq!(outside(&mut call, 3), [(true, Some(Signer::Admin))]);
    call.run(20_000);
    assert_eq!(outside(&mut call, 3), []);
    assert_eq!(outside(&mut call, 2), []);
    // Those who are in again, admins and members, are told nothing.
    call.leave(1);
    call.run(6_000);
    call.connect(1);
    call.join(strict(admin(5)));
    call.run(6_000);
    call.agree(&[0, 1, 4]);
    for device in [0, 1, 4] {
        assert_eq!(outside(&mut call, device), []);
    }
}

#[test]
fn nobody_new_comes_in_under_a_lock() {
    let mut call = Harness::of([person(1), admin(2), person(3)]);
    call.run(1_000);
    assert_eq!(
        call.try_command(0, Command::Lock(true)),
        Err(CommandError::NotAdmin)
    );
    call.command(1, Command::Lock(true));
    call.run(500);
    call.leave(2);
    call.join(person(4));
    call.run(6_000);
    call.agree(&[0, 1]);
    let locked = CommitRefusal::Admission(AdmissionError::Locked);
    assert_eq!(refusals(&mut call, 0), [locked]);
    assert_eq!(outside(&mut call, 3), [(true, None)]);
    // A device that was in before comes in again.
    call.connect(2);
    call.run(4_000);
    call.agree(&[0, 1, 2]);
    call.command(1, Command::Lock(false));
    call.run(3_000);
    call.agree(&[0, 1, 2, 3]);
}
