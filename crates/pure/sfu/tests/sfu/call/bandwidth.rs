//! Layers by bandwidth: switches at key frames, trials one after the other, and the cost of a packet.

use anteroom_sfu::{
    output::Pause,
    source::{Layer, Source},
};

use super::harness::{Call, FIRST_PICTURE, height, places, send, wish};

const CAMERA: Source = Source::Camera;

#[test]
fn a_switch_waits_for_its_key_frame_while_the_old_layer_goes_on() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.begin(0, CAMERA, Layer::Low);
    call.pass(1_100);
    call.key_frames.clear();
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 720)]);
    assert_eq!(call.key_frames, [(0, CAMERA, Layer::High)]);
    assert!(call.go_on(0, CAMERA, Layer::High).is_empty());
    assert_eq!(call.go_on(0, CAMERA, Layer::Low)[0].2.numbers.sequence, 2);
    assert_eq!(call.begin(0, CAMERA, Layer::High)[0].2.numbers.sequence, 3);
    assert_eq!(height(&call, 1, FIRST_PICTURE), Some(720));
    assert!(call.begin(0, CAMERA, Layer::Low).is_empty());
    // Within a second the layer stays.
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    assert_eq!(
        places(&call.go_on(0, CAMERA, Layer::High)),
        [(1, FIRST_PICTURE)]
    );
    assert!(call.begin(0, CAMERA, Layer::Low).is_empty());
    call.pass(1_100);
    assert_eq!(call.begin(0, CAMERA, Layer::Low)[0].2.numbers.sequence, 5);
}

#[test]
fn an_estimate_that_falls_takes_layers_at_once_and_the_smallest_last() {
    let mut call = Call::of(3);
    call.view(
        2,
        &[
            wish(FIRST_PICTURE, 0, CAMERA, 720),
            wish(FIRST_PICTURE + 1, 1, CAMERA, 360),
        ],
    );
    send(&mut call, &[0, 1], 2_000);
    let heights =
        |call: &Call| [FIRST_PICTURE, FIRST_PICTURE + 1].map(|slot| height(call, 2, slot));
    assert_eq!(heights(&call), [Some(720), Some(360)]);
    // The first of the ranking counts as the speaker. Sounds take about 0.1 Mbit/s.
    for (estimate, expected) in [
        (2_200_000, [Some(720), Some(360)]),
        (1_900_000, [Some(720), Some(180)]),
        (1_200_000, [Some(360), Some(360)]),
        (760_000, [Some(360), Some(180)]),
        (450_000, [Some(180), Some(180)]),
        (260_000, [Some(180), None]),
        (100_000, [None, None]),
    ] {
        call.estimate(2, estimate);
        // The smallest layers stay for two seconds more.
        send(&mut call, &[0, 1], 2_600);
        assert_eq!(heights(&call), expected, "{estimate}");
        call.estimate(2, estimate - 1);
    }
    for slot in [FIRST_PICTURE, FIRST_PICTURE + 1] {
        assert_eq!(call.slot(2, slot).unwrap().pause, Some(Pause::Bandwidth));
    }
}

#[test]
fn an_estimate_that_sways_a_little_switches_nothing_back_and_forth() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 360)]);
    send(&mut call, &[0], 3_000);
    // Sound and picture take 548 kbit/s.
    for (estimate, expected) in [
        (560_000, 360),
        (540_000, 180),
        (560_000, 180),
        (620_000, 360),
    ] {
        call.estimate(1, estimate);
        send(&mut call, &[0], 1_600);
        assert_eq!(
            height(&call, 1, FIRST_PICTURE),
            Some(expected),
            "{estimate}"
        );
    }
}

#[test]
fn the_smallest_layer_bears_what_receivers_underestimate() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    send(&mut call, &[0], 2_000);
    // Sound and picture take 198 kbit/s.
    for (estimate, expected) in [(170_000, Some(180)), (160_000, None)] {
        call.estimate(1, estimate);
        send(&mut call, &[0], 2_600);
        assert_eq!(height(&call, 1, FIRST_PICTURE), expected, "{estimate}");
    }
}

