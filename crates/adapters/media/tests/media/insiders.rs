//! Devices of the call that are hostile: senders beyond their limits, streams and reports of all kinds. The others
//! lose nothing by them.

use std::time::Instant;

use anteroom_media::{MediaEvent, MediaServer, SlotWish, ViewRequest};
use anteroom_sfu::{
    connection_limits::{MAX_PACKET, SURPLUS},
    input::Subject,
    output::{Pause, Refusal},
    source::Source,
};
use str0m::{
    Rtc,
    media::{Direction, MediaKind},
};

use crate::{
    bystanders::Bystanders,
    meeting::{Meeting, id, server, settings, until_counts},
};

/// The device that is hostile.
const INSIDER: usize = 2;

/// Makes a report about a stream of the server.
fn report(kind: [u8; 2], stream: u32, rest: &[u8]) -> Vec<u8> {
    let words = u16::try_from(2 + rest.len() / 4).unwrap();
    [
        kind.as_slice(),
        &words.to_be_bytes(),
        &1_u32.to_be_bytes(),
        &stream.to_be_bytes(),
        rest,
    ]
    .concat()
}

/// Lets the insider see the camera of the first device. Returns the stream in which it does, and its last number.
fn watch(meeting: &mut Meeting) -> (u32, u16) {
    meeting.watch(INSIDER, 0);
    let mut seen = None;
    let mut number = 0;
    meeting.until("a picture", |meeting| {
        number = (number + 1) % 128;
        meeting.clients[0].show(number);
        let packets = core::mem::take(&mut meeting.clients[INSIDER].packets);
        let mut pictures = packets.iter().filter(|packet| packet.payload.len() == 16);
        let last = pictures.next_back().map(|packet| packet.header.clone());
        seen = last.or_else(|| seen.take());
        seen.is_some() && meeting.clients[INSIDER].keys.has_reports()
    });
    let header = seen.unwrap();
    (*header.ssrc, header.sequence_number)
}

#[test]
fn a_sender_at_ten_times_its_limit_is_dropped_with_the_reason() {
    let mut settings = settings();
    settings.limits.sources.camera.bits = 300_000;
    let server = MediaServer::start(&settings).unwrap();
    let mut meeting = Meeting::of(&server, 3);
    meeting.say_until_heard(INSIDER, &[0, 1]);
    let mut bystanders = Bystanders::of(&mut meeting);
    let dropped = MediaEvent::Refused {
        device: id(INSIDER),
        reason: Refusal::OverLimit(Source::Camera),
    };
    meeting.until("the end of the camera", |meeting| {
        bystanders.go_on(meeting);
        for number in 0..4 {
            meeting.clients[INSIDER].show_large(number);
        }
        meeting.log.contains(&dropped)
    });
    bystanders.end(&mut meeting, "sender at ten times its limit");
    // Its microphone goes on.
    meeting.say_until_heard(INSIDER, &[0, 1]);
}

#[test]
fn streams_of_others_and_streams_without_end_take_nothing_from_others() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    meeting.say_until_heard(INSIDER, &[0, 1]);
    meeting.clients[1].packets.clear();
    meeting.say_until_heard(0, &[INSIDER]);
    let heard = &meeting.clients[1].packets;
    let stream_of_listener = heard.last().map_or(7, |packet| *packet.header.ssrc);
    let own = meeting.clients[INSIDER].header(1, 1);
    let mut bystanders = Bystanders::of(&mut meeting);
    bystanders.go_on_in_flood(&server, &mut meeting, 10_000, |meeting, number| {
        let number = u32::try_from(number).unwrap();
        let stream = match number % 4 {
            0 => stream_of_listener,
            1 => 0,
            2 => 4_242,
            _ => number << 8,
        };
        let mut packet = own.clone();
        packet[2..4].copy_from_slice(&u16::try_from(number + 1).unwrap().to_be_bytes());
        packet[8..12].copy_from_slice(&stream.to_be_bytes());
        packet.extend(b"in the name of others");
        meeting.clients[INSIDER].send_packet(&packet);
    });
    bystanders.end(&mut meeting, "streams of others");
    until_counts(&server, |counts| counts.failed_calls == 0);
}

