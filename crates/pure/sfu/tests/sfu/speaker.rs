//! The active speakers: floor, score, hysteresis, giving way, and the rate of changes.

use core::time::Duration;

use anteroom_sfu::{
    audio_level::AudioLevel,
    audio_slots::AudioSlots,
    indexes::{DeviceIndex, UserIndex},
    speaker::{MAX_SPEAKERS, SPEAKERS_INTERVAL, Speakers},
    time::Moment,
};
use proptest::prelude::*;

/// The milliseconds of a packet.
const PACKET: u64 = 20;

const SILENT: i8 = -90;
const TALKING: i8 = -30;

fn device(number: usize) -> DeviceIndex {
    DeviceIndex::new(number)
}

/// Senders of different users, with a clock that advances by packets.
struct Room {
    speakers: Speakers,
    millis: u64,
}

impl Room {
    fn of(senders: usize) -> Self {
        let mut speakers = Speakers::default();
        for number in 0..senders {
            speakers.add(device(number), UserIndex::new(number));
        }
        Self {
            speakers,
            millis: 10_000,
        }
    }

    fn now(&self) -> Moment {
        Moment::from_millis(self.millis)
    }

    /// Lets every sender send packets with its level, for a time.
    fn run(&mut self, millis: u64, levels: &[i8]) {
        for _ in 0..millis / PACKET {
            self.packet(levels);
        }
    }

    fn packet(&mut self, levels: &[i8]) {
        self.millis += PACKET;
        for (number, level) in levels.iter().enumerate() {
            self.speakers
                .hear(device(number), AudioLevel::from_dbov(*level), self.now());
        }
        self.speakers.advance(self.now());
    }

    fn speaking(&self) -> Vec<usize> {
        let ranking = self.speakers.ranking();
        let speaking = ranking.filter(|rank| rank.onset.is_some());
        speaking.map(|rank| rank.device.number()).collect()
    }

    fn ranking(&self) -> Vec<usize> {
        let ranking = self.speakers.ranking();
        ranking.map(|rank| rank.device.number()).collect()
    }
}

/// Lets a sender talk: words with gaps between them.
fn talk(room: &mut Room, millis: u64, number: usize, levels: &mut [i8], loud: i8) {
    for packet in 0..millis / PACKET {
        levels[number] = if packet % 12 < 9 { loud } else { SILENT };
        room.packet(levels);
    }
    levels[number] = SILENT;
}

#[test]
fn a_talker_is_a_speaker_after_two_packets_and_until_half_a_second_of_silence() {
    let mut room = Room::of(2);
    room.run(5_000, &[SILENT, SILENT]);
    assert!(room.speaking().is_empty());
    room.run(2 * PACKET, &[SILENT, TALKING]);
    assert_eq!(room.speaking(), [1]);
    assert_eq!(room.ranking(), [1, 0]);
    room.run(1_000, &[SILENT, TALKING]);
    // The smoothed score of 40 dB needs some packets to fall below 5 dB.
    for (millis, expected) in [(600, vec![1]), (300, vec![])] {
        room.run(millis, &[SILENT, SILENT]);
        assert_eq!(room.speaking(), expected, "{millis}");
    }
    assert_eq!(room.ranking(), [1, 0], "the last speaker stays ahead");
}

#[test]
fn levels_decide_by_their_height_above_the_floor_and_above_quiet() {
    // The level of a room, the level of its talker, and whether that is speech.
    for (floor, level, speaks) in [
        (-90, -30, true),
        (-60, -30, true),
        (-40, -30, false),
        (-127, -72, false),
        (-127, -68, true),
        (0, 0, false),
    ] {
        let mut room = Room::of(1);
        room.run(6_000, &[floor]);
        room.run(400, &[level]);
        let expected: &[usize] = if speaks { &[0] } else { &[] };
        assert_eq!(room.speaking(), expected, "{level} over {floor}");
    }
}

