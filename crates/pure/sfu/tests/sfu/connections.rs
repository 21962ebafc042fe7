//! Devices over real connections, in memory and with a clock of its own: offers and answers, sound and
//! pictures in their slots, requests for key frames, estimates, and the end of a seat.

mod network;
mod paths;

use std::time::Duration;

use anteroom_protocol::DemuxId;
use anteroom_sfu::{
    OfferError, description::LineError, indexes::SlotIndex, input::Input, output::Pause,
    source::Source,
};
use proptest::prelude::*;
use str0m::{
    bwe::Bitrate,
    media::{Direction, MediaKind, Rid, Simulcast, SimulcastLayer},
};

use self::network::{Network, SESSION, key_frame};

#[test]
fn sound_and_pictures_travel_in_the_slots_of_the_others() {
    let mut network = Network::new();
    for _ in 0..3 {
        network.join();
    }
    network.send(0, Source::Audio, b"hello");
    for viewer in [1, 2] {
        let received = network.received(viewer);
        assert_eq!(received.len(), 1);
        let (mid, sequence, level, payload) = &received[0];
        assert!(network.clients[viewer].slots[..2].contains(mid));
        assert_eq!(
            (*sequence, *level, payload.as_slice()),
            (1, Some(-30), b"hello".as_slice())
        );
    }
    assert!(network.received(0).is_empty());
    // A picture that nobody wishes goes nowhere; one that is wished is asked for, and begins with a key frame.
    network.send(0, Source::Camera, &key_frame(500, 1));
    assert!(network.received(1).is_empty());
    let mid = network.clients[1].slots[3];
    let device = network.clients[1].id;
    let slot = network.sfu.slot_of(device, &mid.to_string()).unwrap();
    assert_eq!(network.sfu.mid_of(device, slot), Some(mid.to_string()));
    network.clients[0].key_frame_requests.clear();
    network.view(1, 0, slot, 180);
    assert_eq!(network.clients[0].key_frame_requests, [None]);
    network.send(0, Source::Camera, &key_frame(600, 7));
    network.send(0, Source::Camera, &key_frame(601, 8));
    let expected = [
        (mid, 1, None, key_frame(600, 7)),
        (mid, 2, None, key_frame(601, 8)),
    ];
    assert_eq!(network.received(1), expected);
    assert!(network.received(2).is_empty());
    assert!(
        network.clients[1]
            .told
            .iter()
            .any(|state| state.slot == slot && state.height == Some(180))
    );
    // Another picture in the same slot: sequence numbers and picture ids go on.
    network.view(1, 2, slot, 180);
    network.send(2, Source::Camera, &key_frame(9_000, 80));
    assert_eq!(network.received(1), [(mid, 3, None, key_frame(602, 9))]);
}

#[test]
fn a_later_offer_adds_slots_or_restarts_ice_and_nothing_stops() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    let first = SlotIndex::new(2);
    network.view(1, 0, first, 180);
    network.send(0, Source::Camera, &key_frame(1, 1));
    let old = network.clients[1].slots[2];
    assert_eq!(network.received(1), [(old, 1, None, key_frame(1, 1))]);
    let (new, _) = network.offer_again(1, |api| {
        api.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None)
    });
    network.send(0, Source::Camera, &key_frame(2, 2));
    assert_eq!(
        network.received(1),
        [(old, 2, None, key_frame(2, 2))],
        "the old slot goes on"
    );
    let device = network.clients[1].id;
    let added = network.sfu.slot_of(device, &new.to_string()).unwrap();
    assert_eq!(added, SlotIndex::new(4));
    network.view(1, 0, added, 180);
    network.send(0, Source::Camera, &key_frame(3, 3));
    assert_eq!(network.received(1), [(new, 1, None, key_frame(3, 3))]);
    // The same certificate for all, and new credentials.
    let (_, before) = network.offer_again(0, |api| api.ice_restart(true));
    let (_, after) = network.offer_again(1, |api| api.ice_restart(true));
    let line = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.unwrap().to_owned()
    };
    assert_eq!(
        line(&before, "a=fingerprint:"),
        line(&after, "a=fingerprint:")
    );
    assert_ne!(line(&before, "a=ice-ufrag:"), line(&after, "a=ice-ufrag:"));
    network.send(0, Source::Camera, &key_frame(4, 4));
    assert_eq!(network.received(1), [(new, 2, None, key_frame(4, 4))]);
    // Lines may not change, nor may sources come.
    let now = network.now;
    let error = network
        .sfu
        .offer(now, device, SESSION, "v=0\r\n")
        .unwrap_err();
    assert_eq!(error, OfferError::Lines(LineError::Changed));
    let others: String = (0..8)
        .map(|mid| format!("m=video 9 x 96\r\na=mid:{mid}\r\na=recvonly\r\n"))
        .collect();
    let error = network
        .sfu
        .offer(now, device, SESSION, &others)
        .unwrap_err();
    assert_eq!(error, OfferError::Lines(LineError::Changed));
}

