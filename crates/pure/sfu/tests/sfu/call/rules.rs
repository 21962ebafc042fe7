//! The receivers of packets: views, publications, orders of admins, and the end of a seat.

use anteroom_sfu::{
    indexes::SlotIndex,
    input::{Codec, Connection, Input, MuteOrder, MuteTarget, SlotKind, Subject, Wish},
    limits::MediaLimits,
    output::{Pause, Refusal},
    source::{Layer, PerSource, Source},
};

use super::harness::{
    Call, EVERYTHING, FIRST_PICTURE, SCREEN_SOUND, connection, id, no_limits, places, wish,
};

const CAMERA: Source = Source::Camera;
const LOW: Layer = Layer::Low;

#[test]
fn a_picture_travels_to_those_who_wish_it_and_sound_to_all() {
    let mut call = Call::of(3);
    assert!(call.begin(0, CAMERA, LOW).is_empty());
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.view(
        2,
        &[
            wish(FIRST_PICTURE + 1, 0, CAMERA, 180),
            wish(FIRST_PICTURE, 1, CAMERA, 180),
        ],
    );
    assert_eq!(places(&call.begin(0, CAMERA, LOW)), [(1, 4), (2, 5)]);
    assert_eq!(places(&call.go_on(0, CAMERA, LOW)), [(1, 4), (2, 5)]);
    assert_eq!(places(&call.begin(1, CAMERA, LOW)), [(2, 4)]);
    for sender in 0..3 {
        let places = places(&call.begin(sender, Source::Audio, LOW));
        let viewers: Vec<u32> = places.iter().map(|(viewer, _)| *viewer).collect();
        let others: Vec<u32> = (0..3).filter(|other| *other != sender).collect();
        assert_eq!(viewers, others);
        assert!(places.iter().all(|(_, slot)| *slot < FIRST_PICTURE));
    }
    // An empty view ends it, and a wish for oneself is none.
    call.view(1, &[]);
    call.view(2, &[wish(FIRST_PICTURE, 2, CAMERA, 180)]);
    assert!(call.begin(0, CAMERA, LOW).is_empty());
    assert!(call.begin(2, CAMERA, LOW).is_empty());
    assert_eq!(call.slot(2, FIRST_PICTURE), None);
}

#[test]
fn a_picture_begins_with_a_key_frame_and_sound_with_any_packet() {
    let mut call = Call::of(2);
    call.key_frames.clear();
    call.view(
        1,
        &[
            wish(FIRST_PICTURE, 0, CAMERA, 180),
            wish(SCREEN_SOUND, 0, Source::ScreenAudio, 0),
        ],
    );
    assert_eq!(call.key_frames, [(0, CAMERA, LOW)]);
    assert!(call.go_on(0, CAMERA, LOW).is_empty());
    assert_eq!(call.slot(1, FIRST_PICTURE).unwrap().height, None);
    assert_eq!(places(&call.begin(0, CAMERA, LOW)), [(1, FIRST_PICTURE)]);
    assert_eq!(call.slot(1, FIRST_PICTURE).unwrap().height, Some(180));
    let sound = call.go_on(0, Source::ScreenAudio, LOW);
    assert_eq!(places(&sound), [(1, SCREEN_SOUND)]);
    assert!(sound[0].2.has_marker);
}

