//! The allocations of a packet on its way from a sender to its viewers: as many as those of the connections alone,
//! which take the same packet and write it as often, and none of ours.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod baseline;
#[expect(dead_code, reason = "it is the call of another test, which needs more")]
#[path = "../hostile/call.rs"]
mod call;

use std::time::Instant;

use anteroom_sfu::{
    SfuOutput,
    limits::{MediaLimits, SourceLimit},
    source::PerSource,
};
use str0m::Rtc;

use self::{
    baseline::{Connections, drain},
    call::Call,
};

/// The number of viewers.
const VIEWERS: usize = 3;

/// The number of packets that are counted, and of those before, in which buffers get their sizes.
const PACKETS: usize = 200;
const BEFORE: usize = 1_000;

/// Takes the datagrams that a sender has written.
fn datagrams(rtc: &mut Rtc, now: Instant) -> Vec<Vec<u8>> {
    rtc.handle_input(str0m::Input::Timeout(now)).unwrap();
    let mut datagrams = Vec::new();
    drain(rtc, |bytes| datagrams.push(bytes));
    datagrams
}

/// Counts the allocations in a call, and the datagrams for viewers.
fn of_the_call(sends_pictures: bool) -> (u64, usize) {
    // All packets come in one moment, so that nothing else has anything to do.
    let source = SourceLimit {
        bits: 1 << 40,
        packets: 1 << 20,
    };
    let limits = MediaLimits {
        sources: PerSource {
            audio: source,
            camera: source,
            screen: source,
            screen_audio: source,
        },
        call_bits: 1 << 40,
    };
    let mut call = Call::with(VIEWERS + 1, limits);
    for viewer in 1..=VIEWERS {
        call.watch(viewer, 0);
    }
    let layer = sends_pictures.then_some(0);
    for _ in 0..50 {
        call.send(0, layer);
        call.run(20);
    }
    let mut take = |packets: usize| {
        for _ in 0..packets {
            call.send(0, layer);
        }
        let now = call.now;
        let datagrams = datagrams(&mut call.devices[0].rtc, now);
        let mut sent = 0;
        let counted = allocation_counter::measure(|| {
            for datagram in &datagrams {
                call.forge(0, datagram);
                call.sfu.flush(now);
                while let SfuOutput::Transmit { .. } | SfuOutput::Call(_) | SfuOutput::End { .. } =
                    call.sfu.poll_output()
                {
                    sent += 1;
                }
            }
        });
        (counted.count_total, sent)
    };
    take(BEFORE);
    take(PACKETS)
}

/// Counts the allocations of connections alone.
fn of_the_connections(sends_pictures: bool) -> (u64, usize) {
    let mut connections = Connections::new(VIEWERS, sends_pictures);
    let mut take = |packets: usize| {
        let datagrams = connections.datagrams(packets);
        let mut sent = 0;
        let counted = allocation_counter::measure(|| {
            for datagram in &datagrams {
                sent += connections.forward(datagram);
            }
        });
        (counted.count_total, sent)
    };
    take(BEFORE);
    take(PACKETS)
}

#[test]
fn a_forwarded_packet_has_no_allocation_of_ours() {
    for sends_pictures in [false, true] {
        let (ours, sent) = of_the_call(sends_pictures);
        let (others, sent_alone) = of_the_connections(sends_pictures);
        println!(
            "pictures: {sends_pictures}; {PACKETS} packets to {VIEWERS} viewers: {ours} allocations, of which \
             {others} of the connections; {sent} and {sent_alone} datagrams"
        );
        assert_eq!(sent, PACKETS * VIEWERS);
        assert_eq!(sent_alone, PACKETS * VIEWERS);
        assert!(ours <= others, "{ours}, and {others} of the connections");
    }
}