#[test]
fn a_new_session_replaces_the_connection() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.view(1, 0, SlotIndex::new(2), 180);
    network.send(0, Source::Camera, &key_frame(1, 1));
    assert_eq!(network.received(1).len(), 1);
    for viewer in [1, 0] {
        network.clients[1].pauses.clear();
        network.connect_again(viewer, 2);
        let expected: &[Pause] = if viewer == 0 { &[Pause::Gone] } else { &[] };
        assert_eq!(
            network.clients[1].pauses, expected,
            "until the new one works"
        );
        network.send(0, Source::Camera, &key_frame(2, 2));
        network.send(1, Source::Audio, b"hello");
        let received = network.received(1);
        assert_eq!(received.len(), 1, "{viewer}");
        let heard = network.received(0);
        assert_eq!(heard.len(), 1, "{viewer}");
    }
}

#[test]
fn layers_are_told_by_their_names_and_asked_for_one_by_one() {
    let mut network = Network::new();
    let mut layers = Simulcast::new();
    for name in ["q", "h", "f"] {
        layers.add_send_layer(SimulcastLayer::new(name));
    }
    network.join_with(Some(layers));
    network.join();
    let [low, high] = ["q", "f"].map(Rid::from);
    let slot = SlotIndex::new(2);
    network.send_layer(0, Source::Camera, Some(low), &key_frame(1, 1));
    network.send_layer(0, Source::Camera, Some(high), &key_frame(70, 70));
    network.received(1);
    network.view(1, 0, slot, 180);
    network.send_layer(0, Source::Camera, Some(high), &key_frame(71, 71));
    assert!(network.received(1).is_empty(), "another layer is wished");
    network.send_layer(0, Source::Camera, Some(low), &key_frame(2, 2));
    let mid = network.clients[1].slots[2];
    assert_eq!(network.received(1), [(mid, 1, None, key_frame(2, 2))]);
    network.run(1_200);
    let device = network.clients[1].id;
    network.sfu.handle(
        network.now,
        Input::Estimate {
            device,
            bits: 100_000_000,
        },
    );
    network.clients[0].key_frame_requests.clear();
    network.view(1, 0, slot, 720);
    assert_eq!(network.clients[0].key_frame_requests, [Some(high)]);
    network.send_layer(0, Source::Camera, Some(low), &key_frame(3, 3));
    network.send_layer(0, Source::Camera, Some(high), &key_frame(72, 72));
    let expected = [
        (mid, 2, None, key_frame(3, 3)),
        (mid, 3, None, key_frame(4, 4)),
    ];
    assert_eq!(network.received(1), expected);
}

#[test]
fn a_device_that_is_active_no_longer_is_sent_no_datagram_more() {
    let mut network = Network::new();
    for _ in 0..3 {
        network.join();
    }
    let device = network.clients[1].id;
    network.send(0, Source::Audio, b"before");
    assert_eq!(network.received(1).len(), 1);
    // Something is on its way when the seat ends.
    network.sfu.pass_time(network.now + Duration::from_secs(2));
    network.sfu.handle(network.now, Input::Deactivate(device));
    network.clients[1].datagrams = 0;
    network.clients[2].packets.clear();
    network.send(0, Source::Audio, b"after");
    network.send(1, Source::Audio, b"from outside");
    network.run(3_000);
    assert_eq!(network.clients[1].datagrams, 0);
    assert!(network.received(1).is_empty());
    let heard: Vec<Vec<u8>> = network
        .received(2)
        .into_iter()
        .map(|(.., payload)| payload)
        .collect();
    assert_eq!(heard, [b"after".to_vec()]);
    assert_eq!(network.sfu.slot_of(device, "x"), None);
}

#[test]
fn the_receivers_estimate_pauses_pictures() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.view(1, 0, SlotIndex::new(2), 180);
    network.send(0, Source::Camera, &key_frame(1, 1));
    assert_eq!(network.received(1).len(), 1);
    let client = &mut network.clients[1];
    let mid = client.slots[2];
    let mut api = client.rtc.direct_api();
    api.stream_rx_by_mid(mid, None)
        .unwrap()
        .request_remb(Bitrate::bps(20_000));
    network.run(2_000);
    network.send(0, Source::Camera, &key_frame(2, 2));
    assert!(network.received(1).is_empty());
    let pause = network.clients[1].told.iter().find_map(|state| state.pause);
    assert_eq!(pause, Some(Pause::Bandwidth));
}

