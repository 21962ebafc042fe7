//! One way of a path: the moments at which its datagrams arrive.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// The bytes of IP and UDP around a datagram, which take time on the link, too.
const HEADERS: usize = 28;

/// The shape of one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinkShape {
    /// The bits a second; `None`: as many as come.
    pub bits_per_second: Option<u64>,
    /// The delay of each datagram, besides its wait for the rate.
    pub delay: Duration,
    /// The share of the datagrams that are lost, in thousandths.
    pub loss: u32,
    /// The maximum wait for the rate: datagrams that would wait for longer are lost.
    pub queue: Duration,
}

impl Default for LinkShape {
    /// No limit, no delay, no loss.
    fn default() -> Self {
        Self {
            bits_per_second: None,
            delay: Duration::ZERO,
            loss: 0,
            queue: Duration::from_millis(300),
        }
    }
}

/// One way, with the datagrams on it.
pub(super) struct Link {
    pub(super) shape: LinkShape,
    rng: ChaCha8Rng,
    /// The moment at which the link has sent everything that it was given.
    free_at: Option<Instant>,
    on_way: VecDeque<(Instant, Vec<u8>)>,
    admitted: u64,
    lost: u64,
}

impl Link {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            shape: LinkShape::default(),
            rng: ChaCha8Rng::seed_from_u64(seed),
            free_at: None,
            on_way: VecDeque::new(),
            admitted: 0,
            lost: 0,
        }
    }

    /// Takes a datagram, or loses it.
    pub(super) fn admit(&mut self, datagram: &[u8], now: Instant) {
        let LinkShape {
            bits_per_second,
            delay,
            loss,
            queue,
        } = self.shape;
        self.admitted += 1;
        let begin = self.free_at.map_or(now, |free| free.max(now));
        let is_lost = self.rng.next_u32() % 1_000 < loss;
        if is_lost || (bits_per_second.is_some() && begin - now > queue) {
            self.lost += 1;
            return;
        }
        let bits = (datagram.len() + HEADERS) as u64 * 8;
        let takes = bits_per_second.map_or(0, |rate| bits * 1_000_000 / rate.max(1));
        let sent = begin + Duration::from_micros(takes);
        self.free_at = bits_per_second.map(|_| sent);
        // A shorter delay than before overtakes nobody.
        let last = self.on_way.back().map(|(due, _)| *due);
        let due = (sent + delay).max(last.unwrap_or(sent));
        self.on_way.push_back((due, datagram.to_vec()));
    }

    /// Returns the moment at which the next datagram arrives.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.on_way.front().map(|(due, _)| *due)
    }

    /// Takes the next datagram that has arrived.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let next = self.on_way.pop_front_if(|(due, _)| *due <= now);
        next.map(|(_, datagram)| datagram)
    }

    /// Returns the number of datagrams that came, lost ones too.
    pub(super) const fn admitted(&self) -> u64 {
        self.admitted
    }

    /// Returns the number of datagrams that were lost.
    pub(super) const fn lost(&self) -> u64 {
        self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(shape: LinkShape) -> Link {
        let mut link = Link::new(1);
        link.shape = shape;
        link
    }

    /// Returns the milliseconds after which datagrams of 972 bytes, 8,000 bits on the link, arrive that are
    /// sent at once.
    fn arrivals(link: &mut Link, count: usize) -> Vec<u128> {
        let now = Instant::now();
        for _ in 0..count {
            link.admit(&[0; 972], now);
        }
        let due = link.on_way.iter().map(|(due, _)| *due);
        due.map(|due| (due - now).as_millis()).collect()
    }

    #[test]
    fn a_rate_spreads_datagrams_and_loses_those_that_wait_too_long() {
        let mut link = link(LinkShape {
            bits_per_second: Some(80_000),
            delay: Duration::from_millis(50),
            ..LinkShape::default()
        });
        assert_eq!(arrivals(&mut link, 5), [150, 250, 350, 450]);
        assert_eq!(link.lost(), 1);
    }

    #[test]
    fn a_share_is_lost_and_the_order_stays() {
        let mut link = link(LinkShape {
            loss: 100,
            delay: Duration::from_millis(100),
            ..LinkShape::default()
        });
        let before = arrivals(&mut link, 10_000);
        let lost = link.lost();
        assert!((900..1_100).contains(&lost), "{lost}");
        assert!(before.iter().all(|arrival| *arrival == 100));
        link.shape = LinkShape::default();
        link.admit(b"faster", Instant::now());
        assert!(link.on_way.iter().is_sorted_by_key(|(due, _)| *due));
    }
}
