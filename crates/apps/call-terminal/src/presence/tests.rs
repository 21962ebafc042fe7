//! The sentences about changes of presence.

use super::*;
use crate::{role::Role, view::tests::participant_with};

fn device(number: u32) -> DemuxId {
    DemuxId::new(number * 16).unwrap()
}

fn known_devices() -> KnownDevices {
    let mut known_devices = KnownDevices::of_era(device(31));
    let role = |one| if one == 3 { Role::Admin } else { Role::Member };
    let all: Vec<(DemuxId, Role)> = (1..=30).map(|one| (device(one), role(one))).collect();
    known_devices.set_present(&all);
    for (number, name) in [(16, "Ann"), (32, "Bob")] {
        known_devices.introduce(&participant_with(number, Some(name), None), None);
    }
    known_devices
}

#[test]
fn changes_of_several_people_are_one_line() {
    use Change::{
        ConnectionLost, ConnectionRestored, Joined, Left, Named, Present, Visited, Waiting,
    };
    for (changes, expected) in [
        (&[(1, Joined)][..], "#1000 \"Ann\" joined."),
        (&[(1, Joined), (1, Named)], "#1000 \"Ann\" joined."),
        (&[(1, Named)], "#1000 is called \"Ann\"."),
        (
            &[(1, Present), (2, Present)],
            "2 people are here: #1000 \"Ann\", #2000 \"Bob\".",
        ),
        (
            &[(1, Joined), (2, Left)],
            "#1000 \"Ann\" joined. #2000 \"Bob\" left.",
        ),
        (&[(1, Joined), (1, Left)], "#1000 \"Ann\" came and left."),
        (&[(1, Visited), (1, Joined)], "#1000 \"Ann\" joined."),
        (&[(1, Waiting), (1, Left)], "#1000 \"Ann\" came and left."),
        (&[(1, Waiting), (1, Joined)], "#1000 \"Ann\" joined."),
        (&[(1, ConnectionLost), (1, ConnectionRestored)], ""),
        (&[(1, ConnectionLost), (1, Left)], "#1000 \"Ann\" left."),
        (
            &[(1, Joined), (1, ConnectionLost)],
            "#1000 \"Ann\" joined. #1000 \"Ann\" has lost the connection.",
        ),
        (
            &[(3, ConnectionLost)],
            "admin #3000 has lost the connection.",
        ),
        (
            &[(1, Waiting)],
            "#1000 \"Ann\" waits in the lobby: /admit #1000 or /deny #1000",
        ),
        (
            &[(1, Waiting), (4, Waiting)],
            "2 people wait in the lobby (/admit TAG or /deny TAG): #1000 \"Ann\", #4000.",
        ),
    ] {
        let mut presence = PresenceChanges::default();
        for (number, change) in changes {
            presence.add(device(*number), *change);
        }
        assert_eq!(presence.describe(&known_devices()), expected, "{changes:?}");
        assert_eq!(presence.is_empty(), expected.is_empty());
    }
}

#[test]
fn each_sentence_has_its_changes_and_all_together_say_the_same() {
    use Change::{ConnectionLost, Joined, Left, Named, Present};
    let mut all = PresenceChanges::default();
    for (number, change) in [
        (1, Named),
        (2, Left),
        (3, ConnectionLost),
        (4, Joined),
        (5, Present),
        (6, Left),
    ] {
        all.add(device(number), change);
    }
    all.set_waiting_count(2);
    let known = known_devices();
    let sentences = all.clone().sentences();
    let texts: Vec<String> = sentences.iter().map(|one| one.describe(&known)).collect();
    assert_eq!(texts.len(), 6, "{texts:?}");
    assert_eq!(texts.join(" "), all.describe(&known));
}

#[test]
fn a_request_for_a_decision_stands_apart_until_its_device_comes_in_or_goes() {
    use Change::{Joined, Left, Waiting};
    for (before, later, expected) in [
        ((1, Left), (2, Left), true),
        ((1, Left), (2, Waiting), false),
        ((1, Waiting), (2, Left), false),
        ((1, Waiting), (1, Joined), true),
        ((1, Waiting), (1, Left), true),
        ((1, Waiting), (2, Waiting), true),
    ] {
        let [before, later] = [before, later].map(|(number, change)| {
            let mut presence = PresenceChanges::default();
            presence.add(device(number), change);
            presence
        });
        assert_eq!(
            before.continues_with(&later),
            expected,
            "{before:?} {later:?}"
        );
    }
    let mut both = PresenceChanges::default();
    both.add(device(1), Left);
    both.add(device(2), Waiting);
    let requests = both.take_requests();
    assert_eq!(both.describe(&known_devices()), "#1000 \"Ann\" left.");
    assert!(
        requests
            .describe(&known_devices())
            .starts_with("#2000 \"Bob\" waits")
    );
}

#[test]
fn twenty_four_joins_are_one_line_with_a_few_names() {
    let mut presence = PresenceChanges::default();
    for number in 1..=24 {
        let mut later = PresenceChanges::default();
        later.add(device(number), Change::Joined);
        presence.merge(later).unwrap();
    }
    assert_eq!(
        presence.describe(&known_devices()),
        "24 people joined: #1000 \"Ann\", #2000 \"Bob\", admin #3000, #4000 and 20 more."
    );
}

#[test]
fn changes_without_end_do_not_become_one_line_without_end() {
    let mut presence = PresenceChanges::default();
    for number in 0..MAX_DEVICES {
        presence.add(device(u32::try_from(number).unwrap() + 1), Change::Joined);
    }
    let mut later = PresenceChanges::default();
    later.add(device(9), Change::Left);
    assert_eq!(presence.merge(later.clone()), Err(later));
}

#[test]
fn guests_are_told_how_many_wait() {
    for (count, expected) in [
        (0, ""),
        (1, "Somebody waits in the lobby."),
        (3, "3 people wait in the lobby."),
    ] {
        let mut presence = PresenceChanges::default();
        presence.set_waiting_count(count);
        assert_eq!(presence.describe(&known_devices()), expected);
    }
}