/// The bytes that datagrams begin with, by their kind: STUN, DTLS, RTP and RTCP, and nothing.
const BEGINNINGS: [&[u8]; 10] = [
    &[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42],
    &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 20],
    &[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 40],
    &[21, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 9, 0, 2],
    // Alerts: the handshake has failed, and the other end has closed.
    &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 2, 40],
    &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 9, 0, 2, 1, 0],
    &[0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9],
    &[0x90, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 9, 0xbe, 0xde, 0, 1],
    &[0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 9],
    &[],
];

#[test]
fn datagrams_of_others_end_no_connection() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    let mut state = 1_u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u8::try_from(state >> 56).unwrap()
    };
    for round in 0..2_000_usize {
        let mut bytes = BEGINNINGS[round % BEGINNINGS.len()].to_vec();
        let length = if round % 3 == 0 {
            0
        } else {
            usize::from(next())
        };
        bytes.extend((0..length).map(|_| next()));
        network.forge(round / 10 % 2, &bytes);
        if round % 50 == 0 {
            network.run(5);
        }
    }
    network.run(1_000);
    for (sender, viewer) in [(0, 1), (1, 0)] {
        network.clients[viewer].packets.clear();
        network.send(sender, Source::Audio, b"still here");
        let received = network.received(viewer);
        assert_eq!(received.len(), 1, "from {sender}");
        assert_eq!(received[0].3, b"still here");
    }
}

#[test]
fn datagrams_of_others_prevent_no_connection() {
    let mut network = Network::new();
    network.join();
    // Records of DTLS that are too short, too long, of another version, or of no known kind.
    for bytes in [
        &[22, 0xfe, 0xfd][..],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 1],
        &[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 4, 1, 2, 3, 4],
        &[22, 3, 3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1],
        &[63, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 1],
        &[
            23, 0xfe, 0xfd, 0, 9, 0, 0, 0, 0, 0, 1, 0, 8, 1, 1, 1, 1, 1, 1, 1, 1,
        ],
        // An alert that says that the handshake has failed.
        &[21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 2, 2, 40],
        &[0x80, 96, 0],
        &[0x81, 201, 0xff, 0xff, 0, 0, 0, 1],
    ] {
        network.forgeries.push(bytes.to_vec());
    }
    let number = network.join();
    network.forgeries.clear();
    network.send(number, Source::Audio, b"through it all");
    assert_eq!(network.received(0).len(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Offers with lines that are lost, doubled, cut off, or of other lines are answered or refused.
    #[test]
    fn no_offer_is_a_panic(
        changes in proptest::collection::vec(
            (0_u8..6, any::<proptest::sample::Index>(), any::<proptest::sample::Index>(), "\\PC{0,8}"),
            1..8,
        ),
    ) {
        let mut network = Network::new();
        let device = network.activate(0);
        let offer = network.text_of_an_offer();
        let mut lines: Vec<String> = offer.split("\r\n").map(str::to_owned).collect();
        for (kind, place, other, text) in changes {
            let (place, other) = (place.index(lines.len()), other.index(lines.len()));
            match kind {
                0 => drop(lines.remove(place)),
                1 => lines.insert(place, lines[other].clone()),
                2 => lines.swap(place, other),
                3 => {
                    let end = other % (lines[place].len() + 1);
                    lines[place] = lines[place].chars().take(end).collect();
                }
                4 => lines[place].push_str(&text),
                _ => {
                    let digits = lines[place].replace(|one: char| one.is_ascii_digit(), "9");
                    lines[place] = digits;
                }
            }
            if lines.is_empty() {
                lines.push(text);
            }
        }
        let answer = network.sfu.offer(network.now, device, SESSION, &lines.join("\r\n"));
        network.now += Duration::from_millis(5);
        network.sfu.pass_time(network.now);
        if let Ok(answer) = answer {
            prop_assert!(!answer.is_empty());
        }
    }
}

#[test]
fn senders_get_transport_wide_feedback_and_viewers_give_none() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.view(1, 0, SlotIndex::new(2), 180);
    for number in 0..20 {
        network.send(0, Source::Camera, &key_frame(number, 1));
    }
    network.run(1_000);
    assert_eq!(network.received(1).len(), 20);
    assert!(network.clients[0].feedback.0 > 0);
    assert_eq!(network.clients[1].feedback, (0, 0));
}