#[test]
fn a_packet_that_comes_again_is_heard_once() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    meeting.say_until_heard(INSIDER, &[0, 1]);
    meeting.clients[INSIDER].sent = Some(Vec::new());
    let mut bystanders = Bystanders::of(&mut meeting);
    meeting.clients[INSIDER].say_now(b"once");
    let sent = meeting.clients[INSIDER].sent.take().unwrap();
    let again = sent.into_iter().find(|bytes| bytes[0] >= 128).unwrap();
    meeting.until("the first time", |meeting| {
        let heard = meeting.clients[0].heard();
        heard.iter().any(|payload| payload == b"once")
    });
    bystanders.go_on_in_flood(&server, &mut meeting, 5_000, |meeting, _| {
        meeting.clients[INSIDER].send_raw(&again);
    });
    let heard = meeting.clients[0].heard();
    assert!(heard.iter().all(|payload| payload != b"once"));
    bystanders.end(&mut meeting, "packets that come again");
    meeting.say_until_heard(INSIDER, &[0, 1]);
}

#[test]
fn packets_that_are_too_long_end_nothing() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    meeting.watch(1, INSIDER);
    meeting.show_until_seen(INSIDER, 1);
    meeting.clients[INSIDER].sent = Some(Vec::new());
    meeting.clients[INSIDER].show_large(7);
    let sent = meeting.clients[INSIDER].sent.take().unwrap();
    let seed = sent.into_iter().find(|bytes| bytes[0] >= 128).unwrap();
    let mut number = u16::from_be_bytes([seed[2], seed[3]]);
    let mut bystanders = Bystanders::of(&mut meeting);
    for length in [MAX_PACKET, 1_980, 2_000, 2_100, 9_000, 60_000] {
        number += 1;
        let header = anteroom_media_device::header_length(&seed);
        let mut packet = seed[..header].to_vec();
        packet[2..4].copy_from_slice(&number.to_be_bytes());
        packet.extend([0x90, 0xe0, 0x80, 9, 9, 0x20, 0x51]);
        packet.resize(length, 7);
        meeting.clients[INSIDER].send_packet(&packet);
        bystanders.go_on_until_heard(&mut meeting, 5);
    }
    bystanders.end(&mut meeting, "packets that are too long");
    meeting.show_until_seen(INSIDER, 1);
    assert_eq!(server.counts().failed_calls, 0);
}

#[test]
fn requests_for_key_frames_are_few_for_the_sender() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    let (stream, _) = watch(&mut meeting);
    let mut bystanders = Bystanders::of(&mut meeting);
    let begin = Instant::now();
    meeting.clients[0].key_frame_requests = 0;
    let pli = report([0x81, 206], stream, &[]);
    bystanders.go_on_in_flood(&server, &mut meeting, 5_000, |meeting, number| {
        let number = 10_000 + u32::try_from(number).unwrap();
        meeting.clients[INSIDER].send_report(&pli, number);
    });
    bystanders.end(&mut meeting, "requests for key frames");
    let asked = meeting.clients[0].key_frame_requests;
    let most = usize::try_from(begin.elapsed().as_secs()).unwrap() + 2;
    assert!((1..=most).contains(&asked), "{asked} of {most}");
}

#[test]
fn reports_of_losses_bring_few_bytes_and_end_the_connection() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    let (stream, number) = watch(&mut meeting);
    let mut entries = Vec::new();
    for entry in 0..31_u16 {
        entries.extend(number.wrapping_add(entry % 4 * 17).to_be_bytes());
        entries.extend([0xff, 0xff]);
    }
    let losses = report([0x81, 205], stream, &entries).repeat(10);
    let mut bystanders = Bystanders::of(&mut meeting);
    meeting.until("pictures that could be lost", |meeting| {
        for number in 0..60 {
            meeting.clients[0].show_large(number);
        }
        let packets = &meeting.clients[INSIDER].packets;
        packets.iter().any(|packet| packet.payload.len() > 1_000)
    });
    let before = server.counts().sent_bytes;
    let disconnected = MediaEvent::Disconnected {
        device: id(INSIDER),
    };
    let mut number = 10_000;
    meeting.until("the end of the connection", |meeting| {
        bystanders.go_on(meeting);
        for _ in 0..10 {
            number += 1;
            meeting.clients[INSIDER].send_report(&losses, number);
        }
        meeting.log.contains(&disconnected)
    });
    let bytes = server.counts().sent_bytes - before;
    // Those of the two others are few beside that.
    let most = SURPLUS.0 + 10 * SURPLUS.1;
    assert!(bytes <= most, "{bytes} of {most}");
    bystanders.end(&mut meeting, "reports of losses");
}

