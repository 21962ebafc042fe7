//! Devices that use the protocols of media against the server: packets that are too long, streams without end, and
//! reports of losses.

use anteroom_sfu::connection_limits::{MAX_PACKET, STREAMS, SURPLUS};

use crate::{call::Call, plain_crypto, target};

/// The length of the header of a report, with the streams of both sides.
const REPORT: usize = 12;

/// Returns the packets of the microphone, or of the camera, that a device has sent.
fn packets(call: &Call, number: usize, is_video: bool) -> Vec<Vec<u8>> {
    let sent = call.devices[number].sent.iter();
    let media = sent.filter(|bytes| bytes[0] >= 128 && !is_report(bytes));
    let of_kind = media.filter(|bytes| is_picture(bytes) == is_video);
    of_kind.cloned().collect()
}

fn is_report(bytes: &[u8]) -> bool {
    (64..96).contains(&(bytes[1] & 0x7f))
}

/// Returns whether a packet is one of a key frame.
fn is_picture(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|window| window == [0x9d, 1, 0x2a])
}

/// Makes a call in which the first device sees the last one, and the other way round.
fn call() -> Call {
    target::prepare();
    let mut call = Call::of(3);
    call.watch(0, 2);
    call.watch(2, 0);
    for _ in 0..20 {
        for number in [0, 2] {
            call.send(number, None);
            call.send(number, Some(0));
        }
        call.run(20);
    }
    call
}

#[test]
fn a_packet_that_is_too_long_goes_nowhere_and_those_that_fit_go_on() {
    let mut call = call();
    let seed = packets(&call, 2, true).pop().unwrap();
    let mut sequence = u16::from_be_bytes([seed[2], seed[3]]);
    for length in [
        MAX_PACKET - 1,
        MAX_PACKET,
        MAX_PACKET + 1,
        1_990,
        2_000,
        2_040,
        4_000,
        65_000,
    ] {
        sequence += 1;
        let mut packet = seed.clone();
        packet[2..4].copy_from_slice(&sequence.to_be_bytes());
        packet.resize(length, 0);
        let before = call.received_bytes(0);
        call.forge(2, &packet);
        call.run(5);
        let came = call.received_bytes(0) - before;
        assert_eq!(came > length / 2, length <= MAX_PACKET, "{length}: {came}");
    }
    call.speak(0, 1);
    call.speak(2, 1);
}

#[test]
fn a_connection_has_a_bounded_number_of_streams() {
    let mut call = call();
    let seed = packets(&call, 2, false).swap_remove(0);
    let flood = |call: &mut Call, from: u32, to: u32| {
        for stream in from..to {
            let mut packet = seed.clone();
            packet[8..12].copy_from_slice(&(stream << 8).to_be_bytes());
            call.forge(2, &packet);
        }
        call.run(5);
    };
    flood(&mut call, 1, 1_000);
    let grown = allocation_counter::measure(|| flood(&mut call, 1_000, 60_000));
    let most = i64::try_from(STREAMS * 1_000).unwrap();
    assert!(grown.bytes_current < most, "{grown:?}");
    call.speak(0, 1);
}

/// Makes a report that all packets from a number on are lost, each several times.
fn losses(stream: &[u8; 4], from: u16, number: u32) -> Vec<u8> {
    let mut report = Vec::new();
    for _ in 0..10 {
        report.extend([0x81, 205, 0, 33]);
        report.extend([0, 0, 0, 1]);
        report.extend(stream);
        for entry in 0..31 {
            let first = from.wrapping_add(entry % 8 * 17);
            report.extend(first.to_be_bytes());
            report.extend([0xff, 0xff]);
        }
    }
    assert!(report.len() + plain_crypto::TAG + 4 <= MAX_PACKET && report.len() > REPORT);
    report.extend([0; plain_crypto::TAG]);
    report.extend((number | 0x8000_0000).to_be_bytes());
    report
}

#[test]
fn reports_of_losses_without_end_bring_a_bounded_number_of_bytes_and_end_the_connection() {
    let mut call = call();
    let (stream, last) = call.last_picture(2).unwrap();
    let stream = stream.to_be_bytes();
    for _ in 0..100 {
        call.send_long(0);
        call.run(5);
    }
    let before = call.received_bytes(2);
    for number in 0..2_000 {
        let report = losses(&stream, last, 1_000 + number);
        call.forge(2, &report);
        if number % 20 == 0 {
            call.run(5);
        }
    }
    let came = call.received_bytes(2) - before;
    let most = usize::try_from(SURPLUS.0 + SURPLUS.1).unwrap();
    assert!(came <= most, "{came} bytes");
    assert!(call.devices[2].has_ended, "{came} bytes");
    call.speak(0, 1);
}

/// Gives a packet another transport-wide number, which the devices of this test have in the element 3.
fn renumber(packet: &mut [u8], number: u16) {
    let mut place = 16;
    while packet[place] >> 4 != 3 {
        place += 2 + usize::from(packet[place] & 0x0f);
    }
    packet[place + 1..place + 3].copy_from_slice(&number.to_be_bytes());
}

#[test]
fn transport_wide_numbers_before_the_first_one_are_reported_to_nobody() {
    let mut call = call();
    let seed = packets(&call, 2, false).pop().unwrap();
    let sequence = u16::from_be_bytes([seed[2], seed[3]]);
    let used = allocation_counter::measure(|| {
        for (more, number) in [(1, 0), (2, 65_000), (3, 40_000), (4, 65_535)] {
            let mut packet = seed.clone();
            packet[2..4].copy_from_slice(&(sequence + more).to_be_bytes());
            renumber(&mut packet, number);
            call.forge(2, &packet);
        }
        call.run(500);
    });
    assert!(used.bytes_max < 10_000_000, "{used:?}");
    call.speak(0, 1);
}
