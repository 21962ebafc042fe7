//! The npm client, in a process of its own that reads operations line by line.

use std::{path::Path, process::Command, time::Duration};

use anteroom_protocol::Mode;
use anyhow::Result;
use strum::VariantArray as _;

use super::{operation::Operation, subject::Subject, worker::Worker};

/// Starts the process, which must know all operations.
pub(super) fn start(interop: &Path, mode: Mode) -> Result<Worker> {
    let worker = Worker::start(
        Command::new("node")
            .current_dir(interop)
            .args(arguments(mode)),
    )?;
    for operation in Operation::VARIANTS {
        worker.must_know(operation.name())?;
    }
    Ok(worker)
}

/// Returns the npm subject's program and the mode of its params, for `node` in its folder.
pub(super) const fn arguments(mode: Mode) -> [&'static str; 2] {
    ["bench.mjs", mode_name(mode)]
}

/// Returns the name of a mode, the same for both subjects.
pub(super) const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Legacy => "legacy",
        Mode::Standard => "standard",
    }
}

impl Subject for Worker {
    fn time(&mut self, operation: Operation, iterations: u32) -> Result<Duration> {
        Ok(self.measure(operation.name(), iterations)?.elapsed)
    }
}
