//! The counts of a call's media.

use anteroom_sfu::{
    Measurement, SfuCounts,
    indexes::SlotIndex,
    input::Input,
    source::{Layer, Source},
};

use super::harness::{Call, EVERYTHING, FIRST_PICTURE, connection, id, no_limits, wish};

const CAMERA: Source = Source::Camera;

#[test]
fn packets_switches_and_key_frames_are_counted_and_each_once() {
    let mut call = Call::of(3);
    for viewer in [1, 2] {
        call.view(viewer, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    }
    call.begin(0, CAMERA, Layer::Low);
    call.go_on(0, CAMERA, Layer::Low);
    call.go_on(0, CAMERA, Layer::High);
    let expected = SfuCounts {
        forwarded_packets: 4,
        forwarded_bytes: 4_000,
        requested_key_frames: 1,
        ..SfuCounts::default()
    };
    assert_eq!(call.media.take_counts(), expected);
    call.pass(1_100);
    call.handle(Input::KeyFrameMissed {
        device: id(1),
        slot: SlotIndex::new(FIRST_PICTURE),
    });
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 720)]);
    call.begin(0, CAMERA, Layer::High);
    let counts = call.media.take_counts();
    assert_eq!((counts.layer_switches, counts.missed_key_frames), (1, 1));
    assert_eq!(counts.requested_key_frames, 2);
    assert_eq!(call.media.take_counts(), SfuCounts::default());
}

#[test]
fn packets_beyond_the_limits_are_counted() {
    let mut limits = no_limits();
    limits.sources.camera.packets = 10;
    let mut call = Call::new(limits);
    for device in [0, 1] {
        call.activate(device, device);
        call.connect(device, connection(3, 1));
        call.publish(device, EVERYTHING);
    }
    for _ in 0..25 {
        call.go_on(0, CAMERA, Layer::Low);
    }
    assert_eq!(call.media.take_counts().throttled_packets, 15);
}

#[test]
fn losses_and_estimates_are_measured() {
    let mut call = Call::of(2);
    // The first estimates come with the connections.
    call.media.take_measurements().for_each(drop);
    call.estimate(1, 300_000);
    call.handle(Input::Loss {
        device: id(1),
        thousandths: 20,
    });
    let expected = [Measurement::Bandwidth(300_000), Measurement::Loss(20)];
    assert!(call.media.take_measurements().eq(expected));
    assert_eq!(call.media.take_measurements().count(), 0);
}
