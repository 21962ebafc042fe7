//! The limits of a connection: lengths, streams, reports, and what it is sent beyond what is forwarded.

use anteroom_sfu::{
    connection_limits::{ConnectionLimits, MAX_PACKET, REPORTS, STREAMS, SURPLUS},
    time::Moment,
};

fn packet(stream: u32, length: usize) -> Vec<u8> {
    let mut bytes = vec![0x90, 111, 0, 1, 0, 0, 0, 2];
    bytes.extend(stream.to_be_bytes());
    bytes.resize(length, 0);
    bytes
}

fn second(number: u64) -> Moment {
    Moment::from_millis(number * 1_000)
}

#[test]
fn packets_and_reports_have_a_maximum_length_and_others_have_none() {
    let mut limits = ConnectionLimits::new(None);
    let report = |length: usize| [vec![0x80, 201], vec![0; length - 2]].concat();
    for (length, fits) in [(MAX_PACKET, true), (MAX_PACKET + 1, false), (60_000, false)] {
        assert_eq!(limits.receive(&packet(1, length), second(0)), fits);
        assert_eq!(limits.receive(&report(length), second(0)), fits);
        assert!(limits.receive(&vec![22; length], second(0)));
    }
    for short in [
        &[][..],
        &[0x80],
        &[0x80, 111],
        &[0x80, 111, 0, 1, 0, 0, 0, 1, 9],
    ] {
        assert!(limits.receive(short, second(0)), "of no stream");
    }
}

#[test]
fn streams_are_few_and_those_that_there_are_go_on() {
    let mut limits = ConnectionLimits::new(None);
    let mut taken = 0;
    for stream in 0..10_000 {
        // Two streams that send all the time.
        for own in [1_000_000, 1_000_001] {
            assert!(limits.receive(&packet(own, 100), second(0)));
        }
        taken += usize::from(limits.receive(&packet(stream, 100), second(0)));
    }
    assert_eq!(taken, STREAMS - 2);
    let later = (0..10_000).filter(|stream| {
        let stream = 2_000_000 + stream;
        limits.receive(&packet(stream, 100), second(5))
    });
    assert_eq!(later.count(), 5);
    for own in [1_000_000, 1_000_001] {
        assert!(limits.receive(&packet(own, 100), second(5)));
    }
}

#[test]
fn reports_have_a_burst_and_a_rate() {
    let mut limits = ConnectionLimits::new(None);
    for kind in [200, 201, 205, 206] {
        limits.receive(&[0x80, kind, 0, 1], second(1));
    }
    let mut count = |now: Moment| {
        let all = (0..10_000).filter(|_| limits.receive(&[0x8f, 206, 0, 4], now));
        all.count() as u64
    };
    assert_eq!(count(second(1)), REPORTS.0 - 4);
    assert_eq!(count(Moment::from_millis(1_100)), REPORTS.1 / 10);
    assert_eq!(count(second(60)), REPORTS.0);
}

#[test]
fn a_connection_is_sent_what_is_forwarded_and_as_much_again() {
    let mut limits = ConnectionLimits::new(None);
    let send_all = |limits: &mut ConnectionLimits, now: Moment| {
        let mut bytes = 0;
        while limits.send(1_000, now) {
            bytes += 1_000;
        }
        bytes
    };
    let first = send_all(&mut limits, second(0));
    assert_eq!(first, SURPLUS.0 / 1_000 * 1_000);
    for _ in 0..100 {
        limits.forward(1_000);
    }
    let forwarded = send_all(&mut limits, second(0));
    assert!((200_000..=221_000).contains(&forwarded), "{forwarded}");
    let later = send_all(&mut limits, second(1));
    assert!(later <= SURPLUS.1 && later + 1_000 > SURPLUS.1, "{later}");
    let much_later = send_all(&mut limits, second(1_000));
    assert!(much_later <= SURPLUS.0);
}
