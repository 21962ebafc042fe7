//! Texts whose messages are lost.

use core::time::Duration;
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
};

use anteroom_call::Message as Told;
use anteroom_e2ee_session::{Command, Input, Message, RelayClass, TextReach};

use crate::{
    harness::{Harness, Hop},
    people::person,
};

fn say(call: &mut Harness, device: usize, text: &str) {
    call.command(device, Command::Say(text.to_owned()));
}

fn of_three() -> Harness {
    let mut call = Harness::of([person(1), person(2), person(3)]);
    call.run(3_000);
    call.agree(&[0, 1, 2]);
    call
}

/// Loses all relays to a device.
fn lose_relays(call: &mut Harness, to: usize) {
    call.filter(move |device, hop| {
        device != to || !matches!(hop, Hop::ToSession(Told::Relay { .. }))
    });
}

#[test]
fn a_member_reads_a_text_that_it_missed_and_a_newcomer_does_not() {
    let mut call = of_three();
    lose_relays(&mut call, 2);
    say(&mut call, 0, "first");
    say(&mut call, 0, "second");
    say(&mut call, 1, "third");
    call.run(100);
    call.filter(|_, _| true);
    assert!(call.texts(2).is_empty());
    let newcomer = call.join(person(4));
    call.run(3_000);
    assert_eq!(call.texts(2), ["first", "second", "third"]);
    say(&mut call, 0, "last");
    call.run(20_000);
    assert_eq!(call.texts(0), ["third"]);
    assert_eq!(call.texts(1), ["first", "second", "last"]);
    assert_eq!(call.texts(2), ["first", "second", "third", "last"]);
    assert_eq!(call.texts(newcomer), ["last"]);
}

#[test]
fn a_text_can_be_asked_for_while_it_is_kept_and_one_of_those_to_whom_it_was_said_is_there() {
    let mut call = of_three();
    assert_eq!(call.text_reach(0, 1), TextReach::Dropped);
    say(&mut call, 0, "first");
    assert_eq!(call.text_reach(0, 1), TextReach::Present);
    call.leave(1);
    call.run(4_000);
    assert_eq!(call.text_reach(0, 1), TextReach::Present);
    call.leave(2);
    call.join(person(4));
    call.run(10_000);
    // Somebody is there to hear, and nobody to ask for what was said before.
    assert_eq!(call.text_reach(0, 1), TextReach::Absent);
    say(&mut call, 0, "second");
    assert_eq!(call.text_reach(0, 2), TextReach::Present);
    for _ in 0..63 {
        say(&mut call, 0, "more");
    }
    assert_eq!(call.text_reach(0, 1), TextReach::Dropped);
    assert_eq!(call.text_reach(0, 2), TextReach::Present);
    call.run(121_000);
    assert_eq!(call.text_reach(0, 2), TextReach::Dropped);
}

#[test]
fn a_text_that_comes_after_all_is_shown_once() {
    let mut call = of_three();
    let late = Rc::new(Cell::new(None));
    let held = Rc::clone(&late);
    call.filter(move |device, hop| match hop {
        Hop::ToSession(Told::Relay { from, body }) if device == 2 => {
            let (from, body) = (*from, body.as_bytes().to_vec());
            held.set(Some(Input::Relay { from, body }));
            false
        }
        _ => true,
    });
    say(&mut call, 0, "first");
    call.run(100);
    call.filter(|_, _| true);
    call.run(2_500);
    assert_eq!(call.texts(2), ["first"]);
    call.session(2, late.take().unwrap());
    assert_eq!(call.texts(2), ["first"]);
}

#[test]
fn a_device_that_left_and_came_back_is_not_told_what_was_said_before() {
    let mut call = of_three();
    say(&mut call, 0, "before");
    call.run(100);
    call.leave(2);
    call.run(500);
    // The leaf is still in.
    say(&mut call, 0, "without you");
    call.run(5_000);
    call.agree(&[0, 1]);
    let back = call.join(person(3));
    call.run(20_000);
    call.agree(&[0, 1, back]);
    say(&mut call, 0, "after");
    call.run(5_000);
    assert_eq!(call.texts(back), ["after"]);
}

#[test]
fn a_member_that_the_roster_leaves_out_is_asked_too() {
    let mut call = of_three();
    lose_relays(&mut call, 2);
    say(&mut call, 0, "first");
    call.run(100);
    call.filter(|device, hop| {
        device != 2 || !matches!(hop, Hop::ToSession(Told::Participants { .. }))
    });
    call.session(2, Input::Roster(Vec::new()));
    call.run(2_400);
    assert_eq!(call.texts(2), ["first"]);
}

#[test]
fn the_next_text_tells_of_one_that_was_lost() {
    let mut call = of_three();
    lose_relays(&mut call, 2);
    say(&mut call, 0, "first");
    call.run(100);
    call.filter(|_, _| true);
    say(&mut call, 0, "second");
    call.run(500);
    assert_eq!(call.texts(2), ["second", "first"]);
}