#[test]
fn a_layer_that_does_not_fit_any_more_ends_before_the_key_frame_of_the_smaller_one() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 720)]);
    call.estimate(1, 100_000_000);
    send(&mut call, &[0], 2_000);
    assert_eq!(call.go_on(0, CAMERA, Layer::High).len(), 1);
    call.estimate(1, 700_000);
    assert!(call.go_on(0, CAMERA, Layer::High).is_empty());
    // Another one follows at once, although the second has not passed.
    call.estimate(1, 250_000);
    assert!(call.begin(0, CAMERA, Layer::Middle).is_empty());
    assert_eq!(call.begin(0, CAMERA, Layer::Low).len(), 1);
    assert_eq!(height(&call, 1, FIRST_PICTURE), Some(180));
}

#[test]
fn a_larger_layer_is_tried_and_stays_if_the_estimate_rises() {
    for rises in [true, false] {
        let mut call = Call::of(2);
        send(&mut call, &[0], 3_000);
        call.estimate(1, 400_000);
        call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 360)]);
        send(&mut call, &[0], 1_000);
        assert_eq!(height(&call, 1, FIRST_PICTURE), Some(360), "tried at once");
        for second in 1..=12 {
            let estimate = if rises {
                400_000 + second * 30_000
            } else {
                400_000
            };
            call.estimate(1, estimate);
            send(&mut call, &[0], 1_000);
            if second == 4 {
                let expected = if rises { 360 } else { 180 };
                assert_eq!(height(&call, 1, FIRST_PICTURE), Some(expected));
            }
        }
        // The next trial begins 5 s after the failure, and the one after it 10 s after the next failure.
        let mut trials = 0;
        let mut last = height(&call, 1, FIRST_PICTURE);
        for _ in 0..20 {
            send(&mut call, &[0], 1_000);
            let now = height(&call, 1, FIRST_PICTURE);
            trials += u32::from(now > last);
            last = now;
        }
        assert_eq!(trials, u32::from(!rises));
    }
}

#[test]
fn one_viewer_tries_at_a_time() {
    let mut call = Call::of(4);
    send(&mut call, &[0], 3_000);
    for viewer in 1..4 {
        call.estimate(viewer, 400_000);
        call.view(viewer, &[wish(FIRST_PICTURE, 0, CAMERA, 360)]);
    }
    let mut tried = [false; 3];
    for _ in 0..60 {
        send(&mut call, &[0], 200);
        let large: Vec<usize> = (0..3)
            .filter(|viewer| height(&call, [1, 2, 3][*viewer], FIRST_PICTURE) == Some(360))
            .collect();
        assert!(large.len() <= 1, "{large:?}");
        for viewer in large {
            tried[viewer] = true;
        }
    }
    assert_eq!(tried, [true; 3], "each in its turn");
}

#[test]
fn a_viewer_on_trial_that_goes_leaves_the_permit_to_others() {
    let mut call = Call::of(3);
    send(&mut call, &[0], 3_000);
    for viewer in [1, 2] {
        call.estimate(viewer, 400_000);
        call.view(viewer, &[wish(FIRST_PICTURE, 0, CAMERA, 360)]);
    }
    send(&mut call, &[0], 1_000);
    let trying = if height(&call, 1, FIRST_PICTURE) == Some(360) {
        1
    } else {
        2
    };
    assert_eq!(height(&call, 3 - trying, FIRST_PICTURE), Some(180));
    call.deactivate(trying);
    send(&mut call, &[0], 1_000);
    assert_eq!(height(&call, 3 - trying, FIRST_PICTURE), Some(360));
}

#[test]
fn a_layer_on_trial_stays_while_it_turns_out_to_need_more() {
    let mut call = Call::of(2);
    send(&mut call, &[0], 3_000);
    call.estimate(1, 400_000);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 360)]);
    let mut heights = Vec::new();
    for _ in 0..150 {
        call.pass(20);
        for layer in [Layer::Low, Layer::Middle] {
            // Twice what is usual for the larger layer.
            for _ in 0..layer.count() {
                call.begin(0, CAMERA, layer);
            }
        }
        heights.push(height(&call, 1, FIRST_PICTURE));
    }
    let first = heights
        .iter()
        .position(|height| *height == Some(360))
        .unwrap();
    assert!(heights[first..].iter().all(|height| *height == Some(360)));
}

