//! A process that reads requests line by line, and answers each with a line of JSON.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// The running process. It ends with its standard input, so that it can end what it has started.
pub(super) struct JsonProcess {
    name: String,
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl JsonProcess {
    pub(super) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("{name} does not start"))?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().context("no output")?;
        Ok(Self {
            name,
            process,
            requests,
            answers: BufReader::new(answers),
        })
    }

    /// Returns the id of the process.
    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Sends a request, and returns the answer.
    pub(super) fn request<T: DeserializeOwned>(&mut self, request: &Value) -> Result<T> {
        let requests = self.requests.as_mut().context("no input")?;
        writeln!(requests, "{request}")?;
        requests.flush()?;
        self.answer()
    }

    /// Waits for a line.
    pub(super) fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        ensure!(read > 0, "{} ended: what it said is above", self.name);
        serde_json::from_str(&line)
            .with_context(|| format!("{} answers with something else", self.name))
    }
}

impl Drop for JsonProcess {
    fn drop(&mut self) {
        self.requests = None;
        let _ = self.process.wait();
    }
}
