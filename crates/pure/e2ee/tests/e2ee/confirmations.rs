//! Confirmations: who is heard in one's own epoch.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet};

use anteroom_e2ee::{Confirmations, GroupEpoch, SenderTime};

use crate::call::at;

fn epoch(epoch: u64) -> GroupEpoch {
    GroupEpoch { group: 0, epoch }
}

/// The time of a sender whose clock is a second behind, and whose message takes no time.
const fn sent(millis: u64) -> SenderTime {
    SenderTime::from_millis(millis - 1_000)
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
    confirmations.hear(epoch(1), 1, sent(2_000), at(2_000));
    confirmations.hear(epoch(2), 2, sent(2_000), at(2_000));
    confirmations.hear(epoch(1), 7, sent(2_000), at(2_000));
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
fn a_member_was_heard_when_a_message_of_its_present_leaf_has_come() {
    let mut confirmations = of_four(1_000);
    confirmations.hear(epoch(1), 1, sent(2_000), at(2_000));
    confirmations.hear(epoch(1), 1, sent(2_000), at(9_000));
    let heard = |confirmations: &Confirmations| [1, 2].map(|leaf| confirmations.heard_at(leaf));
    assert_eq!(heard(&confirmations), [Some(at(2_000)), None], "a late one");
    let leaves = BTreeSet::from([0, 1, 2, 3]);
    let signs = BTreeMap::from([(1, at(2_000))]);
    for (stayed, expected) in [(leaves.clone(), Some(at(2_000))), (BTreeSet::new(), None)] {
        confirmations.change_epoch(epoch(2), 0, &leaves, &stayed, &signs, at(9_000));
        assert_eq!(heard(&confirmations), [expected, None]);
    }
}

#[test]
fn a_new_epoch_keeps_the_signs_of_those_who_stayed() {
    let mut confirmations = of_four(0);
    confirmations.hear(epoch(1), 1, sent(15_000), at(15_000));
    assert!(confirmations.has_heard_other_than(None));
    let leaves = BTreeSet::from([0, 1, 2, 3]);
    let stayed = BTreeSet::from([0, 1, 2]);
    // The leaf of 2 stayed.
    let signs = BTreeMap::from([(2, at(15_000))]);
    confirmations.change_epoch(epoch(2), 0, &leaves, &stayed, &signs, at(16_000));
    assert!(!confirmations.has_heard_other_than(None));
    assert_eq!(confirmations.unconfirmed(at(20_000)), BTreeSet::from([2]));
    confirmations.hear(epoch(1), 2, sent(20_000), at(20_000));
    assert_eq!(
        confirmations.unconfirmed(at(20_000)),
        BTreeSet::from([2]),
        "of the old epoch"
    );
    confirmations.hear(epoch(2), 2, sent(20_000), at(20_000));
    assert!(confirmations.has_heard_other_than(None));
    assert_eq!(confirmations.unconfirmed(at(20_000)), BTreeSet::new());
    assert_eq!(
        confirmations.unconfirmed(at(36_000)),
        BTreeSet::from([1, 3])
    );
}

#[test]
fn a_leaf_that_is_made_anew_keeps_the_last_sign() {
    let mut confirmations = of_four(0);
    confirmations.hear(epoch(1), 1, sent(15_000), at(15_000));
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
    confirmations.hear(epoch(1), 1, sent(35_000), at(35_000));
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

#[test]
fn messages_that_were_held_back_count_at_the_time_of_their_sender() {
    let mut confirmations = of_four(1_000);
    confirmations.hear(epoch(1), 1, sent(2_000), at(2_000));
    // The service keeps every other one, and has them still when the sender is somewhere else.
    let others = BTreeSet::from([2, 3]);
    let all = BTreeSet::from([1, 2, 3]);
    confirmations.hear(epoch(1), 1, sent(12_000), at(21_000));
    assert_eq!(confirmations.unconfirmed(at(31_999)), others);
    assert_eq!(confirmations.unconfirmed(at(32_010)), all);
    for count in 2..60 {
        let sent = sent(2_000 + count * 10_000);
        confirmations.hear(epoch(1), 1, sent, at(2_000 + count * 19_000));
        let unconfirmed = confirmations.unconfirmed(at(12_100 + count * 19_000));
        assert_eq!(unconfirmed, all, "{count}");
    }
    // A message that comes at once shows that they were late.
    confirmations.hear(epoch(1), 1, sent(2_000_000), at(2_000_000));
    assert_eq!(confirmations.unconfirmed(at(2_019_999)), others);
    confirmations.hear(epoch(1), 1, sent(1_999_000), at(2_010_000));
    assert_eq!(
        confirmations.unconfirmed(at(2_019_999)),
        others,
        "an earlier one takes nothing back"
    );
}

/// Clocks run apart: one by 50 in a million slower than the other.
#[test]
fn a_sender_whose_clock_is_slow_stays_confirmed() {
    let mut confirmations = of_four(1_000);
    let mut now = 2_000;
    while now < 5 * 86_400_000 {
        let slow = sent(now - now / 20_000);
        confirmations.hear(epoch(1), 1, slow, at(now));
        now += 10_000;
    }
    assert_eq!(confirmations.unconfirmed(at(now)), BTreeSet::from([2, 3]));
    // One that the service holds back more than that is late.
    let slow = sent(now - 12_000 - now / 20_000);
    confirmations.hear(epoch(1), 1, slow, at(now));
    let all = BTreeSet::from([1, 2, 3]);
    assert_eq!(confirmations.unconfirmed(at(now + 10_000)), all);
}

#[test]
fn times_that_no_clock_has_are_taken() {
    let mut confirmations = of_four(1_000);
    for sent in [0, u64::MAX, 5, u64::MAX - 1] {
        confirmations.hear(epoch(1), 1, SenderTime::from_millis(sent), at(2_000));
        assert_eq!(confirmations.unconfirmed(at(2_000)), BTreeSet::new());
    }
}

#[test]
fn a_time_that_runs_back_before_the_start_of_ones_own_clock_confirms_nobody() {
    let mut confirmations = of_four(0);
    let ahead = SenderTime::from_millis(1_000_000);
    confirmations.hear(epoch(1), 1, ahead, at(10_000));
    confirmations.hear(epoch(1), 1, SenderTime::from_millis(0), at(29_000));
    assert!(confirmations.unconfirmed(at(30_000)).contains(&1));
}
