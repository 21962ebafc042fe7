//! Contexts: how statements change them, and which changes have no ground.

use core::ops::Range;

use anteroom_e2ee::{
    AdminSecret, BarredEntry, CLOCK_TOLERANCE, ContextChange, ContextError, Lock, MAX_BARRED,
    MAX_BARRED_BY_CO_ADMIN, Policy, RoomContext, SignedStatement, StatementKey,
};
use anteroom_protocol::{EraId, Restrictions, Timestamp};

use crate::common::{NOW, RoomKeys, by_admin, by_co_admin, era, people, room, user};

fn empty(people: &RoomKeys) -> RoomContext {
    RoomContext::new(people.room, people.era, Some(people.admin.public()))
}

fn with_policy(people: &RoomKeys, policy: &Policy) -> RoomContext {
    empty(people).with(&ContextChange {
        policy: Some(by_admin(people, policy)),
        ..ContextChange::default()
    })
}

fn bar(people: &RoomKeys, number: u64) -> SignedStatement<BarredEntry> {
    let entry = BarredEntry {
        user: user(100 + number),
        time: NOW.plus(number),
        ..people.barred()
    };
    by_admin(people, &entry)
}

fn barred(entries: Vec<SignedStatement<BarredEntry>>) -> ContextChange {
    ContextChange {
        barred: entries,
        ..ContextChange::default()
    }
}

fn lock(people: &RoomKeys, on: bool, later: u64) -> ContextChange {
    let lock = Lock {
        time: NOW.plus(later),
        ..people.lock(on)
    };
    ContextChange {
        lock: Some(by_admin(people, &lock)),
        ..ContextChange::default()
    }
}

#[test]
fn an_admin_key_without_a_policy_means_approval() {
    let people = people();
    let context = empty(&people);
    assert_eq!(context.restrictions_at(NOW), Restrictions::AdminApproval);
    let without_admin = RoomContext::new(people.room, people.era, None);
    assert_eq!(without_admin.restrictions_at(NOW), Restrictions::None);
    let open = with_policy(&people, &people.policy(Restrictions::None));
    assert_eq!(open.restrictions_at(NOW), Restrictions::None);
}

#[test]
fn the_newest_policy_and_lock_stay() {
    let people = people();
    let old = people.policy(Restrictions::None);
    let new = Policy {
        counter: 8,
        ..people.policy(Restrictions::AdminApproval)
    };
    let context = with_policy(&people, &new);
    let change = ContextChange {
        policy: Some(by_admin(&people, &old)),
        ..ContextChange::default()
    };
    assert_eq!(context.with(&change), context);
    let locked = context.with(&lock(&people, true, 5));
    assert!(locked.is_locked());
    assert!(locked.with(&lock(&people, false, 4)).is_locked());
    assert!(!locked.with(&lock(&people, false, 6)).is_locked());
}

#[test]
fn statements_that_do_not_count_change_nothing() {
    let people = people();
    let context = empty(&people);
    let stranger = AdminSecret::from_bytes([9; 32]).admin_key(&people.room);
    let key = StatementKey::Admin(&stranger);
    let policy = people.policy(Restrictions::None);
    let sign_lock = |lock: &Lock| Some(SignedStatement::sign(lock, &key).unwrap());
    let other_era = Lock {
        era: era(2),
        ..people.lock(true)
    };
    let other_room = BarredEntry {
        room: room(2),
        ..people.barred()
    };
    for change in [
        ContextChange {
            policy: Some(SignedStatement::sign(&policy, &key).unwrap()),
            ..ContextChange::default()
        },
        ContextChange {
            policy: Some(by_co_admin(&people, &policy)),
            ..ContextChange::default()
        },
        ContextChange {
            lock: sign_lock(&people.lock(true)),
            ..ContextChange::default()
        },
        ContextChange {
            lock: Some(by_admin(&people, &other_era)),
            ..ContextChange::default()
        },
        barred(vec![by_co_admin(&people, &people.barred())]),
        barred(vec![by_admin(&people, &other_room)]),
    ] {
        assert_eq!(context.with(&change), context);
    }
    let without_admin = RoomContext::new(people.room, people.era, None);
    let change = lock(&people, true, 0);
    assert_eq!(without_admin.with(&change), without_admin);
}

