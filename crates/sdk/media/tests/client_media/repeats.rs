//! Sound on a way that loses packets.

use core::time::Duration;
use std::{collections::BTreeSet, sync::Arc};

use anteroom_client_media::{AudioLevel, MediaEvent, OpusPacket, Source};
use anteroom_testkit::{LinkShape, ShapedPath};
use tokio::time::interval;

use crate::{meeting::Meeting, paths::until_heard};

/// The packets that are said, as fast as they play.
const PACKETS: u8 = 200;

fn packet(number: u8) -> OpusPacket {
    let data = vec![0xf8, 0x55, number, 7];
    OpusPacket::new(data, AudioLevel::below_loudest(20)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn sound_that_is_lost_on_the_way_down_is_sent_again_in_time() {
    let mut meeting = Meeting::new();
    let path = ShapedPath::start(meeting.udp_address(), 1).await.unwrap();
    let port = path.address().port();
    meeting.tampering = Arc::new(move |answer| through_port(&answer, port));
    let mut listener = meeting.join(0);
    meeting.tampering = Arc::new(|answer| answer);
    let mut speaker = meeting.join(1);
    for device in [&mut listener, &mut speaker] {
        device.until_connected().await;
    }
    for device in [&listener, &speaker] {
        meeting.add_epoch(device, 1).await;
    }
    until_heard(&speaker, &mut listener).await;
    path.shape_download(LinkShape {
        loss: 100,
        ..LinkShape::default()
    });
    let lost_before = path.lost_downloads();
    let mut pace = interval(Duration::from_millis(20));
    for number in 0..PACKETS {
        pace.tick().await;
        let sent = speaker.sender.send_sound(Source::Audio, packet(number));
        sent.await.unwrap();
    }
    path.shape_download(LinkShape::default());
    let lost = path.lost_downloads() - lost_before;
    let mut heard = BTreeSet::new();
    // The last one comes again and again, until it has come.
    while !heard.contains(&PACKETS) {
        let sent = speaker.sender.send_sound(Source::Audio, packet(PACKETS));
        sent.await.unwrap();
        let frame = listener.until(|event| match event {
            MediaEvent::Frame(frame) => Some(frame),
            _ => None,
        });
        if let [0xf8, 0x55, number, 7] = frame.await.data.as_slice() {
            heard.insert(*number);
        }
    }
    let missing = u64::try_from(usize::from(PACKETS) + 1 - heard.len()).unwrap();
    assert!(lost > 10, "{lost}");
    assert!(missing < lost / 2, "{missing} of {lost}");
}

/// Returns an answer whose only way leads over a port.
fn through_port(answer: &str, port: u16) -> String {
    let lines = answer.split_inclusive('\n');
    let lines = lines.filter(|line| !line.contains(" tcp "));
    let lines = lines.map(|line| {
        if !line.contains(" udp ") {
            return line.to_owned();
        }
        let mut parts: Vec<&str> = line.split(' ').collect();
        let port = port.to_string();
        *parts.get_mut(5).unwrap() = &port;
        parts.join(" ")
    });
    lines.collect()
}
