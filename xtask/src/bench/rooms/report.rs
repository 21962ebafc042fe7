//! The measurements as a table or as JSON.

use std::fmt;

use serde::Serialize;

use crate::bench::{cores::Cores, spread::Spread};

/// All measurements of one run.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    rounds: u32,
    unit: &'static str,
    service_cores: usize,
    load_cores: usize,
    npm_verify: Spread,
    operations: Vec<Row>,
}

/// One operation.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    operation: &'static str,
    #[serde(skip)]
    name: &'static str,
    anteroom: Spread,
    /// How many of these are done in the time of one verification by the npm client, by the
    /// medians.
    ratio: f64,
}

impl Report {
    pub(super) const fn new(
        rounds: u32,
        cores: &Cores,
        npm_verify: Spread,
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
        anteroom: Spread,
        npm: &Spread,
    ) -> Self {
        Self {
            operation,
            name,
            anteroom,
            ratio: anteroom.median / npm.median,
        }
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
