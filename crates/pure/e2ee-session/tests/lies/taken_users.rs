//! A member that adds leaves of its own making in the name of somebody else's user.

use std::collections::BTreeSet;

use anteroom_call::{Command as Say, RelayBody, RelayTarget};
use anteroom_e2ee::{
    Admission, ContextChange, Group, GroupChange, GroupMessage, MemberLeaf, SenderTime,
};

use crate::{
    insider::{Insider, candidate, leaf, world},
    insiders::INSIDER,
    people::{MAX_DEVICES, Room, rng, user},
    stage::Stage,
};

/// The person in whose name the insider adds leaves.
const VICTIM: u64 = 3;

/// An open call of an admin, two people and an insider, and the numbers of devices of the insider's that do not ask.
fn call() -> (Stage, Insider, [u32; MAX_DEVICES]) {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(4_000);
    stage.assert_together(&[0, 1, 2]);
    let seats = [40, 41].map(|number| {
        let mut person = stage.room.person(number);
        person.inbox = Some(Vec::new());
        let who = stage.join(person);
        stage.people[who].demux.unwrap().number()
    });
    let mut insider = Insider::join(&mut stage, INSIDER, Admission::None).unwrap();
    insider.follow(&mut stage);
    // To the insider's own eyes everybody may be taken out.
    let moment = stage.now().moment;
    insider.roster.update(BTreeSet::new(), moment);
    stage.forget();
    (stage, insider, seats)
}

/// Commits leaves of the victim's user, and returns their groups.
fn take_user(
    stage: &mut Stage,
    insider: &mut Insider,
    leaves: impl Iterator<Item = (u64, u32)>,
) -> Vec<Group> {
    let mut change = GroupChange::default();
    let mut candidates = Vec::new();
    for (number, demux) in leaves {
        let leaf = MemberLeaf {
            user: user(VICTIM),
            ..leaf(stage, number, demux, Admission::None)
        };
        let candidate = candidate(stage, number, leaf);
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

/// Lets some seconds pass, in each of which the insider confirms as each of its leaves.
fn speak(stage: &mut Stage, insider: &Insider, groups: &mut [Group], seconds: u64) {
    for _ in 0..seconds {
        let millis = stage.now().moment.since_start().as_millis();
        let sent = SenderTime::from_millis(u64::try_from(millis).unwrap());
        for group in &mut *groups {
            let sealed = group.seal_message(&GroupMessage::Confirmation, sent, &mut rng(3));
            let body = [&[3][..], &sealed.unwrap()].concat();
            let relay = Say::Relay {
                to: RelayTarget::All,
                body: RelayBody::new(body).unwrap(),
            };
            stage.say(insider.who, relay);
        }
        stage.run(1_000);
    }
}

/// The leaves have numbers of nobody, or those of other devices with their keys or with keys of the insider's making.
#[test]
fn a_member_that_takes_all_leaves_of_a_user_keeps_it_out_for_some_seconds() {
    for (keys, is_listed) in [([30, 31], false), ([30, 31], true), ([40, 41], true)] {
        let (mut stage, mut insider, seats) = call();
        let numbers = if is_listed {
            seats
        } else {
            [60_000, 60_001].map(|number| 16 * number)
        };
        let leaves = keys.into_iter().zip(numbers);
        let mut groups = take_user(&mut stage, &mut insider, leaves);
        speak(&mut stage, &insider, &mut groups, 6);
        let newcomer = stage.room.person(VICTIM);
        let newcomer = stage.join(newcomer);
        speak(&mut stage, &insider, &mut groups, 6);
        let all = BTreeSet::from([0, 1, 2, newcomer, insider.who]);
        for who in [0, 1, 2, newcomer] {
            let members = stage.people[who].session.members();
            assert_eq!(members.len(), 5, "{keys:?} {is_listed} {who}");
            assert_eq!(stage.group_of(who), all, "{keys:?} {is_listed} {who}");
        }
        stage.assert_talk(&[0, 1, 2, newcomer]);
    }
}
