//! The subjects of a comparison: Anteroom and the npm client.

use std::time::Duration;

use anyhow::Result;

use super::operation::Operation;

/// A subject of the comparison.
pub(super) trait Subject {
    /// Returns the time of `iterations` iterations.
    fn time(&mut self, operation: Operation, iterations: u32) -> Result<Duration>;
}
