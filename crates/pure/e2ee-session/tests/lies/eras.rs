//! A service that gives a later call the era id of an earlier one, and says everything of that again.

use anteroom_e2ee_session::Event;

use crate::{
    people::{Room, rng},
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