#[test]
fn a_layer_whose_packets_get_lost_is_taken_back() {
    for is_lossy in [false, true] {
        let mut network = Network::new();
        let mut layers = Simulcast::new();
        for name in ["q", "f"] {
            layers.add_send_layer(SimulcastLayer::new(name));
        }
        network.join_with(Some(layers));
        network.join();
        network.view(1, 0, SlotIndex::new(2), 720);
        let [low, high] = ["q", "f"].map(Rid::from);
        let mut large = 0;
        for number in 0..400_u16 {
            network.send_layer(0, Source::Camera, Some(low), &key_frame(number, 1));
            // About 1.8 Mbit/s, more than a viewer gets without an estimate but for a trial.
            for part in 0..4 {
                let mut payload = key_frame(number, 1);
                payload.resize(1_100 + part, 0);
                if is_lossy && large > 0 && part > 1 {
                    network.loses_next = Some(1);
                }
                network.send_layer_at_once(0, Source::Camera, Some(high), &payload);
            }
            let received = network.received(1);
            large += received
                .iter()
                .filter(|packet| packet.3.len() > 1_000)
                .count();
            if number == 399 {
                let goes_on = received.iter().any(|packet| packet.3.len() > 1_000);
                assert_eq!(goes_on, !is_lossy, "{large}");
            }
        }
        assert!(large > 100, "{large}");
    }
}

#[test]
fn a_lost_packet_of_a_picture_is_sent_again() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.view(1, 0, SlotIndex::new(2), 180);
    for number in 1..=4 {
        if number == 2 {
            network.loses_next = Some(1);
        }
        network.send(0, Source::Camera, &key_frame(number, 1));
    }
    assert_eq!(network.loses_next, None);
    network.run(500);
    let mut sequences: Vec<u64> = network
        .received(1)
        .into_iter()
        .map(|(_, sequence, ..)| sequence)
        .collect();
    sequences.sort_unstable();
    assert_eq!(sequences, [1, 2, 3, 4]);
}

#[test]
fn a_call_can_be_given_to_a_thread() {
    const fn is_send<T: Send>() {}
    is_send::<anteroom_sfu::Sfu>();
}

#[test]
fn a_short_outage_ends_nothing_and_a_path_without_answers_is_sent_nothing() {
    let mut network = Network::new();
    for _ in 0..2 {
        network.join();
    }
    network.cut_off = Some(1);
    network.run(6_000);
    network.cut_off = None;
    network.send(0, Source::Audio, b"back again");
    assert_eq!(network.received(1).len(), 1);
    network.cut_off = Some(1);
    let mut seconds = 0;
    loop {
        network.clients[1].datagrams = 0;
        network.send(0, Source::Audio, b"is anybody there");
        network.run(980);
        if network.clients[1].datagrams == 0 {
            break;
        }
        seconds += 1;
        assert!(seconds <= 15, "still sending");
    }
    assert!(seconds > 6, "{seconds}");
    network.run(30_000);
    assert_eq!(network.clients[1].datagrams, 0);
    // It comes back with a new connection.
    network.cut_off = None;
    network.connect_again(1, 2);
    network.send(0, Source::Audio, b"hello");
    assert_eq!(network.received(1).len(), 1);
}

#[test]
fn offers_that_are_none_and_too_many_of_them_are_refused() {
    let mut network = Network::new();
    let number = network.join();
    let (now, device) = (network.now, network.clients[number].id);
    let stranger = DemuxId::new(4_096).unwrap();
    assert_eq!(
        network.sfu.offer(now, stranger, SESSION, "").unwrap_err(),
        OfferError::NotActive
    );
    let error = network.sfu.offer(now, device, 2, "v=0\r\n").unwrap_err();
    assert_eq!(error, OfferError::Malformed);
    let line = "m=text 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=sendonly\r\n";
    let error = network.sfu.offer(now, device, 2, line).unwrap_err();
    assert_eq!(error, OfferError::Lines(LineError::Kind));
    let errors: Vec<OfferError> = (0..4)
        .filter_map(|_| network.sfu.offer(now, device, 2, "").err())
        .collect();
    assert_eq!(errors.last(), Some(&OfferError::RateLimited));
    // The connection that there is goes on.
    let other = network.join();
    network.send(number, Source::Audio, b"still here");
    assert_eq!(network.received(other).len(), 1);
}