#[test]
fn the_statements_of_a_co_admin_count_as_long_as_the_policy_names_him() {
    let people = people();
    let policy = people.policy(Restrictions::AdminApproval);
    let context = with_policy(&people, &policy);
    let context = context.with(&barred(vec![by_co_admin(&people, &people.barred())]));
    assert_eq!(context.barred().entries().len(), 1);
    let without = Policy {
        counter: 8,
        co_admins: Vec::new(),
        ..policy
    };
    let next = context.with(&ContextChange {
        policy: Some(by_admin(&people, &without)),
        ..ContextChange::default()
    });
    assert_eq!(next.barred().entries().len(), 0);
    assert_eq!(
        (next.verify(), next.follows(&context, NOW)),
        (Ok(()), Ok(()))
    );
}

/// Another device of the admin can have signed the newest policy before it knew of the entry.
#[test]
fn a_co_admin_whom_the_admin_key_puts_out_is_none_whatever_the_policy_says() {
    let people = people();
    let context = with_policy(&people, &people.policy(Restrictions::AdminApproval));
    let entry = BarredEntry {
        user: user(3),
        ..people.barred()
    };
    let lock = ContextChange {
        lock: Some(by_co_admin(&people, &people.lock(true))),
        ..barred(vec![by_co_admin(&people, &people.barred())])
    };
    let before = context.with(&lock);
    assert!(before.is_locked());
    for (by, entry, counts) in [
        ("admin", by_admin(&people, &entry), false),
        ("co-admin", by_co_admin(&people, &entry), true),
    ] {
        let after = before.with(&barred(vec![entry.clone()]));
        assert_eq!(
            after.authority().unwrap().co_admins.len() == 1,
            counts,
            "{by}"
        );
        assert_eq!(after.is_locked(), counts);
        let entries = after.barred().entries().len();
        assert_eq!(entries, if counts { 2 } else { 1 });
        let at_once = context.with(&ContextChange {
            barred: vec![entry, by_co_admin(&people, &people.barred())],
            ..lock.clone()
        });
        assert_eq!(at_once, after);
        assert_eq!(
            (after.verify(), after.follows(&before, NOW)),
            (Ok(()), Ok(()))
        );
        assert_eq!(RoomContext::parse(&after.to_bytes()), Ok(after));
    }
}

#[test]
fn of_too_many_barred_entries_the_oldest_go_and_a_moment_stands_for_them() {
    let people = people();
    let entries: Vec<_> = (0..70).map(|number| bar(&people, number)).collect();
    let mut forth = empty(&people);
    for entry in &entries {
        forth = forth.with(&barred(vec![entry.clone()]));
        assert_eq!(forth.verify(), Ok(()));
    }
    let at_once = empty(&people).with(&barred(entries.iter().rev().cloned().collect()));
    assert_eq!(forth, at_once);
    assert_eq!(forth.barred().entries().len(), MAX_BARRED);
    assert_eq!(forth.barred().entries()[0], entries[6]);
    assert_eq!(forth.barred().void_before(), NOW.plus(7));
    assert_eq!(forth.with(&barred(entries)), forth);
}

