//! Confirmations: who is heard in one's own epoch.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{Confirmations, GroupEpoch};

use crate::call::at;

fn epoch(epoch: u64) -> GroupEpoch {
    GroupEpoch { group: 0, epoch }
}

fn of_four(now: u64) -> Confirmations {
    let mut confirmations = Confirmations::default();
    let leaves = BTreeSet::from([0, 1, 2, 3]);
    confirmations.change_epoch(
        epoch(1),
        0,
        &leaves,
        &BTreeSet::new(),
        &BTreeMap::new(),
        at(now),
    );
    confirmations
}

#[test]
fn a_member_that_is_not_heard_for_20_s_is_not_confirmed() {
    let mut confirmations = of_four(1_000);
    assert_eq!(confirmations.unconfirmed(at(20_999)), BTreeSet::new());
    confirmations.hear(epoch(1), 1, at(2_000));
    confirmations.hear(epoch(2), 2, at(2_000));
    confirmations.hear(epoch(1), 7, at(2_000));
    assert_eq!(
        confirmations.unconfirmed(at(21_000)),
        BTreeSet::from([2, 3])
    );
    assert_eq!(
        confirmations.unconfirmed(at(22_000)),
        BTreeSet::from([1, 2, 3])
    );
}

#[test]
fn a_client_stops_when_more_than_half_of_the_others_are_not_confirmed() {
    let mut confirmations = of_four(0);
    confirmations.hear(epoch(1), 1, at(10_000));
    confirmations.hear(epoch(1), 2, at(10_000));
    assert!(!confirmations.must_stop(at(20_000)), "one of three");
    assert!(confirmations.must_stop(at(30_000)));
    let mut alone = Confirmations::default();
    alone.change_epoch(
        epoch(0),
        0,
        &BTreeSet::from([0]),
        &BTreeSet::new(),
        &BTreeMap::new(),
        at(0),
    );
    assert!(!alone.must_stop(at(99_000)), "nobody else is there");
    let mut two = Confirmations::default();
    let leaves = BTreeSet::from([0, 1]);
    two.change_epoch(
        epoch(0),
        0,
        &leaves,
        &BTreeSet::new(),
        &BTreeMap::new(),
        at(0),
    );
    assert!(two.must_stop(at(20_000)), "the other one");
}

#[test]
fn a_new_epoch_keeps_the_signs_of_those_who_stayed() {
    let mut confirmations = of_four(0);
    confirmations.hear(epoch(1), 1, at(15_000));
    assert!(confirmations.is_epoch_shared());
    let leaves = BTreeSet::from([0, 1, 2, 3]);
    let stayed = BTreeSet::from([0, 1, 2]);
    // The leaf of 2 stayed.
    let signs = BTreeMap::from([(2, at(15_000))]);
    confirmations.change_epoch(epoch(2), 0, &leaves, &stayed, &signs, at(16_000));
    assert!(!confirmations.is_epoch_shared());
    assert_eq!(confirmations.unconfirmed(at(20_000)), BTreeSet::from([2]));
    confirmations.hear(epoch(1), 2, at(20_000));
    assert_eq!(
        confirmations.unconfirmed(at(20_000)),
        BTreeSet::from([2]),
        "of the old epoch"
    );
    confirmations.hear(epoch(2), 2, at(20_000));
    assert!(confirmations.is_epoch_shared());
    assert_eq!(confirmations.unconfirmed(at(20_000)), BTreeSet::new());
    assert_eq!(
        confirmations.unconfirmed(at(36_000)),
        BTreeSet::from([1, 3])
    );
}

#[test]
fn a_leaf_that_is_made_anew_keeps_the_last_sign() {
    let mut confirmations = of_four(0);
    confirmations.hear(epoch(1), 1, at(15_000));
    let last = [0, 1, 2].map(|leaf| confirmations.last_sign(leaf));
    assert_eq!(last, [None, Some(at(15_000)), Some(at(0))]);
    let leaves = BTreeSet::from([0, 3, 4, 5, 6]);
    let signs = BTreeMap::from([(4, at(15_000)), (5, at(0))]);
    let stayed = BTreeSet::from([0, 3]);
    confirmations.change_epoch(epoch(2), 0, &leaves, &stayed, &signs, at(21_000));
    let unconfirmed = |now: u64| confirmations.unconfirmed(at(now));
    assert_eq!(unconfirmed(21_000), BTreeSet::from([3, 5]));
    assert_eq!(unconfirmed(35_000), BTreeSet::from([3, 4, 5]));
    assert_eq!(unconfirmed(41_000), BTreeSet::from([3, 4, 5, 6]));
}

#[test]
fn times_without_a_connection_count_for_20_s_at_most() {
    let mut confirmations = of_four(0);
    confirmations.reconnect(Duration::from_secs(15));
    assert_eq!(confirmations.unconfirmed(at(34_999)), BTreeSet::new());
    assert_eq!(
        confirmations.unconfirmed(at(35_000)),
        BTreeSet::from([1, 2, 3])
    );
    confirmations.hear(epoch(1), 1, at(35_000));
    confirmations.reconnect(Duration::from_secs(15));
    assert_eq!(
        confirmations.unconfirmed(at(39_999)),
        BTreeSet::new(),
        "again"
    );
    assert_eq!(
        confirmations.unconfirmed(at(40_000)),
        BTreeSet::from([2, 3])
    );
}

#[test]
fn who_sends_nothing_confirms_every_10_s() {
    let mut confirmations = of_four(0);
    assert!(confirmations.is_due(at(0)));
    confirmations.sent(at(1_000));
    assert!(!confirmations.is_due(at(10_999)));
    assert!(confirmations.is_due(at(11_000)));
}