#[test]
fn estimates_at_the_limits_are_those_of_their_device_alone() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    let (stream, _) = watch(&mut meeting);
    let mut bystanders = Bystanders::of(&mut meeting);
    let estimate = |exponent: u8, mantissa: u16| {
        let [high, low] = mantissa.to_be_bytes();
        let rest = [
            b'R',
            b'E',
            b'M',
            b'B',
            1,
            exponent << 2,
            high,
            low,
            0,
            0,
            0,
            0,
        ];
        let mut bytes = report([0x8f, 206], 0, &rest);
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&stream.to_be_bytes());
        bytes
    };
    let is_paused = |event: &MediaEvent| match event {
        MediaEvent::Slots { device, slots } => {
            *device == id(INSIDER)
                && slots
                    .iter()
                    .any(|slot| slot.pause == Some(Pause::Bandwidth))
        }
        _ => false,
    };
    let mut number = 10_000;
    meeting.until("a pause", |meeting| {
        number += 1;
        meeting.clients[INSIDER].send_report(&estimate(0, 1), number);
        meeting.clients[0].show(u8::try_from(number % 128).unwrap());
        bystanders.go_on(meeting);
        meeting.log.iter().any(is_paused)
    });
    for (exponent, mantissa) in [(0, 0), (60, 1), (63, u16::MAX)] {
        for _ in 0..20 {
            number += 1;
            let report = estimate(exponent, mantissa);
            meeting.clients[INSIDER].send_report(&report, number);
            bystanders.go_on_until_heard(&mut meeting, 1);
        }
    }
    bystanders.end(&mut meeting, "estimates at the limits");
    meeting.show_until_seen(0, INSIDER);
    assert_eq!(server.counts().ended_connections, 0);
}

#[test]
fn offers_and_views_at_their_limits_take_nothing_from_others() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    let mut rtc = Rtc::builder().build(Instant::now());
    let mut api = rtc.sdp_api();
    for (kind, direction, number) in [
        (MediaKind::Audio, Direction::SendOnly, 2),
        (MediaKind::Video, Direction::SendOnly, 2),
        (MediaKind::Audio, Direction::RecvOnly, 15),
        (MediaKind::Video, Direction::RecvOnly, 49),
    ] {
        for _ in 0..number {
            api.add_media(kind, direction, None, None, None);
        }
    }
    let (offer, _) = api.apply().unwrap();
    let offer = offer.to_sdp_string();
    let attributes = "a=x:y\r\n".repeat(30_000);
    let mid = meeting.clients[INSIDER].slots[2].to_string();
    let view = ViewRequest {
        slots: (0..1_000_u16)
            .map(|number| SlotWish {
                mid: mid.clone(),
                subject: Subject::Speaker(number.into()),
                source: Source::Camera,
                height: number * 60,
            })
            .collect(),
        audio_without: (0..1_000).map(id).collect(),
    };
    let mut bystanders = Bystanders::of(&mut meeting);
    meeting.keeps_answers = true;
    for number in 0..40 {
        let text = match number % 3 {
            0 => offer.clone(),
            1 => [offer.as_str(), &attributes].concat(),
            _ => attributes.clone(),
        };
        let _busy = meeting.call.offer(id(INSIDER), 2 + number, text);
        meeting.call.view(id(INSIDER), view.clone());
        bystanders.go_on_until_heard(&mut meeting, 1);
    }
    bystanders.end(&mut meeting, "offers and views at their limits");
    let is_answer = |event: &&MediaEvent| matches!(event, MediaEvent::Answer { .. });
    assert!(meeting.log.iter().filter(is_answer).count() <= 6);
}