#[test]
fn a_slot_says_why_nothing_travels() {
    let mut call = Call::new(no_limits());
    call.join(0);
    for device in 1..5 {
        call.activate(device, device);
    }
    call.connect(1, connection(1, 1));
    call.connect(2, connection(1, 1));
    call.publish(2, EVERYTHING);
    let mut other_codec = connection(1, 1);
    other_codec.sources.camera.as_mut().unwrap().codec = Codec::Av1;
    call.connect(3, other_codec);
    call.publish(3, EVERYTHING);
    // A device that is not connected, and one that there never was.
    for (device, expected) in [
        (1, Some(Pause::Muted)),
        (2, None),
        (3, Some(Pause::Codec)),
        (4, Some(Pause::Gone)),
        (9, Some(Pause::Gone)),
    ] {
        call.pass(200);
        call.view(0, &[wish(FIRST_PICTURE, device, CAMERA, 180)]);
        let state = call.slot(0, FIRST_PICTURE).unwrap();
        assert_eq!(
            (state.device, state.pause),
            (id(device), expected),
            "{device}"
        );
        assert_eq!(
            places(&call.begin(device, CAMERA, LOW)).is_empty(),
            expected.is_some()
        );
    }
    call.pass(200);
    call.view(0, &[wish(FIRST_PICTURE, 2, CAMERA, 180)]);
    call.estimate(0, 100_000);
    call.pass(2_600);
    assert_eq!(
        call.slot(0, FIRST_PICTURE).unwrap().pause,
        Some(Pause::Bandwidth)
    );
    assert!(call.begin(2, CAMERA, LOW).is_empty());
    // Wishes that do not fit their slots, and slots that there are not.
    call.view(
        0,
        &[
            wish(FIRST_PICTURE, 2, Source::Audio, 0),
            wish(0, 2, CAMERA, 180),
            wish(60, 2, CAMERA, 180),
            wish(6_000, 2, CAMERA, 180),
        ],
    );
    assert_eq!(call.slot(0, FIRST_PICTURE), None);
    assert!(
        call.slots[&0]
            .iter()
            .all(|state| state.source == Source::Audio)
    );
}

#[test]
fn a_device_that_is_active_no_longer_neither_sends_nor_receives() {
    let mut call = Call::of(3);
    for (viewer, sender) in [(0, 1), (1, 0), (2, 0)] {
        call.view(viewer, &[wish(FIRST_PICTURE, sender, CAMERA, 180)]);
        call.begin(sender, CAMERA, LOW);
    }
    let packets = [CAMERA, Source::Audio].map(|source| call.packet(0, source, LOW).unwrap());
    call.deactivate(0);
    for packet in packets {
        assert!(call.receive(&packet).is_empty());
    }
    assert!(call.begin(1, CAMERA, LOW).is_empty());
    assert_eq!(
        places(&call.begin(1, Source::Audio, LOW))[..],
        [(2, 1)],
        "in its slot"
    );
    assert_eq!(
        call.slot(1, FIRST_PICTURE).unwrap().pause,
        Some(Pause::Gone)
    );
    // Another device has the index of the old one, which its late packets do not reach.
    call.join(7);
    call.view(1, &[wish(FIRST_PICTURE, 7, CAMERA, 180)]);
    for packet in packets {
        assert!(call.receive(&packet).is_empty());
    }
    assert_eq!(places(&call.begin(7, CAMERA, LOW)), [(1, FIRST_PICTURE)]);
    assert!(
        call.begin(1, CAMERA, LOW).is_empty(),
        "the view went with the device"
    );
}

#[test]
fn a_connection_that_is_lost_carries_nothing_and_a_new_one_begins_anew() {
    let mut call = Call::of(2);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    assert_eq!(call.begin(0, CAMERA, LOW)[0].2.numbers.sequence, 1);
    call.handle(Input::Disconnect(id(0)));
    assert!(call.begin(0, CAMERA, LOW).is_empty());
    assert_eq!(
        call.slot(1, FIRST_PICTURE).unwrap().pause,
        Some(Pause::Gone)
    );
    call.connect(0, connection(3, 2));
    // Publication and view are still known.
    assert_eq!(call.begin(0, CAMERA, LOW)[0].2.numbers.sequence, 2);
    call.handle(Input::Disconnect(id(1)));
    assert!(call.begin(0, CAMERA, LOW).is_empty());
    call.connect(1, connection(3, 2));
    assert_eq!(
        call.begin(0, CAMERA, LOW)[0].2.numbers.sequence,
        1,
        "a stream of a new connection"
    );
    let mut many = connection(1, 1);
    many.slots = vec![SlotKind::Video; 65];
    call.handle(Input::Connect {
        device: id(1),
        connection: many,
    });
    assert_eq!(call.refusals, [(1, Refusal::TooManySlots)]);
    assert_eq!(
        places(&call.go_on(0, CAMERA, LOW)),
        [(1, FIRST_PICTURE)],
        "the old one stays"
    );
}

