//! The next group of an era: it has the statements and the history of the one before.

use anteroom_e2ee::{
    Admission, AdmissionError, Applicant, Candidate, CommitRefusal, ContextChange, ContextError,
    EraHistory, Group, GroupChange, GroupEpoch, GroupFailure, GroupStart, JoinError, MAX_BARRED,
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
    let mut rng = rng(90 + u64::from(device));
    Candidate::new(link, key, leaf, history, system_time(), &mut rng).unwrap()
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

/// The statements of a group with more entries than a context has.
fn full(call: &Call) -> ContextChange {
    let now = surroundings(&call.roster, call.now).now;
    let number = u64::try_from(MAX_BARRED).unwrap();
    let entries = (0..=number).map(|index| {
        let mut entry = call.people.barred();
        entry.user = user(100 + index);
        entry.time = now.minus(1_000 - index);
        by_admin(&call.people, &entry)
    });
    let context = call.members[2].group.view().unwrap().context;
    let context = context.with(&ContextChange {
        barred: entries.collect(),
        ..ContextChange::default()
    });
    assert_eq!(context.barred().void_before(), now.minus(998));
    context.statements()
}

/// Somebody who came after the last of the entries starts the next group, and learns them from those who know them.
#[test]
fn the_next_group_has_the_moment_of_its_entries_whoever_starts_it() {
    let call = Call::with_members(3);
    let world = surroundings(&call.roster, call.now);
    let known = full(&call);
    let policy = ContextChange {
        policy: known.policy.clone(),
        ..ContextChange::default()
    };
    let mut group = next(&call, &policy, EraHistory::default());
    let mut enter = |change: ContextChange| {
        let third = candidate(&call, 3, EraHistory::default());
        let change = GroupChange {
            context: change,
            ..adding(&call, &third)
        };
        let seed = 10 + group.epoch().epoch;
        let commit = group.commit(&change, &world, &mut rng(seed)).unwrap();
        let welcome = &commit.welcome.unwrap().1;
        let joined = third.join(commit.epoch.next(), welcome, &known, &world);
        if joined.is_ok() {
            let told = group.receive_commit(commit.epoch, &commit.body, &world);
            told.unwrap();
        } else {
            group.cancel_commit();
        }
        joined.map(|(joined, _)| joined.view().unwrap().context)
    };
    let stale = JoinError::Context(ContextError::Stale);
    assert_eq!(enter(ContextChange::default()).err(), Some(stale));
    // No context has room for more, and none is said with more.
    let told = ContextChange {
        barred: known.barred.clone(),
        ..ContextChange::default()
    };
    let context = enter(told).unwrap();
    let expected = call.link.context().with(&known);
    assert_eq!(context, expected);
    assert_eq!(
        context.barred().void_before(),
        expected.barred().void_before()
    );
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
