//! Statements that others relay, and that somebody has signed on purpose.

use std::collections::BTreeSet;

use anteroom_e2ee::{
    Admission, BarredEntry, CLOCK_TOLERANCE, CoAdmin, ContextChange, ContextError, GroupChange,
    HandshakeKey, HandshakeKind, JoinError, Lock, RoomContext, SignedStatement, StatementKey,
};
use anteroom_e2ee_session::{BarScope, Command, CommandError, Event, Input, Message, SessionTime};
use anteroom_protocol::{DAY, DemuxId, Timestamp};

use crate::{
    insider::{Insider, candidate, leaf},
    insiders::{INSIDER, sign, with_insider},
    people::{Room, TestUser, user},
    private_groups::asking,
    stage::{Hop, Stage},
};

/// A call of an admin, the co-admin 1 and a person.
fn call() -> Stage {
    let mut stage = Stage::new(Room::open());
    let admin = stage.room.admin(0);
    stage.join(admin);
    for number in 1..3 {
        let person = stage.room.person(number);
        stage.join(person);
    }
    stage.run(6_000);
    let co_admin = CoAdmin {
        user: user(1),
        member_key: stage.room.member_key(1).public(),
    };
    stage.command(0, Command::SetCoAdmins(vec![co_admin]));
    stage.run(2_000);
    stage.assert_together(&[0, 1, 2]);
    stage
}

/// A call of an admin, three people whose clocks are ahead by these seconds, and a co-admin whom the test plays.
fn call_with_insider([admin, others]: [u64; 2]) -> (Stage, Insider) {
    let mut stage = Stage::new(Room::open());
    let mut person = stage.room.admin(0);
    person.ahead = admin;
    stage.join(person);
    for number in 1..4 {
        let mut person = stage.room.person(number);
        person.ahead = others;
        stage.join(person);
    }
    stage.run(6_000);
    let mut insider = Insider::join(&mut stage, INSIDER, Admission::None).unwrap();
    let co_admin = CoAdmin {
        user: user(INSIDER),
        member_key: stage.room.member_key(INSIDER).public(),
    };
    stage.command(0, Command::SetCoAdmins(vec![co_admin]));
    stage.run(6_000);
    insider.follow(&mut stage);
    stage.forget();
    (stage, insider)
}

/// Lets the co-admin whom the test plays commit an entry.
fn commit(stage: &mut Stage, insider: &mut Insider, ahead: u64) -> SignedStatement<BarredEntry> {
    let entry = entry_of(stage, INSIDER, 50, ahead);
    insider.now = entry.claimed().time;
    let change = GroupChange {
        context: ContextChange {
            barred: vec![entry.clone()],
            ..ContextChange::default()
        },
        ..GroupChange::default()
    };
    insider.commit(stage, &change);
    entry
}

/// An entry of the co-admin about a user who is not there.
fn entry(stage: &Stage, number: u64, ahead: u64) -> SignedStatement<BarredEntry> {
    entry_of(stage, 1, number, ahead)
}

fn entry_of(stage: &Stage, co_admin: u64, number: u64, ahead: u64) -> SignedStatement<BarredEntry> {
    let entry = BarredEntry {
        room: stage.room.root_key.room_id(),
        user: user(number),
        member_key: None,
        time: stage.now().now.plus(ahead),
    };
    let key = stage.room.member_key(co_admin);
    SignedStatement::sign(&entry, &StatementKey::CoAdmin(&key)).unwrap()
}

/// Lets the co-admin relay an entry to everybody.
fn relay(stage: &mut Stage, entry: &SignedStatement<BarredEntry>) {
    let change = ContextChange {
        barred: vec![entry.clone()],
        ..ContextChange::default()
    };
    relay_change(stage, &change);
}

fn relay_change(stage: &mut Stage, change: &ContextChange) {
    let context = stage.people[0].session.context().unwrap().with(change);
    let handshake = HandshakeKey::derive(&stage.room.root_key, stage.room.era);
    let bytes = context.to_bytes();
    let sealed = handshake.seal(HandshakeKind::Statements, None, &bytes, &mut stage.rng);
    let body = [&[4][..], &sealed.unwrap()].concat();
    let from = stage.people[1].demux.unwrap();
    for to in 0..stage.people.len() {
        let body = body.clone();
        stage.tell(to, Input::Relay { from, body });
    }
}

