//! The npm client, in a process of its own that is told what to do line by line.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use anteroom_protocol::Mode;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{Operation, Side};

/// The running process. It ends with its standard input.
pub(super) struct Theirs {
    process: Child,
    requests: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

#[derive(Deserialize)]
struct Ready {
    operations: Vec<String>,
}

#[derive(Deserialize)]
struct Timed {
    nanoseconds: u64,
}

impl Theirs {
    pub(super) fn start(interop: &Path, mode: Mode) -> Result<Self> {
        let mut process = Command::new("node")
            .current_dir(interop)
            .arg("bench.mjs")
            .arg(match mode {
                Mode::Legacy => "legacy",
                Mode::Standard => "standard",
            })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("node does not start")?;
        let requests = process.stdin.take();
        let answers = process.stdout.take().context("node has no output")?;
        let mut theirs = Self {
            process,
            requests,
            answers: BufReader::new(answers),
        };
        let ready: Ready = theirs.answer()?;
        for operation in Operation::ALL {
            let known = ready.operations.iter().any(|name| name == operation.name());
            ensure!(known, "the npm side does not know {}", operation.name());
        }
        Ok(theirs)
    }

    fn answer<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line)?;
        ensure!(read > 0, "the npm side ended: what it said is above");
        serde_json::from_str(&line).context("the npm side answers with something else")
    }
}

impl Side for Theirs {
    fn time(&mut self, operation: Operation, iterations: u32) -> Result<Duration> {
        let request = json!({ "operation": operation.name(), "iterations": iterations });
        let requests = self.requests.as_mut().context("node has no input")?;
        writeln!(requests, "{request}")?;
        requests.flush()?;
        let Timed { nanoseconds } = self.answer()?;
        Ok(Duration::from_nanos(nanoseconds))
    }
}

impl Drop for Theirs {
    fn drop(&mut self) {
        // Without its input it has nothing more to do.
        self.requests = None;
        let _ = self.process.wait();
    }
}
