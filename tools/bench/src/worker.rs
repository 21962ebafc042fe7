//! A process that runs operations, and answers with their duration.

use std::{process::Command, time::Duration};

use anyhow::{Result, ensure};
use serde::Deserialize;
use serde_json::json;

use super::json_process::JsonProcess;

/// The running process.
pub(super) struct Worker {
    process: JsonProcess,
    operations: Vec<String>,
}

#[derive(Deserialize)]
struct WorkerReady {
    operations: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    nanoseconds: u64,
    server_nanoseconds: Option<u64>,
}

/// The duration of several iterations.
pub(super) struct IterationTimes {
    pub(super) elapsed: Duration,
    /// The server's processor time, if the process knows it.
    pub(super) server: Option<Duration>,
}

impl Worker {
    /// Starts it and waits until it names its operations.
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let mut process = JsonProcess::start(command)?;
        let WorkerReady { operations } = process.answer()?;
        Ok(Self {
            process,
            operations,
        })
    }

    pub(super) fn must_know(&self, operation: &str) -> Result<()> {
        let known = self.operations.iter().any(|name| name == operation);
        ensure!(known, "{} does not know {operation}", self.process.name());
        Ok(())
    }

    /// Measures `iterations` iterations.
    pub(super) fn measure(&mut self, operation: &str, iterations: u32) -> Result<IterationTimes> {
        let request = json!({ "operation": operation, "iterations": iterations });
        let answer: Answer = self.process.request(&request)?;
        Ok(IterationTimes {
            elapsed: Duration::from_nanos(answer.nanoseconds),
            server: answer.server_nanoseconds.map(Duration::from_nanos),
        })
    }
}
