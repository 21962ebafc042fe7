//! Spans of time.

use std::time::Duration;

/// Spans of time that follow each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans(Vec<(Duration, Duration)>);

impl Spans {
    /// Begins a span.
    pub(crate) fn begin(&mut self, at: Duration) {
        if self.0.last().is_none_or(|(_, end)| *end != Duration::MAX) {
            self.0.push((at, Duration::MAX));
        }
    }

    /// Ends the span that has begun.
    pub(crate) fn end(&mut self, at: Duration) {
        if let Some((_, end)) = self.0.last_mut() {
            *end = at.min(*end);
        }
    }

    /// Returns whether a moment is in a span.
    pub(crate) fn has(&self, at: Duration) -> bool {
        self.0.iter().any(|(from, to)| *from <= at && at < *to)
    }

    /// Returns whether all of a time is in one span.
    pub(crate) fn cover(&self, from: Duration, to: Duration) -> bool {
        self.0.iter().any(|one| one.0 <= from && to <= one.1)
    }

    /// Returns the end of the last span that ended by a moment.
    pub(crate) fn last_end(&self, at: Duration) -> Option<Duration> {
        let ends = self.0.iter().map(|(_, end)| *end);
        ends.filter(|end| *end <= at).max()
    }

    /// Returns the moments that are in both.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        for (from, to) in &self.0 {
            for (other_from, other_to) in &other.0 {
                let (from, to) = (*from.max(other_from), *to.min(other_to));
                if from < to {
                    both.push((from, to));
                }
            }
        }
        Self(both)
    }

    /// Returns the moments until `end` that are in no span.
    pub(crate) fn complement(&self, end: Duration) -> Self {
        let mut from = Duration::ZERO;
        let mut without = Vec::new();
        for (begin, to) in &self.0 {
            if from < *begin {
                without.push((from, *begin));
            }
            from = *to;
        }
        if from < end {
            without.push((from, end));
        }
        Self(without)
    }

    /// Returns the length of the spans after a moment, up to another one.
    pub(crate) fn length(&self, from: Duration, to: Duration) -> Duration {
        let lengths = self
            .0
            .iter()
            .map(|one| one.1.min(to).saturating_sub(one.0.max(from)));
        lengths.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(of: &[(u64, u64)]) -> Spans {
        let seconds = Duration::from_secs;
        let spans = of.iter().map(|(from, to)| (seconds(*from), seconds(*to)));
        Spans(spans.collect())
    }

    #[test]
    fn spans_are_cut_with_each_other_and_measured() {
        let seconds = Duration::from_secs;
        let one = spans(&[(1, 5), (8, 20)]);
        let both = one.and(&spans(&[(0, 2), (4, 10)]));
        assert_eq!(
            both.length(Duration::ZERO, Duration::MAX),
            seconds(1 + 1 + 2)
        );
        assert_eq!(both.length(seconds(9), Duration::MAX), seconds(1));
        assert_eq!(
            one.complement(seconds(30)).length(seconds(0), seconds(30)),
            seconds(1 + 3 + 10)
        );
        assert!(one.has(seconds(1)) && !one.has(seconds(5)));
        assert!(one.cover(seconds(8), seconds(20)) && !one.cover(seconds(4), seconds(9)));
        assert_eq!(one.last_end(seconds(7)), Some(seconds(5)));
        let mut open = Spans::default();
        open.begin(seconds(1));
        open.begin(seconds(2));
        open.end(seconds(3));
        open.end(seconds(4));
        assert_eq!(open.length(Duration::ZERO, Duration::MAX), seconds(2));
    }
}
