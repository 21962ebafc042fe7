//! Key packages and Welcomes that are made or said to harm others.

use std::collections::BTreeSet;

use anteroom_call::{
    Command as Say, Commit, CommitBody, RelayBody, RelayTarget, Role, Welcome, WelcomeBody,
};
use anteroom_e2ee::{
    Admission, Applicant, Candidate, CommitRefusal, EraHistory, GroupChange, MemberLeaf, Moment,
    RemovalReason,
};
use anteroom_e2ee_session::{Command, Event, Input, LeaveReason};
use anteroom_protocol::Restrictions;

use crate::{
    insider::{candidate, leaf, link_of},
    insiders::{refused, with_insider},
    people::{Room, TestUser, rng, system_time, user},
    stage::{Hop, Stage},
};

/// A call of three people in a room where the service decides who may be in.
fn call_of_three() -> Stage {
    let mut stage = Stage::new(Room::without_admin());
    for number in 0..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(4_000);
    stage.assert_together(&[0, 1, 2]);
    stage.forget();
    stage
}

/// Lets a device without a session join.
fn join_played(stage: &mut Stage, number: u64) -> usize {
    let mut person = TestUser::new(stage.room.options(number), Role::Guest);
    person.inbox = Some(Vec::new());
    stage.join(person)
}

fn relay(stage: &mut Stage, who: usize, key_package: &[u8]) {
    let body = [&[2, 0, 0, 0, 0][..], key_package].concat();
    let relay = Say::Relay {
        to: RelayTarget::All,
        body: RelayBody::new(body).unwrap(),
    };
    stage.say(who, relay);
}

/// The leaf of a person's device in the call.
fn leaf_in_call(stage: &Stage, who: usize, number: u64) -> MemberLeaf {
    let demux = stage.people[who].demux.unwrap().number();
    leaf(stage, number, demux, Admission::None)
}

/// Two devices whose key packages have the same keys: MLS refuses a commit with both.
fn ask_with_equal_keys(stage: &mut Stage, devices: [(usize, u64); 2]) {
    for (who, number) in devices {
        let leaf = leaf_in_call(stage, who, number);
        let (link, key) = (link_of(&stage.room), stage.room.member_key(number));
        let history = EraHistory::default();
        let mut rng = rng(500);
        let candidate = Candidate::new(link, key, leaf, history, system_time(), &mut rng).unwrap();
        relay(stage, who, candidate.key_package());
    }
}

#[test]
fn equal_keys_in_two_key_packages_break_no_group() {
    let mut stage = call_of_three();
    let bad = [20, 21].map(|number| (join_played(&mut stage, number), number));
    let late = stage.room.person(4);
    let late = stage.join(late);
    for _ in 0..4 {
        ask_with_equal_keys(&mut stage, bad);
        stage.run(1_500);
    }
    for who in 0..3 {
        assert!(!stage.has_seen(who, |event| matches!(event, Event::Left(_))));
    }
    let epoch = stage.people[0].session.have();
    for who in [1, 2, late] {
        assert_eq!(stage.people[who].session.have(), epoch, "{who}");
    }
    stage.assert_talk(&[0, 1, 2, late]);
}

#[test]
fn equal_keys_in_two_key_packages_keep_no_group_from_its_start() {
    let mut stage = Stage::new(Room::without_admin());
    let bad = [20, 21].map(|number| (join_played(&mut stage, number), number));
    let people = [0, 1].map(|number| {
        let person = stage.room.person(number);
        stage.join(person)
    });
    for _ in 0..8 {
        ask_with_equal_keys(&mut stage, bad);
        stage.run(1_500);
    }
    stage.assert_talk(&people);
}

/// The first key package of a person, as the service has passed it on.
fn first_key_package(stage: &Stage, who: usize) -> Vec<u8> {
    let device = stage.people[who].demux.unwrap();
    let mut hops = stage.record.iter();
    let body = hops.find_map(|hop| match hop {
        Hop::ToPerson(_, Input::Relay { from, body }) if *from == device && body[0] == 2 => {
            Some(body.clone())
        }
        _ => None,
    });
    body.unwrap()
}

#[test]
fn an_old_key_package_that_is_said_again_puts_nobody_out() {
    let mut stage = Stage::new(Room::open());
    for number in 0..2 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    let admin = stage.room.admin(2);
    stage.join(admin);
    stage.run(4_000);
    let body = first_key_package(&stage, 2);
    // With a commit of its own the leaf has other keys than the key package.
    for is_on in [true, false] {
        stage.command(2, Command::Lock(is_on));
        stage.run(2_000);
    }
    stage.assert_together(&[0, 1, 2]);
    stage.forget();
    let from = stage.people[2].demux.unwrap();
    for _ in 0..6 {
        // The first person has used it up, and the second one cannot know that.
        let body = body.clone();
        stage.tell(1, Input::Relay { from, body });
        stage.run(1_000);
    }
    assert!(!stage.has_seen(2, |event| matches!(event, Event::Left(_))));
    stage.assert_together(&[0, 1, 2]);
    stage.assert_talk(&[0, 1, 2]);
}

