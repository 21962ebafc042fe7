//! Sliding windows: a maximum number in any span of a number of seconds, wherever the span begins.

use std::{
    collections::VecDeque,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
};

use anteroom_protocol::Timestamp;

use super::admission::Admission;
use crate::{LimitKey, RetryAfter, TimedMap};

/// The maximum number of requests in a span of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowSize {
    most: NonZeroU32,
    seconds: NonZeroU64,
}

impl WindowSize {
    /// Creates a size of at most `most` requests in any `seconds` seconds.
    #[must_use]
    pub const fn new(most: NonZeroU32, seconds: NonZeroU64) -> Self {
        Self { most, seconds }
    }

    /// Returns `factor` times the requests in the same span.
    #[must_use]
    pub const fn times(self, factor: NonZeroU32) -> Self {
        Self {
            most: self.most.saturating_mul(factor),
            seconds: self.seconds,
        }
    }

    /// Returns half of the requests, at least one, in the same span.
    #[must_use]
    pub fn half(self) -> Self {
        Self {
            most: NonZeroU32::new(self.most.get() / 2).unwrap_or(NonZeroU32::MIN),
            ..self
        }
    }

    /// Returns the seconds after which a request no longer counts.
    ///
    /// The clock gives whole seconds, so that two requests whose seconds differ by `seconds` can be
    /// up to one second closer together. One more second makes the limit hold at any offset.
    const fn counted_seconds(self) -> u64 {
        self.seconds.get().saturating_add(1)
    }
}

/// The requests of one key that still count, oldest first, as a number for each second. Their
/// memory is bounded by the seconds of the window, whatever its limit is.
#[derive(Debug, Default)]
struct KeyWindow {
    counts: VecDeque<(Timestamp, u32)>,
}

impl KeyWindow {
    fn forget_before(&mut self, first: Timestamp) {
        while self.counts.front().is_some_and(|(at, _)| *at < first) {
            self.counts.pop_front();
        }
    }

    /// Moves requests from the future to `now`, where a clock ahead has recorded them: no request
    /// counts for longer than the window after the clock was set right.
    fn forget_future(&mut self, now: Timestamp) {
        for (at, _) in &mut self.counts {
            *at = (*at).min(now);
        }
    }

    fn number(&self) -> u32 {
        let counts = self.counts.iter();
        counts.fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    fn add(&mut self, now: Timestamp) {
        match self.counts.back_mut() {
            Some((at, count)) if *at == now => *count = count.saturating_add(1),
            _ => self.counts.push_back((now, 1)),
        }
    }
}

/// The windows of all keys, each with the moment at which its newest request no longer counts.
#[derive(Debug)]
pub(super) struct Windows(TimedMap<LimitKey, Timestamp, KeyWindow>);

impl Windows {
    pub(super) fn new(most: NonZeroUsize) -> Self {
        Self(TimedMap::new(most))
    }

    /// Counts a request in all windows, or in none if one is full.
    pub(super) fn take(&mut self, windows: &[(LimitKey, WindowSize)], now: Timestamp) -> Admission {
        self.0.forget_until(now);
        let waits = windows.iter().map(|(key, size)| self.wait(key, *size, now));
        if let Some(wait) = waits.flatten().max() {
            return Admission::Limited(wait);
        }
        for (key, size) in windows {
            let mut window = self.0.remove(key).unwrap_or_default();
            window.add(now);
            self.insert(*key, window, *size);
        }
        Admission::Granted
    }

    /// Returns the time until a full window has room; `None` if it has room.
    fn wait(&mut self, key: &LimitKey, size: WindowSize, now: Timestamp) -> Option<RetryAfter> {
        let mut window = self.0.remove(key)?;
        // A request counts from its second `t` up to `t + counted`, exclusive.
        let counted = size.counted_seconds();
        window.forget_before(now.minus(counted.saturating_sub(1)));
        window.forget_future(now);
        let (oldest, _) = window.counts.front()?;
        let free = oldest.plus(counted).as_secs();
        let is_full = window.number() >= size.most.get();
        self.insert(*key, window, size);
        is_full.then(|| RetryAfter::from_secs(free.saturating_sub(now.as_secs())))
    }

    /// Adds a window. One key too many replaces the window whose newest request is the oldest.
    fn insert(&mut self, key: LimitKey, window: KeyWindow, size: WindowSize) {
        let Some((newest, _)) = window.counts.back() else {
            return;
        };
        let ends = newest.plus(size.counted_seconds());
        self.0.set(key, ends, window);
    }
}

#[cfg(test)]
mod tests {
    use anteroom_protocol::Aci;
    use zeroize::Zeroizing;

    use super::*;
    use crate::Pseudonymizer;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn size(most: u32, seconds: u64) -> WindowSize {
        WindowSize::new(
            NonZeroU32::new(most).unwrap(),
            NonZeroU64::new(seconds).unwrap(),
        )
    }

