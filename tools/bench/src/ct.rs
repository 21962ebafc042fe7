//! `cargo xtask bench ct`: a test for secrets in the time of operations.
//!
//! Fixed against random secrets, as dudect does: before each sample a random bit decides whether the fixed
//! secret or one of many random ones is used. Welch's t over the times measures the difference of the two
//! classes; above 4.5 they differ. Outliers (the machine was busy) are cut off at several percentiles, and
//! the largest t is used.

use std::{fmt, time::Instant};

use anteroom_protocol::Mode;
use anyhow::Result;
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use serde::Serialize;
use strum::VariantArray as _;

use super::{operation::Operation, parties::Parties};

/// The number of different random secrets, and of copies of the fixed one: both classes use equally much
/// memory.
const SECRETS: usize = 64;
/// Members of the group that is endorsed.
const MEMBERS: usize = 3;
/// The t above which times differ.
pub(super) const LIMIT: f64 = 4.5;
/// The shares of the times that are used, the shortest first.
const KEPT: [f64; 4] = [1.0, 0.99, 0.95, 0.8];

/// The t of each operation.
#[derive(Clone, Debug, Serialize)]
pub struct CtReport {
    samples: u32,
    limit: f64,
    operations: Vec<Finding>,
}

#[derive(Clone, Debug, Serialize)]
struct Finding {
    operation: &'static str,
    /// Whether a difference is expected: the measurement's own test.
    control: bool,
    t: f64,
}

impl CtReport {
    /// Returns whether no operation's time depends on secrets, and the control's does.
    #[must_use]
    pub fn passed(&self) -> bool {
        let mut findings = self.operations.iter();
        findings.all(|finding| (finding.t < LIMIT) != finding.control)
    }
}

impl fmt::Display for CtReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} samples each; t below {LIMIT} says nothing",
            self.samples
        )?;
        for Finding {
            operation,
            control,
            t,
        } in &self.operations
        {
            let note = if *control { "  (must be above)" } else { "" };
            writeln!(f, "{operation:<16} t = {t:>8.2}{note}")?;
        }
        write!(f, "{}", if self.passed() { "passed" } else { "FAILED" })
    }
}

/// Measures `samples` samples of each operation.
///
/// # Errors
/// An operation fails.
pub fn measure(samples: u32) -> Result<CtReport> {
    // Each copy of the fixed secrets has memory of its own, next to that of a random one.
    let pairs: Result<Vec<_>> = (1..=SECRETS)
        .map(|seed| Ok((parties(0)?, parties(seed as u64)?)))
        .collect();
    let (fixed, random) = pairs?.into_iter().unzip();
    let mut classes: [Vec<Parties>; 2] = [fixed, random];
    let mut rng = ChaCha20Rng::seed_from_u64(u64::MAX);
    let control = [None];
    let operations: Result<Vec<_>> = compared()
        .map(Some)
        .chain(control)
        .map(|operation| {
            Ok(Finding {
                operation: operation.map_or("control", Operation::name),
                control: operation.is_none(),
                t: compare(operation, samples, &mut classes, &mut rng)?,
            })
        })
        .collect();
    Ok(CtReport {
        samples,
        limit: LIMIT,
        operations: operations?,
    })
}

/// Returns the operations whose times are compared: each uses a secret, and no batch repeats another.
fn compared() -> impl Iterator<Item = Operation> {
    let operations = Operation::VARIANTS.iter().copied();
    operations.filter(|operation| {
        !matches!(
            operation,
            Operation::CreateRequest
                | Operation::CreateVerify
                | Operation::AuthVerify
                | Operation::GroupVerify
                | Operation::BatchIssue
                | Operation::BatchReceive
        )
    })
}

/// Creates secrets from a seed, and executes each operation once: that computes tables that stay.
fn parties(seed: u64) -> Result<Parties> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    let parties = Parties::new(Mode::Standard, MEMBERS, &mut rng)?;
    for operation in compared() {
        parties.run(operation, &mut rng)?;
    }
    Ok(parties)
}

/// Returns the largest t over the cuts, of an operation or of the control. Public inputs are new in every
/// sample of both classes, since the time may depend on public values.
fn compare(
    operation: Option<Operation>,
    samples: u32,
    classes: &mut [Vec<Parties>; 2],
    rng: &mut ChaCha20Rng,
) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..samples {
        let drawn = rng.next_u32() as usize;
        let [fixed, random] = &mut *classes;
        let is_random = drawn & 1 == 1;
        let class = if is_random { random } else { fixed };
        let Some(parties) = class.get_mut((drawn >> 1) % SECRETS) else {
            continue;
        };
        if let Some(operation) = operation {
            parties.renew(operation, rng)?;
        }
        let start = Instant::now();
        match operation {
            Some(operation) => parties.run(operation, rng)?,
            None => parties.run_dependent(),
        }
        times.push((start.elapsed().as_secs_f64(), is_random));
    }
    Ok(largest_t(&mut times))
}

/// Returns the largest t of two classes of times over the cuts.
pub(super) fn largest_t(times: &mut [(f64, bool)]) -> f64 {
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    KEPT.into_iter()
        .map(|part| welch(times.get(..kept(times.len(), part)).unwrap_or_default()))
        .fold(0.0, f64::max)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a part of a small count"
)]
fn kept(count: usize, part: f64) -> usize {
    (count as f64 * part) as usize
}

/// Returns the absolute value of Welch's t of the two classes.
fn welch(times: &[(f64, bool)]) -> f64 {
    let [a, b] = [false, true].map(|class| {
        let of_class = || {
            times
                .iter()
                .filter(|(_, is)| *is == class)
                .map(|(time, _)| time)
        };
        let count: f64 = of_class().map(|_| 1.0).sum();
        let mean = of_class().sum::<f64>() / count;
        let squares: f64 = of_class().map(|time| (time - mean).powi(2)).sum();
        (mean, squares / (count - 1.0) / count)
    });
    (a.0 - b.0).abs() / (a.1 + b.1).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_works() {
        let mut parties = parties(1).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        for operation in compared() {
            parties.renew(operation, &mut rng).unwrap();
            parties.run(operation, &mut rng).unwrap();
        }
        parties.run_dependent();
    }

    #[test]
    fn t_is_small_for_equal_classes_and_large_for_different_ones() {
        let equal: Vec<_> = (0..1000)
            .map(|n| (f64::from(n % 10), n % 20 < 10))
            .collect();
        assert!(welch(&equal) < LIMIT);
        let different: Vec<_> = (0..1000).map(|n| (f64::from(n % 10), n % 10 < 5)).collect();
        assert!(welch(&different) > LIMIT);
    }
}
