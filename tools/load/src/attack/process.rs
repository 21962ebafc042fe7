//! The attacker as a process.

use std::{env, path::Path, process::Command, time::Duration};

use anteroom_process::LineProcess;
use anyhow::{Context as _, Result};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use super::{case::Case, measurements::Attempts};
use crate::{attacker::Target, os};

/// The lowest priority, and a low one.
const LOWEST: &str = "19";
const LOW: &str = "10";

/// The process of an attacker. It is killed on drop.
pub(super) struct AttackerProcess {
    process: LineProcess,
    /// Whether the attack is in full force.
    pub(super) full: bool,
}

#[derive(Deserialize)]
struct AttackerReady {
    full: bool,
}

impl AttackerProcess {
    /// Starts it and waits until the attack is in full force.
    pub(super) async fn start(anteroom: &Path, case: Case, target: &Target) -> Result<Self> {
        let niceness = if case.is_on_processor() { LOWEST } else { LOW };
        let mut command = Command::new("nice");
        command
            .args(["-n", niceness])
            .arg(env::current_exe()?)
            .arg("--anteroom")
            .arg(anteroom)
            .arg("attacker");
        let target = serde_json::to_string(target)?;
        let started = spawn_blocking(move || {
            let mut process = LineProcess::start_dialogue(command)?;
            process.write_line(&target)?;
            let line = process.wait_for("full")?;
            let AttackerReady { full } = serde_json::from_str(&line)?;
            anyhow::Ok(Self { process, full })
        });
        let started = started.await?;
        started.context("the attacker does not get ready: its error is above")
    }

    /// Returns the processor time that it has used.
    pub(super) fn processor_time(&self) -> Result<Duration> {
        os::processor_time(self.process.id())
    }

    /// Ends the attack and all its connections.
    pub(super) async fn stop(mut self) -> Result<Attempts> {
        let stopped = spawn_blocking(move || {
            self.process.write_line("stop")?;
            let line = self.process.wait_for("attempts")?;
            Ok(serde_json::from_str(&line)?)
        });
        let stopped: Result<Attempts> = stopped.await?;
        stopped.context("the attacker hangs, or has ended: its error is above")
    }
}