#[test]
fn a_sound_that_never_pauses_scores_nothing_after_the_window_of_the_floor() {
    let mut room = Room::of(2);
    room.run(1_000, &[-127, 0]);
    assert!(room.speaking().is_empty(), "it began with the sound");
    room.run(1_000, &[0, 0]);
    assert_eq!(room.speaking(), [0], "it might be speech yet");
    room.run(4_500, &[0, 0]);
    for _ in 0..50 {
        assert!(room.speaking().is_empty());
        room.run(1_000, &[0, 0]);
    }
}

#[test]
fn a_speaker_passes_another_only_with_a_margin() {
    for (other, passes) in [(-33, false), (-30, false), (-20, true)] {
        let mut room = Room::of(2);
        let mut levels = [SILENT, SILENT];
        // Both have the same room behind them, so that the levels are the difference.
        room.run(5_000, &[-55, -55]);
        for packet in 0..200 {
            let is_word = packet % 12 < 9;
            levels[0] = if is_word { -35 } else { -55 };
            levels[1] = if is_word && packet > 50 { other } else { -55 };
            room.packet(&levels);
        }
        let expected: [usize; 2] = if passes { [1, 0] } else { [0, 1] };
        assert_eq!(room.speaking(), expected, "{other}");
    }
}

#[test]
fn shouting_does_not_win_over_talking() {
    let mut room = Room::of(2);
    let mut levels = [SILENT, SILENT];
    room.run(5_000, &levels);
    for packet in 0..500 {
        let is_word = packet % 12 < 9;
        levels[0] = if is_word { -45 } else { SILENT };
        levels[1] = if is_word { 0 } else { SILENT };
        room.packet(&levels);
    }
    assert_eq!(room.speaking(), [0, 1]);
}

#[test]
fn a_holder_of_twenty_seconds_without_a_pause_gives_way() {
    // The gaps of a talker in milliseconds, and whether it gives way after 21 s to one 10 dB less loud.
    for (gap, gives_way) in [(40, true), (400, false)] {
        let mut room = Room::of(2);
        room.run(5_000, &[-60, -60]);
        let mut levels = [-60, -60];
        for packet in 0..(21_000 / PACKET) {
            let at = packet * PACKET % 3_000;
            let is_gap = at < gap || at % 500 < 2 * PACKET;
            levels[0] = if is_gap { -60 } else { -20 };
            room.packet(&levels);
        }
        assert_eq!(room.speaking(), [0]);
        for packet in 0..20 {
            levels[0] = -20;
            levels[1] = if packet % 12 < 9 { -30 } else { -60 };
            room.packet(&levels);
        }
        let expected: [usize; 2] = if gives_way { [1, 0] } else { [0, 1] };
        assert_eq!(room.speaking(), expected, "gaps of {gap} ms");
    }
}

#[test]
fn a_user_is_one_speaker() {
    let mut room = Room::of(2);
    room.speakers.add(device(2), UserIndex::new(0));
    let mut levels = [SILENT; 3];
    room.run(5_000, &levels);
    levels = [TALKING; 3];
    room.run(200, &levels);
    assert_eq!(room.speaking(), [0, 1, 2]);
    let now = room.now();
    let report = room.speakers.report(now).unwrap();
    assert_eq!(report, [device(0), device(1)]);
}

#[test]
fn a_removed_speaker_is_reported_as_gone_even_if_its_index_is_given_again() {
    let mut room = Room::of(1);
    room.run(5_000, &[SILENT]);
    talk(&mut room, 500, 0, &mut [SILENT], TALKING);
    let now = room.now();
    assert_eq!(room.speakers.report(now).unwrap(), [device(0)]);
    room.speakers.remove(device(0));
    room.speakers.add(device(0), UserIndex::new(7));
    let later = now.plus(SPEAKERS_INTERVAL);
    assert_eq!(room.speakers.next_deadline(), Some(later));
    assert_eq!(room.speakers.report(now), None, "too early");
    assert!(room.speakers.report(later).unwrap().is_empty());
    assert_eq!(room.speakers.next_deadline(), None, "nobody speaks");
    // The new device of the index speaks before the next report.
    room.run(100, &[SILENT]);
    room.run(60, &[TALKING]);
    let now = later.plus(SPEAKERS_INTERVAL * 2);
    assert_eq!(room.speakers.report(now).unwrap(), [device(0)]);
    room.speakers.remove(device(0));
    room.speakers.add(device(0), UserIndex::new(8));
    room.run(100, &[SILENT]);
    room.run(60, &[TALKING]);
    let now = now.plus(SPEAKERS_INTERVAL);
    assert_eq!(
        room.speakers.report(now).unwrap(),
        [device(0)],
        "another device"
    );
}

