//! The measurements of one operation.

use serde::Serialize;

use super::{operation::Operation, quantiles::Quantiles};

/// One operation of both subjects.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    pub(super) operation: &'static str,
    pub(super) anteroom: Quantiles,
    pub(super) npm: Quantiles,
    /// The speed relative to the npm client, by the medians.
    pub(super) ratio: f64,
    /// The required speed relative to the npm client, if there is a goal.
    pub(super) goal: Option<f64>,
    /// The cost of the necessary primitives, in microseconds.
    pub(super) floor: f64,
    /// The ratio of the fastest round to the floor.
    pub(super) to_floor: f64,
}

/// An operation with its parts spread over the cores.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ParallelRow {
    pub(super) operation: &'static str,
    pub(super) cores: usize,
    pub(super) anteroom: Quantiles,
    /// The speed relative to one core, by the medians.
    pub(super) ratio: f64,
}

impl ParallelRow {
    pub(super) fn new(on_one: &Row, cores: usize, anteroom: Quantiles) -> Self {
        Self {
            operation: on_one.operation,
            cores,
            anteroom,
            ratio: on_one.anteroom.median / anteroom.median,
        }
    }
}

impl Row {
    pub(super) fn new(
        operation: Operation,
        anteroom: Quantiles,
        npm: Quantiles,
        floor: f64,
    ) -> Self {
        Self {
            operation: operation.name(),
            anteroom,
            npm,
            ratio: npm.median / anteroom.median,
            goal: operation.goal(),
            floor,
            to_floor: anteroom.min / floor,
        }
    }

    /// Returns the ratio of Anteroom's median to the npm client's.
    pub(super) fn slowdown(&self) -> f64 {
        self.anteroom.median / self.npm.median
    }

    /// Returns the npm client's and Anteroom's times as parts of the npm client's median.
    pub(super) fn shares(&self) -> (Quantiles, Quantiles) {
        let whole = 1.0 / self.npm.median;
        (self.npm.times(whole), self.anteroom.times(whole))
    }

    /// Returns the floor as a part of the npm client's median.
    pub(super) fn floor_share(&self) -> f64 {
        self.floor / self.npm.median
    }
}