/// The co-admin bars people whom it has invented, of times as late as members take.
#[test]
fn the_entries_of_a_co_admin_are_few_and_drive_out_none_of_the_admin() {
    let people = people();
    let policy = people.policy(Restrictions::AdminApproval);
    let against_it = BarredEntry {
        user: user(4),
        ..people.barred()
    };
    let before = with_policy(&people, &policy).with(&barred(vec![by_admin(&people, &against_it)]));
    let invented = |number: u64| {
        let entry = BarredEntry {
            user: user(100 + number),
            time: NOW.plus(CLOCK_TOLERANCE - 100 + number),
            ..people.barred()
        };
        by_co_admin(&people, &entry)
    };
    let entries: Vec<_> = (0..100).map(invented).collect();
    let mut forth = before.clone();
    for entry in entries.iter().rev() {
        let next = forth.with(&barred(vec![entry.clone()]));
        assert_eq!((next.verify(), next.follows(&forth, NOW)), (Ok(()), Ok(())));
        forth = next;
    }
    let at_once = before.with(&barred(entries.clone()));
    assert_eq!(forth, at_once);
    assert_eq!(forth.barred().entries().len(), 1 + MAX_BARRED_BY_CO_ADMIN);
    assert_eq!(forth.barred().entries()[0], by_admin(&people, &against_it));
    assert_eq!(
        forth.barred().entries()[1..],
        entries[..MAX_BARRED_BY_CO_ADMIN]
    );
    assert_eq!(forth.barred().void_before(), Timestamp::from_secs(0));
    // Entries beyond them need not be verified.
    let can_take = |number: usize| at_once.barred().can_take(&entries[number]);
    assert!(!can_take(0) && !can_take(MAX_BARRED_BY_CO_ADMIN));
    let later = before.with(&barred(entries[1..].to_vec()));
    assert!(later.barred().can_take(&entries[0]));
    assert!(later.barred().can_take(&bar(&people, 1)));
    // Those of the admin leave room for fewer.
    let most: Vec<_> = (0..MAX_BARRED as u64 - 3)
        .map(|one| bar(&people, one))
        .collect();
    let full = forth.with(&barred(most.clone()));
    assert_eq!(full.barred().entries().len(), MAX_BARRED);
    assert_eq!((full.verify(), full.follows(&forth, NOW)), (Ok(()), Ok(())));
    let at_once = before.with(&barred([&entries[..], &most].concat()));
    assert_eq!(full, at_once);
    let is_by_co_admin = |one: &&SignedStatement<BarredEntry>| entries.contains(one);
    let rest = full.barred().entries().iter().filter(is_by_co_admin);
    assert_eq!(rest.count(), 2);
    // A group that somebody starts with more is no group.
    let mut bytes = before.to_bytes();
    let number = bytes.len() - 2 - before.barred().entries()[0].as_bytes().len() - 2 - 1;
    bytes[number] += 9;
    bytes.truncate(bytes.len() - 2);
    for entry in &entries[..9] {
        let entry = entry.as_bytes();
        bytes.extend(u16::try_from(entry.len()).unwrap().to_be_bytes());
        bytes.extend(entry);
    }
    bytes.extend([0, 0]);
    let more = RoomContext::parse(&bytes).unwrap();
    assert_eq!(more.barred().entries().len(), 10);
    assert_eq!(more.verify(), Err(ContextError::Statement));
}

#[test]
fn a_context_has_one_encoding() {
    let people = people();
    let mut context = with_policy(&people, &people.policy(Restrictions::None));
    context = context.with(&lock(&people, true, 1));
    context = context.with(&barred((0..3).map(|number| bar(&people, number)).collect()));
    let bytes = context.to_bytes();
    assert_eq!(RoomContext::parse(&bytes), Ok(context));
    for length in 0..bytes.len() {
        assert!(RoomContext::parse(&bytes[..length]).is_err(), "{length}");
    }
    assert!(RoomContext::parse(&[&bytes[..], &[0]].concat()).is_err());
    let empty = RoomContext::new(people.room, people.era, None);
    assert_eq!(RoomContext::parse(&empty.to_bytes()), Ok(empty));
}

