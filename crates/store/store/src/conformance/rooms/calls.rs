//! The reading and removal of call records.

use std::{collections::BTreeSet, num::NonZeroU32};

use anteroom_protocol::{EraId, Timestamp};

use super::{
    Fixture, LEASE, MANY, NOW, RoomsBackend, TEST, address, assert_same_call, assert_same_link,
    call, node, room,
};
use crate::{CallKey, CallRecord, LinkAddress, LinkWithCall, StoreError};

pub async fn a_link_is_read_with_its_live_call<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let link = fixture.created("a1", None).await;
    let other = fixture.created("b2", None).await;
    let call = fixture.started(&link, NOW).await;
    for alone in [false, true] {
        let with_call = look_up(&fixture, alone, &link.address(), NOW)
            .await
            .unwrap();
        assert_same_link(&with_call.link, &link);
        assert_same_call(&with_call.call.unwrap(), &call);
        for (address, now) in [(link.address(), NOW.plus(LEASE)), (other.address(), NOW)] {
            let without = look_up(&fixture, alone, &address, now).await.unwrap();
            assert!(without.call.is_none());
        }
        for (address, now) in [
            (address("c3", None), NOW),
            (address("a1", Some(0)), NOW),
            (link.address(), link.delete_at),
        ] {
            let absent = look_up(&fixture, alone, &address, now).await;
            assert!(absent.is_none());
        }
    }
    // A look-up without a transaction also notices that the file has other keys.
    fixture.backend.execute("DELETE FROM keys").await;
    let outcome = fixture
        .database
        .link_with_call(TEST, &link.address(), NOW)
        .await;
    assert!(matches!(outcome, Err(StoreError::Keys(_))), "{outcome:?}");
}

/// Looks a link up in a transaction, or with a single statement.
async fn look_up<B: RoomsBackend>(
    fixture: &Fixture<B>,
    alone: bool,
    address: &LinkAddress,
    now: Timestamp,
) -> Option<LinkWithCall> {
    let found = if alone {
        fixture.database.link_with_call(TEST, address, now).await
    } else {
        fixture.read().await.link_with_call(address, now).await
    };
    found.unwrap()
}

pub async fn calls_are_listed_by_node<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut expected = BTreeSet::new();
    for (id, name) in [("a", "one"), ("b", "two"), ("c", "one")] {
        let started = started_at(&mut fixture, id, name, NOW.as_secs()).await;
        if name == "one" {
            expected.insert(started.era);
        }
    }
    let calls = fixture.read().await.calls_of_node(&node("one")).await;
    assert_eq!(eras(&calls.unwrap()), expected);
    let none = fixture.read().await.calls_of_node(&node("three")).await;
    assert!(none.unwrap().is_empty());
}

pub async fn lapsed_calls_are_listed_and_removed_in_parts<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut calls = Vec::new();
    for (id, age) in [("a", 2), ("b", LEASE), ("c", LEASE + 2), ("d", LEASE + 1)] {
        calls.push(started_at(&mut fixture, id, "one", NOW.as_secs() - age).await);
    }
    let mut leaseless = call(CallKey::Group(room("e")), NOW, &mut fixture.rng);
    leaseless.lease_until = None;
    fixture.start(&leaseless, None, NOW).await;

    let two = NonZeroU32::new(2).unwrap();
    let lapsed = fixture.read().await.lapsed_calls(NOW, MANY).await.unwrap();
    let order: Vec<EraId> = lapsed.iter().map(|call| call.era).collect();
    assert_eq!(order, [calls[2].era, calls[3].era, calls[1].era]);
    let first = fixture.read().await.lapsed_calls(NOW, two).await.unwrap();
    assert_eq!(first.len(), 2);

    let mut repository = fixture.begin().await;
    let mut removed = Vec::new();
    for _ in 0..3 {
        removed.push(repository.remove_lapsed_calls(NOW, two).await.unwrap());
    }
    repository.save().await.unwrap();
    assert_eq!(removed, [2, 1, 0]);
    let left = fixture.read().await.calls(None, MANY).await.unwrap().calls;
    assert_eq!(eras(&left), BTreeSet::from([calls[0].era, leaseless.era]));
}

pub async fn all_calls_are_listed_in_parts<B: RoomsBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let mut expected = BTreeSet::new();
    for id in ["a", "b", "c", "d", "e", "f"] {
        // Some leases are over. Their calls are listed too.
        let age = if id > "c" { 2 * LEASE } else { 0 };
        let started = started_at(&mut fixture, id, "one", NOW.as_secs() - age).await;
        expected.insert(started.era);
    }
    for limit in 1..=7 {
        let limit = NonZeroU32::new(limit).unwrap();
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = fixture.read().await.calls(after, limit).await.unwrap();
            assert!(page.calls.len() <= limit.get() as usize);
            found.extend(page.calls);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(found.len(), expected.len());
        assert_eq!(eras(&found), expected);
    }
}

async fn started_at<B: RoomsBackend>(
    fixture: &mut Fixture<B>,
    id: &str,
    name: &str,
    seconds: u64,
) -> CallRecord {
    let moment = Timestamp::from_secs(seconds);
    let mut call = call(CallKey::Group(room(id)), moment, &mut fixture.rng);
    call.node = node(name);
    fixture.start(&call, None, moment).await;
    call
}

fn eras(calls: &[CallRecord]) -> BTreeSet<EraId> {
    calls.iter().map(|call| call.era).collect()
}
