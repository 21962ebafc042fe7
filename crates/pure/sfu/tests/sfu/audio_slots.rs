//! The audio slots of a viewer: whom it hears, and that nobody moves without need.

use std::collections::BTreeSet;

use anteroom_sfu::{
    audio_slots::AudioSlots,
    indexes::{DeviceIndex, UserIndex},
    speaker::Rank,
    time::Moment,
};
use proptest::prelude::*;

/// A rank of a device of its own user: the device, and the second of its onset, 0 for silence.
fn rank((number, onset): (usize, u64)) -> Rank {
    rank_of((number, number, onset))
}

fn rank_of((number, user, onset): (usize, usize, u64)) -> Rank {
    Rank {
        device: DeviceIndex::new(number),
        user: UserIndex::new(user),
        onset: (onset > 0).then(|| Moment::from_millis(onset * 1_000)),
    }
}

fn assign(
    slots: &mut AudioSlots,
    ranking: &[Rank],
    without: &[usize],
) -> (bool, Vec<Option<usize>>) {
    let changed = slots.assign(ranking.iter().copied(), |device| {
        !without.contains(&device.number())
    });
    let slots = slots.slots().iter();
    let numbers = slots.map(|slot| slot.map(DeviceIndex::number));
    (changed, numbers.collect())
}

#[test]
fn the_slots_are_filled_by_the_ranking_and_the_last_one_by_the_latest_onset() {
    type Ranking = &'static [(usize, u64)];
    let table: [(&str, usize, Ranking, &[Option<usize>]); 7] = [
        (
            "few senders",
            3,
            &[(4, 0), (5, 0)],
            &[Some(4), Some(5), None],
        ),
        (
            "nobody speaks",
            2,
            &[(4, 0), (5, 0), (6, 0)],
            &[Some(4), Some(5)],
        ),
        (
            "three speak",
            3,
            &[(4, 1), (5, 2), (6, 3)],
            &[Some(4), Some(5), Some(6)],
        ),
        (
            "the latest is last",
            3,
            &[(4, 1), (5, 2), (6, 3), (7, 4)],
            &[Some(4), Some(5), Some(7)],
        ),
        (
            "the latest is first",
            3,
            &[(4, 9), (5, 2), (6, 3), (7, 1)],
            &[Some(4), Some(5), Some(6)],
        ),
        ("one slot", 1, &[(4, 1), (5, 2)], &[Some(4)]),
        ("no slot", 0, &[(4, 1)], &[]),
    ];
    for (name, count, ranking, expected) in table {
        let ranking: Vec<Rank> = ranking.iter().copied().map(rank).collect();
        let mut slots = AudioSlots::new(count);
        let (changed, assigned) = assign(&mut slots, &ranking, &[]);
        assert_eq!(assigned, expected, "{name}");
        assert_eq!(changed, expected.iter().any(Option::is_some), "{name}");
        assert!(!assign(&mut slots, &ranking, &[]).0, "{name}: again");
    }
}

#[test]
fn a_sender_stays_in_its_slot_while_it_is_heard() {
    let mut slots = AudioSlots::new(3);
    type Ranking = &'static [(usize, u64)];
    let steps: [(Ranking, [Option<usize>; 3]); 4] = [
        (&[(1, 1), (2, 2), (3, 3)], [Some(1), Some(2), Some(3)]),
        (&[(3, 3), (2, 2), (1, 1)], [Some(1), Some(2), Some(3)]),
        // The latest onset takes the slot of the third of the ranking.
        (
            &[(3, 3), (1, 1), (2, 2), (4, 4)],
            [Some(1), Some(4), Some(3)],
        ),
        (&[(4, 4)], [None, Some(4), None]),
    ];
    for (ranking, expected) in steps {
        let ranking: Vec<Rank> = ranking.iter().copied().map(rank).collect();
        assert_eq!(assign(&mut slots, &ranking, &[]).1, expected);
    }
}

#[test]
fn the_viewer_itself_and_excluded_devices_and_second_devices_take_no_slot() {
    let ranking = [(1, 1, 5), (2, 2, 4), (3, 2, 9), (4, 4, 3), (5, 5, 0)].map(rank_of);
    for (without, expected) in [
        (vec![], [Some(1), Some(2), Some(4)]),
        (vec![1], [Some(2), Some(4), Some(5)]),
        (vec![2], [Some(1), Some(3), Some(4)]),
        (vec![1, 2, 3], [Some(4), Some(5), None]),
    ] {
        let mut slots = AudioSlots::new(3);
        let assigned = assign(&mut slots, &ranking, &without).1;
        assert_eq!(assigned, expected, "without {without:?}");
    }
}

/// The devices that a viewer hears, by the rules word for word.
fn naive_choice(count: usize, ranking: &[Rank], without: &[usize]) -> BTreeSet<usize> {
    let mut users = BTreeSet::new();
    let mut eligible: Vec<&Rank> = Vec::new();
    let mut chosen = BTreeSet::new();
    for rank in ranking {
        if !without.contains(&rank.device.number()) {
            eligible.push(rank);
        }
    }
    let first = if count > 1 { count - 1 } else { count };
    for rank in &eligible {
        if chosen.len() < first && users.insert(rank.user) {
            chosen.insert(rank.device.number());
        }
    }
    eligible.retain(|rank| !users.contains(&rank.user));
    if chosen.len() < count {
        let latest = eligible.iter().filter(|rank| rank.onset.is_some());
        let latest = latest.max_by_key(|rank| rank.onset);
        if let Some(rank) = latest.or(eligible.first()) {
            chosen.insert(rank.device.number());
        }
    }
    chosen
}

proptest! {
    #[test]
    fn slots_agree_with_the_rules_and_nobody_moves(
        count in 0_usize..6,
        rankings in proptest::collection::vec(
            (
                Just((0_usize..12).collect::<Vec<_>>()).prop_shuffle(),
                proptest::collection::vec(0_u64..1_000, 12),
                0_usize..=12,
                proptest::collection::vec(0_usize..12, 0..4),
            ),
            1..20,
        ),
    ) {
        let mut slots = AudioSlots::new(count);
        let mut before = vec![None; count];
        for (devices, onsets, senders, without) in rankings {
            let ranking: Vec<Rank> = devices
                .into_iter()
                .take(senders)
                .map(|number| rank_of((number, number / 2, if onsets[number] > 500 { onsets[number] * 12 + number as u64 } else { 0 })))
                .collect();
            let (changed, assigned) = assign(&mut slots, &ranking, &without);
            let expected = naive_choice(count, &ranking, &without);
            let heard: BTreeSet<usize> = assigned.iter().copied().flatten().collect();
            prop_assert_eq!(&heard, &expected);
            prop_assert_eq!(assigned.iter().flatten().count(), heard.len(), "twice in the slots");
            prop_assert_eq!(changed, assigned != before);
            for (slot, device) in before.iter().enumerate() {
                if device.is_some_and(|device: usize| expected.contains(&device)) {
                    prop_assert_eq!(assigned[slot], *device, "moved");
                }
            }
            before = assigned;
        }
    }
}
