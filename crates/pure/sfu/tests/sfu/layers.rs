//! The layers of a source: heights, bitrates, and the layer that suits a height.

use std::collections::VecDeque;

use anteroom_sfu::{
    layers::{Layers, usual_bitrate},
    source::{Layer, Source},
    time::Moment,
};
use proptest::prelude::*;

#[test]
fn the_smallest_layer_that_is_high_enough_suits() {
    use Layer::{High, Low, Middle};
    // The height asked for, and the layer of a camera with one, two and three layers.
    for (height, expected) in [
        (0, [Low, Low, Low]),
        (90, [Low, Low, Low]),
        (180, [Low, Low, Low]),
        (200, [Low, Low, Low]),
        (201, [Low, Middle, Middle]),
        (400, [Low, Middle, Middle]),
        (401, [Low, Middle, High]),
        (2_160, [Low, Middle, High]),
    ] {
        for (count, expected) in (1..).zip(expected) {
            let layers = Layers::new(Source::Camera, count);
            assert_eq!(layers.suiting(height), expected, "{height} of {count}");
        }
    }
}

#[test]
fn key_frames_tell_the_heights() {
    let mut layers = Layers::new(Source::Camera, 3);
    assert_eq!(
        Layer::ALL.map(|layer| layers.height(layer)),
        [180, 360, 720]
    );
    layers.set_height(Layer::Low, 270);
    layers.set_height(Layer::High, 1_080);
    layers.set_height(Layer::Middle, 0);
    assert_eq!(
        Layer::ALL.map(|layer| layers.height(layer)),
        [270, 360, 1_080]
    );
    assert_eq!(layers.suiting(300), Layer::Low);
    let screen = Layers::new(Source::Screen, 2);
    assert_eq!(screen.height(Layer::Low), 540);
    assert_eq!(screen.suiting(1_080), Layer::Middle);
}

#[test]
fn a_layer_is_live_for_a_second_and_has_its_usual_bitrate_until_it_is_measured() {
    let mut layers = Layers::new(Source::Camera, 3);
    let at = Moment::from_millis;
    assert!(!layers.is_live(Layer::Middle, at(0)));
    // 100 packets a second of 1,000 bytes are 800 kbit/s.
    for packet in 0..300 {
        let now = at(7_000 + packet * 10);
        layers.record(Layer::Middle, 1_000, now);
        assert!(layers.is_live(Layer::Middle, now));
        let rate = layers.bitrate(Layer::Middle, now);
        if packet < 50 {
            assert_eq!(rate, usual_bitrate(360));
        } else {
            assert!(rate.abs_diff(800_000) < 30_000, "{rate} at {packet}");
        }
    }
    assert!(layers.is_live(Layer::Middle, at(10_989)));
    assert!(!layers.is_live(Layer::Middle, at(10_990)));
    let rate = layers.bitrate(Layer::Middle, at(99_000));
    assert!(rate.abs_diff(800_000) < 30_000, "as it was");
    assert_eq!(layers.bitrate(Layer::High, at(10_990)), usual_bitrate(720));
}

proptest! {
    /// The window agrees with a list of all packets.
    #[test]
    fn the_bitrate_is_that_of_the_last_two_seconds(
        packets in proptest::collection::vec((0_u64..400, 1_usize..1_500), 1..200),
    ) {
        let mut layers = Layers::new(Source::Camera, 1);
        let mut list: VecDeque<(u64, usize)> = VecDeque::new();
        let mut millis = 100_000;
        let mut since = millis;
        let mut known = usual_bitrate(180);
        let mut part = 0;
        for (wait, bytes) in packets {
            // One of many waits is so long that the layer is not live any more.
            let wait = if wait == 399 { 1_000 } else { wait % 100 };
            millis += wait;
            if list.is_empty() || wait == 1_000 {
                list.clear();
                since = millis;
            }
            list.push_back((millis, bytes));
            layers.record(Layer::Low, bytes, Moment::from_millis(millis));
            let begin = ((millis / 250).saturating_sub(7) * 250).max(since);
            while list.front().is_some_and(|(at, _)| *at < begin) {
                list.pop_front();
            }
            let now = Moment::from_millis(millis);
            let is_new_part = millis / 250 > part;
            part = millis / 250;
            let expected = if millis - since < 500 {
                known
            } else {
                let bytes: usize = list.iter().map(|(_, bytes)| bytes).sum();
                u64::try_from(bytes).unwrap() * 8_000 / (millis - begin)
            };
            prop_assert_eq!(layers.bitrate(Layer::Low, now), expected);
            if is_new_part {
                known = expected;
            }
        }
    }
}