#[test]
fn a_pause_of_the_network_is_silence_and_no_speech_after_it() {
    let mut room = Room::of(1);
    room.run(6_000, &[-40]);
    room.millis += 600;
    room.run(200, &[-40]);
    assert!(room.speaking().is_empty(), "the floor is still known");
    // Speech that is cut off by the network does not go on in the first packet after it.
    room.run(5_000, &[SILENT]);
    room.run(400, &[TALKING]);
    assert_eq!(room.speaking(), [0]);
    room.millis += 1_000;
    room.speakers.advance(room.now());
    assert!(room.speaking().is_empty());
    room.packet(&[SILENT]);
    assert!(room.speaking().is_empty());
}

#[test]
fn a_sound_without_dips_passes_nobody_and_gives_way() {
    let mut room = Room::of(2);
    room.run(5_000, &[-60, -60]);
    room.run(200, &[-40, -60]);
    room.run(400, &[-40, -10]);
    assert_eq!(room.speaking(), [0, 1], "both have just begun");
    let mut room = Room::of(3);
    let mut levels = [-60; 3];
    room.run(5_000, &levels);
    // A talker who is not loud, and a steady sound that is, which has just begun.
    talk(&mut room, 2_000, 0, &mut levels, -40);
    levels[1] = 0;
    talk(&mut room, 1_000, 0, &mut levels, -40);
    assert_eq!(room.speaking(), [0, 1]);
    // Another talker passes it with the first dip, in the same packet. Its first word has no dip yet.
    room.run(180, &[-40, 0, -40]);
    assert_eq!(room.speaking(), [0, 1, 2]);
    let now = room.now().plus(Duration::from_millis(1));
    room.speakers
        .hear(device(2), AudioLevel::from_dbov(-60), now);
    assert_eq!(room.speaking(), [0, 2, 1]);
    // After a second and a half it gives way to one who has just begun.
    levels = [SILENT, 0, -60];
    room.run(1_000, &levels);
    assert_eq!(room.speaking(), [1]);
    room.run(100, &[SILENT, 0, -40]);
    assert_eq!(room.speaking(), [2, 1]);
}

