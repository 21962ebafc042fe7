//! A service that says everything again.

use std::{cell::RefCell, rc::Rc};

use anteroom_e2ee_session::{Command, Event, Input};
use anteroom_protocol::GroupEpoch;

use crate::{
    people::Room,
    stage::{Hop, Stage},
};

/// The messages of members that the service has passed on, with the people who got them.
pub(crate) fn passed_on(record: &[Hop]) -> Vec<(usize, Input)> {
    let hops = record.iter().filter_map(|hop| match hop {
        Hop::ToPerson(
            to,
            input @ (Input::Commit { .. }
            | Input::Welcome { .. }
            | Input::Relay { .. }
            | Input::Refuse { .. }
            | Input::StaleCommit { .. }),
        ) => Some((*to, input.clone())),
        _ => None,
    });
    hops.collect()
}

#[test]
fn nothing_that_is_said_again_is_shown_again() {
    let mut stage = Stage::new(Room::open());
    let person = stage.room.admin(0);
    stage.join(person);
    for number in 1..4 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    stage.assert_talk(&[0, 1, 2, 3]);
    stage.command(0, Command::Lock(true));
    stage.leave(3);
    stage.run(6_000);
    stage.assert_talk(&[0, 1, 2]);
    stage.forget();
    for (to, input) in passed_on(&stage.record.clone()) {
        // To those who got it, and to everybody else.
        for who in 0..3 {
            stage.tell((to + who) % 3, input.clone());
        }
    }
    stage.run(30_000);
    for who in 0..3 {
        let texts = stage.seen(who, |event| match event {
            Event::Text { text, .. } => Some(text.clone()),
            _ => None,
        });
        assert_eq!(texts, [""; 0], "{who}");
    }
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
    assert!(
        stage.people[1]
            .session
            .members()
            .iter()
            .all(|one| one.is_confirmed)
    );
}

#[test]
fn messages_in_another_order_are_shown_once_each() {
    let mut stage = Stage::new(Room::open());
    for number in 0..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    let mut held: Vec<Hop> = Vec::new();
    stage.lie(move |hop| match hop {
        Hop::ToPerson(2, Input::Relay { .. }) => {
            held.push(hop);
            match held.len() {
                4 => held.drain(..).rev().collect(),
                _ => Vec::new(),
            }
        }
        hop => vec![hop],
    });
    let texts = ["one", "two", "three", "four"];
    for text in texts {
        stage.command(0, Command::Say(text.to_owned()));
    }
    stage.run(500);
    for (who, expected) in [(1, texts), (2, ["four", "three", "two", "one"])] {
        let seen = stage.seen(who, |event| match event {
            Event::Text { text, .. } => Some(text.clone()),
            _ => None,
        });
        assert_eq!(seen, expected);
    }
}

#[test]
fn a_name_that_comes_late_does_not_take_the_place_of_a_newer_one() {
    let mut stage = Stage::new(Room::open());
    for number in 0..2 {
        let person = stage.room.admin(number);
        stage.join(person);
    }
    stage.run(6_000);
    let held = Rc::new(RefCell::new(Vec::new()));
    let keeper = Rc::clone(&held);
    stage.lie(move |hop| match hop {
        Hop::ToPerson(0, input @ Input::Relay { .. }) if keeper.borrow().is_empty() => {
            keeper.borrow_mut().push(input);
            Vec::new()
        }
        hop => vec![hop],
    });
    stage.command(1, Command::SetName("Early".to_owned()));
    stage.command(0, Command::Lock(true));
    stage.run(100);
    stage.command(1, Command::SetName("Late".to_owned()));
    let early = held.borrow_mut().remove(0);
    stage.be_honest();
    stage.tell(0, early);
    assert_eq!(stage.status(0, 1).name.as_deref(), Some("Late"));
}

/// A refusal is the service's word: a forged one costs a group, as a closed connection costs a seat. It brings
/// nobody in and shows nothing.
#[test]
fn forged_refusals_cost_groups_and_nothing_else() {
    let mut stage = Stage::new(Room::open());
    for number in 0..4 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    stage.assert_together(&[0, 1, 2, 3]);
    for _ in 0..5 {
        for from in 0..4 {
            for to in 0..4 {
                let Some(epoch) = stage.people[to].session.have() else {
                    continue;
                };
                let at = GroupEpoch {
                    epoch: epoch.epoch - 1,
                    ..epoch
                };
                let from = stage.people[from].demux.unwrap();
                stage.tell(to, Input::Refuse { at, from });
            }
        }
        stage.run(6_000);
    }
    stage.run(20_000);
    stage.assert_together(&[0, 1, 2, 3]);
    stage.assert_talk(&[0, 1, 2, 3]);
}

#[test]
fn forged_refusals_of_most_leave_out_the_committer() {
    let mut stage = Stage::new(Room::open());
    for number in 0..6 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(12_000);
    let at = stage.people[0].session.have().unwrap();
    stage.leave(5);
    stage.run(4_000);
    stage.assert_together(&[0, 1, 2, 3, 4]);
    for to in 0..5 {
        for from in (1..5).filter(|from| *from != to) {
            let from = stage.people[from].demux.unwrap();
            stage.tell(to, Input::Refuse { at, from });
        }
    }
    stage.run(20_000);
    stage.assert_together(&[1, 2, 3, 4]);
    stage.assert_talk(&[1, 2, 3, 4]);
    assert!(!stage.people[0].session.may_send());
}
