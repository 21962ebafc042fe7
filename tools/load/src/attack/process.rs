//! The attacker as a process.

use std::{env, path::Path, process::Stdio, time::Duration};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout, Command},
    time::timeout,
};

use super::measurements::Attempts;
use crate::{attacker::Target, os};

/// The lowest priority, and a low one.
const LOWEST: &str = "19";
const LOW: &str = "10";
/// The time limit of a wait, much longer than any takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The process of an attacker. It is killed on drop.
pub(super) struct AttackerProcess {
    child: Child,
    pid: u32,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    full: bool,
}

#[derive(Deserialize)]
struct AttackerReady {
    full: bool,
}

impl AttackerProcess {
    /// Starts it and waits until the attack is in full force.
    pub(super) async fn start(anteroom: &Path, target: &Target) -> Result<Self> {
        let niceness = if target.attack.is_on_processor() {
            LOWEST
        } else {
            LOW
        };
        let mut child = Command::new("nice")
            .args(["-n", niceness])
            .arg(env::current_exe()?)
            .arg("--anteroom")
            .arg(anteroom)
            .arg("attacker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the attacker does not start")?;
        let pid = child.id().context("the attacker has ended")?;
        let mut input = child.stdin.take().context("no input")?;
        let output = child.stdout.take().context("no output")?;
        let line = serde_json::to_string(target)? + "\n";
        input.write_all(line.as_bytes()).await?;
        let mut attacker = Self {
            child,
            pid,
            input,
            output: BufReader::new(output).lines(),
            full: false,
        };
        let line = attacker.next_line().await?;
        let AttackerReady { full } = serde_json::from_str(&line)?;
        attacker.full = full;
        Ok(attacker)
    }

    /// Returns whether the attack is in full force.
    pub(super) const fn is_full(&self) -> bool {
        self.full
    }

    /// Returns the processor time that it has used.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        os::processor_time(self.pid)
    }

    /// Ends the attack and all its connections.
    pub(super) async fn stop(mut self) -> Result<Attempts> {
        self.input.shutdown().await?;
        drop(self.input);
        let line = timeout(PATIENCE, self.output.next_line()).await;
        let line = line.context("the attacker hangs")??;
        let attempts = serde_json::from_str(&line.context("the attacker has ended")?)?;
        timeout(PATIENCE, self.child.wait())
            .await
            .context("the attacker does not end")??;
        Ok(attempts)
    }

    async fn next_line(&mut self) -> Result<String> {
        timeout(PATIENCE, self.output.next_line())
            .await
            .context("the attacker does not get ready")??
            .context("the attacker has ended: its error is above")
    }
}
