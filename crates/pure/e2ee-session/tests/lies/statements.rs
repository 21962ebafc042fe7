//! Statements that others relay, and that somebody has signed on purpose.

use anteroom_e2ee::{
    BarredEntry, CLOCK_TOLERANCE, CoAdmin, ContextChange, HandshakeKey, HandshakeKind, Lock,
    RoomContext, SignedStatement, StatementKey,
};
use anteroom_e2ee_session::{BarScope, Command, Event, Input, Message, SessionTime};
use anteroom_protocol::{DAY, Timestamp};

use crate::{
    people::{Room, user},
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

/// An entry of the co-admin about a user who is not there.
fn entry(stage: &Stage, number: u64, ahead: u64) -> SignedStatement<BarredEntry> {
    let entry = BarredEntry {
        room: stage.room.root_key.room_id(),
        user: user(number),
        member_key: None,
        time: stage.now().now.plus(ahead),
    };
    let key = stage.room.member_key(1);
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
