//! Others who send: floods, garbage, foreign credentials, and addresses that are not their own.

use core::net::SocketAddr;
use std::{net::UdpSocket, time::Instant};

use anteroom_media_device::{candidates, credentials, signed};
use str0m::ice::{StunMessage, TransId};

use crate::meeting::{Meeting, server, until_counts};

/// Makes a check that nominates the path.
fn nomination(server: &str, device: &str, password: &str) -> Vec<u8> {
    anteroom_media_device::nomination(TransId::new(), server, device, password)
}

/// A socket that nobody expects anything at.
fn stranger() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_nonblocking(true).unwrap();
    socket
}

/// The datagrams that have come.
fn received(socket: &UdpSocket) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let mut bytes = [0; 2_048];
    while let Ok((length, _)) = socket.recv_from(&mut bytes) {
        all.push(bytes[..length].to_vec());
    }
    all
}

fn port_of(meeting: &Meeting) -> SocketAddr {
    candidates(&meeting.clients[0].answer, "udp")[0]
}

#[test]
fn floods_and_garbage_from_unknown_addresses_are_answered_by_nothing() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let port = port_of(&meeting);
    let (name, _) = credentials(&meeting.clients[0].answer);
    let stranger = stranger();
    let garbage: [Vec<u8>; 7] = [
        nomination("nobody", "x", "a password of nobody at all"),
        nomination(&name, "x", "not the password of the device"),
        vec![0x80; 1_200],
        vec![20; 100],
        vec![0; 20],
        vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42],
        vec![0xff],
    ];
    for _ in 0..50 {
        for bytes in garbage.iter().cycle().take(200) {
            let _full = stranger.send_to(bytes, port);
        }
        meeting.say_until_heard(0, &[1]);
    }
    assert!(received(&stranger).is_empty());
    until_counts(&server, |counts| {
        counts.unknown_packets > 0 && counts.refused_checks > 0 && counts.limited_checks > 0
    });
    assert_eq!(server.counts().unproven_packets, 0);
    // A device that comes in the flood connects.
    let number = meeting.begin(false);
    meeting.until("a connection", |meeting| {
        for bytes in &garbage {
            let _full = stranger.send_to(bytes, port);
        }
        meeting.clients[number].is_connected
    });
    meeting.say_until_heard(number, &[0, 1]);
}

#[test]
fn a_nomination_of_an_address_that_answers_no_check_aims_nothing_at_it() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    meeting.say_until_heard(0, &[1]);
    meeting.watch(1, 0);
    let port = port_of(&meeting);
    let (name, password) = credentials(&meeting.clients[1].answer);
    let (own_name, _) = {
        let credentials = meeting.clients[1].rtc.direct_api().local_ice_credentials();
        (credentials.ufrag, credentials.pass)
    };
    // The victim's address, from which the device forges: it answers nothing.
    let victim = stranger();
    let mut answers = 0;
    let mut checks = 0;
    for _ in 0..30 {
        for _ in 0..3 {
            let check = nomination(&name, &own_name, &password);
            victim.send_to(&check, port).unwrap();
        }
        meeting.show_until_seen(0, 1);
        meeting.say_until_heard(0, &[1]);
        for bytes in received(&victim) {
            let message = StunMessage::parse(&bytes).expect("nothing but checks");
            answers += usize::from(message.is_successful_binding_response());
            checks += usize::from(message.is_binding_request());
        }
    }
    assert!(answers > 0, "it has the credentials");
    assert!(answers <= 90, "one for each");
    assert!(checks <= 90, "no more checks of ours: {checks}");
    assert_eq!(server.counts().unproven_packets, 0);
}

#[test]
fn checks_from_many_addresses_in_the_name_of_one_device_are_few() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let port = port_of(&meeting);
    let (name, password) = credentials(&meeting.clients[1].answer);
    let own = meeting.clients[1].rtc.direct_api().local_ice_credentials();
    let victims: Vec<UdpSocket> = (0..60).map(|_| stranger()).collect();
    for victim in &victims {
        let check = nomination(&name, &own.ufrag, &password);
        victim.send_to(&check, port).unwrap();
    }
    meeting.until("the checks", |_| server.counts().limited_checks >= 20);
    meeting.say_until_heard(0, &[1]);
    let reached = victims.iter().filter(|victim| !received(victim).is_empty());
    assert!(reached.count() <= 32);
}

