//! The operations in WebAssembly, in a process of Node.js.

use std::{path::Path, process::Command, time::Duration};

use anteroom_bench_e2ee::Operation;
use anyhow::Result;
use serde::Deserialize;
use serde_json::json;

use crate::json_process::JsonProcess;

/// The running process.
pub(super) struct WebAssembly {
    process: JsonProcess,
}

#[derive(Deserialize)]
struct Answer {
    nanoseconds: u64,
}

impl WebAssembly {
    /// Starts the program `worker`, which runs the module.
    pub(super) fn start(worker: &Path, module: &Path) -> Result<Self> {
        let process = JsonProcess::start(Command::new("node").args([worker, module]))?;
        Ok(Self { process })
    }

    /// Makes a call with a number of members, in place of the last one.
    pub(super) fn make_call(&mut self, members: u32) -> Result<()> {
        self.process
            .request::<Answer>(&json!({ "members": members }))?;
        Ok(())
    }

    /// Does an operation, as often as it says.
    pub(super) fn time(&mut self, operation: Operation) -> Result<Duration> {
        let request = json!({ "operation": operation.number() });
        let Answer { nanoseconds } = self.process.request(&request)?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}
