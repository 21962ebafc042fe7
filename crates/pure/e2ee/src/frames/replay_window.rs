//! The window of frames that were opened under one key id.

/// The number of counters below the highest one that are still taken.
const SIZE: u64 = 1024;
const WORD: u64 = 64;
const WORDS: usize = 16;

/// The counters that were taken: a ring of bits, one for each of the last [`SIZE`] counters.
#[derive(Default)]
pub(super) struct ReplayWindow {
    /// One more than the highest counter taken; 0 if there is none.
    next: u64,
    bits: [u64; WORDS],
}

impl ReplayWindow {
    /// Returns whether a counter was not taken before and is not too old.
    pub(super) fn is_fresh(&self, counter: u64) -> bool {
        counter >= self.next
            || (self.next - counter <= SIZE && self.word(counter) & bit(counter) == 0)
    }

    /// Takes the counter of an authenticated frame.
    pub(super) fn take(&mut self, counter: u64) {
        if counter >= self.next {
            let first = self.next.max(counter.saturating_sub(SIZE - 1));
            for skipped in first..=counter {
                if let Some(word) = self.bits.get_mut(index(skipped)) {
                    *word &= !bit(skipped);
                }
            }
            self.next = counter.saturating_add(1);
        }
        if let Some(word) = self.bits.get_mut(index(counter)) {
            *word |= bit(counter);
        }
    }

    fn word(&self, counter: u64) -> u64 {
        self.bits.get(index(counter)).copied().unwrap_or_default()
    }
}

fn index(counter: u64) -> usize {
    usize::try_from(counter / WORD % (SIZE / WORD)).unwrap_or_default()
}

const fn bit(counter: u64) -> u64 {
    1 << (counter % WORD)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_counter_is_taken_once_and_old_ones_are_not() {
        let mut window = ReplayWindow::default();
        assert!(window.is_fresh(0) && window.is_fresh(u64::MAX));
        window.take(1_500);
        assert!(!window.is_fresh(1_500));
        assert!(window.is_fresh(1_501) && window.is_fresh(1_499));
        assert!(window.is_fresh(1_500 - 1_023) && !window.is_fresh(1_500 - 1_024));
        window.take(1_500 - 1_023);
        assert!(!window.is_fresh(1_500 - 1_023));
        window.take(u64::MAX - 1);
        assert!(!window.is_fresh(u64::MAX - 1) && !window.is_fresh(1_501));
    }

    #[test]
    fn the_window_agrees_with_a_set() {
        let mut window = ReplayWindow::default();
        let (mut seen, mut highest, mut state) = (HashSet::new(), 0_u64, 7_u64);
        for _ in 0..20_000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let counter = (highest + 40).saturating_sub(state >> 33 & 0x7ff);
            let is_old = counter + SIZE <= highest;
            let expected = !is_old && !seen.contains(&counter);
            assert_eq!(window.is_fresh(counter), expected, "{counter}");
            if expected {
                window.take(counter);
                seen.insert(counter);
                highest = highest.max(counter);
            }
        }
    }
}
