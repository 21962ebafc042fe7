//! The loss of each message once.

use std::{cell::Cell, num::NonZeroUsize, rc::Rc, sync::atomic::AtomicUsize, thread};

use anteroom_e2ee_session::{BarScope, Command, Event, Input, Message, RosterDevice, SeatStatus};

use crate::{
    people::{Room, user},
    stage::{Hop, Stage},
};

/// Whether a message can be lost alone. Without `joined` there is no seat: a client joins again.
fn may_be_lost(hop: &Hop) -> bool {
    !matches!(hop, Hop::ToPerson(_, Input::Joined(_)))
}

/// People come, talk, lose their connections, are put out and leave, while the message with this number is
/// lost. Returns the number of messages before the last part, which is without losses.
fn story(lost: usize) -> usize {
    let mut stage = Stage::new(Room::open());
    let count = Rc::new(Cell::new(0));
    let counter = Rc::clone(&count);
    stage.lie(move |hop| {
        if !may_be_lost(&hop) {
            return vec![hop];
        }
        let number = counter.get();
        counter.set(number + 1);
        match number == lost {
            true => Vec::new(),
            false => vec![hop],
        }
    });
    let admin = stage.room.admin(0);
    stage.join(admin);
    stage.run(700);
    for number in 1..4 {
        let person = stage.room.person(number);
        stage.join(person);
        stage.run(400);
    }
    stage.run(3_000);
    let mut audiences = Vec::new();
    for who in 0..4 {
        if stage.people[who].session.may_send() {
            // A device that is in no group by its own view may be a member whose Welcome was lost, or be
            // between two leaves: both are right.
            let is_out = |other: &usize| stage.people[*other].session.have().is_none();
            let between: Vec<usize> = (0..4).filter(is_out).collect();
            audiences.push((who, stage.group_of(who), between));
            stage.command(who, Command::Say(format!("hello of {who}")));
        }
    }
    stage.disconnect(1);
    stage.run(1_000);
    if stage.people[0].session.may_send() {
        stage.command(0, Command::Lock(true));
        stage.command(0, Command::Lock(false));
    }
    stage.run(1_000);
    stage.connect(1);
    stage.run(2_000);
    stage.leave(2);
    stage.run(4_000);
    let device = stage.people[3].demux.unwrap();
    let members = stage.people[0].session.members();
    let is_in = members.iter().any(|one| one.claims.demux_id == device);
    if is_in {
        let scope = BarScope::User;
        stage.command(0, Command::Bar { device, scope });
    }
    stage.say(0, anteroom_call::Command::Block(device));
    stage.run(4_000);
    let person = stage.room.person(5);
    let late = stage.join(person);
    stage.run(3_000);
    let messages = count.get();
    stage.be_honest();
    stage.run(60_000);
    stage.assert_together(&[0, 1, late]);
    stage.assert_talk(&[0, 1, late]);
    // Those who stayed have read each other once, the late one nothing of it.
    for (from, audience, between) in audiences.iter().filter(|(from, ..)| *from < 2) {
        let text = format!("hello of {from}");
        for who in [0, 1, late] {
            let is_it = |event: &Event| match event {
                Event::Text { text: read, .. } => (*read == text).then_some(()),
                _ => None,
            };
            let expected = usize::from(audience.contains(&who) && who != *from);
            let seen = stage.seen(who, is_it).len();
            let is_right = seen == expected || (between.contains(&who) && seen < 2);
            assert!(is_right, "{text} by {who}: {seen} and not {expected}");
        }
    }
    messages
}

#[test]
fn after_the_loss_of_any_message_all_are_together_again() {
    let messages = story(usize::MAX);
    assert!((50..500).contains(&messages), "{messages}");
    let next = AtomicUsize::new(0);
    let workers = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let lost = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if lost >= messages {
                        return;
                    }
                    let outcome = std::panic::catch_unwind(|| story(lost));
                    assert!(outcome.is_ok(), "message {lost} of {messages} was lost");
                }
            });
        }
    });
}

/// A member keeps the device of somebody who has left in its roster until it asks, while others leave.
#[test]
fn others_that_leave_keep_no_member_from_asking_for_the_roster() {
    let mut stage = Stage::new(Room::open());
    for number in 0..8 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    stage.assert_together(&[0, 1, 2, 3, 4, 5, 6, 7]);
    stage.forget();
    let device = stage.people[3].demux.unwrap();
    let mut has_asked = false;
    let listed = RosterDevice {
        demux_id: device,
        user: Some(user(3)),
        member_key: Some(stage.room.member_key(3).public()),
        status: SeatStatus::Active,
        is_admin: false,
    };
    stage.lie(move |mut hop| {
        match &mut hop {
            Hop::ToService(2, Message::RosterRequest) => has_asked = true,
            Hop::ToPerson(2, Input::Roster(roster))
                if !has_asked && roster.iter().all(|one| one.demux_id != device) =>
            {
                roster.push(listed.clone());
            }
            _ => {}
        }
        vec![hop]
    });
    stage.leave(3);
    stage.run(1_000);
    for who in 4..8 {
        stage.leave(who);
        stage.run(1_500);
    }
    stage.run(12_000);
    for who in 0..3 {
        let has_refused = stage.has_seen(who, |event| {
            matches!(event, Event::CommitRefused { .. } | Event::NextGroup { .. })
        });
        assert!(!has_refused, "{who}");
    }
    stage.assert_together(&[0, 1, 2]);
}
