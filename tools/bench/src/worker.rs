//! A process that reads operations line by line, and answers with their duration.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// The running process. It ends with its standard input.
pub(super) struct Worker {
    name: String,
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
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
        let name = command.get_program().to_string_lossy().into_owned();
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().context("no output")?;
        let mut worker = Self {
            name,
            process,
            requests,
            answers: BufReader::new(answers),
            operations: Vec::new(),
        };
        let ready: WorkerReady = worker.answer()?;
        worker.operations = ready.operations;
        Ok(worker)
    }

    pub(super) fn must_know(&self, operation: &str) -> Result<()> {
        let known = self.operations.iter().any(|name| name == operation);
        ensure!(known, "{} does not know {operation}", self.name);
        Ok(())
    }

    /// Returns the time of `iterations` iterations.
    pub(super) fn time(&mut self, operation: &str, iterations: u32) -> Result<Duration> {
        Ok(self.measure(operation, iterations)?.elapsed)
    }

    /// Measures `iterations` iterations.
    pub(super) fn measure(&mut self, operation: &str, iterations: u32) -> Result<IterationTimes> {
        let request = json!({ "operation": operation, "iterations": iterations });
        let requests = self.requests.as_mut().context("no input")?;
        writeln!(requests, "{request}")?;
        requests.flush()?;
        let answer: Answer = self.answer()?;
        Ok(IterationTimes {
            elapsed: Duration::from_nanos(answer.nanoseconds),
            server: answer.server_nanoseconds.map(Duration::from_nanos),
        })
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        ensure!(read > 0, "{} ended: what it said is above", self.name);
        serde_json::from_str(&line)
            .with_context(|| format!("{} answers with something else", self.name))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The process ends with its input.
        self.requests = None;
        let _ = self.process.wait();
    }
}