fn has(stage: &Stage, entry: &SignedStatement<BarredEntry>) -> bool {
    let context = stage.people[0].session.context();
    context.is_some_and(|context| context.barred().entries().contains(entry))
}

fn assert_nothing_refused(stage: &Stage) {
    for who in 0..stage.people.len() {
        assert!(
            !stage.has_seen(who, |event| matches!(event, Event::CommitRefused { .. })),
            "{who}: {:?}",
            stage.people[who].events
        );
    }
}

#[test]
fn a_co_admin_stops_no_commit_with_an_entry_of_a_later_time() {
    for (ahead, is_taken) in [
        (36_500 * DAY, false),
        (CLOCK_TOLERANCE + 60, false),
        (CLOCK_TOLERANCE - 60, false),
        (CLOCK_TOLERANCE / 2 - 60, true),
    ] {
        let mut stage = call();
        let entry = entry(&stage, 50, ahead);
        relay(&mut stage, &entry);
        stage.run(4_000);
        let newcomer = stage.room.person(3);
        let newcomer = stage.join(newcomer);
        stage.run(8_000);
        assert_nothing_refused(&stage);
        stage.assert_together(&[0, 1, 2, newcomer]);
        assert_eq!(has(&stage, &entry), is_taken, "{ahead}");
    }
}

#[test]
fn a_co_admin_locks_no_call_for_good_with_a_lock_of_a_later_time() {
    for (ahead, is_taken) in [
        (u64::MAX, false),
        (CLOCK_TOLERANCE + 60, false),
        (CLOCK_TOLERANCE - 60, false),
        (CLOCK_TOLERANCE / 2 - 60, true),
    ] {
        let mut stage = call();
        let now = stage.now().now.as_secs();
        let lock = Lock {
            room: stage.room.root_key.room_id(),
            era: stage.room.era,
            on: true,
            time: Timestamp::from_secs(now.saturating_add(ahead)),
        };
        let key = stage.room.member_key(1);
        let lock = SignedStatement::sign(&lock, &StatementKey::CoAdmin(&key)).unwrap();
        let change = ContextChange {
            lock: Some(lock),
            ..ContextChange::default()
        };
        relay_change(&mut stage, &change);
        stage.run(4_000);
        let is_locked = |stage: &Stage| {
            let context = stage.people[2].session.context();
            context.is_some_and(RoomContext::is_locked)
        };
        assert_eq!(is_locked(&stage), is_taken, "{ahead}");
        for is_on in [true, false] {
            stage.command(0, Command::Lock(is_on));
            stage.run(2_000);
            assert_eq!(is_locked(&stage), is_on, "{ahead}");
        }
        let newcomer = stage.room.person(3);
        let newcomer = stage.join(newcomer);
        stage.run(8_000);
        assert_nothing_refused(&stage);
        stage.assert_together(&[0, 1, 2, newcomer]);
    }
}

/// The clock of the co-admin is ahead by an hour, and is then set.
#[test]
fn an_entry_of_a_clock_that_was_ahead_waits_for_its_time() {
    let mut stage = call();
    let device = stage.people[2].demux.unwrap();
    let time = SessionTime {
        now: stage.now().now.plus(3_600),
        ..stage.now()
    };
    // The service keeps its commit from all until somebody else commits.
    stage.lie(|hop| match hop {
        Hop::ToService(1, Message::Commit(_)) => Vec::new(),
        hop => vec![hop],
    });
    let scope = BarScope::User;
    let session = &mut stage.people[1].session;
    let done = session.command(Command::Bar { device, scope }, time, &mut stage.rng);
    assert_eq!(done, Ok(()));
    let newcomer = stage.room.person(3);
    let newcomer = stage.join(newcomer);
    stage.run(8_000);
    stage.be_honest();
    // Nobody but the co-admin is left to commit.
    stage.leave(0);
    stage.leave(2);
    stage.leave(newcomer);
    let last = stage.room.person(4);
    let last = stage.join(last);
    stage.run(8_000);
    stage.assert_together(&[1, last]);
    assert_nothing_refused(&stage);
}

/// The second message of a device within a second costs nobody a signature.
#[test]
fn statements_of_a_device_count_once_in_a_second() {
    let mut stage = call();
    let [first, second] = [50, 51].map(|number| entry(&stage, number, 0));
    relay(&mut stage, &first);
    relay(&mut stage, &second);
    stage.run(4_000);
    assert_eq!([&first, &second].map(|one| has(&stage, one)), [true, false]);
    relay(&mut stage, &second);
    stage.run(4_000);
    assert_eq!([&first, &second].map(|one| has(&stage, one)), [true, true]);
    assert_nothing_refused(&stage);
}