/// A source of numbers for made-up speech.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// A minute of somebody who talks: for each packet whether a phrase is going on, and the level.
fn made_up_speech(seed: u64, noise: i8) -> Vec<(bool, i8)> {
    let mut numbers = Numbers(seed);
    let mut packets = Vec::new();
    let jitter = |numbers: &mut Numbers| i8::try_from(numbers.below(7)).unwrap() - 3;
    while packets.len() < 3_000 {
        for _ in 0..15 + numbers.below(75) {
            packets.push((false, noise + jitter(&mut numbers)));
        }
        for _ in 0..2 + numbers.below(12) {
            for _ in 0..6 + numbers.below(8) {
                packets.push((true, -32 + 2 * jitter(&mut numbers)));
            }
            for _ in 0..1 + numbers.below(3) {
                packets.push((true, noise + jitter(&mut numbers)));
            }
        }
    }
    packets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Three senders at the maximum who never pause take all slots, if they may. Somebody who talks is heard
    /// within 300 ms of each phrase, and in 95 % of the time.
    #[test]
    fn a_talker_is_heard_beside_three_constant_senders(
        seed in any::<u64>(),
        noise in -95_i8..-60,
        starts in proptest::array::uniform3(0_usize..1_500),
        jitter in 0_u64..4,
    ) {
        let mut room = Room::of(4);
        let mut slots = AudioSlots::new(3);
        let mut numbers = Numbers(seed ^ 1);
        let (mut talked, mut heard, mut waited) = (0_u64, 0_u64, 0_u64);
        for (packet, (is_phrase, level)) in made_up_speech(seed, noise).into_iter().enumerate() {
            let constant = |start: usize, numbers: &mut Numbers| {
                if packet >= start { -i8::try_from(numbers.below(jitter + 1)).unwrap() } else { -127 }
            };
            let levels = [
                constant(starts[0], &mut numbers),
                constant(starts[1], &mut numbers),
                constant(starts[2], &mut numbers),
                level,
            ];
            room.packet(&levels);
            slots.assign(room.speakers.ranking(), |_| true);
            let is_heard = slots.slots().contains(&Some(device(3)));
            if is_phrase {
                talked += 1;
                heard += u64::from(is_heard);
                waited = if is_heard { 0 } else { waited + PACKET };
                prop_assert!(waited <= 300, "not heard for {waited} ms in packet {packet}");
            } else {
                waited = 0;
            }
        }
        prop_assert!(heard * 100 >= talked * 95, "{heard} of {talked}");
    }

    /// The ranking always has every sender once and those who speak first; the speakers are of
    /// different users and change at most five times a second.
    #[test]
    fn ranking_and_reports_are_in_order(
        users in proptest::collection::vec(0_usize..6, 1..14),
        steps in proptest::collection::vec((0_u8..12, any::<proptest::sample::Index>(), -127_i8..=0, 0_u64..400), 1..600),
    ) {
        let mut speakers = Speakers::default();
        let mut present: Vec<Option<usize>> = users.iter().map(|user| Some(*user)).collect();
        for (number, user) in users.iter().enumerate() {
            speakers.add(device(number), UserIndex::new(*user));
        }
        let mut millis = 5_000;
        let mut reports: Vec<(u64, Vec<DeviceIndex>)> = Vec::new();
        for (kind, who, level, wait) in steps {
            millis += wait / 10;
            let now = Moment::from_millis(millis);
            let number = who.index(users.len());
            match kind {
                0 => {
                    speakers.remove(device(number));
                    present[number] = None;
                }
                1 => {
                    speakers.add(device(number), UserIndex::new(users[number]));
                    present[number] = Some(users[number]);
                }
                _ => for _ in 0..3 {
                    speakers.hear(device(number), AudioLevel::from_dbov(level), now);
                }
            }
            speakers.advance(now);
            let ranking: Vec<_> = speakers.ranking().collect();
            let mut devices: Vec<_> = ranking.iter().map(|rank| rank.device.number()).collect();
            devices.sort_unstable();
            let expected = (0..users.len()).filter(|number| present[*number].is_some());
            prop_assert_eq!(devices, expected.collect::<Vec<_>>());
            let first_silent = ranking.iter().position(|rank| rank.onset.is_none());
            let silent = &ranking[first_silent.unwrap_or(ranking.len())..];
            let speaks = first_silent != Some(0) && !ranking.is_empty();
            prop_assert!(!speaks || speakers.next_deadline().is_some(), "no look is due");
            prop_assert!(silent.iter().all(|rank| rank.onset.is_none()));
            if let Some(report) = speakers.report(now) {
                reports.push((millis, report.to_vec()));
                let mut of: Vec<usize> = report.iter().map(|one| users[one.number()]).collect();
                prop_assert!(of.len() <= MAX_SPEAKERS);
                of.sort_unstable();
                of.dedup();
                prop_assert_eq!(of.len(), report.len());
                prop_assert!(report.iter().all(|one| present[one.number()].is_some()));
            }
        }
        let interval = SPEAKERS_INTERVAL.as_millis();
        for pair in reports.windows(2) {
            prop_assert!(u128::from(pair[1].0 - pair[0].0) >= interval);
        }
    }
}

#[test]
fn nobody_needs_the_passing_of_time_while_nobody_speaks() {
    let mut room = Room::of(3);
    room.run(5_000, &[SILENT; 3]);
    assert_eq!(room.speakers.next_deadline(), None);
    room.run(100, &[TALKING, SILENT, SILENT]);
    let next = room.speakers.next_deadline().unwrap();
    assert!(next.since(room.now()) <= Duration::from_millis(100));
    // Nothing is received any more: the look after 500 ms finds the speaker silent.
    for _ in 0..8 {
        room.millis += 100;
        room.speakers.advance(room.now());
    }
    assert!(room.speaking().is_empty());
}
