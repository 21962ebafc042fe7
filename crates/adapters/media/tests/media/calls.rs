//! Calls: publishing, receiving, views, leaving, several calls, and a server that is full or stops.

use core::net::{Ipv6Addr, SocketAddr};
use std::time::Duration;

use anteroom_media::{HistogramCounts, MediaEvent, MediaServer, OfferRefusal, UnavailableError};
use anteroom_media_device::candidates;
use anteroom_sfu::{OfferError, output::Refusal, source::Source};

use crate::meeting::{Meeting, id, server, settings, until_counts};

#[test]
fn sounds_and_pictures_travel_over_udp() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    meeting.say_until_heard(0, &[1, 2]);
    meeting.watch(1, 0);
    meeting.show_until_seen(0, 1);
    meeting.until("the state of the slot", |meeting| {
        let mid = meeting.clients[1].slots[2].to_string();
        meeting.log.iter().any(|event| {
            let MediaEvent::Slots { device, slots } = event else {
                return false;
            };
            *device == id(1)
                && slots.iter().any(|slot| {
                    slot.mid == mid && slot.source == Source::Camera && slot.height == Some(180)
                })
        })
    });
    meeting.until("the demand for a camera that nobody watches", |meeting| {
        meeting.log.iter().any(|event| {
            matches!(event, MediaEvent::Send { device, wanted }
                if *device == id(2) && wanted.camera_layers == 0 && wanted.audio)
        })
    });
    let counts = server.counts();
    assert_eq!(counts.connections, 3);
    assert_eq!((counts.unproven_packets, counts.failed_calls), (0, 0));
    assert!(counts.sent_packets >= counts.sends && counts.sends > 0);
    assert!(counts.forwarded_packets > 0 && counts.requested_key_frames > 0);
    // Connections measure once a second, and threads tell their work as often.
    meeting.until("measurements", |meeting| {
        meeting.clients[0].say(b"still here");
        let histograms = server.histograms();
        let has_some = |counts: &HistogramCounts| {
            counts.above + counts.buckets.iter().map(|(_, number)| number).sum::<u64>() > 0
        };
        has_some(&histograms.work) && has_some(&histograms.round_trips)
    });
}

#[test]
fn ipv6_is_a_way_like_ipv4() {
    let mut settings = settings();
    settings.listen.ipv6 = Some(Ipv6Addr::LOCALHOST);
    settings.public_addresses.push(Ipv6Addr::LOCALHOST.into());
    let server = MediaServer::start(&settings).unwrap();
    let mut meeting = Meeting::new(&server);
    meeting.join(false);
    meeting.from = SocketAddr::from((Ipv6Addr::LOCALHOST, 0));
    meeting.join(false);
    meeting.say_until_heard(0, &[1]);
    meeting.say_until_heard(1, &[0]);
    let answer = meeting.clients[1].answer.clone();
    let families = |protocol: &str| -> Vec<bool> {
        let candidates = candidates(&answer, protocol);
        candidates.iter().map(SocketAddr::is_ipv4).collect()
    };
    assert_eq!(families("udp"), [true, false]);
    assert_eq!(families("tcp"), [true, false]);
    let addresses = server.addresses();
    let udp = addresses[0].udp.clone();
    assert_eq!(candidates(&answer, "udp"), udp);
    assert_eq!(candidates(&answer, "tcp"), addresses[0].tcp);
}

#[test]
fn a_view_may_come_before_the_connection() {
    let server = server();
    let mut meeting = Meeting::of(&server, 1);
    let number = meeting.begin(false);
    meeting.watch(number, 0);
    meeting.until_connected(number);
    meeting.show_until_seen(0, number);
}

#[test]
fn a_view_may_come_before_the_slots_of_a_later_offer() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    meeting.say_until_heard(0, &[1]);
    let client = &mut meeting.clients[1];
    client.answer.clear();
    let offer = client.offer_slot();
    meeting.call.offer(id(1), 1, offer).unwrap();
    meeting.watch_in(4, 1, 0);
    meeting.until("the answer", |meeting| {
        !meeting.clients[1].answer.is_empty()
    });
    meeting.show_until_seen(0, 1);
}

#[test]
fn a_device_that_is_removed_gets_no_packet_more() {
    for over_tcp in [false, true] {
        let server = server();
        let mut meeting = Meeting::of(&server, 2);
        let number = meeting.join(over_tcp);
        meeting.say_until_heard(0, &[1, number]);
        meeting.call.remove(id(number)).wait();
        // The packets from before are here already: the loopback interface has no way to speak of.
        let removed = &mut meeting.clients[number];
        removed.is_silent = true;
        removed.pump();
        removed.packets.clear();
        removed.datagrams = 0;
        for _ in 0..20 {
            meeting.say_until_heard(0, &[1]);
        }
        assert_eq!(meeting.clients[number].datagrams, 0);
        // And nothing is taken from it.
        meeting.clients[number].is_silent = false;
        meeting.clients[1].packets.clear();
        meeting.clients[number].say(b"from outside");
        meeting.say_until_heard(0, &[1]);
        let heard = meeting.clients[1].heard();
        assert!(heard.iter().all(|payload| payload != b"from outside"));
        until_counts(&server, |counts| counts.ended_connections == 1);
    }
}