/// The entry is just not too early for all but the admin, who starts the next group.
#[test]
fn an_entry_that_is_too_early_for_the_admin_alone_keeps_nobody_out_of_the_next_group() {
    let (mut stage, mut insider) = call_with_insider([0, 2]);
    let entry = commit(&mut stage, &mut insider, CLOCK_TOLERANCE + 1);
    assert!(stage.has_seen(0, |event| matches!(event, Event::CommitRefused { .. })));
    stage.run(8_000);
    stage.assert_together(&[0, 1, 2, 3]);
    stage.assert_talk(&[0, 1, 2, 3]);
    stage.forget();
    // The others commit it half of the tolerance before its time, when it is the second one's turn.
    let due = CLOCK_TOLERANCE / 2 + 1 - 2;
    stage.run(1_000 * due - 9_000);
    assert!(!has(&stage, &entry));
    stage.run(4_000);
    assert!(has(&stage, &entry));
    stage.assert_together(&[0, 1, 2, 3]);
    assert_nothing_refused(&stage);
}

/// The members have the entry of a co-admin, and the newcomer's clock is behind theirs.
#[test]
fn an_entry_that_is_too_early_for_a_newcomer_makes_nobody_a_suspect() {
    let (mut stage, mut insider) = call_with_insider([20, 20]);
    let entry = commit(&mut stage, &mut insider, CLOCK_TOLERANCE + 15);
    assert!(has(&stage, &entry));
    let newcomer = stage.room.person(4);
    let newcomer = stage.join(newcomer);
    stage.run(25_000);
    let refused = stage.seen(newcomer, |event| match event {
        Event::WelcomeRefused { error, .. } => Some(*error),
        _ => None,
    });
    assert_eq!(refused, [JoinError::Context(ContextError::Early)]);
    let all = BTreeSet::from([0, 1, 2, 3, insider.who, newcomer]);
    for who in [0, 1, 2, 3, newcomer] {
        assert_eq!(stage.group_of(who), all);
        assert!(!stage.has_seen(who, |event| {
            matches!(
                event,
                Event::RefusedByOther { .. } | Event::NextGroup { .. }
            )
        }));
    }
}

/// The admin that let the device in has a clock that is ahead.
#[test]
fn a_co_admins_removal_puts_out_a_device_whose_approval_is_of_a_later_time() {
    let mut stage = Stage::new(Room::strict());
    let admin = stage.room.admin(0);
    stage.join(admin);
    let co_admin = stage.room.approved(1);
    stage.join(co_admin);
    let mut ahead = stage.room.approval(2).claimed().clone();
    ahead.issued = stage.now().now.plus(600);
    let mut options = stage.room.options(2);
    options.admission = Admission::Approval(sign(&stage, &ahead));
    stage.join(TestUser::new(options, anteroom_call::Role::Guest));
    for who in 1..3 {
        stage.approve(0, who, None);
    }
    stage.run(6_000);
    let co_admin = CoAdmin {
        user: user(1),
        member_key: stage.room.member_key(1).public(),
    };
    stage.command(0, Command::SetCoAdmins(vec![co_admin]));
    stage.run(2_000);
    stage.assert_together(&[0, 1, 2]);
    let device = stage.people[2].demux.unwrap();
    let scope = BarScope::User;
    stage.command(1, Command::Bar { device, scope });
    stage.run(1_000);
    stage.assert_together(&[0, 1]);
}

/// An admin and two people, with whom a device is by an approval of the latest time that members merge: a member has
/// added a second key. Returns the device too.
fn with_late_device() -> (Stage, DemuxId, Timestamp) {
    const SECOND: u64 = 19;
    const NUMBER: u32 = 16 * 60_000;
    let (mut stage, mut insider) = with_insider();
    let mut approval = stage.room.approval(SECOND).claimed().clone();
    approval.issued = stage.now().now.plus(CLOCK_TOLERANCE);
    let latest = approval.issued;
    let approval = Admission::Approval(sign(&stage, &approval));
    let leaf = leaf(&stage, SECOND, NUMBER, approval);
    let candidate = candidate(&mut stage, SECOND, leaf);
    let change = insider.adding(&candidate);
    // Its own rules would have it wait.
    insider.now = insider.now.plus(120);
    insider.commit(&mut stage, &change);
    assert_eq!(members(&stage, 0), 5);
    (stage, DemuxId::new(NUMBER).unwrap(), latest)
}

