//! Connections that end, and others in their place.

use std::sync::Arc;

use anteroom_client_media::{MediaEvent, SendOutcome, Wanted};
use anteroom_testkit::{LinkShape, ShapedPath};

use crate::{
    meeting::{Device, Meeting},
    paths::until_heard,
};

async fn until_interrupted(device: &mut Device) {
    device
        .until(|event| (event == MediaEvent::Interrupted).then_some(()))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_interruption_of_all_ways_both_hear_each_other_again() {
    let mut meeting = Meeting::new();
    let path = ShapedPath::start(meeting.udp_address(), 1).await.unwrap();
    let port = path.address().port();
    // All ways lead through the path.
    meeting.tampering = Arc::new(move |answer| {
        let lines = answer.split_inclusive('\n');
        let lines = lines.filter(|line| !line.contains(" tcp "));
        let lines = lines.map(|line| {
            if !line.contains(" udp ") {
                return line.to_owned();
            }
            let mut parts: Vec<&str> = line.split(' ').collect();
            let port = port.to_string();
            parts[5] = &port;
            parts.join(" ")
        });
        lines.collect()
    });
    let mut away = meeting.join(0);
    meeting.tampering = Arc::new(|answer| answer);
    let mut other = meeting.join(1);
    for device in [&mut away, &mut other] {
        device.until_connected().await;
    }
    for device in [&away, &other] {
        meeting.add_epoch(device, 1).await;
    }
    until_heard(&away, &mut other).await;
    until_heard(&other, &mut away).await;
    let shape = |loss| {
        let shape = LinkShape {
            loss,
            ..LinkShape::default()
        };
        path.shape_upload(shape);
        path.shape_download(shape);
    };
    shape(1_000);
    until_interrupted(&mut away).await;
    shape(0);
    away.until_connected().await;
    until_heard(&away, &mut other).await;
    until_heard(&other, &mut away).await;
    // A slow machine may need more of them.
    assert!(away.offers.lock().unwrap().starts_with(&[1, 2]));
    assert_eq!(away.sender.counts().refused, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_place_of_a_connection_that_the_service_has_ended_there_is_another() {
    let (meeting, mut devices) = Meeting::of(2).await;
    let [first, second] = devices.get_disjoint_mut([0, 1]).unwrap();
    until_heard(first, second).await;
    // That was so in the former connection.
    let wanted = Wanted {
        camera_layers: 0,
        screen: false,
        screen_audio: false,
        audio: false,
    };
    first.want(wanted);
    first
        .until(|event| (event == MediaEvent::Wanted(wanted)).then_some(()))
        .await;
    assert_eq!(first.say(b"sound").await, Ok(SendOutcome::Unwatched));
    meeting.call.remove(first.id).done().await;
    meeting.admit(0);
    first.lose();
    until_interrupted(first).await;
    first.until_connected().await;
    assert_eq!(first.say(b"sound").await, Ok(SendOutcome::Sent));
    until_heard(first, second).await;
    until_heard(second, first).await;
    assert!(first.offers.lock().unwrap().starts_with(&[1, 2]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_offer_before_the_answer_of_another_is_one_of_another_connection() {
    let (_meeting, mut devices) = Meeting::of(2).await;
    let [first, second] = devices.get_disjoint_mut([0, 1]).unwrap();
    first.restart();
    first.restart();
    first.until_connected().await;
    until_heard(first, second).await;
    until_heard(second, first).await;
    // The one before may not have been passed on.
    assert_eq!(first.offers.lock().unwrap().last(), Some(&2));
}
