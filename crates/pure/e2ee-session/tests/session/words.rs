//! Verification words that commits cross, and what is said to a person without a group.

use anteroom_e2ee_session::{Command, CommandError, Event};

use crate::{
    harness::Harness,
    people::{admin, person},
};

/// Returns the groups and epochs that a device was told words are of, and where it is.
fn outdated(call: &mut Harness, device: usize) -> Vec<(u64, Option<u64>)> {
    let events = call.take_events(device);
    let told = events.into_iter().filter_map(|event| match event {
        Event::WordsOutdated { shown, present } => {
            Some((shown.epoch, present.map(|epoch| epoch.epoch)))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn who_still_looks_at_words_of_an_earlier_epoch_is_told_once() {
    let mut call = Harness::of([admin(1), person(2), person(3)]);
    call.run(1_000);
    call.agree(&[0, 1, 2]);
    let time = call.time();
    let frozen = call.epoch(0).unwrap();
    let epoch = frozen.epoch;
    for device in [0, 1] {
        call.devices[device].session.show_words(time).unwrap();
    }
    // The first has compared before the commit.
    call.words_match(0, frozen).unwrap();
    for on in [true, false] {
        call.command(0, Command::Lock(on));
        call.run(500);
    }
    assert_eq!(outdated(&mut call, 0), []);
    assert_eq!(outdated(&mut call, 1), [(epoch, Some(epoch + 1))]);
    assert_eq!(outdated(&mut call, 2), []);
    call.join(person(4));
    call.run(1_000);
    // The frozen members are marked, and not the one who came since.
    call.words_match(1, frozen).unwrap();
    let members = call.devices[1].session.members();
    let compared: Vec<bool> = members.iter().map(|member| member.is_compared).collect();
    assert_eq!(compared, [true, true, true, false]);
    let mut events = call.take_events(1).into_iter();
    assert!(events.any(|event| matches!(event, Event::WordsCompared { .. })));
    // New words are told of anew, and are not those that were compared.
    let time = call.time();
    call.devices[1].session.show_words(time).unwrap();
    assert_eq!(call.words_match(1, frozen), Err(CommandError::NoWords));
    call.command(0, Command::Lock(true));
    call.run(500);
    assert_eq!(outdated(&mut call, 1).len(), 1);
}

#[test]
fn the_lifting_of_a_lock_is_told_before_those_whom_the_same_commit_lets_in() {
    let mut call = Harness::of([admin(1), person(2)]);
    call.run(1_000);
    call.command(0, Command::Lock(true));
    call.run(500);
    call.join(person(3));
    call.run(3_000);
    for device in [0, 1] {
        call.take_events(device);
    }
    call.command(0, Command::Lock(false));
    call.run(3_000);
    for device in [0, 1] {
        let events = call.take_events(device).into_iter();
        let order: Vec<&str> = events
            .filter_map(|event| match event {
                Event::Lock { is_on: false, .. } => Some("unlocked"),
                Event::MemberAdded { .. } => Some("came in"),
                _ => None,
            })
            .collect();
        assert_eq!(order, ["unlocked", "came in"]);
    }
}

#[test]
fn words_are_shown_while_somebody_is_there_to_compare_them_with() {
    let mut call = Harness::of([person(1), person(2)]);
    call.run(1_000);
    call.agree(&[0, 1]);
    call.leave(1);
    // The leaf is still in the group, and the roster does not list the device any more.
    for millis in [200, 4_000] {
        call.run(millis);
        let time = call.time();
        let words = call.devices[0].session.show_words(time);
        assert_eq!(words.err(), Some(CommandError::NobodyToCompare), "{millis}");
    }
    call.join(person(3));
    call.run(1_000);
    let time = call.time();
    let words = call.devices[0].session.show_words(time).unwrap();
    assert_eq!(words.members.len(), 2);
}

#[test]
fn a_person_without_a_group_is_told_why_there_is_none() {
    let mut call = Harness::of([admin(1)]);
    call.run(1_000);
    let time = call.time();
    assert_eq!(
        call.try_command(0, Command::Lock(true)),
        Err(CommandError::Alone)
    );
    let words = call.devices[0].session.show_words(time);
    assert_eq!(words.err(), Some(CommandError::Alone));
    // The second one is there, and the group is not yet; who cannot lock is told that first.
    call.join(person(2));
    call.run(100);
    assert_eq!(
        call.try_command(0, Command::Lock(true)),
        Err(CommandError::NotInGroup)
    );
    assert_eq!(
        call.try_command(1, Command::Lock(true)),
        Err(CommandError::NotAdmin)
    );
}
