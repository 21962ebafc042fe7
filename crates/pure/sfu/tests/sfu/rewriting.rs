//! Slots as continuous streams: sequence numbers, timestamps, and the numbers of VP8.

use anteroom_sfu::{
    rewriting::{PacketNumbers, SlotStream, Vp8Numbers},
    source::Source,
    time::Moment,
    vp8::{PictureId, Vp8Packet},
};
use proptest::prelude::*;

fn packet(sequence: u64, timestamp: u32) -> PacketNumbers {
    PacketNumbers {
        sequence,
        timestamp,
        vp8: Vp8Numbers::default(),
    }
}

fn vp8(sequence: u64, timestamp: u32, picture_id: u16, tl0_index: u8) -> PacketNumbers {
    let picture_id = Some(PictureId {
        value: picture_id,
        is_long: true,
    });
    let vp8 = Vp8Numbers {
        picture_id,
        tl0_index: Some(tl0_index),
    };
    PacketNumbers {
        vp8,
        ..packet(sequence, timestamp)
    }
}

const fn at(millis: u64) -> Moment {
    Moment::from_millis(millis)
}

#[test]
fn a_stream_begins_below_the_first_rollover_and_continues_at_a_switch() {
    let mut stream = SlotStream::default();
    assert_eq!(stream.forward(packet(5, 5), at(0)), None, "nothing travels");
    let first = stream.switch(Source::Camera, vp8(900_000, 77, 20_000, 200), at(0));
    assert_eq!(first.numbers, vp8(1, 77, 20_000, 200));
    assert!(!first.has_marker);
    let steps = [
        // Losses and reordering stay.
        (
            vp8(900_002, 3_077, 20_001, 201),
            Some(vp8(3, 3_077, 20_001, 201)),
            33,
        ),
        (
            vp8(900_001, 77, 20_000, 200),
            Some(vp8(2, 77, 20_000, 200)),
            34,
        ),
        (vp8(899_999, 70, 19_999, 199), None, 35),
    ];
    for (sent, expected, millis) in steps {
        let numbers = stream.forward(sent, at(millis)).map(|slot| slot.numbers);
        assert_eq!(numbers, expected);
    }
    // 67 ms after the arrival of the highest timestamp, at 90 ticks a millisecond.
    let next = stream.switch(Source::Screen, vp8(40, 5, 32_767, 3), at(100));
    assert_eq!(next.numbers, vp8(4, 3_077 + 67 * 90, 20_002, 202));
    let after = stream.forward(vp8(41, 6, 0, 4), at(101)).unwrap();
    assert_eq!(after.numbers, vp8(5, 3_078 + 67 * 90, 20_003, 203));
    assert_eq!(stream.forward(vp8(39, 4, 32_766, 2), at(102)), None);
}

#[test]
fn sound_switches_with_a_marker_and_its_own_clock() {
    let mut stream = SlotStream::default();
    let first = stream.switch(Source::Audio, packet(10, 1_000), at(0));
    assert_eq!((first.numbers, first.has_marker), (packet(1, 1_000), true));
    let next = stream.forward(packet(11, 1_960), at(20)).unwrap();
    assert_eq!((next.numbers, next.has_marker), (packet(2, 1_960), false));
    let other = stream.switch(Source::Audio, packet(7_000, 50), at(30));
    assert_eq!(
        (other.numbers, other.has_marker),
        (packet(3, 1_960 + 480), true)
    );
}

#[test]
fn a_pause_ends_what_travels_and_the_next_one_continues() {
    let mut stream = SlotStream::default();
    stream.switch(Source::Camera, vp8(10, 0, 1, 1), at(0));
    assert!(stream.is_running());
    stream.pause();
    assert!(!stream.is_running());
    assert_eq!(stream.forward(vp8(11, 0, 1, 1), at(10)), None);
    let next = stream.switch(Source::Camera, vp8(500, 900_000, 90, 90), at(10_000));
    assert_eq!(next.numbers, vp8(2, 900_000, 2, 2));
    // Two packets of one moment have different timestamps if they are of different sources.
    let same = stream.switch(Source::Screen, vp8(9, 3, 3, 3), at(10_000));
    assert_eq!(same.numbers, vp8(3, 900_001, 3, 3));
}

#[test]
fn picture_ids_keep_the_width_that_the_packet_has_room_for() {
    let mut stream = SlotStream::default();
    stream.switch(Source::Camera, vp8(1, 0, 300, 255), at(0));
    let short = |value| {
        Some(PictureId {
            value,
            is_long: false,
        })
    };
    for (sequence, value, expected) in [(50, 127, 301 & 0x7f), (51, 0, 302 & 0x7f)] {
        let mut sent = vp8(sequence, 0, 0, 9);
        sent.vp8.picture_id = short(value);
        let slot = if sequence == 50 {
            stream.switch(Source::Camera, sent, at(10))
        } else {
            stream.forward(sent, at(11)).unwrap()
        };
        assert_eq!(slot.numbers.vp8.picture_id, short(expected));
        assert_eq!(slot.numbers.vp8.tl0_index, Some(0), "after 255");
    }
    // A packet without them leaves them as they are.
    stream.switch(Source::Screen, packet(70, 0), at(20));
    let next = stream.switch(Source::Camera, vp8(80, 0, 9, 9), at(30));
    let id = next.numbers.vp8.picture_id.unwrap();
    assert_eq!((id.value, next.numbers.vp8.tl0_index), (47, Some(1)));
}

