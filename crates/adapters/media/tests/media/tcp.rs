//! TCP, where UDP is blocked: frames, slow readers, and connections that nobody needs.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anteroom_media::MediaServer;

use crate::meeting::{Meeting, server, settings, until_counts};

/// Waits until the server closes a connection.
fn read_to_end(mut stream: TcpStream) {
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    let mut bytes = Vec::new();
    // A reset ends it, too.
    match stream.read_to_end(&mut bytes) {
        Ok(_) => assert!(bytes.is_empty()),
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
    }
}

#[test]
fn sounds_and_pictures_travel_over_tcp() {
    let server = server();
    let mut meeting = Meeting::new(&server);
    let one = meeting.join(true);
    let other = meeting.join(true);
    meeting.say_until_heard(one, &[other]);
    meeting.watch(other, one);
    meeting.show_until_seen(one, other);
    let over_udp = meeting.join(false);
    meeting.say_until_heard(over_udp, &[one, other]);
    meeting.say_until_heard(other, &[over_udp]);
    assert_eq!(server.counts().tcp_connections, 2);
}

#[test]
fn frames_that_come_in_parts_are_taken_whole() {
    let server = server();
    let mut meeting = Meeting::of(&server, 1);
    let number = meeting.begin(true);
    meeting.until("the answer", |meeting| {
        !meeting.clients[number].answer.is_empty()
    });
    meeting.clients[number].tcp().at_once = 1;
    meeting.until_connected(number);
    meeting.say_until_heard(number, &[0]);
    meeting.clients[number].tcp().at_once = 7;
    meeting.say_until_heard(number, &[0]);
    assert_eq!(server.counts().tcp_invalid, 0);
}

#[test]
fn a_slow_reader_loses_whole_packets_and_holds_up_nobody() {
    let server = server();
    let mut meeting = Meeting::of(&server, 2);
    let slow = meeting.join(true);
    meeting.watch(slow, 0);
    meeting.show_until_seen(0, slow);
    meeting.clients[slow].tcp().reads = false;
    meeting.until("packets that are lost", |meeting| {
        for number in 0..8 {
            meeting.clients[0].show_large(number);
        }
        server.counts().behind_packets > 50
    });
    meeting.say_until_heard(0, &[1]);
    // The bytes that come then are whole frames: it goes on.
    meeting.clients[slow].tcp().reads = true;
    meeting.show_until_seen(0, slow);
    meeting.say_until_heard(slow, &[1]);
    assert_eq!(server.counts().ended_connections, 0);
}

#[test]
fn connections_with_nothing_valid_are_closed() {
    let mut settings = settings();
    settings.tcp.first_check = Duration::from_millis(50);
    let server = MediaServer::start(&settings).unwrap();
    let address = server.addresses()[0].tcp[0];
    // Silence, garbage in frames, and frames that are too long.
    let silent = TcpStream::connect(address).unwrap();
    read_to_end(silent);
    let mut garbage = TcpStream::connect(address).unwrap();
    garbage
        .write_all(&[0, 3, 1, 2, 3, 0, 0, 0, 1, 0x80])
        .unwrap();
    read_to_end(garbage);
    let mut long = TcpStream::connect(address).unwrap();
    long.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    read_to_end(long);
    until_counts(&server, |counts| {
        (counts.tcp_connections, counts.tcp_invalid) == (3, 3)
    });
}

#[test]
fn a_network_has_few_connections_and_those_of_devices_outlast_the_first_check() {
    let mut settings = settings();
    settings.tcp.per_client = 3;
    let server = MediaServer::start(&settings).unwrap();
    let mut meeting = Meeting::of(&server, 1);
    let number = meeting.join(true);
    let address = server.addresses()[0].tcp[0];
    let _open: Vec<TcpStream> = (0..2)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    read_to_end(TcpStream::connect(address).unwrap());
    until_counts(&server, |counts| counts.tcp_refused == 1);
    meeting.say_until_heard(0, &[number]);
}