#[test]
fn slots_that_are_added_leave_the_others_as_they_are() {
    let mut call = Call::of(6);
    call.view(
        1,
        &[wish(FIRST_PICTURE, 0, CAMERA, 180), wish(8, 0, CAMERA, 180)],
    );
    call.begin(0, CAMERA, LOW);
    let before = call.slots[&1].clone();
    call.handle(Input::AddSlots {
        device: id(1),
        slots: vec![SlotKind::Video, SlotKind::Audio],
    });
    let after = &call.slots[&1];
    assert!(before.iter().all(|state| after.contains(state)));
    let added: Vec<_> = after
        .iter()
        .filter(|state| !before.contains(state))
        .collect();
    let added: Vec<_> = added
        .iter()
        .map(|state| (state.slot.number(), state.source))
        .collect();
    assert_eq!(added, [(8, CAMERA), (9, Source::Audio)]);
    assert_eq!(call.go_on(0, CAMERA, LOW)[0].2.numbers.sequence, 2);
    let sequences = call.begin(0, CAMERA, LOW);
    assert_eq!(places(&sequences), [(1, FIRST_PICTURE), (1, 8)]);
    call.handle(Input::AddSlots {
        device: id(1),
        slots: vec![SlotKind::Video; 55],
    });
    assert_eq!(call.refusals, [(1, Refusal::TooManySlots)]);
    assert_eq!(call.go_on(0, CAMERA, LOW).len(), 2);
}

#[test]
fn a_muted_source_waits_for_a_new_publication_and_a_held_one_for_its_release_too() {
    const SILENT: PerSource<bool> = PerSource {
        audio: false,
        ..EVERYTHING
    };
    let mut call = Call::of(3);
    let is_heard = |call: &mut Call| !call.begin(1, Source::Audio, LOW).is_empty();
    assert!(is_heard(&mut call));
    // The order, what the device says then, and whether it is heard.
    enum Step {
        Order(MuteOrder),
        Say(PerSource<bool>),
    }
    use Step::{Order, Say};
    for (place, (step, expected)) in [
        (Order(MuteOrder::Mute), false),
        (Say(EVERYTHING), false),
        (Say(SILENT), false),
        (Say(EVERYTHING), true),
        (Order(MuteOrder::Release), true),
        (Order(MuteOrder::Hold), false),
        (Say(SILENT), false),
        (Say(EVERYTHING), false),
        (Order(MuteOrder::Release), true),
        (Order(MuteOrder::Hold), false),
        (Order(MuteOrder::Release), false),
        (Say(SILENT), false),
        (Say(EVERYTHING), true),
    ]
    .into_iter()
    .enumerate()
    {
        call.pass(1_000);
        match step {
            Order(order) => {
                call.muted.clear();
                call.mute(0, 1, Source::Audio, order);
                assert_eq!(call.muted, [(1, Source::Audio, order)]);
            }
            Say(sources) => call.publish(1, sources),
        }
        assert_eq!(is_heard(&mut call), expected, "step {place}");
    }
    // The picture went on all the time, and everybody but the admin can be muted at once.
    call.view(2, &[wish(FIRST_PICTURE, 1, CAMERA, 180)]);
    assert!(!call.begin(1, CAMERA, LOW).is_empty());
    call.muted.clear();
    call.handle(Input::Mute {
        by: id(0),
        target: MuteTarget::AllBut(vec![id(2)]),
        source: CAMERA,
        order: MuteOrder::Mute,
    });
    assert_eq!(call.muted, [(1, CAMERA, MuteOrder::Mute)]);
    assert_eq!(
        call.slot(2, FIRST_PICTURE).unwrap().pause,
        Some(Pause::Muted)
    );
}

#[test]
fn requests_beyond_their_rates_are_refused_and_change_nothing() {
    let mut call = Call::of(2);
    for _ in 0..20 {
        call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    }
    call.view(1, &[]);
    assert_eq!(call.refusals, [(1, Refusal::RateLimited)]);
    assert_eq!(places(&call.begin(0, CAMERA, LOW)), [(1, FIRST_PICTURE)]);
    call.refusals.clear();
    for _ in 0..7 {
        call.publish(0, EVERYTHING);
    }
    call.publish(0, PerSource::default());
    assert_eq!(call.refusals, [(0, Refusal::RateLimited)]);
    assert_eq!(places(&call.go_on(0, CAMERA, LOW)), [(1, FIRST_PICTURE)]);
    let now = call.now();
    let offers = (0..7).map(|_| call.media.may_offer(id(0), now));
    assert_eq!(offers.filter(|may| *may).count(), 6);
    assert!(!call.media.may_offer(id(9), now), "it is not active");
}