fn members(stage: &Stage, who: usize) -> usize {
    stage.people[who].session.members().len()
}

/// The entry is of the time of the approval, and the policy of the removal comes with it: without the entry no approval
/// would count to those who come in.
#[test]
fn an_admins_removal_puts_out_a_device_whose_approval_is_of_the_latest_time_at_once() {
    let (mut stage, device, latest) = with_late_device();
    let scope = BarScope::Device;
    let others = [1, 2].map(|who: usize| stage.people[who].demux.unwrap());
    // The next ones are of the times of the approvals that the removals before have given.
    let devices = [device, others[0], others[1]];
    for (number, device) in devices.into_iter().enumerate() {
        stage.command(0, Command::Bar { device, scope });
        for who in (0..3).filter(|who| *who == 0 || *who > number) {
            assert_eq!(members(&stage, who), 4 - number, "{who}");
            let context = stage.people[who].session.context().unwrap();
            let entry = &context.barred().entries()[number];
            let void_before = context.policy().unwrap().claimed().void_before;
            assert_eq!(void_before, entry.claimed().time.plus(1));
            assert_eq!(
                entry.claimed().time,
                latest.plus(u64::try_from(number).unwrap())
            );
        }
    }
    stage.run(500);
    assert_nothing_refused(&stage);
}

/// An entry of that time would wait for most of a minute, and the device would be told as removed by one of an earlier
/// time, and come back.
#[test]
fn a_co_admins_removal_waits_that_cannot_be_of_the_time_of_an_approval_yet() {
    let (mut stage, device, latest) = with_late_device();
    let co_admin = CoAdmin {
        user: user(1),
        member_key: stage.room.member_key(1).public(),
    };
    stage.command(0, Command::SetCoAdmins(vec![co_admin]));
    stage.run(1_000);
    let possible = stage.now().now.plus(CLOCK_TOLERANCE - 60);
    let seconds = latest.as_secs() - possible.as_secs();
    assert!(0 < seconds && seconds <= 60);
    let scope = BarScope::Device;
    let done = stage.try_command(1, Command::Bar { device, scope });
    let needs_admin = true;
    let early = CommandError::EarlyRemoval {
        seconds,
        needs_admin,
    };
    assert_eq!(done, Err(early));
    assert!(!stage.people[1].session.has_pending_statements());
    // An admin can do it at once.
    stage.command(0, Command::Bar { device, scope });
    stage.run(500);
    assert_eq!([0, 1].map(|who| members(&stage, who)), [4, 4]);
    assert_nothing_refused(&stage);
}

/// Nobody adds by the new approval for another minute. It is the only one that is not void in later eras.
#[test]
fn an_approval_of_the_latest_time_that_a_removal_gives_is_taken_when_others_add_by_it() {
    let (mut stage, device, latest) = with_late_device();
    let scope = BarScope::Device;
    stage.command(0, Command::Bar { device, scope });
    stage.run(50_000);
    let issued = |stage: &Stage, who: usize| {
        let approval = stage.people[who].approval.as_ref();
        approval.map(|approval| approval.claimed().issued)
    };
    assert_eq!([1, 2].map(|who| issued(&stage, who)), [None, None]);
    // One of them has another seat meanwhile.
    stage.disconnect(2);
    stage.people[2].resume = None;
    stage.connect(2);
    stage.run(14_000);
    let expected = Some(latest.plus(1));
    assert_eq!([1, 2].map(|who| issued(&stage, who)), [expected, expected]);
    let policy = stage.people[1].policy.as_ref().unwrap();
    assert_eq!(Some(policy.claimed().void_before), expected);
}

