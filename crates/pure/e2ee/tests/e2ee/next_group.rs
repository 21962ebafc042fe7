//! The next group of an era: it has the statements and the history of the one before.

use anteroom_e2ee::{
    Admission, AdmissionError, Applicant, Candidate, CommitRefusal, ContextChange, ContextError,
    EraHistory, Group, GroupChange, GroupEpoch, GroupFailure, GroupStart, JoinError,
};

use crate::{
    call::{Call, surroundings, system_time},
    common::{by_admin, rng, user},
};

/// A call of three with a barred fourth user and a lock.
fn locked_call() -> Call {
    let mut call = Call::with_members(3);
    let mut entry = call.people.barred();
    entry.user = user(4);
    let change = GroupChange {
        context: ContextChange {
            barred: vec![by_admin(&call.people, &entry)],
            lock: Some(by_admin(&call.people, &call.people.lock(true))),
            ..ContextChange::default()
        },
        ..GroupChange::default()
    };
    let commit = call.commit(0, &change).unwrap();
    for told in call.tell(&commit) {
        told.unwrap();
    }
    call
}

/// Starts the second group of the era by the second device.
fn next(call: &Call, context: &ContextChange, history: EraHistory) -> Group {
    let leaf = call.leaf(2, Admission::None);
    let start = GroupStart {
        link: call.link.clone(),
        member_key: call.member_key(2),
        leaf: &leaf,
        number: 2,
        context,
        history,
    };
    let world = surroundings(&call.roster, call.now);
    Group::start(start, &world, &mut rng(8)).unwrap()
}

fn candidate(call: &Call, device: u32, history: EraHistory) -> Candidate {
    let leaf = call.leaf(device, Admission::None);
    let key = call.member_key(device);
    let link = call.link.clone();
    Candidate::new(link, key, leaf, history, system_time(), &mut rng(9)).unwrap()
}

fn adding(call: &Call, candidate: &Candidate) -> GroupChange {
    GroupChange {
        add: vec![Applicant::open(&call.link, candidate.key_package()).unwrap()],
        ..GroupChange::default()
    }
}

#[test]
fn who_was_in_the_group_before_comes_into_the_next_one_under_the_lock() {
    let call = locked_call();
    let world = surroundings(&call.roster, call.now);
    let before = &call.members[1].group;
    let statements = before.view().unwrap().context.statements();
    let mut group = next(&call, &statements, before.history().clone());
    assert_eq!(group.epoch(), GroupEpoch { group: 2, epoch: 0 });
    let stranger = candidate(&call, 5, EraHistory::default());
    let refused = group.commit(&adding(&call, &stranger), &world, &mut rng(10));
    let locked = CommitRefusal::Admission(AdmissionError::Locked);
    assert_eq!(refused.err(), Some(GroupFailure::Refused(locked)));
    let third = candidate(&call, 3, call.members[2].group.history().clone());
    let commit = group
        .commit(&adding(&call, &third), &world, &mut rng(10))
        .unwrap();
    group
        .receive_commit(commit.epoch, &commit.body, &world)
        .unwrap();
    let known = call.members[2].group.view().unwrap().context.statements();
    let welcome = &commit.welcome.as_ref().unwrap().1;
    let (joined, _) = third.join(group.epoch(), welcome, &known, &world).unwrap();
    assert_eq!(joined.epoch(), group.epoch());
    let view = joined.view().unwrap();
    assert!(view.context.is_locked());
    assert!(view.history.has_seen(&call.member_key(1).public()));
}

#[test]
fn a_next_group_without_the_known_statements_is_refused() {
    let call = locked_call();
    let world = surroundings(&call.roster, call.now);
    let known = call.members[2].group.view().unwrap().context.statements();
    for forgotten in [0, 1] {
        let mut statements = known.clone();
        if forgotten == 0 {
            statements.lock = None;
        } else {
            statements.barred.clear();
        }
        let history = call.members[1].group.history().clone();
        let mut group = next(&call, &statements, history);
        let third = candidate(&call, 3, EraHistory::default());
        let commit = group
            .commit(&adding(&call, &third), &world, &mut rng(10))
            .unwrap();
        group
            .receive_commit(commit.epoch, &commit.body, &world)
            .unwrap();
        let welcome = &commit.welcome.as_ref().unwrap().1;
        let joined = third.join(group.epoch(), welcome, &known, &world);
        let stale = JoinError::Context(ContextError::Stale);
        assert_eq!(joined.err(), Some(stale));
    }
}

#[test]
fn the_next_group_keeps_the_moment_into_which_entries_were_merged() {
    let call = locked_call();
    let world = surroundings(&call.roster, call.now);
    let members = &call.members;
    let mut known = members[2].group.view().unwrap().context.statements();
    let moment = world.now.minus(60);
    // The device knows the moment or not, was in before or not, and the group has it or not.
    for (knows, was_in, has, expected) in [
        (true, true, true, None),
        (true, true, false, Some(ContextError::Stale)),
        (false, true, true, Some(ContextError::Unfounded)),
        (false, false, true, None),
    ] {
        let mut statements = known.clone();
        statements.void_before = has.then_some(moment);
        known.void_before = knows.then_some(moment);
        let mut group = next(&call, &statements, members[1].group.history().clone());
        let history = match was_in {
            true => members[2].group.history().clone(),
            false => EraHistory::default(),
        };
        let third = candidate(&call, 3, history);
        let commit = group
            .commit(&adding(&call, &third), &world, &mut rng(10))
            .unwrap();
        let told = group.receive_commit(commit.epoch, &commit.body, &world);
        let void_before = told.unwrap().effect.context.barred().void_before();
        assert_eq!(void_before == moment, has);
        let welcome = &commit.welcome.as_ref().unwrap().1;
        let joined = third.join(group.epoch(), welcome, &known, &world);
        assert_eq!(joined.err(), expected.map(JoinError::Context));
    }
}

#[test]
fn a_founder_that_comes_back_by_a_welcome_has_not_seen_all() {
    let call = Call::with_members(3);
    let world = surroundings(&call.roster, call.now);
    let history = call.members[0].group.history().clone();
    assert!(history.has_seen_all());
    let statements = call.members[1].group.view().unwrap().context.statements();
    let mut group = next(&call, &statements, EraHistory::default());
    let first = candidate(&call, 1, history);
    let commit = group
        .commit(&adding(&call, &first), &world, &mut rng(10))
        .unwrap();
    group
        .receive_commit(commit.epoch, &commit.body, &world)
        .unwrap();
    let welcome = &commit.welcome.as_ref().unwrap().1;
    let (mut joined, _) = first
        .join(group.epoch(), welcome, &statements, &world)
        .unwrap();
    assert!(!joined.history().has_seen_all());
    let fourth = call.member_key(4).public();
    let mut meanwhile = EraHistory::default();
    meanwhile.see(&fourth);
    joined.remember(&meanwhile);
    assert!(joined.history().has_seen(&fourth));
}
