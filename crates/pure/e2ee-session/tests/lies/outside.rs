//! Devices that are kept outside, and what they are told while Welcomes and messages fail.

use anteroom_e2ee_session::{BarScope, Command, Event, Input, Message, RelayClass};

use crate::{
    people::Room,
    stage::{Hop, Stage},
};

/// An open call of an admin and a person.
fn call() -> Stage {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let person = stage.room.person(1);
    stage.join(person);
    stage.run(6_000);
    stage.assert_together(&[0, 1]);
    stage
}

/// Lets time pass, with a Welcome every 3 s that does not open.
fn run_with_welcomes(stage: &mut Stage, to: usize) {
    for _ in 0..4 {
        stage.run(3_000);
        let welcome = Input::Welcome {
            at: stage.people[0].session.have().unwrap(),
            from: stage.people[1].demux.unwrap(),
            body: vec![1; 64],
        };
        stage.tell(to, welcome);
    }
}

/// Returns what a device was told of being kept outside: whether by a lock.
fn told(stage: &Stage, who: usize) -> Vec<bool> {
    stage.seen(who, |event| match event {
        Event::KeptOutside { is_locked, .. } => Some(*is_locked),
        _ => None,
    })
}

#[test]
fn who_is_kept_outside_is_told_once_whatever_welcomes_fail() {
    for is_locked in [true, false] {
        let mut stage = call();
        if is_locked {
            stage.command(0, Command::Lock(true));
            stage.run(2_000);
        } else {
            // Nobody hears that it asks.
            stage.lie(|hop| match hop {
                Hop::ToService(2, Message::Relay(..)) => Vec::new(),
                hop => vec![hop],
            });
        }
        let person = stage.room.person(2);
        let outside = stage.join(person);
        run_with_welcomes(&mut stage, outside);
        assert_eq!(told(&stage, outside), [is_locked]);
    }
}

#[test]
fn a_lock_that_a_device_was_not_told_is_told_again() {
    let mut stage = call();
    stage.command(0, Command::Lock(true));
    stage.run(2_000);
    let mut is_lost = false;
    stage.lie(move |hop| match hop {
        Hop::ToService(0, Message::RelayTo(..)) if !core::mem::replace(&mut is_lost, true) => {
            Vec::new()
        }
        hop => vec![hop],
    });
    let person = stage.room.person(2);
    let outside = stage.join(person);
    stage.run(8_000);
    assert_eq!(told(&stage, outside), [false]);
    stage.run(6_000);
    assert_eq!(told(&stage, outside), [false, true]);
    stage.run(30_000);
    assert_eq!(told(&stage, outside), [false, true]);
}

/// Many devices can ask under a lock, and the lists of entries are full where there is a reason to lock.
#[test]
fn a_lock_is_told_without_the_entries_of_the_group() {
    let told_length = |barred: u64| {
        let mut stage = call();
        for number in 10..10 + barred {
            let person = stage.room.person(number);
            let who = stage.join(person);
            stage.run(4_000);
            let device = stage.people[who].demux.unwrap();
            let scope = BarScope::User;
            stage.command(0, Command::Bar { device, scope });
            stage.run(1_000);
            stage.leave(who);
        }
        stage.command(0, Command::Lock(true));
        stage.run(2_000);
        let person = stage.room.person(2);
        let outside = stage.join(person);
        stage.run(8_000);
        assert_eq!(told(&stage, outside), [true]);
        let mut lengths = stage.record.iter().filter_map(|hop| match hop {
            Hop::ToService(0, Message::RelayTo(_, body))
                if RelayClass::of(body) == Some(RelayClass::Statements) =>
            {
                Some(body.len())
            }
            _ => None,
        });
        lengths.next().unwrap()
    };
    let (without, with) = (told_length(0), told_length(4));
    assert!(with <= without + 64, "{with} {without}");
}
