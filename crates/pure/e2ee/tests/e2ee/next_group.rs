//! The next group of an era: it has the statements and the history of the one before.

use anteroom_e2ee::{
    Admission, AdmissionError, Applicant, Candidate, CommitRefusal, ContextChange, ContextError,
    EraHistory, Group, GroupChange, GroupEpoch, GroupFailure, GroupStart, JoinError, MAX_BARRED,
};
use anteroom_protocol::Timestamp;

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

/// A context with as many entries as there can be, the first of which is of the time that comes too.
fn full(call: &Call) -> (ContextChange, Timestamp) {
    let now = surroundings(&call.roster, call.now).now;
    let number = u64::try_from(MAX_BARRED).unwrap();
    let entries = (0..number).map(|index| {
        let mut entry = call.people.barred();
        entry.user = user(100 + index);
        entry.time = now.minus(1_000 - index);
        by_admin(&call.people, &entry)
    });
    let context = ContextChange {
        barred: entries.collect(),
        ..call.members[2].group.view().unwrap().context.statements()
    };
    (context, now.minus(1_000))
}

/// Lets the second device start the next group and add the third one, by its commit of an epoch.
fn enter_next(
    call: &Call,
    statements: &ContextChange,
    known: &ContextChange,
    epoch: u64,
) -> Result<(), JoinError> {
    let world = surroundings(&call.roster, call.now);
    let mut group = next(call, statements, call.members[1].group.history().clone());
    let mut add = |candidate: &Candidate| {
        let change = adding(call, candidate);
        let seed = 10 + group.epoch().epoch;
        let commit = group.commit(&change, &world, &mut rng(seed)).unwrap();
        let told = group.receive_commit(commit.epoch, &commit.body, &world);
        told.unwrap();
        (group.epoch(), commit.welcome.unwrap().1)
    };
    for device in 0..u32::try_from(epoch).unwrap() {
        add(&candidate(call, 10 + device, EraHistory::default()));
    }
    let third = candidate(call, 3, call.members[2].group.history().clone());
    let (at, welcome) = add(&third);
    let joined = third.join(at, &welcome, known, &world);
    let (joined, _) = joined?;
    let context = joined.view().unwrap().context;
    let void_before = context.barred().void_before();
    assert_eq!(Some(void_before), statements.void_before);
    Ok(())
}

#[test]
fn the_next_group_keeps_the_moment_into_which_entries_were_merged() {
    let call = Call::with_members(3);
    let (mut known, first) = full(&call);
    let none = Timestamp::from_secs(0);
    // The moments that the device knows, and that the group has.
    for (knows, has, expected) in [
        (first, first, None),
        (first, none, Some(ContextError::Stale)),
        (first.plus(1), first, Some(ContextError::Stale)),
        (none, first, None),
        (none, first.plus(1), None),
    ] {
        known.void_before = Some(knows);
        let statements = ContextChange {
            void_before: Some(has),
            ..known.clone()
        };
        for epoch in [0, 1] {
            let entered = enter_next(&call, &statements, &known, epoch);
            assert_eq!(entered.err(), expected.map(JoinError::Context));
        }
    }
}

/// A device that starts a group puts nobody's approval out of force, in whichever epoch it adds the others.
#[test]
fn a_moment_that_follows_from_no_entries_is_refused_in_every_epoch() {
    let call = Call::with_members(3);
    let (full, first) = full(&call);
    let mut few = full.clone();
    few.barred.pop();
    let known = call.members[2].group.view().unwrap().context.statements();
    let later = Timestamp::from_secs(u64::MAX);
    for statements in [&known, &few, &full] {
        for moment in [first.plus(2), later] {
            let statements = ContextChange {
                void_before: Some(moment),
                ..statements.clone()
            };
            for epoch in [0, 1, 2] {
                let entered = enter_next(&call, &statements, &known, epoch);
                let refused = JoinError::Context(ContextError::Statement);
                assert_eq!(entered.err(), Some(refused), "{moment:?} {epoch}");
            }
        }
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
