//! The rounds of a measurement in three numbers.

use std::fmt;

use serde::Serialize;

/// The smallest, middle and largest of all rounds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Quantiles {
    pub(super) min: f64,
    pub(super) median: f64,
    pub(super) max: f64,
}

impl Quantiles {
    /// Returns the statistics of rounds; `None` if there are none.
    pub(super) fn of(mut rounds: Vec<f64>) -> Option<Self> {
        rounds.sort_by(f64::total_cmp);
        let middle = rounds.len() / 2;
        let upper = *rounds.get(middle)?;
        let median = match rounds.get(middle.wrapping_sub(1)) {
            Some(lower) if rounds.len().is_multiple_of(2) => f64::midpoint(*lower, upper),
            _ => upper,
        };
        Some(Self {
            min: *rounds.first()?,
            median,
            max: *rounds.last()?,
        })
    }

    /// Returns the values multiplied by `factor`, for another unit.
    pub(super) fn times(self, factor: f64) -> Self {
        Self {
            min: self.min * factor,
            median: self.median * factor,
            max: self.max * factor,
        }
    }
}

impl fmt::Display for Quantiles {
    /// Writes whole numbers, unless the format has a precision.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min, median, max } = self;
        let digits = f.precision().unwrap_or(0);
        write!(f, "{min:.digits$} / {median:.digits$} / {max:.digits$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        for (rounds, median) in [
            (vec![3.0], 3.0),
            (vec![4.0, 2.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 9.0], 3.0),
        ] {
            let quantiles = Quantiles::of(rounds.clone()).unwrap();
            assert_eq!(quantiles.median, median, "{rounds:?}");
        }
        assert_eq!(Quantiles::of(vec![]), None);
    }

    #[test]
    fn digits_are_those_that_are_asked_for() {
        let quantiles = Quantiles::of(vec![1.26, 2.0, 30.5]).unwrap();
        assert_eq!(quantiles.to_string(), "1 / 2 / 30");
        assert_eq!(format!("{quantiles:.1}"), "1.3 / 2.0 / 30.5");
    }
}
