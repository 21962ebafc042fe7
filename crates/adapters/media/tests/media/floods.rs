//! Floods from outside: nobody in a call loses a packet by them.

use std::{
    io::Write,
    net::{TcpStream, UdpSocket},
};

use anteroom_media_device::{candidates, credentials, nomination};
use str0m::ice::TransId;

use crate::{
    bystanders::Bystanders,
    meeting::{Meeting, server},
};

/// The first flight of a handshake, without anything that follows from it.
fn hello() -> Vec<u8> {
    let mut hello = vec![
        22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 190, 1, 0, 0, 178, 0, 0, 0, 0, 0, 0, 0, 178,
        0xfe, 0xfd,
    ];
    hello.resize(13 + 190, 7);
    hello
}

/// A check of a path without the password, from a device of this name, with so many attributes (MAPPED-ADDRESS)
/// that mean nothing in it.
fn check_with(server: &str, device: &str, attributes: usize) -> Vec<u8> {
    let mut name = format!("{server}:{device}");
    while name.len() % 4 != 0 {
        name.push('x');
    }
    let length = u16::try_from(name.len()).unwrap().to_be_bytes();
    let contents = [
        [[0, 6], length].concat(),
        name.into_bytes(),
        vec![0, 0x24, 0, 4, 0, 0, 0, 1],
        [0, 1, 0, 0].repeat(attributes),
        [vec![0, 8, 0, 20], vec![7; 20]].concat(),
    ]
    .concat();
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let header = [[0, 1], length, [0x21, 0x12], [0xa4, 0x42]].concat();
    [header, vec![9; 12], contents].concat()
}

/// The times between packets that the others are to be compared with.
#[test]
fn without_a_flood_all_is_heard() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let mut bystanders = Bystanders::of(&mut meeting);
    bystanders.go_on_until_heard(&mut meeting, 100);
    bystanders.end(&mut meeting, "nobody is hostile");
}

#[test]
fn a_flood_from_unknown_addresses_takes_no_packet_from_others() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let port = candidates(&meeting.clients[0].answer, "udp")[0];
    let (name, _) = credentials(&meeting.clients[0].answer);
    let sockets: Vec<UdpSocket> = (0..40)
        .map(|_| UdpSocket::bind("127.0.0.1:0").unwrap())
        .collect();
    let check = |name: &str| nomination(TransId::new(), name, "x", "a password of nobody at all");
    let kinds = [
        vec![0x80; 1_200],
        vec![0x81, 201, 0, 1, 0, 0, 0, 9],
        hello(),
        check("nobody"),
        check(&name),
        check_with("nobody", "x", 340),
        check_with(&name, "x", 340),
        vec![0; 20],
        vec![0xff; 60],
        vec![1],
    ];
    let mut bystanders = Bystanders::of(&mut meeting);
    bystanders.go_on_in_flood(&server, &mut meeting, 20_000, |_, number| {
        let socket = &sockets[number % sockets.len()];
        let _full = socket.send_to(&kinds[number / 7 % kinds.len()], port);
    });
    bystanders.end(&mut meeting, "flood over UDP");
    assert_eq!(server.counts().unproven_packets, 0);
    assert_eq!(server.counts().ended_connections, 0);
}

#[test]
fn checks_that_are_longer_than_any_are_dropped_unread() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let port = candidates(&meeting.clients[0].answer, "udp")[0];
    let (name, _) = credentials(&meeting.clients[0].answer);
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut send = |check: &[u8]| {
        let before = server.counts();
        stranger.send_to(check, port).unwrap();
        let mut dropped = (0, 0);
        meeting.until("a count of it", |_| {
            let now = server.counts();
            dropped = (
                now.unknown_packets - before.unknown_packets,
                now.refused_checks - before.refused_checks,
            );
            dropped != (0, 0)
        });
        dropped
    };
    // The longest name that a device may have.
    let device = "x".repeat(256);
    let room = 600 - check_with(&name, &device, 0).len();
    for attributes in [0, room / 4] {
        assert_eq!(
            send(&check_with(&name, &device, attributes)),
            (0, 1),
            "read"
        );
    }
    for attributes in [room / 4 + 1, 340, 15_000] {
        let dropped = send(&check_with(&name, &device, attributes));
        assert_eq!(dropped, (1, 0), "{attributes}: not read");
    }
}

#[test]
fn connections_that_say_nothing_or_too_much_take_no_packet_from_others() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let address = server.addresses()[0].tcp[0];
    let frame = |length: u16| [length.to_be_bytes().to_vec(), vec![22; length.into()]].concat();
    let largest = frame(2_000).repeat(40);
    let half = frame(2_000)[..1_000].to_vec();
    let beginnings = [vec![], vec![7], half, frame(0).repeat(2_000), largest];
    let mut bystanders = Bystanders::of(&mut meeting);
    let mut streams = Vec::new();
    for number in 0..150 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_nonblocking(true).unwrap();
        // The server may have closed it already: it takes few of one network.
        let _closed = stream.write(&beginnings[number % beginnings.len()]);
        streams.push(stream);
        bystanders.go_on(&mut meeting);
    }
    let opened = |counts: &anteroom_media::MediaCounts| counts.tcp_connections + counts.tcp_refused;
    meeting.until("all connections", |meeting| {
        bystanders.go_on(meeting);
        opened(&server.counts()) == 150
    });
    bystanders.go_on_until_heard(&mut meeting, 50);
    bystanders.end(&mut meeting, "flood over TCP");
    assert_eq!(server.counts().tcp_refused, 150 - 32);
    // Frames of one that is still open come, and mean nothing.
    let [first, ..] = streams.as_mut_slice() else {
        panic!("none");
    };
    let _full = first.write(&largest_of_garbage());
    meeting.say_until_heard(1, &[0]);
}

fn largest_of_garbage() -> Vec<u8> {
    [vec![0x07, 0xd0], vec![0x80; 2_000]].concat()
}