#[test]
fn senders_with_picture_ids_and_without_share_a_slot() {
    let numbers = |payload: &[u8]| Vp8Numbers::from(Vp8Packet::parse(payload).unwrap());
    // A browser, with a long picture id, TL0PICIDX and a layer; the SDK, with none of them.
    let browser = |picture_id: u16, tl0_index: u8| {
        let [high, low] = picture_id.to_be_bytes();
        numbers(&[0x90, 0xe0, 0x80 | high, low, tl0_index, 0x20, 0x51])
    };
    let sdk = numbers(&[0x10, 0x51]);
    assert_eq!(sdk, Vp8Numbers::default());
    let mut stream = SlotStream::default();
    let mut sequence = 0;
    let mut sender = 0_u32;
    let mut last = None;
    for (count, vp8) in [
        (3_u8, Some((32_766, 254))),
        (5, None),
        (2, Some((9, 9))),
        (1, None),
        (2, Some((20_000, 77))),
    ] {
        sender += 1_000;
        for number in 0..count {
            let kind = vp8.map(|(id, index)| {
                (
                    (id + u16::from(number)) % 0x8000,
                    u8::wrapping_add(index, number),
                )
            });
            let sent = PacketNumbers {
                vp8: kind.map_or(sdk, |(id, index)| browser(id, index)),
                ..packet(u64::from(sender + u32::from(number)), 90 * sender)
            };
            let slot = match number {
                0 => stream.switch(Source::Camera, sent, at(sender.into())),
                _ => stream.forward(sent, at(sender.into())).unwrap(),
            };
            sequence += 1;
            assert_eq!(slot.numbers.sequence, sequence, "no gap");
            let sent = slot.numbers.vp8;
            let sent = sent.picture_id.map(|id| id.value).zip(sent.tl0_index);
            assert_eq!(sent.is_some(), kind.is_some(), "nothing is added");
            if let Some((id, index)) = sent {
                let (last_id, last_index) = last.unwrap_or_else(|| (id - 1, index - 1));
                assert_eq!(
                    (id, index),
                    ((last_id + 1) % 0x8000, u8::wrapping_add(last_index, 1))
                );
                last = Some((id, index));
            }
        }
    }
}

/// A sender: its numbers start anywhere.
#[derive(Clone, Debug)]
struct Sender {
    sequence: u64,
    timestamp: u32,
    picture_id: u16,
    tl0_index: u8,
}

fn any_sender() -> impl Strategy<Value = Sender> {
    (0_u64..1 << 40, any::<u32>(), 0_u16..1 << 15, any::<u8>()).prop_map(
        |(sequence, timestamp, picture_id, tl0_index)| Sender {
            sequence,
            timestamp,
            picture_id,
            tl0_index,
        },
    )
}

proptest! {
    /// Over all switches, losses and reordering there is no sequence number twice, the sender's gaps and no others, and
    /// all numbers of a later packet after those of an earlier one.
    #[test]
    fn a_slot_is_one_continuous_stream(
        mut senders in proptest::collection::vec(any_sender(), 3),
        steps in proptest::collection::vec((0_usize..3, any::<bool>(), 0_u64..60, 0_u8..8), 1..300),
    ) {
        let mut stream = SlotStream::default();
        let mut current = 9;
        let mut millis = 1_000;
        let mut sent: Vec<PacketNumbers> = Vec::new();
        // The packets of the slot that were lost before they came here, or are late.
        let mut late: Option<(PacketNumbers, u64)> = None;
        let mut expected_sequence = 1;
        for (other, switches, wait, fate) in steps {
            millis += wait;
            let wanted = if switches { other } else { current };
            let Some(sender) = senders.get_mut(wanted) else { continue };
            sender.sequence += 1;
            sender.timestamp = sender.timestamp.wrapping_add(u32::try_from(wait).unwrap() * 90);
            sender.picture_id = (sender.picture_id + 1) & 0x7fff;
            sender.tl0_index = sender.tl0_index.wrapping_add(1);
            let numbers = vp8(sender.sequence, sender.timestamp, sender.picture_id, sender.tl0_index);
            let now = at(millis);
            if wanted != current {
                current = wanted;
                late = None;
                // A packet that was lost right before the switch leaves no gap.
                expected_sequence = sent.last().map_or(0, |last| last.sequence) + 1;
                sent.push(stream.switch(Source::Camera, numbers, now).numbers);
                let last = sent.len() - 1;
                prop_assert_eq!(sent[last].sequence, expected_sequence);
                expected_sequence += 1;
                continue;
            }
            match fate {
                // Lost, and may come later.
                0 => late = Some((numbers, expected_sequence)),
                _ => {
                    let slot = stream.forward(numbers, now).unwrap().numbers;
                    prop_assert_eq!(slot.sequence, expected_sequence);
                    sent.push(slot);
                    if let Some((numbers, sequence)) = late.take().filter(|_| fate == 1) {
                        let slot = stream.forward(numbers, now).unwrap().numbers;
                        prop_assert_eq!(slot.sequence, sequence);
                    }
                }
            }
            expected_sequence += 1;
        }
        for pair in sent.windows(2) {
            let [before, after] = pair else { unreachable!() };
            prop_assert!(before.sequence < after.sequence);
            let ticks = after.timestamp.wrapping_sub(before.timestamp);
            prop_assert!(ticks < 1 << 31, "timestamps go back");
            let lost = u16::try_from(after.sequence - before.sequence).unwrap();
            let ids = [before, after].map(|one| one.vp8.picture_id.unwrap().value);
            prop_assert_eq!(ids[1].wrapping_sub(ids[0]) & 0x7fff, lost);
            let indexes = [before, after].map(|one| one.vp8.tl0_index.unwrap());
            prop_assert_eq!(u16::from(indexes[1].wrapping_sub(indexes[0])), lost & 0xff);
        }
    }
}
