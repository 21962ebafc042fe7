//! The numbers of the texts of a device.

use core::mem::size_of;

/// The number of texts that a device can say again, and that another one can miss.
pub(crate) const MAX_TEXTS: u32 = u64::BITS;

/// The texts of one session of a device. A session that is made anew counts from 1 again, in another run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextRun(pub(crate) [u8; 8]);

/// The numbers of the texts that a device has said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TextNumbers {
    pub(crate) run: TextRun,
    /// The number of the latest text.
    pub(crate) latest: u32,
    /// The number of the first text that the device can say again: from 1 to `latest`.
    pub(crate) first: u32,
}

impl TextNumbers {
    pub(crate) const LENGTH: usize = 8 + 4 + 4;

    pub(crate) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..8].copy_from_slice(&self.run.0);
        bytes[8..12].copy_from_slice(&self.latest.to_be_bytes());
        bytes[12..].copy_from_slice(&self.first.to_be_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (run, rest) = bytes.split_first_chunk()?;
        let (latest, first) = rest.split_first_chunk()?;
        let numbers = Self {
            run: TextRun(*run),
            latest: u32::from_be_bytes(*latest),
            first: u32::from_be_bytes(first.try_into().ok()?),
        };
        (1..=numbers.latest)
            .contains(&numbers.first)
            .then_some(numbers)
    }
}

/// A set of the last numbers up to one: bit n of `mask` stands for `latest` - n.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NumberSet {
    pub(crate) latest: u32,
    pub(crate) mask: u64,
}

impl NumberSet {
    pub(crate) const LENGTH: usize = size_of::<u32>() + size_of::<u64>();

    /// Returns the empty set of the numbers up to one.
    pub(crate) const fn empty(latest: u32) -> Self {
        Self { latest, mask: 0 }
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::LENGTH] {
        let mut bytes = [0; Self::LENGTH];
        bytes[..4].copy_from_slice(&self.latest.to_be_bytes());
        bytes[4..].copy_from_slice(&self.mask.to_be_bytes());
        bytes
    }

    pub(crate) fn parse(bytes: &[u8; Self::LENGTH]) -> Option<Self> {
        let (latest, mask) = bytes.split_first_chunk()?;
        Some(Self {
            latest: u32::from_be_bytes(*latest),
            mask: u64::from_be_bytes(mask.try_into().ok()?),
        })
    }

    fn bit(self, number: u32) -> Option<u64> {
        let distance = self.latest.checked_sub(number)?;
        1_u64.checked_shl(distance)
    }

    /// Returns whether a number is in the set.
    pub(crate) fn has(self, number: u32) -> bool {
        self.bit(number).is_some_and(|bit| self.mask & bit != 0)
    }

    /// Adds a number, unless it is below or above those that the set can have.
    pub(crate) fn add(&mut self, number: u32) {
        self.mask |= self.bit(number).unwrap_or_default();
    }

    /// Removes a number. Returns whether it was in the set.
    pub(crate) fn take(&mut self, number: u32) -> bool {
        let had = self.has(number);
        self.mask &= !self.bit(number).unwrap_or_default();
        had
    }

    /// Removes the numbers of another set.
    pub(crate) fn remove(&mut self, other: Self) {
        for number in other.numbers() {
            self.take(number);
        }
    }

    /// Lets the set go up to a higher number. The numbers that come in are in the set.
    pub(crate) fn extend(&mut self, latest: u32) {
        let distance = latest.saturating_sub(self.latest);
        let old = self.mask.checked_shl(distance).unwrap_or_default();
        let new = !u64::MAX.checked_shl(distance).unwrap_or_default();
        self.mask = old | new;
        self.latest = self.latest.max(latest);
    }

    /// Removes the numbers below one.
    pub(crate) fn remove_below(&mut self, first: u32) {
        let kept = self.latest.checked_sub(first);
        let below = kept.map_or(u64::MAX, |kept| {
            u64::MAX
                .checked_shl(kept.saturating_add(1))
                .unwrap_or_default()
        });
        self.mask &= !below;
    }

    /// Returns the numbers in their order.
    pub(crate) fn numbers(self) -> impl Iterator<Item = u32> {
        let distances = (0..MAX_TEXTS).rev();
        distances
            .filter_map(move |distance| self.latest.checked_sub(distance))
            .filter(move |number| self.has(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(set: NumberSet) -> Vec<u32> {
        set.numbers().collect()
    }

    #[test]
    fn a_set_has_the_last_numbers_that_came_in() {
        let mut set = NumberSet::empty(0);
        set.extend(3);
        assert_eq!(numbers(set), [1, 2, 3]);
        set.remove(NumberSet {
            latest: 2,
            mask: 0b1,
        });
        assert_eq!(numbers(set), [1, 3]);
        set.extend(66);
        assert_eq!((numbers(set).len(), numbers(set)[0]), (64, 3));
        set.remove_below(65);
        assert_eq!(numbers(set), [65, 66]);
        set.extend(66);
        set.extend(60);
        assert_eq!(numbers(set), [65, 66]);
        set.extend(u32::MAX);
        assert_eq!((numbers(set).len(), set.latest), (64, u32::MAX));
        set.remove_below(u32::MAX);
        assert_eq!(numbers(set), [u32::MAX]);
        let mut empty = NumberSet::empty(0);
        empty.remove_below(1);
        empty.add(7);
        assert!(numbers(empty).is_empty());
        assert_eq!(NumberSet::parse(&set.to_bytes()), Some(set));
    }

    #[test]
    fn the_first_number_is_one_of_those_that_were_said() {
        let run = TextRun([7; 8]);
        let of = |first, latest| TextNumbers { run, latest, first };
        assert_eq!(TextNumbers::parse(&of(2, 9).to_bytes()), Some(of(2, 9)));
        for (first, latest) in [(0, 0), (0, 3), (4, 3)] {
            assert_eq!(TextNumbers::parse(&of(first, latest).to_bytes()), None);
        }
    }
}