#[test]
fn a_member_that_becomes_a_new_leaf_reads_what_was_said_in_between() {
    let mut call = of_three();
    // The third member misses a commit, and comes back as a new leaf.
    call.filter(|device, hop| {
        device != 2
            || !matches!(
                hop,
                Hop::ToSession(Told::Commit { .. } | Told::Relay { .. })
            )
    });
    let newcomer = call.join(person(4));
    call.run(500);
    say(&mut call, 0, "in between");
    call.run(4_000);
    call.filter(|_, _| true);
    call.run(30_000);
    call.agree(&[0, 1, 2, newcomer]);
    assert_eq!(call.texts(2), ["in between"]);
    assert_eq!(call.texts(newcomer), ["in between"]);
}

#[test]
fn a_text_that_was_said_without_a_connection_is_read_when_it_is_back() {
    let mut call = of_three();
    call.cut(0);
    say(&mut call, 0, "into the void");
    call.run(1_000);
    call.disconnect(0);
    call.mend(0);
    call.connect(0);
    call.run(12_000);
    assert_eq!(call.texts(1), ["into the void"]);
    assert_eq!(call.texts(2), ["into the void"]);
}

#[test]
fn a_text_outlives_the_seat_of_its_sender() {
    let mut call = of_three();
    lose_relays(&mut call, 1);
    say(&mut call, 0, "before");
    call.run(100);
    call.filter(|_, _| true);
    call.disconnect(0);
    call.run(40_000);
    call.agree(&[1, 2]);
    call.connect(0);
    call.run(20_000);
    call.agree(&[0, 1, 2]);
    assert_eq!(call.texts(1), ["before"]);
    assert_eq!(call.texts(2), ["before"]);
}

#[test]
fn requests_and_answers_go_to_one_device_and_end() {
    let mut call = of_three();
    let (all, one) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    let (counted, counted_one) = (Rc::clone(&all), Rc::clone(&one));
    call.filter(move |device, hop| match hop {
        Hop::ToSession(Told::Relay { .. }) => device != 2,
        Hop::ToService(Message::Relay(RelayClass::GroupMessage, _)) => {
            counted.set(counted.get() + 1);
            true
        }
        Hop::ToService(Message::RelayTo(..)) => {
            counted_one.set(counted_one.get() + 1);
            // The answers are lost.
            device == 2
        }
        _ => true,
    });
    say(&mut call, 0, "text");
    call.run(2_500);
    let answered = Rc::clone(&one);
    call.filter(move |_, hop| match hop {
        Hop::ToService(Message::RelayTo(..)) => {
            answered.set(answered.get() + 1);
            false
        }
        _ => true,
    });
    call.run(180_000);
    assert_eq!(all.get(), 1);
    let requests = one.get();
    assert!((5..25).contains(&requests), "{requests}");
    call.run(60_000);
    assert_eq!(one.get(), requests);
    assert!(call.texts(2).is_empty());
}

#[test]
fn a_text_that_comes_after_a_later_one_is_told_as_said_earlier() {
    let mut call = of_three();
    let late = Rc::new(Cell::new(None));
    let held = Rc::clone(&late);
    call.filter(move |device, hop| match hop {
        Hop::ToSession(Told::Relay { from, body }) if device == 2 => {
            let (from, body) = (*from, body.as_bytes().to_vec());
            held.set(Some(Input::Relay { from, body }));
            false
        }
        _ => true,
    });
    say(&mut call, 0, "first");
    call.run(100);
    call.filter(|_, _| true);
    say(&mut call, 0, "second");
    call.run(100);
    call.session(2, late.take().unwrap());
    assert_eq!(call.texts(2), ["second", "first"]);
    lose_relays(&mut call, 2);
    say(&mut call, 0, "third");
    call.run(100);
    call.filter(|_, _| true);
    say(&mut call, 0, "fourth");
    call.run(500);
    assert_eq!(call.texts(2), ["second", "first", "fourth", "third"]);
    assert_eq!(call.late_texts(2), ["first", "third"]);
    assert_eq!(call.texts(1), ["first", "second", "third", "fourth"]);
    assert!(call.late_texts(1).is_empty());
}

#[test]
fn a_device_wakes_when_the_time_of_its_text_is_over() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(3_000);
    say(&mut call, 0, "text");
    let said = call.time().moment;
    call.leave(1);
    // The own leaf is looked at each minute besides.
    call.run(119_000);
    let next = call.devices[0].session.next_tick();
    assert_eq!(next, Some(said.plus(Duration::from_secs(120))));
}

#[test]
fn a_confirmation_with_the_numbers_of_texts_is_as_long_as_one_without() {
    let mut call = of_three();
    let lengths = Rc::new(RefCell::new(Vec::new()));
    let seen = Rc::clone(&lengths);
    call.filter(move |device, hop| {
        if let Hop::ToService(Message::Relay(RelayClass::Confirmation, body)) = hop
            && device == 0
        {
            seen.borrow_mut().push(body.len());
        }
        true
    });
    call.run(15_000);
    let without = lengths.take();
    assert!(!without.is_empty());
    say(&mut call, 0, "text");
    call.run(15_000);
    let with = lengths.take();
    assert!(with.len() >= 2);
    assert!(
        with.iter().all(|length| *length == without[0]),
        "{without:?} {with:?}"
    );
}
