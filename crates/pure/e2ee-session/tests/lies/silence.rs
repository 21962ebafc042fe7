//! Members that confirm nothing, so that the others stop sending.

use std::collections::BTreeSet;

use anteroom_call::{Command as Say, RelayBody, RelayTarget, Role};
use anteroom_e2ee::{Admission, ContextChange, Group, GroupChange, GroupMessage, SenderTime};
use anteroom_e2ee_session::{Event, Message, RelayClass, StopReason};

use crate::{
    insider::{Insider, candidate, leaf, world},
    insiders::INSIDER,
    people::{Room, TestUser, rng, user},
    stage::{Hop, Stage},
};

#[track_caller]
fn assert_nobody_has_stopped(stage: &Stage, people: &[usize]) {
    for who in people {
        let has_stopped = stage.has_seen(*who, |event| {
            matches!(event, Event::SendingStopped(StopReason::NotConfirmed))
        });
        assert!(!has_stopped, "{who}");
        assert!(stage.people[*who].session.may_send(), "{who}");
    }
}

#[test]
fn two_devices_of_one_user_that_confirm_nothing_stop_nobody() {
    let mut stage = Stage::new(Room::open());
    stage.lie(|hop| match hop {
        Hop::ToService(2 | 3, Message::Relay(RelayClass::Confirmation, _)) => Vec::new(),
        hop => vec![hop],
    });
    for number in 0..4 {
        let mut options = stage.room.options(number);
        options.user = user(number.min(2));
        stage.join(TestUser::new(options, Role::Guest));
    }
    stage.run(6_000);
    stage.assert_together(&[0, 1, 2, 3]);
    stage.run(60_000);
    for who in 0..2 {
        assert!(!stage.status(who, 2).is_confirmed);
        assert!(!stage.status(who, 3).is_confirmed);
    }
    assert_nobody_has_stopped(&stage, &[0, 1]);
}

/// Three people and an insider, which takes the commits that take its leaves out.
fn with_insider() -> (Stage, Insider) {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    let mut insider = Insider::join(&mut stage, INSIDER, Admission::None).unwrap();
    stage.forget();
    let moment = stage.now().moment;
    insider.roster.update(BTreeSet::new(), moment);
    (stage, insider)
}

/// Confirms as each of the insider's leaves.
fn confirm(stage: &mut Stage, insider: &Insider, groups: &mut [Group], sent: SenderTime) {
    for group in groups {
        let sealed = group.seal_message(&GroupMessage::Confirmation, sent, &mut rng(3));
        let body = [&[3][..], &sealed.unwrap()].concat();
        let relay = Say::Relay {
            to: RelayTarget::All,
            body: RelayBody::new(body).unwrap(),
        };
        stage.say(insider.who, relay);
    }
}

/// An insider adds leaves of its own making and speaks as all of them.
#[test]
fn leaves_that_an_insider_invents_and_speaks_as_stop_nobody() {
    let (mut stage, mut insider) = with_insider();
    // A second time with the same keys, which were not heard for long then.
    for _ in 0..2 {
        let mut groups = invent(&mut stage, &mut insider);
        for _ in 0..4 {
            confirm(
                &mut stage,
                &insider,
                &mut groups,
                SenderTime::from_millis(0),
            );
            stage.run(9_000);
        }
        assert_nobody_has_stopped(&stage, &[0, 1, 2]);
        for who in 0..3 {
            let members = stage.people[who].session.members();
            assert_eq!(members.len(), 4, "{who}");
        }
        insider.follow(&mut stage);
    }
    stage.assert_talk(&[0, 1, 2]);
}

/// The insider says fresh confirmations as its leaves, in one commit after another: they would fill the group.
#[test]
fn leaves_under_numbers_of_nobody_go_whatever_is_heard_of_them() {
    let (mut stage, mut insider) = with_insider();
    let mut groups = invent(&mut stage, &mut insider);
    for _ in 0..8 {
        let millis = stage.now().moment.since_start().as_millis();
        let sent = SenderTime::from_millis(u64::try_from(millis).unwrap());
        confirm(&mut stage, &insider, &mut groups, sent);
        stage.run(500);
    }
    for who in 0..3 {
        let members = stage.people[who].session.members();
        assert_eq!(members.len(), 4, "{who}");
    }
    let newcomer = stage.room.person(4);
    let newcomer = stage.join(newcomer);
    stage.run(2_000);
    stage.assert_talk(&[0, 1, 2, newcomer]);
}

/// Adds eight leaves of users that are nobody, and returns their groups.
fn invent(stage: &mut Stage, insider: &mut Insider) -> Vec<Group> {
    let mut change = GroupChange::default();
    let mut candidates = Vec::new();
    for number in 0..8 {
        let demux = 16 * (60_000 + u32::try_from(number).unwrap());
        let leaf = leaf(stage, 30 + number, demux, Admission::None);
        let candidate = candidate(stage, 30 + number, leaf);
        change.add.extend(insider.adding(&candidate).add);
        candidates.push(candidate);
    }
    let commit = insider.make(stage, &change);
    let (at, welcome) = (commit.epoch.next(), commit.welcome.clone().unwrap().1);
    insider.send(stage, commit);
    insider.follow(stage);
    let world = world(&insider.roster, insider.now, stage);
    let known = ContextChange::default();
    let groups = candidates.into_iter().map(|candidate| {
        let joined = candidate.join(at, &welcome, &known, &world);
        joined.unwrap().0
    });
    groups.collect()
}

/// Two people and an insider, which adds leaves under the numbers of devices that are in the call and do not ask.
#[test]
fn leaves_under_the_numbers_of_other_devices_stop_nobody() {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let person = stage.room.person(1);
    stage.join(person);
    stage.run(6_000);
    let seats: Vec<u32> = (40..44)
        .map(|number| {
            let mut person = stage.room.person(number);
            person.inbox = Some(Vec::new());
            let who = stage.join(person);
            stage.people[who].demux.unwrap().number()
        })
        .collect();
    let mut insider = Insider::join(&mut stage, INSIDER, Admission::None).unwrap();
    insider.follow(&mut stage);
    stage.forget();
    let mut change = GroupChange::default();
    // Keys of nobody, and the keys of the devices themselves with other users.
    for (demux, key) in seats.into_iter().zip([30, 31, 42, 43]) {
        let mut leaf = leaf(&stage, key, demux, Admission::None);
        leaf.user = user(key + 20);
        let candidate = candidate(&mut stage, key, leaf);
        change.add.extend(insider.adding(&candidate).add);
    }
    insider.commit(&mut stage, &change);
    for _ in 0..60 {
        stage.run(1_000);
        assert_nobody_has_stopped(&stage, &[0, 1]);
    }
    for who in 0..2 {
        assert_eq!(stage.people[who].session.members().len(), 3, "{who}");
    }
    stage.assert_talk(&[0, 1]);
}
