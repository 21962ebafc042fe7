//! A service that gives a later call the era id of an earlier one, and says everything of that again.

use anteroom_call::Role;
use anteroom_e2ee::{Admission, AdmissionError, CommitRefusal};
use anteroom_e2ee_session::{BarScope, Command, Event};
use anteroom_protocol::{EraId, Restrictions};

use crate::{
    people::{Room, TestUser, rng, user},
    replays::passed_on,
    stage::Stage,
};

/// A call with the same devices, by their numbers too, and other randomness.
fn call(room: &Room, seed: u64) -> Stage {
    let mut stage = Stage::new(room.clone());
    stage.rng = rng(seed);
    let person = stage.room.admin(0);
    stage.join(person);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage
}

fn words(stage: &mut Stage) -> [u16; 6] {
    let now = stage.now();
    let shown = stage.people[0].session.show_words(now).unwrap();
    shown.words.map(|word| word.number)
}

#[test]
fn a_repeated_era_is_another_group() {
    let room = Room::open();
    let mut first = call(&room, 11);
    first.run(6_000);
    first.assert_together(&[0, 1, 2]);
    first.assert_talk(&[0, 1, 2]);
    let words_before = words(&mut first);
    let messages = passed_on(&first.record);

    let mut second = call(&room, 12);
    for _ in 0..2 {
        for (to, input) in &messages {
            second.tell(*to, input.clone());
        }
        second.run(15_000);
    }
    second.assert_together(&[0, 1, 2]);
    for who in 0..3 {
        assert!(!second.has_seen(who, |event| matches!(event, Event::Text { .. })));
    }
    second.assert_talk(&[0, 1, 2]);
    assert_ne!(words(&mut second), words_before);
}

/// Lets the admin put out a person, with all of that person's devices.
fn bar(stage: &mut Stage, who: usize) {
    let device = stage.people[who].demux.unwrap();
    let scope = BarScope::User;
    stage.command(0, Command::Bar { device, scope });
    stage.run(3_000);
}

/// A call with approvals in which the admin has put out person 1, and what people keep of it.
fn call_with_a_bar() -> Stage {
    let mut room = Room::strict();
    // The service lets everybody pass its lobby.
    room.restrictions = Restrictions::None;
    let mut stage = Stage::new(room);
    let admin = stage.room.admin(0);
    stage.join(admin);
    for number in 1..4 {
        let person = stage.room.approved(number);
        stage.join(person);
    }
    stage.run(6_000);
    stage.assert_together(&[0, 1, 2, 3]);
    bar(&mut stage, 1);
    stage.assert_together(&[0, 2, 3]);
    stage
}

/// The same people in a later call, each with the newest statements of the earlier one.
fn later_call(former: &Stage, era: EraId) -> Stage {
    let mut room = former.room.clone();
    room.era = era;
    room.policy.clone_from(&former.people[0].policy);
    let mut stage = Stage::new(room);
    let admin = stage.room.admin(0);
    stage.join(admin);
    for (number, former) in (0..).zip(&former.people).skip(1) {
        let mut options = stage.room.options(number);
        let approval = former.approval.clone();
        let approval = approval.unwrap_or_else(|| stage.room.approval(number));
        options.admission = Admission::Approval(approval);
        options.policy.clone_from(&former.policy);
        stage.join(TestUser::new(options, Role::Guest));
    }
    stage.run(20_000);
    stage
}

/// Whether the admin was told that the approval of person 1 was withdrawn.
fn is_void(stage: &Stage) -> bool {
    let void = CommitRefusal::Admission(AdmissionError::Void);
    stage.has_seen(0, |event| match event {
        Event::NotAdmitted { claims, refusal } => claims.user == user(1) && *refusal == void,
        _ => false,
    })
}

#[test]
fn an_approval_that_a_removal_voided_stays_void_after_removals_in_later_eras() {
    let first = call_with_a_bar();
    let mut second = later_call(&first, EraId::from_bytes([8; 16]));
    second.assert_together(&[0, 2, 3]);
    assert!(is_void(&second));
    bar(&mut second, 2);
    second.run(10_000);
    second.assert_together(&[0, 3]);
    let third = later_call(&second, EraId::from_bytes([9; 16]));
    third.assert_together(&[0, 3]);
}

#[test]
fn a_repeated_era_lets_nobody_in_whom_an_admin_put_out_in_it() {
    let first = call_with_a_bar();
    let mut second = later_call(&first, first.room.era);
    second.assert_together(&[0, 2, 3]);
    assert!(is_void(&second));
    bar(&mut second, 2);
    second.run(10_000);
    second.assert_together(&[0, 3]);
    second.assert_talk(&[0, 3]);
}