#[test]
fn a_trial_begins_when_what_fits_travels_and_a_paused_picture_is_tried_first() {
    let mut call = Call::of(3);
    call.estimate(2, 300_000);
    send(&mut call, &[0, 1], 3_000);
    call.key_frames.clear();
    call.view(
        2,
        &[
            wish(FIRST_PICTURE, 0, CAMERA, 360),
            wish(FIRST_PICTURE + 1, 1, CAMERA, 360),
        ],
    );
    assert_eq!(call.key_frames, [(0, CAMERA, Layer::Low)]);
    assert_eq!(
        call.slot(2, FIRST_PICTURE + 1).unwrap().pause,
        Some(Pause::Bandwidth)
    );
    send(&mut call, &[0, 1], 1_000);
    let heights = [FIRST_PICTURE, FIRST_PICTURE + 1].map(|slot| height(&call, 2, slot));
    assert_eq!(heights, [Some(180), Some(180)]);
}

#[test]
fn a_viewer_that_does_not_wish_its_picture_on_trial_any_more_leaves_the_permit_to_others() {
    let mut call = Call::of(3);
    send(&mut call, &[0], 3_000);
    for viewer in [1, 2] {
        call.estimate(viewer, 400_000);
        call.view(viewer, &[wish(FIRST_PICTURE, 0, CAMERA, 360)]);
    }
    send(&mut call, &[0], 1_000);
    let trying = if height(&call, 1, FIRST_PICTURE) == Some(360) {
        1
    } else {
        2
    };
    call.view(trying, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    send(&mut call, &[0], 1_000);
    assert_eq!(height(&call, 3 - trying, FIRST_PICTURE), Some(360));
}

#[test]
fn a_layer_that_still_travels_needs_no_key_frame() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.begin(0, CAMERA, Layer::Low);
    call.pass(3_000);
    call.key_frames.clear();
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 720)]);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.pass(3_000);
    assert_eq!(call.key_frames, [(0, CAMERA, Layer::High)]);
    assert_eq!(
        places(&call.go_on(0, CAMERA, Layer::Low)),
        [(1, FIRST_PICTURE)]
    );
}

#[test]
fn packets_make_up_for_deadlines_that_the_caller_has_missed() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.key_frames.clear();
    for _ in 0..3 {
        call.micros += 500_000;
        call.go_on(0, CAMERA, Layer::Low);
    }
    assert_eq!(
        call.key_frames,
        [(0, CAMERA, Layer::Low)],
        "repeated after a second"
    );
}

#[test]
fn a_height_that_changes_with_every_packet_is_reported_now_and_then() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.begin(0, CAMERA, Layer::Low);
    call.slot_log.clear();
    for number in 0..200_u16 {
        call.pass(10);
        let mut packet = call.packet(0, CAMERA, Layer::Low).unwrap();
        let height = 170 + number % 2 + number / 20;
        packet.key_frame = Some(anteroom_sfu::vp8::PictureSize { width: 320, height });
        assert_eq!(call.receive(&packet).len(), 1);
    }
    assert!(
        (2..=4).contains(&call.slot_log.len()),
        "{:?}",
        call.slot_log
    );
}

#[test]
fn a_layer_that_the_sender_cannot_send_is_not_waited_for() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 720)]);
    // The uplink of the sender starves: the top layer is never sent.
    for _ in 0..300 {
        call.pass(20);
        for layer in [Layer::Low, Layer::Middle] {
            call.begin(0, CAMERA, layer);
        }
    }
    assert_eq!(height(&call, 1, FIRST_PICTURE), Some(360));
}

#[test]
fn a_forwarded_packet_allocates_nothing() {
    let mut call = Call::of(10);
    for viewer in 1..10 {
        call.view(viewer, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    }
    for sender in 0..10 {
        call.begin(sender, Source::Audio, Layer::Low);
    }
    call.begin(0, CAMERA, Layer::Low);
    send(&mut call, &[0], 1_000);
    let camera: Vec<_> = (0..100)
        .map(|_| call.packet(0, CAMERA, Layer::Low).unwrap())
        .collect();
    let audio: Vec<_> = (0..100)
        .map(|_| call.packet(0, Source::Audio, Layer::Low).unwrap())
        .collect();
    let now = call.now();
    let mut forwarded = 0;
    let allocations = allocation_counter::measure(|| {
        for (camera, audio) in camera.iter().zip(&audio) {
            forwarded += call.media.receive(now, camera).len();
            forwarded += call.media.receive(now, audio).len();
        }
    });
    assert!(forwarded >= 1_200, "{forwarded}");
    assert_eq!(allocations.count_total, 0);
}
