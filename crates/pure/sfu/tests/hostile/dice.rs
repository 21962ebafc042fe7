//! Made-up numbers that are the same in each run, and changes of bytes by them.

/// A source of numbers.
pub(crate) struct Dice(u64);

/// Bytes at the limits of what a byte can mean.
const EDGES: [u8; 8] = [0, 1, 0x7f, 0x80, 0xff, 0x0f, 0xf0, 0xc0];

impl Dice {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(2).wrapping_add(1))
    }

    pub(crate) fn next(&mut self) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// Returns a number below a limit.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next().to_be_bytes()[0]
    }

    /// Returns true once in so many times.
    pub(crate) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// Returns a seed with some changes.
    pub(crate) fn changed(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut bytes = self.pick(seeds).clone();
        for _ in 0..=self.below(6) {
            self.change(&mut bytes, seeds);
        }
        bytes.truncate(4_000);
        bytes
    }

    fn change(&mut self, bytes: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let place = self.below(bytes.len());
        let rest = bytes.len() - place;
        match self.below(10) {
            0 if rest > 0 => bytes[place] ^= 1 << self.below(8),
            1 if rest > 0 => bytes[place] = self.byte(),
            2 if rest > 0 => bytes[place] = *self.pick(&EDGES),
            3 if rest > 1 => {
                let number = u16::try_from(self.below(0x1_0000)).unwrap();
                let edges = [0, 1, 0xffff, 0x8000, number];
                let edge = *self.pick(&edges);
                bytes[place..place + 2].copy_from_slice(&edge.to_be_bytes());
            }
            4 if rest > 3 => {
                let edges = [0, 1, u32::MAX, 0x8000_0000];
                let edge = *self.pick(&edges);
                bytes[place..place + 4].copy_from_slice(&edge.to_be_bytes());
            }
            5 => bytes.truncate(place),
            6 => {
                let more = (0..self.below(40))
                    .map(|_| self.byte())
                    .collect::<Vec<u8>>();
                bytes.extend(more);
            }
            7 => {
                let end = place + self.below(rest);
                drop(bytes.drain(place..end));
            }
            8 => {
                let end = place + self.below(rest);
                let again = bytes[place..end].to_vec();
                drop(bytes.splice(place..place, again));
            }
            _ => {
                let other = self.pick(seeds);
                let from = self.below(other.len());
                bytes.truncate(place);
                bytes.extend(&other[from..]);
            }
        }
    }
}