/// The statement is of a later time than those of a co-admin may be, and the next group begins without it.
#[test]
fn nobody_comes_in_by_the_next_group_against_a_statement_that_waits() {
    for is_lock in [true, false] {
        let (mut stage, mut insider) = call_with_insider([0, 0]);
        let ahead = CLOCK_TOLERANCE - 60;
        if is_lock {
            commit_lock(&mut stage, &mut insider, ahead);
        } else {
            let entry = commit(&mut stage, &mut insider, ahead);
            assert!(has(&stage, &entry));
        }
        insider.follow(&mut stage);
        insider.commit_bytes(&mut stage, b"no commit");
        let barred = stage.room.person(50);
        let barred = stage.join(barred);
        stage.run(15_000);
        for who in 0..4 {
            assert!(stage.has_seen(who, |event| {
                matches!(event, Event::NextGroup { number: 2, .. })
            }));
        }
        stage.assert_together(&[0, 1, 2, 3]);
        assert_eq!(stage.people[barred].session.have(), None, "{is_lock}");
        stage.run(1_000 * ahead);
        stage.assert_together(&[0, 1, 2, 3]);
        let context = stage.people[0].session.context().unwrap();
        assert_eq!(context.is_locked(), is_lock);
        assert_eq!(context.barred().entries().is_empty(), is_lock);
    }
}

/// The next group lacks the entry, and a member adds whom it names, as no honest committer does that knows it.
#[test]
fn a_member_brings_back_whom_an_entry_that_waits_names_until_the_entry_is_due() {
    let (mut stage, mut insider) = call_with_insider([0, 0]);
    let ahead = CLOCK_TOLERANCE - 60;
    let entry = commit(&mut stage, &mut insider, ahead);
    insider.follow(&mut stage);
    insider.commit_bytes(&mut stage, b"no commit");
    stage.run(15_000);
    stage.assert_together(&[0, 1, 2, 3]);
    assert!(!has(&stage, &entry));
    let named = stage.room.person(50);
    let named = stage.join(named);
    let mut member = Insider::join(&mut stage, 60, Admission::None).unwrap();
    member.follow(&mut stage);
    let change = GroupChange {
        add: vec![asking(&stage, named)],
        ..GroupChange::default()
    };
    stage.forget();
    member.commit(&mut stage, &change);
    let own = member.group.own_leaf();
    let all = BTreeSet::from([0, 1, 2, 3, member.who, named]);
    for who in 0..4 {
        assert_eq!(stage.group_of(who), all);
        let told = stage.seen(who, |event| match event {
            Event::MemberAdded { member, committer } => {
                Some((member.claims.user.clone(), *committer))
            }
            _ => None,
        });
        assert_eq!(told, [(user(50), own)]);
    }
    stage.run(1_000 * (ahead - CLOCK_TOLERANCE / 2));
    assert!(has(&stage, &entry));
    let rest = BTreeSet::from([0, 1, 2, 3, member.who]);
    for who in 0..4 {
        assert_eq!(stage.group_of(who), rest);
    }
    assert_nothing_refused(&stage);
}

/// Lets the co-admin whom the test plays commit a lock.
fn commit_lock(stage: &mut Stage, insider: &mut Insider, ahead: u64) {
    let lock = Lock {
        room: stage.room.root_key.room_id(),
        era: stage.room.era,
        on: true,
        time: stage.now().now.plus(ahead),
    };
    insider.now = lock.time;
    let key = stage.room.member_key(INSIDER);
    let change = GroupChange {
        context: ContextChange {
            lock: Some(SignedStatement::sign(&lock, &StatementKey::CoAdmin(&key)).unwrap()),
            ..ContextChange::default()
        },
        ..GroupChange::default()
    };
    insider.commit(stage, &change);
    assert!(stage.people[0].session.context().unwrap().is_locked());
}

/// The clock of the admin is ahead of the others', to whom the lock is just not too early.
#[test]
fn an_admin_that_follows_a_lock_of_a_later_time_is_refused_by_nobody() {
    let (mut stage, mut insider) = call_with_insider([2, 0]);
    commit_lock(&mut stage, &mut insider, CLOCK_TOLERANCE);
    insider.follow(&mut stage);
    stage.command(0, Command::Lock(false));
    let all = BTreeSet::from([0, 1, 2, 3, insider.who]);
    let is_locked = |stage: &Stage, who: usize| {
        let context = stage.people[who].session.context();
        context.is_some_and(RoomContext::is_locked)
    };
    for _ in 0..2 {
        assert_nothing_refused(&stage);
        for who in 0..4 {
            assert_eq!(stage.group_of(who), all);
            assert!(!is_locked(&stage, who));
        }
        // Members merge of an admin what is a little more ahead.
        stage.run(1_000);
    }
    assert_nothing_refused(&stage);
}