    fn key(byte: u8) -> LimitKey {
        Pseudonymizer::new(Zeroizing::new([0; 32])).limit_key("test", &Aci::from_bytes([byte; 16]))
    }

    const MOST: NonZeroUsize = NonZeroUsize::new(10).unwrap();

    fn take(windows: &mut Windows, now: Timestamp) -> Admission {
        windows.take(&[(key(1), size(10, 60))], now)
    }

    fn limited(seconds: u64) -> Admission {
        Admission::Limited(RetryAfter::from_secs(seconds))
    }

    /// Every span of 60 real seconds lies within 61 whole seconds of the clock.
    #[test]
    fn at_most_10_in_any_minute_at_any_offset() {
        for step in [1, 2, 3, 5, 6, 7, 11, 29, 30, 59, 60, 61] {
            for burst in [1, 2, 3, 10, 25] {
                let mut windows = Windows::new(MOST);
                let mut granted = Vec::new();
                for offset in (0..400).step_by(step) {
                    for _ in 0..burst {
                        let now = START.plus(offset);
                        if take(&mut windows, now) == Admission::Granted {
                            granted.push(offset);
                        }
                    }
                }
                for first in 0..400 {
                    let span = first..=first + 60_u64;
                    let number = granted.iter().filter(|at| span.contains(*at)).count();
                    assert!(
                        number <= 10,
                        "{number} from {first}, step {step}, burst {burst}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_full_window_says_when_its_oldest_request_stops_counting() {
        let mut windows = Windows::new(MOST);
        for n in 0..10 {
            let now = START.plus(n);
            assert_eq!(take(&mut windows, now), Admission::Granted);
        }
        for (after, expected) in [
            (9, limited(52)),
            (60, limited(1)),
            (61, Admission::Granted),
            (61, limited(1)),
            (62, Admission::Granted),
            (62, limited(1)),
            (1_000, Admission::Granted),
        ] {
            assert_eq!(take(&mut windows, START.plus(after)), expected, "{after}");
        }
    }

    #[test]
    fn refused_requests_do_not_count_and_keys_do_not_share() {
        let mut windows = Windows::new(MOST);
        for _ in 0..10 {
            take(&mut windows, START);
        }
        for after in 0..61 {
            assert_ne!(take(&mut windows, START.plus(after)), Admission::Granted);
        }
        assert_eq!(
            windows.take(&[(key(2), size(10, 60))], START),
            Admission::Granted
        );
        assert_eq!(take(&mut windows, START.plus(61)), Admission::Granted);
    }

    #[test]
    fn a_clock_that_goes_back_limits_for_no_longer_than_the_window() {
        let mut windows = Windows::new(MOST);
        for _ in 0..10 {
            take(&mut windows, START.plus(1_000_000));
        }
        assert_eq!(take(&mut windows, START), limited(61));
        assert_eq!(take(&mut windows, START.plus(60)), limited(1));
        assert_eq!(take(&mut windows, START.plus(61)), Admission::Granted);
    }

    #[test]
    fn memory_is_bounded_in_keys_and_in_seconds() {
        let most = NonZeroUsize::new(2).unwrap();
        let mut windows = Windows::new(most);
        for byte in 1..50 {
            let now = START.plus(u64::from(byte));
            windows.take(&[(key(byte), size(1_000_000, 60))], now);
            assert!(windows.0.len() <= 2);
        }
        for n in 0..10_000 {
            let now = START.plus(1_000 + n / 10);
            windows.take(&[(key(1), size(1_000_000, 60))], now);
        }
        let window = windows.0.remove(&key(1)).unwrap();
        assert!(window.counts.len() <= 61, "{}", window.counts.len());
        assert_eq!(window.number(), 610);
    }

    #[test]
    fn a_request_counts_in_all_its_windows_or_in_none() {
        let (narrow, wide) = (size(2, 60), size(2, 60).times(4.try_into().unwrap()));
        let mut windows = Windows::new(MOST);
        let mut take = |number, after| {
            windows.take(&[(key(number), narrow), (key(0), wide)], START.plus(after))
        };
        for number in [1, 1, 2, 2, 3, 3, 4, 4] {
            assert_eq!(take(number, 0), Admission::Granted, "{number}");
        }
        for (number, after, wait) in [(1, 0, 61), (5, 0, 61), (5, 60, 1)] {
            assert_eq!(take(number, after), limited(wait), "{number} {after}");
        }
        assert_eq!(windows.0.len(), 5, "the refused ones left no trace");
        let mut alone = || windows.take(&[(key(5), narrow)], START.plus(60));
        assert_eq!([alone(), alone()], [Admission::Granted; 2]);
        assert_ne!(alone(), Admission::Granted);
    }
}
