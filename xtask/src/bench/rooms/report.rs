//! The measurements as a table or as JSON.

use std::fmt;

use serde::Serialize;

use super::cores::Cores;

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    rounds: u32,
    unit: &'static str,
    service_cores: usize,
    load_cores: usize,
    npm_verify: Rates,
    operations: Vec<Row>,
}

/// One operation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    operation: &'static str,
    #[serde(skip)]
    name: &'static str,
    anteroom: Rates,
    /// How many of these are done in the time of one verification by the npm client, by the
    /// medians.
    ratio: f64,
}

/// The slowest, middle and fastest round, in operations per second.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Rates {
    min: f64,
    median: f64,
    max: f64,
}

impl Report {
    pub(super) const fn new(
        rounds: u32,
        cores: &Cores,
        npm_verify: Rates,
        operations: Vec<Row>,
    ) -> Self {
        Self {
            rounds,
            unit: "per second",
            service_cores: cores.services.len(),
            load_cores: cores.load.len(),
            npm_verify,
            operations,
        }
    }
}

impl Row {
    pub(super) fn new(
        operation: &'static str,
        name: &'static str,
        anteroom: Rates,
        npm: &Rates,
    ) -> Self {
        Self {
            operation,
            name,
            anteroom,
            ratio: anteroom.median / npm.median,
        }
    }
}

impl Rates {
    /// Nothing if there are no rounds.
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
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "per second: min/median/max of {} interleaved rounds; the services on {} core(s), the \
             load on {} other(s), the npm client on the services'",
            self.rounds, self.service_cores, self.load_cores
        )?;
        writeln!(f)?;
        writeln!(
            f,
            "{:<44} {:>24}",
            "npm client: verification alone",
            self.npm_verify.to_string()
        )?;
        for row in &self.operations {
            writeln!(
                f,
                "{:<44} {:>24} {:>7.2}x",
                row.name,
                row.anteroom.to_string(),
                row.ratio
            )?;
        }
        write!(
            f,
            "\nA peek is a whole request to a room with a call on, its data in SQLite; the npm client\n\
             verifies one presentation again and again in a loop of Node.js, without HTTP and data."
        )
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} / {:.0} / {:.0}", self.min, self.median, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_or_between_the_two_in_the_middle() {
        for (rounds, median) in [
            (vec![4.0, 2.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 9.0], 3.0),
        ] {
            let rates = Rates::of(rounds.clone()).unwrap();
            assert_eq!(rates.median, median, "{rounds:?}");
        }
        assert_eq!(Rates::of(vec![]), None);
    }
}