#[test]
fn a_sender_over_its_limit_is_throttled_then_dropped_until_it_publishes_anew() {
    let mut limits = no_limits();
    limits.sources.camera = MediaLimits::default().sources.camera;
    let mut call = Call::new(limits);
    call.join(0);
    call.join(1);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    // Ten times 3 Mbit/s.
    let mut forwarded = 0;
    for packet in 0..12 * 3_750 {
        if packet % 15 == 0 {
            call.pass(4);
        }
        let was_told = !call.refusals.is_empty();
        forwarded += call.begin(0, CAMERA, LOW).len();
        if !was_told && !call.refusals.is_empty() {
            let state = call.slot(1, FIRST_PICTURE).unwrap();
            assert_eq!(state.pause, Some(Pause::Muted), "in the same step");
        }
    }
    assert_eq!(call.refusals, [(0, Refusal::OverLimit(CAMERA))]);
    assert!((3_700..4_600).contains(&forwarded), "{forwarded}");
    assert_eq!(
        call.slot(1, FIRST_PICTURE).unwrap().pause,
        Some(Pause::Muted)
    );
    assert!(call.begin(0, CAMERA, LOW).is_empty());
    // A new connection is no publication, and one that says nothing new is not either.
    call.connect(0, connection(3, 2));
    call.pass(1_000);
    call.publish(0, EVERYTHING);
    assert!(call.begin(0, CAMERA, LOW).is_empty());
    assert_eq!(
        call.slot(1, FIRST_PICTURE).unwrap().pause,
        Some(Pause::Muted)
    );
    call.pass(1_000);
    call.publish(0, PerSource::default());
    call.publish(0, EVERYTHING);
    assert_eq!(places(&call.begin(0, CAMERA, LOW)), [(1, FIRST_PICTURE)]);
}

#[test]
fn senders_are_told_what_is_wanted() {
    let mut call = Call::of(2);
    call.pass(5_000);
    let wanted = |call: &Call| {
        let wanted = call.wanted[&0];
        (
            wanted.camera_layers,
            wanted.screen,
            wanted.screen_audio,
            wanted.audio,
        )
    };
    assert_eq!(wanted(&call), (0, false, false, true));
    for (height, layers) in [(180, 1), (360, 2), (720, 3)] {
        call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, height)]);
        assert_eq!(wanted(&call), (layers, false, false, true));
    }
    call.view(
        1,
        &[
            wish(FIRST_PICTURE, 0, Source::Screen, 180),
            wish(SCREEN_SOUND, 0, Source::ScreenAudio, 0),
        ],
    );
    assert_eq!(wanted(&call), (3, true, true, true));
    call.pass(5_000);
    assert_eq!(wanted(&call), (0, true, true, true));
    call.view_without(1, &[], &[0]);
    call.pass(5_000);
    assert_eq!(wanted(&call), (0, false, false, false));
    // A device that is alone is not heard either.
    call.view(1, &[]);
    assert_eq!(wanted(&call), (0, false, false, true));
    call.deactivate(1);
    call.pass(5_000);
    assert_eq!(wanted(&call), (0, false, false, false));
    assert_eq!(call.deadline, None, "nothing is left to wait for");
}

#[test]
fn a_viewer_excludes_devices_that_are_there_and_no_others() {
    let mut call = Call::of(2);
    call.view_without(1, &[], &[0, 2]);
    call.join(2);
    assert!(
        call.begin(0, Source::Audio, LOW)
            .iter()
            .all(|(viewer, ..)| *viewer != 1)
    );
    assert!(
        call.begin(2, Source::Audio, LOW)
            .iter()
            .any(|(viewer, ..)| *viewer == 1)
    );
}

