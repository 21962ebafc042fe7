//! The share of answers that failed, over a sliding window.

use std::collections::VecDeque;

use anteroom_protocol::Timestamp;

/// The window, in seconds.
pub(crate) const WINDOW: u64 = 60;
/// Fewer answers than this say nothing about a rate.
const FEWEST: u64 = 20;
/// Alert above this share, in percent.
pub(crate) const PERCENT: u64 = 5;

/// Counts answers by second.
#[derive(Debug, Default)]
pub(crate) struct ErrorRate {
    seconds: VecDeque<Second>,
    total: u64,
    failed: u64,
    raised: bool,
}

#[derive(Debug)]
struct Second {
    at: u64,
    total: u64,
    failed: u64,
}

/// The rate crossed the threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Crossing {
    Raised { total: u64, failed: u64 },
    Cleared,
}

impl ErrorRate {
    /// Counts one answer; says so when it takes the rate over the threshold or back.
    pub(crate) fn record(&mut self, now: Timestamp, failed: bool) -> Option<Crossing> {
        // A clock that is set back goes on counting in the newest second.
        let at = self
            .seconds
            .back()
            .map_or(now.as_secs(), |last| last.at.max(now.as_secs()));
        let failed = u64::from(failed);
        match self.seconds.back_mut() {
            Some(last) if last.at == at => {
                last.total += 1;
                last.failed += failed;
            }
            _ => self.seconds.push_back(Second {
                at,
                total: 1,
                failed,
            }),
        }
        self.total += 1;
        self.failed += failed;
        while let Some(first) = self.seconds.pop_front_if(|first| first.at + WINDOW <= at) {
            self.total -= first.total;
            self.failed -= first.failed;
        }
        let over = self.total >= FEWEST && self.failed * 100 > self.total * PERCENT;
        if over == self.raised {
            return None;
        }
        self.raised = over;
        Some(if over {
            Crossing::Raised {
                total: self.total,
                failed: self.failed,
            }
        } else {
            Crossing::Cleared
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn record_all(rate: &mut ErrorRate, now: Timestamp, good: u64, bad: u64) -> Vec<Crossing> {
        let good = (0..good).map(|_| false);
        good.chain((0..bad).map(|_| true))
            .filter_map(|failed| rate.record(now, failed))
            .collect()
    }

    #[test]
    fn five_percent_is_fine_and_more_is_not() {
        let mut rate = ErrorRate::default();
        assert_eq!(record_all(&mut rate, START, 95, 5), []);
        let raised = Crossing::Raised {
            total: 101,
            failed: 6,
        };
        assert_eq!(record_all(&mut rate, START, 0, 1), [raised]);
        assert_eq!(record_all(&mut rate, START, 0, 5), []);
    }

    #[test]
    fn a_handful_of_answers_is_no_rate() {
        let mut rate = ErrorRate::default();
        assert_eq!(record_all(&mut rate, START, 0, 19), []);
        assert_eq!(record_all(&mut rate, START, 0, 1).len(), 1);
    }

    #[test]
    fn what_left_the_window_does_not_count() {
        let mut rate = ErrorRate::default();
        assert_eq!(record_all(&mut rate, START, 0, 30).len(), 1);
        assert_eq!(record_all(&mut rate, START.plus(WINDOW - 1), 1, 0), []);
        let later = START.plus(WINDOW);
        assert_eq!(record_all(&mut rate, later, 1, 0), [Crossing::Cleared]);
        assert_eq!((rate.total, rate.failed), (2, 0));
        assert_eq!(
            record_all(&mut rate, START, 30, 2),
            [Crossing::Raised {
                total: 34,
                failed: 2
            }]
        );
        assert!(rate.seconds.len() <= 2);
    }
}