/// The service sends the Welcome first. In the other order the commit takes the member out, and the Welcome is
/// still of use.
#[test]
fn a_member_whose_leaf_is_made_anew_comes_back_by_the_welcome_after_the_commit() {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let person = stage.room.person(1);
    stage.join(person);
    stage.run(4_000);
    let policy = stage.room.sign_policy(Restrictions::AdminApproval, 2);
    stage.tell(0, Input::Policy(policy.as_bytes().to_vec()));
    stage.run(1_000);
    stage.forget();
    let mut held = Vec::new();
    stage.lie(move |hop| match hop {
        Hop::ToPerson(1, Input::Welcome { .. }) => {
            held.push(hop);
            Vec::new()
        }
        Hop::ToPerson(1, Input::Commit { .. }) => {
            let mut hops = vec![hop];
            hops.append(&mut held);
            hops
        }
        hop => vec![hop],
    });
    let statement = Some(stage.room.approval(1).as_bytes().to_vec());
    let present = stage.people[0].session.have();
    stage.tell(1, Input::Admitted { present, statement });
    stage.run(8_000);
    let anew = RemovalReason::AddedAnew;
    let left = stage.seen(1, |event| match event {
        Event::Left(reason) => Some(*reason),
        _ => None,
    });
    assert_eq!(left, [LeaveReason::Removed(anew)]);
    let removed = stage.seen(0, |event| match event {
        Event::MemberRemoved { reason, .. } => Some(*reason),
        _ => None,
    });
    assert_eq!(removed, [anew]);
    stage.assert_together(&[0, 1]);
    stage.assert_talk(&[0, 1]);
}

#[test]
fn an_insider_that_adds_somebody_anew_by_an_old_key_package_is_left_out() {
    let (mut stage, mut insider) = with_insider();
    let body = first_key_package(&stage, 2);
    let applicant = Applicant::open(&insider.link, &body[5..]).unwrap();
    let victim = stage.people[2].demux.unwrap();
    let moment = |seconds| Moment::new(core::time::Duration::from_secs(seconds));
    insider.roster.update(BTreeSet::from([victim]), moment(1));
    insider.roster.update(BTreeSet::new(), moment(2));
    let change = GroupChange {
        add: vec![applicant],
        remove: BTreeSet::from([insider.leaf_of(&stage, 2)]),
        ..GroupChange::default()
    };
    insider.commit(&mut stage, &change);
    refused(&mut stage, &insider, Some(CommitRefusal::Removal));
}

#[test]
fn a_member_that_a_welcome_names_gets_the_commit_too() {
    let (mut stage, mut insider) = with_insider();
    let device = join_played(&mut stage, 20);
    let signed = stage.room.approval(20);
    stage.approve(0, device, Some(signed.as_bytes()));
    let demux = stage.people[device].demux.unwrap().number();
    let leaf = leaf(&stage, 20, demux, Admission::Approval(signed));
    let candidate = candidate(&mut stage, 20, leaf);
    let change = insider.adding(&candidate);
    let commit = insider.make(&stage, &change);
    let victim = stage.people[2].demux.unwrap();
    let commit = Commit {
        at: commit.epoch,
        body: CommitBody::new(commit.body).unwrap(),
        welcome: Some(Welcome {
            to: BTreeSet::from([victim]),
            body: WelcomeBody::new(vec![1; 200]).unwrap(),
        }),
    };
    stage.say(insider.who, Say::Commit(commit));
    stage.run(5_000);
    assert!(!stage.has_seen(2, |event| matches!(event, Event::Left(_))));
    let epoch = stage.people[0].session.have();
    assert_eq!(stage.people[2].session.have(), epoch);
    assert_eq!(
        stage.group_of(2),
        BTreeSet::from([0, 1, 2, insider.who, device])
    );
    stage.assert_talk(&[0, 1, 2]);
}

/// The committer of the present epoch can make a Welcome of anything, again and again.
#[test]
fn welcomes_that_do_not_open_put_a_newcomer_off_no_group() {
    let mut stage = call_of_three();
    let mut spoiled = 0;
    stage.lie(move |mut hop| {
        if let Hop::ToPerson(3, Input::Welcome { body, .. }) = &mut hop
            && spoiled < 7
        {
            spoiled += 1;
            body[40] ^= 1;
        }
        vec![hop]
    });
    let late = stage.room.person(3);
    stage.join(late);
    stage.run(90_000);
    let refused = stage.seen(3, |event| match event {
        Event::WelcomeRefused { asks_again, .. } => Some(*asks_again),
        _ => None,
    });
    assert_eq!(refused, [true; 7]);
    stage.assert_together(&[0, 1, 2, 3]);
    stage.assert_talk(&[0, 1, 2, 3]);
}

#[test]
fn a_device_of_another_user_comes_in_under_no_name_but_its_own() {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let person = stage.room.person(1);
    stage.join(person);
    stage.run(4_000);
    let device = join_played(&mut stage, 20);
    let mut leaf = leaf_in_call(&stage, device, 20);
    leaf.user = user(1);
    let candidate = candidate(&mut stage, 20, leaf);
    for _ in 0..4 {
        relay(&mut stage, device, candidate.key_package());
        stage.run(1_500);
    }
    stage.assert_together(&[0, 1]);
    stage.assert_talk(&[0, 1]);
}
