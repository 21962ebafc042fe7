//! The packets that a client has received in a window.

use core::time::Duration;

use crate::stamp::Stamp;

/// The numbers before the first packet of a window for which a stream has room: packets may overtake.
const ROOM: u64 = 4_096;

/// The packets that clients have received.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sent: u64,
    pub(crate) received: u64,
    pub(crate) gaps: u64,
    pub(crate) bytes: u64,
    /// The delays, in microseconds.
    pub(crate) delays: Vec<u32>,
    /// The share of the window in which the thread did not wait.
    pub(crate) busy: f64,
}

impl Tally {
    /// Adds those of other clients.
    pub(crate) fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.received += other.received;
        self.gaps += other.gaps;
        self.bytes += other.bytes;
        self.delays.extend(other.delays);
        self.busy = self.busy.max(other.busy);
    }
}

/// The streams of a client.
#[derive(Debug, Default)]
pub(crate) struct Reception {
    streams: Vec<Stream>,
    tally: Tally,
}

/// One stream, by its SSRC: the numbers that have come in a window, and around it.
#[derive(Debug)]
struct Stream {
    ssrc: u32,
    /// The number of the first bit.
    base: Option<u64>,
    bits: Vec<u64>,
    /// The first and the last number in the window.
    range: Option<(u64, u64)>,
}

impl Reception {
    /// Counts a packet that came at a moment since the start.
    pub(crate) fn count(
        &mut self,
        ssrc: u32,
        sequence: u64,
        payload: &[u8],
        at: Duration,
        window: u32,
    ) {
        let place = self.streams.iter().position(|stream| stream.ssrc == ssrc);
        let place = place.unwrap_or_else(|| {
            self.streams.push(Stream {
                ssrc,
                base: None,
                bits: Vec::new(),
                range: None,
            });
            self.streams.len() - 1
        });
        let stamp = Stamp::read(payload).filter(|stamp| stamp.window == window && window > 0);
        let Some(stream) = self.streams.get_mut(place) else {
            return;
        };
        let is_new = stream.mark(sequence, stamp.is_some());
        if let Some(stamp) = stamp.filter(|_| is_new) {
            let delay = at.saturating_sub(stamp.written);
            self.tally.received += 1;
            self.tally.bytes += payload.len() as u64;
            let micros = u32::try_from(delay.as_micros()).unwrap_or(u32::MAX);
            self.tally.delays.push(micros);
        }
    }

    /// Takes the counts of the window.
    pub(crate) fn take(&mut self) -> Tally {
        let mut tally = core::mem::take(&mut self.tally);
        tally.gaps = self.streams.iter().map(Stream::gaps).sum();
        self.streams.clear();
        tally
    }
}

impl Stream {
    /// Notes a number. Returns whether it is new.
    fn mark(&mut self, sequence: u64, is_in_window: bool) -> bool {
        let base = *self.base.get_or_insert(sequence.saturating_sub(ROOM));
        let Some((word, bit)) = place(base, sequence) else {
            return false;
        };
        if self.bits.len() <= word {
            self.bits.resize(word + 1, 0);
        }
        let Some(word) = self.bits.get_mut(word) else {
            return false;
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        if is_in_window {
            let (first, last) = self.range.unwrap_or((sequence, sequence));
            self.range = Some((first.min(sequence), last.max(sequence)));
        }
        is_new
    }

    /// Returns the number of missing packets of the window.
    fn gaps(&self) -> u64 {
        let Some((base, (first, last))) = self.base.zip(self.range) else {
            return 0;
        };
        let is_missing = |sequence: &u64| {
            let at = place(base, *sequence);
            let word = at.and_then(|(word, bit)| Some(self.bits.get(word)? & bit));
            word.is_none_or(|word| word == 0)
        };
        (first..=last).filter(is_missing).count() as u64
    }
}

/// Returns the word and the bit of a number.
fn place(base: u64, sequence: u64) -> Option<(usize, u64)> {
    let place = sequence.checked_sub(base)?;
    let word = usize::try_from(place / 64).ok()?;
    Some((word, 1 << (place % 64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(window: u32) -> Vec<u8> {
        let written = Duration::from_millis(1);
        Stamp { window, written }.sound(80)
    }

    #[test]
    fn gaps_are_those_between_the_packets_of_the_window() {
        let mut reception = Reception::default();
        let at = Duration::from_millis(3);
        // 11 is late, 12 twice, 14 missing, 15 of no window.
        for (sequence, window) in [
            (5, 0),
            (9, 1),
            (10, 2),
            (12, 2),
            (11, 2),
            (12, 2),
            (13, 2),
            (15, 0),
            (16, 2),
            (18, 0),
        ] {
            reception.count(1, sequence, &packet(window), at, 2);
        }
        reception.count(2, 10, &packet(2), at, 2);
        let tally = reception.take();
        assert_eq!((tally.received, tally.gaps), (6, 1));
        assert_eq!((tally.bytes, tally.delays.len()), (480, 6));
        assert!(tally.delays.iter().all(|delay| *delay == 2_000));
        assert_eq!(reception.take().received, 0);
    }
}