#[test]
fn a_device_that_nobody_hears_now_is_to_send_its_sound_nevertheless() {
    let mut call = Call::of(8);
    call.pass(10_000);
    let heard = call
        .slots
        .values()
        .flatten()
        .any(|state| state.device == id(7));
    assert!(!heard);
    assert!(
        call.wanted[&7].audio,
        "its level decides whether it is heard"
    );
}

#[test]
fn missed_key_frames_are_asked_for_once_a_second_and_not_in_a_pause() {
    let mut call = Call::of(3);
    let missed = |call: &mut Call, device| {
        call.handle(Input::KeyFrameMissed {
            device: id(device),
            slot: SlotIndex::new(FIRST_PICTURE),
        });
    };
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.begin(0, CAMERA, LOW);
    call.view(2, &[wish(FIRST_PICTURE, 0, CAMERA, 180)]);
    call.begin(0, CAMERA, LOW);
    call.pass(2_000);
    call.key_frames.clear();
    for millis in [0, 100, 300, 300] {
        call.pass(millis);
        missed(&mut call, 1);
        missed(&mut call, 2);
    }
    assert_eq!(call.key_frames.len(), 1);
    call.pass(300);
    assert_eq!(call.key_frames, [(0, CAMERA, LOW); 2]);
    call.begin(0, CAMERA, LOW);
    call.pass(20_000);
    assert_eq!(call.key_frames.len(), 2, "answered");
    // Paused, nothing is asked for; unanswered requests end with their viewers.
    call.mute(2, 0, CAMERA, MuteOrder::Mute);
    missed(&mut call, 1);
    call.pass(2_000);
    assert_eq!(call.key_frames.len(), 2);
    call.publish(0, PerSource::default());
    call.publish(0, EVERYTHING);
    call.pass(3_500);
    assert_eq!(
        call.key_frames.len(),
        5,
        "at once, after one and two seconds more"
    );
    call.view(1, &[]);
    call.view(2, &[]);
    call.pass(30_000);
    assert_eq!(call.key_frames.len(), 5);
}

#[test]
fn a_wish_names_a_slot_once_and_the_last_one_counts() {
    let mut call = Call::of(3);
    call.view(
        2,
        &[
            wish(FIRST_PICTURE, 0, CAMERA, 180),
            wish(FIRST_PICTURE, 1, CAMERA, 180),
        ],
    );
    assert_eq!(call.slot(2, FIRST_PICTURE).unwrap().device, id(1));
    let speaker = Wish {
        subject: Subject::Speaker(7),
        ..wish(FIRST_PICTURE, 0, CAMERA, 180)
    };
    call.view(2, &[speaker]);
    assert_eq!(call.slot(2, FIRST_PICTURE), None, "there are not so many");
    // A viewer that cannot decode Opus hears nobody.
    let mut deaf = connection(1, 1);
    deaf.decodes = vec![Codec::Vp8];
    call.connect(2, deaf);
    assert_eq!(places(&call.begin(0, Source::Audio, LOW)), [(1, 0)]);
    let empty = Connection::default();
    call.connect(2, empty);
    assert!(!call.slots.contains_key(&2) || call.slots[&2].is_empty());
}

#[test]
fn a_busy_server_lowers_the_layers_of_the_call() {
    let mut call = Call::of(2);
    call.estimate(1, 100_000_000);
    call.view(1, &[wish(FIRST_PICTURE, 0, CAMERA, 720)]);
    assert_eq!(places(&call.begin(0, CAMERA, Layer::High)), [(1, 4)]);
    call.handle(Input::Largest(Layer::Middle));
    // A layer stays for a second after a switch.
    call.pass(1_500);
    for layer in [Layer::Middle, Layer::High] {
        call.begin(0, CAMERA, layer);
    }
    assert!(call.go_on(0, CAMERA, Layer::High).is_empty());
    assert_eq!(places(&call.go_on(0, CAMERA, Layer::Middle)), [(1, 4)]);
    call.handle(Input::Largest(Layer::High));
    call.pass(1_500);
    call.begin(0, CAMERA, Layer::High);
    assert_eq!(places(&call.go_on(0, CAMERA, Layer::High)), [(1, 4)]);
}