#[test]
fn a_context_without_ground_is_refused() {
    let people = people();
    let policy = people.policy(Restrictions::AdminApproval);
    let before = with_policy(&people, &policy).with(&barred(vec![bar(&people, 1)]));
    let added = before.with(&barred(vec![bar(&people, 2)]));
    assert_eq!(added.follows(&before, NOW), Ok(()));
    assert_eq!(before.follows(&before, NOW), Ok(()));
    let unfounded = Err(ContextError::Unfounded);
    assert_eq!(before.follows(&added, NOW), unfounded, "an entry is gone");
    let without_policy = empty(&people).with(&barred(vec![bar(&people, 1)]));
    assert_eq!(without_policy.follows(&before, NOW), unfounded, "no policy");
}

#[test]
fn a_moment_follows_from_as_many_entries_as_there_can_be() {
    let people = people();
    let entries = |numbers: Range<u64>| numbers.map(|number| bar(&people, number)).collect();
    let all = u64::try_from(MAX_BARRED).unwrap();
    let policy = with_policy(&people, &people.policy(Restrictions::AdminApproval));
    let by_co_admin = barred(vec![by_co_admin(&people, &people.barred())]);
    let few = policy.with(&barred(entries(1..all)));
    let mixed = few.with(&by_co_admin);
    assert_eq!(mixed.barred().entries().len(), MAX_BARRED);
    let full = policy.with(&barred(entries(1..all + 1)));
    let none = Timestamp::from_secs(0);
    for (context, moment) in [(&few, none), (&mixed, none), (&full, NOW.plus(2))] {
        assert_eq!(context.barred().void_before(), moment);
        let bytes = context.to_bytes();
        // Nobody says another one.
        let entries = context.barred().entries().iter();
        let length: usize = entries.map(|entry| 2 + entry.as_bytes().len()).sum();
        let place = bytes.len() - 2 - length - 1 - 8;
        assert_eq!(
            bytes[place..place + 8],
            moment.as_secs().to_be_bytes(),
            "the moment of {} entries",
            context.barred().entries().len()
        );
        for other in [0, 1, NOW.plus(1).as_secs(), NOW.plus(2).as_secs(), u64::MAX] {
            let mut bytes = bytes.clone();
            bytes[place..place + 8].copy_from_slice(&other.to_be_bytes());
            let parsed = RoomContext::parse(&bytes);
            assert_eq!(parsed.is_ok(), other == moment.as_secs(), "{other}");
        }
    }
}

/// The time by which members merge more of the admin key than an admin's client signs.
const MARGIN: u64 = 60;

#[test]
fn an_entry_of_a_later_time_is_refused_while_it_is_new() {
    let people = people();
    let before = with_policy(&people, &people.policy(Restrictions::AdminApproval));
    let entry = BarredEntry {
        time: NOW.plus(CLOCK_TOLERANCE + MARGIN + 1),
        ..people.barred()
    };
    for (entry, tolerance) in [
        (by_admin(&people, &entry), CLOCK_TOLERANCE + MARGIN),
        (by_co_admin(&people, &entry), CLOCK_TOLERANCE),
    ] {
        let late = before.with(&barred(vec![entry]));
        let time = late.barred().entries()[0].claimed().time;
        let in_time = time.minus(tolerance);
        for (now, expected) in [
            (in_time, Ok(())),
            (in_time.minus(1), Err(ContextError::Early)),
        ] {
            assert_eq!(late.follows(&before, now), expected);
            assert_eq!(late.verify_times(now), expected);
            let next = late.with(&lock(&people, true, 1));
            assert_eq!(next.follows(&late, now), Ok(()), "known before");
        }
    }
}

