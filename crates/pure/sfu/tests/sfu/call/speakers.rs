//! Speakers in a call: their slots, their pictures, and the reports.

use anteroom_sfu::{
    indexes::SlotIndex,
    input::{Subject, Wish},
    source::{Layer, Source},
};

use super::harness::{Call, FIRST_PICTURE, SCREEN_SOUND, id, places, wish};

fn speaker(slot: usize, rank: usize) -> Wish {
    Wish {
        slot: SlotIndex::new(slot),
        subject: Subject::Speaker(rank),
        source: Source::Camera,
        height: 180,
    }
}

/// A view in which the slot of the screen's sound is taken, so that three are left to the speakers.
fn three_sounds(call: &mut Call, viewer: u32, without: &[u32]) {
    call.view_without(
        viewer,
        &[wish(SCREEN_SOUND, 9, Source::ScreenAudio, 0)],
        without,
    );
}

fn heard_by(call: &Call, viewer: u32) -> Vec<u32> {
    let slots = call.slots[&viewer].iter();
    let sounds = slots.filter(|state| state.source == Source::Audio);
    sounds
        .map(|state| super::harness::number(state.device))
        .collect()
}

#[test]
fn who_speaks_is_heard_and_nobody_else_moves() {
    let mut call = Call::of(6);
    three_sounds(&mut call, 5, &[]);
    assert_eq!(heard_by(&call, 5), [0, 1, 2]);
    call.talk(4, 1_000);
    assert_eq!(heard_by(&call, 5), [0, 1, 4]);
    assert_eq!(
        places(&call.begin(4, Source::Audio, Layer::Low)).last(),
        Some(&(5, 2))
    );
    assert!(
        places(&call.begin(2, Source::Audio, Layer::Low))
            .iter()
            .all(|(viewer, _)| *viewer != 5)
    );
    // The speaker itself hears the others, and one who is excluded gives its slot to the next.
    assert!(!heard_by(&call, 4).contains(&4));
    three_sounds(&mut call, 5, &[0]);
    assert_eq!(heard_by(&call, 5), [2, 1, 4]);
}

#[test]
fn a_slot_that_is_taken_for_the_screens_sound_moves_nobody() {
    let mut call = Call::of(6);
    call.talk(4, 1_000);
    call.talk(1, 1_000);
    assert_eq!(heard_by(&call, 5), [0, 1, 2, 4]);
    // The last slot is not left to the speakers any more, and its speaker takes another one.
    three_sounds(&mut call, 5, &[]);
    assert_eq!(heard_by(&call, 5), [0, 1, 4]);
    call.view(5, &[]);
    assert_eq!(heard_by(&call, 5), [0, 1, 4, 2]);
}

#[test]
fn speakers_are_reported_when_they_change_and_not_too_often() {
    let mut call = Call::of(4);
    call.pass(1_000);
    assert!(call.speakers.is_empty());
    call.talk(2, 2_000);
    assert_eq!(call.speakers, [vec![2]]);
    call.talk(1, 1_500);
    assert_eq!(call.speakers.last().unwrap(), &[1]);
    call.pass(2_000);
    assert_eq!(call.speakers.last().unwrap(), &[] as &[u32]);
    assert!(call.speakers.len() <= 5, "{:?}", call.speakers);
    // A muted device does not speak.
    call.talk(2, 1_000);
    assert_eq!(call.speakers.last().unwrap(), &[2]);
    call.mute(1, 2, Source::Audio, anteroom_sfu::input::MuteOrder::Mute);
    call.pass(200);
    assert!(call.speakers.last().unwrap().is_empty());
}

#[test]
fn a_slot_for_a_rank_shows_the_speaker_of_that_rank() {
    let mut call = Call::of(4);
    call.view(
        3,
        &[speaker(FIRST_PICTURE, 0), speaker(FIRST_PICTURE + 1, 1)],
    );
    let shown = |call: &Call, viewer| {
        [FIRST_PICTURE, FIRST_PICTURE + 1].map(|slot| call.slot(viewer, slot).unwrap().device)
    };
    assert_eq!(shown(&call, 3), [id(0), id(1)]);
    call.talk(2, 1_000);
    assert_eq!(shown(&call, 3), [id(2), id(0)]);
    // The viewer itself has no rank.
    call.talk(3, 1_500);
    assert_eq!(shown(&call, 3), [id(2), id(0)]);
    call.view(
        2,
        &[speaker(FIRST_PICTURE, 0), speaker(FIRST_PICTURE + 1, 1)],
    );
    assert_eq!(shown(&call, 2), [id(3), id(0)]);
    // A device that goes makes room at once.
    call.deactivate(3);
    assert_eq!(shown(&call, 2), [id(0), id(1)]);
}

#[test]
fn ranks_change_once_a_second_at_most() {
    let mut call = Call::of(4);
    call.view(3, &[speaker(FIRST_PICTURE, 0)]);
    call.pass(3_000);
    call.slot_log.clear();
    // Three speak in turns, each for a short time, and pause.
    for turn in 0..20 {
        for packet in 0..30 {
            let level = if packet < 10 { -30 } else { -90 };
            for device in 0..3 {
                let mut packet = call.packet(device, Source::Audio, Layer::Low).unwrap();
                let level = if device == turn % 3 { level } else { -90 };
                packet.level = Some(anteroom_sfu::audio_level::AudioLevel::from_dbov(level));
                call.receive(&packet);
            }
            call.pass(20);
        }
    }
    let shown = call.slot_log.iter().filter(|(_, viewer, _)| *viewer == 3);
    let mut shown: Vec<_> = shown
        .map(|(micros, _, slots)| {
            (
                *micros,
                slots
                    .iter()
                    .find(|state| state.slot.number() == FIRST_PICTURE)
                    .unwrap()
                    .device,
            )
        })
        .collect();
    shown.dedup_by_key(|(_, device)| *device);
    let changes: Vec<u64> = shown.iter().skip(1).map(|(micros, _)| *micros).collect();
    assert!(changes.len() >= 5, "{changes:?}");
    assert!(
        changes
            .windows(2)
            .all(|pair| pair[1] - pair[0] >= 1_000_000),
        "{changes:?}"
    );
}