#[test]
fn a_device_over_its_limit_is_throttled_and_the_others_are_heard() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    let begin = Instant::now();
    let mut sent = 0;
    meeting.until("a flood of a device", |meeting| {
        for _ in 0..200 {
            meeting.clients[0].say_now(b"too much");
            sent += 1;
        }
        sent >= 4_000
    });
    meeting.say_until_heard(1, &[2]);
    let heard = meeting.clients[2].heard();
    let flood = heard.iter().filter(|payload| *payload == b"too much");
    // 200 at once, and 200 in a second.
    let most = 200 + 200 * usize::try_from(begin.elapsed().as_secs() + 1).unwrap();
    assert!(flood.count() <= most);
}

/// Answers the newest check that came to a socket, from another one. Returns whether there was one.
fn answer_from(checked: &UdpSocket, from: &UdpSocket, to: SocketAddr, password: &str) -> bool {
    let all = received(checked);
    let mut checks = all.iter().filter_map(|bytes| {
        let message = StunMessage::parse(bytes).ok()?;
        message.is_binding_request().then(|| message.trans_id())
    });
    let Some(check) = checks.next_back() else {
        return false;
    };
    let answer = StunMessage::binding_reply(check, to);
    from.send_to(&signed(&answer, password), to).unwrap();
    true
}

#[test]
fn an_answer_from_another_address_proves_neither() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    let port = port_of(&meeting);
    let (name, password) = credentials(&meeting.clients[1].answer);
    let own = meeting.clients[1].rtc.direct_api().local_ice_credentials();
    let (one, victim) = (stranger(), stranger());
    let check = || nomination(&name, &own.ufrag, &password);
    victim.send_to(&check(), port).unwrap();
    one.send_to(&check(), port).unwrap();
    meeting.until("a check of ours", |_| {
        answer_from(&one, &victim, port, &own.pass)
    });
    for _ in 0..10 {
        meeting.say_until_heard(0, &[2]);
        for bytes in received(&one) {
            StunMessage::parse(&bytes).expect("nothing but checks");
        }
    }
    // An honest answer proves its address: the device may have its media there.
    one.send_to(&check(), port).unwrap();
    meeting.until("media at the proven address", |meeting| {
        meeting.clients[0].say(b"hello");
        let media = received(&one);
        let has_media = media.iter().any(|bytes| bytes[0] >= 128);
        if !has_media {
            one.send_to(&check(), port).unwrap();
            for bytes in &media {
                let message = StunMessage::parse(bytes);
                let message = message.ok().filter(StunMessage::is_binding_request);
                if let Some(message) = message {
                    let answer = StunMessage::binding_reply(message.trans_id(), port);
                    let answer = signed(&answer, &own.pass);
                    one.send_to(&answer, port).unwrap();
                }
            }
        }
        has_media
    });
    for bytes in received(&victim) {
        StunMessage::parse(&bytes).expect("nothing but checks");
    }
}

#[test]
fn a_claim_of_the_address_of_another_takes_nothing_from_it() {
    let server = server();
    let mut meeting = Meeting::of(&server, 3);
    meeting.say_until_heard(0, &[1, 2]);
    let (name, password) = credentials(&meeting.clients[1].answer);
    let own = meeting.clients[1].rtc.direct_api().local_ice_credentials();
    // As if the second device forged the address of the first.
    for _ in 0..3 {
        let check = nomination(&name, &own.ufrag, &password);
        meeting.clients[0].send_raw(&check);
        meeting.say_until_heard(0, &[1, 2]);
        meeting.say_until_heard(2, &[0, 1]);
    }
    assert_eq!(server.counts().ended_connections, 0);
}