#[test]
fn a_lock_of_a_later_time_is_refused_while_it_is_new_and_no_statement_yet() {
    let people = people();
    let before = with_policy(&people, &people.policy(Restrictions::AdminApproval));
    let late = before.with(&lock(&people, true, CLOCK_TOLERANCE + MARGIN + 1));
    for (now, expected, is_due) in [
        (NOW.plus(MARGIN + 1), Ok(()), true),
        (NOW.plus(MARGIN), Ok(()), false),
        (NOW.plus(1), Ok(()), false),
        (NOW, Err(ContextError::Early), false),
    ] {
        assert_eq!(late.follows(&before, now), expected);
        assert_eq!(late.verify_times(now), expected);
        let told = late.statements_at(now, &people.member.public());
        assert_eq!(told.lock.is_some(), is_due);
        let demanded = late.statements().demanded_at(now.plus(2 * MARGIN));
        assert_eq!(demanded.lock.is_some(), is_due, "two minutes later");
        let next = late.with(&barred(vec![bar(&people, 1)]));
        assert_eq!(next.follows(&late, now), Ok(()), "known before");
    }
    let forever = lock(&people, true, u64::MAX);
    let latest = before.with(&forever);
    assert_eq!(latest.lock().unwrap().claimed().time.as_secs(), u64::MAX);
    assert_eq!(latest.follows(&before, NOW), Err(ContextError::Early));
}

#[test]
fn an_entry_of_a_later_time_is_no_statement_yet() {
    let people = people();
    // Removals within one second are each of a later one.
    let early = BarredEntry {
        time: NOW.plus(CLOCK_TOLERANCE + 15 + 1),
        ..people.barred()
    };
    let early = by_admin(&people, &early);
    let others: Vec<_> = (1..64).map(|number| bar(&people, number)).collect();
    let all = others.iter().chain([&early]).cloned().collect();
    let context = empty(&people).with(&barred(all));
    assert_eq!(context.verify(), Ok(()));
    let own = people.member.public();
    assert_eq!(context.statements_at(NOW, &own).barred, others);
    assert_eq!(context.statements().demanded_at(NOW).barred, others);
    assert_eq!(
        BarredEntry::latest_time(early.signer(), NOW.plus(1)),
        early.claimed().time
    );
    let later = context.statements_at(NOW.plus(1), &own);
    assert_eq!(later.barred.last(), Some(&early));
}

#[test]
fn a_group_of_another_link_is_refused() {
    let people = people();
    let own = empty(&people);
    let policy = people.policy(Restrictions::None);
    let newer = Policy {
        counter: 8,
        ..policy.clone()
    };
    let (policy, newer) = (by_admin(&people, &policy), by_admin(&people, &newer));
    let with = |policy: &SignedStatement<Policy>| {
        own.with(&ContextChange {
            policy: Some(policy.clone()),
            ..ContextChange::default()
        })
    };
    let without_admin = RoomContext::new(people.room, people.era, None);
    let stranger = AdminSecret::from_bytes([9; 32]).admin_key(&people.room);
    let other = |room, era: EraId, admin| RoomContext::new(room, era, admin);
    let admin = Some(people.admin.public());
    for (context, own, known, expected) in [
        (&own, &own, None, Ok(())),
        (&with(&policy), &own, Some(&policy), Ok(())),
        (&with(&newer), &own, Some(&policy), Ok(())),
        (&with(&policy), &own, Some(&newer), Err(ContextError::Stale)),
        (&own, &own, Some(&policy), Err(ContextError::Stale)),
        (
            &other(room(2), people.era, admin),
            &own,
            None,
            Err(ContextError::OtherRoom),
        ),
        (
            &other(people.room, era(2), admin),
            &own,
            None,
            Err(ContextError::OtherRoom),
        ),
        (
            &other(people.room, people.era, Some(stranger.public())),
            &own,
            None,
            Err(ContextError::OtherAdmin),
        ),
        (&without_admin, &own, None, Err(ContextError::OtherAdmin)),
        (
            &own,
            &without_admin,
            None,
            Err(ContextError::AdminMissingFromLink),
        ),
    ] {
        let known = ContextChange {
            policy: known.cloned(),
            ..ContextChange::default()
        };
        assert_eq!(context.matches(own, &known), expected);
    }
}
