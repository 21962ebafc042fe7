//! Frames from one device to another.

use core::time::Duration;

use anteroom_client_media::{Layer, MediaEvent, SendOutcome, Source};

use crate::meeting::{Meeting, meanwhile, picture, sound};

#[tokio::test(flavor = "multi_thread")]
async fn sounds_come_as_they_were_said_with_the_device_that_has_said_them() {
    let (_meeting, mut devices) = Meeting::of(3).await;
    for sender in 0..3 {
        for listener in 0..3 {
            if listener == sender {
                continue;
            }
            let [sender, listener] = devices.get_disjoint_mut([sender, listener]).unwrap();
            let id = sender.id;
            let heard = listener.until_frame(|frame| frame.sender == id);
            let heard = meanwhile(heard, async |number| {
                sender.say(&sound(number)).await.unwrap();
            });
            let frame = heard.await;
            assert_eq!(frame.source, Source::Audio);
            assert!(frame.data.starts_with(b"sound"), "{:?}", &*frame.data);
            assert_eq!(frame.level.unwrap().decibels(), 30);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sounds_of_a_slot_are_whole_and_in_order() {
    let (_meeting, mut devices) = Meeting::of(2).await;
    let [sender, listener] = devices.get_disjoint_mut([0, 1]).unwrap();
    let mut heard = Vec::new();
    let listening = async {
        while heard.len() < 50 {
            let frame = listener.until_frame(|_| true).await;
            heard.push((frame.time, frame.data.to_vec()));
        }
    };
    meanwhile(listening, async |number| {
        sender.say(&sound(number)).await.unwrap();
    })
    .await;
    let first = u16::from_be_bytes(*heard[0].1.last_chunk().unwrap());
    for ((number, (time, data)), before) in (first..).zip(&heard).skip(1).zip(&heard) {
        assert_eq!(data, &sound(number));
        assert_eq!((*time - before.0).as_millis(), 20);
    }
    assert_eq!(listener.sender.counts().refused, 0);
    assert_eq!(listener.sender.counts().unread, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pictures_come_in_the_layer_that_suits_their_slot() {
    let (meeting, mut devices) = Meeting::of(2).await;
    let [sender, viewer] = devices.get_disjoint_mut([0, 1]).unwrap();
    let heights = [180, 360, 720];
    for (wish, expected) in [(180, 180), (720, 720), (360, 360)] {
        meeting.view(viewer, &[(sender.id, Source::Camera, wish)]);
        let shown = viewer.until_frame(|frame| {
            frame.is_key_frame() && frame.data[8..10] == u16::to_le_bytes(expected)
        });
        let shown = meanwhile(shown, async |number| {
            for (layer, height) in Layer::ALL.into_iter().zip(heights) {
                let frame = picture(number % 5 == 0, height, number);
                let _sent_or_unwatched = sender.show(layer, number, frame).await;
            }
        });
        let frame = shown.await;
        assert_eq!((frame.sender, frame.source), (sender.id, Source::Camera));
        assert_eq!(frame.data.len(), 3_000);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_makes_the_server_ask_the_sender_for_a_key_frame() {
    let (meeting, mut devices) = Meeting::of(2).await;
    let [sender, viewer] = devices.get_disjoint_mut([0, 1]).unwrap();
    let key = picture(true, 180, 0);
    assert_eq!(sender.show(Layer::Low, 0, key).await, Ok(SendOutcome::Sent));
    meeting.view(viewer, &[(sender.id, Source::Camera, 180)]);
    let id = sender.id;
    // It makes key frames when it is asked for them alone.
    let shown = viewer.until_frame(|frame| frame.sender == id && frame.is_key_frame());
    let sending = async {
        for number in 1.. {
            let pause = Duration::from_millis(20);
            let asked = sender.until(|event| match event {
                MediaEvent::KeyFrameWanted { source, layer } => Some((source, layer)),
                _ => None,
            });
            let asked = tokio::time::timeout(pause, asked).await;
            let is_key = asked.is_ok();
            if let Ok((source, layer)) = asked {
                assert_eq!((source, layer), (Source::Camera, Layer::Low));
            }
            let frame = picture(is_key, 180, number);
            sender.show(Layer::Low, number, frame).await.unwrap();
        }
    };
    tokio::select! {
        frame = shown => assert_eq!(frame.source, Source::Camera),
        () = sending => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_nobody_watches_are_not_sent() {
    let (_meeting, mut devices) = Meeting::of(2).await;
    let [sender, _viewer] = devices.get_disjoint_mut([0, 1]).unwrap();
    // Nobody views the camera: after five seconds the server says so.
    sender
        .until(|event| match event {
            MediaEvent::Wanted(wanted) if wanted.camera_layers == 0 => Some(()),
            _ => None,
        })
        .await;
    let key = picture(true, 180, 0);
    let outcome = sender.show(Layer::Low, 0, key).await;
    assert_eq!(outcome, Ok(SendOutcome::Unwatched));
    let outcome = sender.say(&sound(1)).await;
    assert_eq!(outcome, Ok(SendOutcome::Sent));
}
