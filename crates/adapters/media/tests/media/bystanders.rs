//! Two devices that talk while somebody else is hostile: nothing of what one says may be lost to the other.

use std::time::{Duration, Instant};

use anteroom_media::MediaServer;

use crate::meeting::Meeting;

/// The number of datagrams that are sent at once: a socket of the server has room for all of them.
const PART: usize = 50;

/// A device that says numbers, and one that hears them.
pub(crate) struct Bystanders {
    sender: usize,
    listener: usize,
    said: u32,
    heard: Vec<(u32, Instant)>,
}

impl Bystanders {
    /// Lets the first device of a meeting talk to the second one.
    pub(crate) fn of(meeting: &mut Meeting) -> Self {
        let (sender, listener) = (0, 1);
        meeting.say_until_heard(sender, &[listener]);
        Self {
            sender,
            listener,
            said: 0,
            heard: Vec::new(),
        }
    }

    /// Says the next number, if it is time for it, and notes those that are heard.
    pub(crate) fn go_on(&mut self, meeting: &mut Meeting) {
        let payload = [b"number".as_slice(), &self.said.to_be_bytes()].concat();
        self.said += u32::from(meeting.clients[self.sender].say(&payload));
        let packets = core::mem::take(&mut meeting.clients[self.listener].packets);
        for packet in packets {
            if let Some(number) = packet.payload.strip_prefix(b"number") {
                let number = u32::from_be_bytes(number.try_into().unwrap());
                self.heard.push((number, packet.timestamp));
            }
        }
    }

    /// Goes on until some more numbers are heard.
    pub(crate) fn go_on_until_heard(&mut self, meeting: &mut Meeting, more: usize) {
        let until = self.heard.len() + more;
        meeting.until("some numbers", |meeting| {
            self.go_on(meeting);
            self.heard.len() >= until
        });
    }

    /// Lets somebody send, in parts for which there is room, while the two go on.
    pub(crate) fn go_on_in_flood(
        &mut self,
        server: &MediaServer,
        meeting: &mut Meeting,
        datagrams: usize,
        mut send: impl FnMut(&mut Meeting, usize),
    ) {
        for part in 0..datagrams.div_ceil(PART) {
            let before = server.counts().received_packets;
            for number in 0..PART {
                send(meeting, part * PART + number);
            }
            meeting.until("the end of a part", |meeting| {
                self.go_on(meeting);
                server.counts().received_packets >= before + PART as u64
            });
        }
    }

    /// Ends the talk: all that was said has been heard, once and in order. Prints the times between packets.
    pub(crate) fn end(mut self, meeting: &mut Meeting, name: &str) {
        self.go_on_until_heard(meeting, 20);
        let last = self.said;
        meeting.until("the last number", |meeting| {
            self.go_on(meeting);
            self.heard.iter().any(|(number, _)| *number >= last)
        });
        let numbers: Vec<u32> = self.heard.iter().map(|(number, _)| *number).collect();
        let expected: Vec<u32> = (0..u32::try_from(numbers.len()).unwrap()).collect();
        assert_eq!(numbers, expected, "{name}: all is heard");
        let times = self.heard.windows(2);
        let mut waits: Vec<Duration> = times.map(|pair| pair[1].1 - pair[0].1).collect();
        waits.sort_unstable();
        let at = |share: usize| waits[(waits.len() - 1) * share / 100];
        println!(
            "{name}: {} packets, times between them: median {:?}, p99 {:?}, longest {:?}",
            numbers.len(),
            at(50),
            at(99),
            at(100)
        );
    }
}