#[test]
fn a_new_session_replaces_the_connection() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    for session in 2..5 {
        meeting.connect_again(1, session);
        meeting.say_until_heard(0, &[1]);
        meeting.say_until_heard(1, &[0]);
    }
    let disconnected = MediaEvent::Disconnected { device: id(1) };
    assert!(!meeting.log.contains(&disconnected), "it has another one");
    until_counts(&server, |counts| counts.ended_connections == 3);
}

#[test]
fn offers_that_are_refused_are_told() {
    let server = server();
    let mut meeting = Meeting::of(&server, 1);
    let refused = |session: u64, error: OfferError| MediaEvent::OfferRefused {
        device: id(0),
        session,
        reason: OfferRefusal::Offer(error),
    };
    meeting.call.offer(id(0), 7, "v=0\r\n".to_owned()).unwrap();
    let expected = refused(7, OfferError::Malformed);
    meeting.until("a refusal", |meeting| meeting.log.contains(&expected));
    let expected = refused(8, OfferError::RateLimited);
    meeting.until("a limit", |meeting| {
        let _busy = meeting.call.offer(id(0), 8, String::new());
        meeting.log.contains(&expected)
    });
    let expected = MediaEvent::Refused {
        device: id(0),
        reason: Refusal::RateLimited,
    };
    meeting.until("a limit of views", |meeting| {
        meeting.watch(0, 0);
        meeting.log.contains(&expected)
    });
    let stranger = id(99);
    meeting.call.offer(stranger, 1, String::new()).unwrap();
    meeting.until("a refusal of a stranger", |meeting| {
        meeting.log.iter().any(
            |event| matches!(event, MediaEvent::OfferRefused { device, .. } if *device == stranger),
        )
    });
}

#[test]
fn calls_on_two_threads_know_nothing_of_each_other() {
    let mut settings = settings();
    settings.threads = 2;
    let server = MediaServer::start(&settings).unwrap();
    let mut meetings = [Meeting::of(&server, 2), Meeting::of(&server, 2)];
    let ports = meetings.each_ref().map(|meeting| {
        let answer = &meeting.clients[0].answer;
        candidates(answer, "udp")[0].port()
    });
    assert_ne!(ports[0], ports[1]);
    for meeting in &mut meetings {
        meeting.say_until_heard(0, &[1]);
    }
    assert_eq!(server.open_calls(), 2);
    let [ended, mut other] = meetings;
    ended.call.close().wait();
    other.say_until_heard(1, &[0]);
    assert_eq!(server.open_calls(), 1);
    until_counts(&server, |counts| counts.ended_connections == 2);
}

#[test]
fn a_server_that_is_too_busy_refuses_calls() {
    let mut settings = settings();
    settings.load.percent = 0;
    settings.load.window = Duration::from_millis(1);
    let server = MediaServer::start(&settings).unwrap();
    // Each call wakes the thread, so that its windows pass.
    while server.open_call().is_ok() {}
    assert_eq!(server.open_call().err(), Some(UnavailableError::Full));
    let loads = server.histograms().loads;
    let windows: u64 = loads.buckets.iter().map(|(_, count)| count).sum();
    assert!(windows >= 3, "{loads:?}");
}

#[test]
fn a_server_that_stops_takes_no_call_and_carries_those_that_there_are() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    server.drain();
    assert_eq!(server.open_call().err(), Some(UnavailableError::Draining));
    meeting.join(false);
    meeting.say_until_heard(0, &[1, 2]);
    assert_eq!(server.open_calls(), 1);
    drop(server);
    // The threads have ended: whoever waits for them is told.
    meeting.call.remove(id(0)).wait();
    meeting.call.close().wait();
}

#[test]
fn addresses_that_cannot_be_had_are_named() {
    let server = server();
    let mut settings = settings();
    settings.listen.port = server.addresses()[0].udp[0].port();
    let error = MediaServer::start(&settings).err().unwrap().to_string();
    let address = server.addresses()[0].udp[0].to_string();
    assert!(error.contains("UDP") && error.contains(&address), "{error}");
    settings.listen.ipv4 = None;
    let error = MediaServer::start(&settings).err().unwrap().to_string();
    assert!(error.contains("no address"), "{error}");
    settings = crate::meeting::settings();
    settings.public_addresses = vec![Ipv6Addr::LOCALHOST.into()];
    let error = MediaServer::start(&settings).err().unwrap().to_string();
    assert!(error.contains("public IPv4"), "{error}");
    settings = crate::meeting::settings();
    settings.listen.port = 65_535;
    settings.threads = 2;
    // The last port may be taken by others, which is told instead.
    let error = MediaServer::start(&settings).err().unwrap().to_string();
    assert!(error.contains("65535"), "{error}");
}
