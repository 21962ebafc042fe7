//! The limits of a connection below those of its sources: what is taken from it at all, and what it is sent beyond
//! the packets of others.
//!
//! The code of connections keeps each stream (SSRC) that it has had, and answers a report of lost packets (NACK)
//! with all that it names, as often as it names them. It writes no datagram of more than 2,000 bytes.
//!
//! 1. A packet or a report is taken up to 1,500 bytes, so that it can be forwarded with other extensions.
//! 2. A connection has 64 streams at once, and one more in a second. They are counted before their packets are
//!    verified.
//! 3. It has 100 reports at once, and 500 a second.
//! 4. Its packets have transport-wide numbers that do not go back to before their beginning ([`TransportNumbers`]).
//! 5. It is sent as many bytes again as the packets that are forwarded to it, 128 KiB a second, and 2 MiB at once:
//!    retransmissions, reports and checks. A connection that has asked for more is to end.

use crate::{time::Moment, token_bucket::TokenBucket, transport_numbers::TransportNumbers};

/// The maximum length of a packet or a report that is taken.
pub const MAX_PACKET: usize = 1_500;

/// The number of streams that a connection has at once.
pub const STREAMS: usize = 64;

/// The number of reports that a connection has at once, and in a second.
pub const REPORTS: (u64, u64) = (100, 500);

/// The bytes that a connection is sent at once, and in a second, beyond what is forwarded to it.
pub const SURPLUS: (u64, u64) = (2 * 1_024 * 1_024, 128 * 1_024);

/// The bytes of the headers of a packet, at most.
const HEADERS: u64 = 100;

/// The kind of a datagram.
enum Datagram {
    /// A packet (RTP) of a stream.
    Packet { stream: u32 },
    /// A report (RTCP).
    Report,
    /// Something else.
    Other,
}

impl Datagram {
    fn of(bytes: &[u8]) -> Self {
        match bytes {
            [128..=191, kind, ..] if (64..96).contains(&(kind & 0x7f)) => Self::Report,
            [128..=191, _, _, _, _, _, _, _, a, b, c, d, ..] => Self::Packet {
                stream: u32::from_be_bytes([*a, *b, *c, *d]),
            },
            _ => Self::Other,
        }
    }
}

/// The limits of a connection. The module's documentation has the rules.
#[derive(Debug)]
pub struct ConnectionLimits {
    /// The streams, roughly those first that send most.
    streams: Vec<u32>,
    new_streams: TokenBucket,
    reports: TokenBucket,
    surplus: TokenBucket,
    numbers: TransportNumbers,
}

impl ConnectionLimits {
    /// Creates those of a connection that begins, with the id of the header extension that has transport-wide
    /// numbers.
    #[must_use]
    pub const fn new(transport_numbers: Option<u8>) -> Self {
        Self {
            numbers: TransportNumbers::new(transport_numbers),
            streams: Vec::new(),
            new_streams: TokenBucket::new(STREAMS as u64, 1),
            reports: TokenBucket::new(REPORTS.0, REPORTS.1),
            surplus: TokenBucket::new(SURPLUS.0, SURPLUS.1),
        }
    }

    /// Counts a datagram that has come. Returns whether it is taken.
    pub fn receive(&mut self, datagram: &[u8], now: Moment) -> bool {
        match Datagram::of(datagram) {
            Datagram::Other => true,
            _ if datagram.len() > MAX_PACKET => false,
            Datagram::Packet { stream } => {
                self.has_stream(stream, now) && self.numbers.receive(datagram)
            }
            Datagram::Report => self.reports.try_take(1, now),
        }
    }

    fn has_stream(&mut self, stream: u32, now: Moment) -> bool {
        if let Some(place) = self.streams.iter().position(|other| *other == stream) {
            // A stream moves up by one with each packet, so that new ones push out those that send least.
            self.streams.swap(place, place.saturating_sub(1));
            return true;
        }
        if !self.new_streams.try_take(1, now) {
            return false;
        }
        self.streams.truncate(STREAMS - 1);
        self.streams.push(stream);
        true
    }

    /// Notes the transport-wide number of a packet that has been verified.
    pub fn verify(&mut self, number: u16) {
        self.numbers.verify(number);
    }

    /// Notes that a packet with a payload of so many bytes is forwarded to the connection.
    pub fn forward(&mut self, bytes: usize) {
        self.surplus.add(2 * (bytes as u64 + HEADERS));
    }

    /// Counts a datagram of so many bytes for the connection. Returns whether it may be sent.
    pub fn send(&mut self, bytes: usize, now: Moment) -> bool {
        self.surplus.try_take(bytes as u64, now)
    }
}
