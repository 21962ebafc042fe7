//! The npm client's server as a process.

use std::{path::Path, process::Command, slice};

use anteroom_process::LineProcess;
use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::task::spawn_blocking;

use crate::server::NewAccount;

/// The running server. Killed when dropped.
pub(super) struct Peer {
    process: LineProcess,
    listening: PeerReady,
}

/// The first line of its output.
#[derive(Deserialize)]
struct PeerReady {
    url: String,
    account: NewAccount,
}

impl Peer {
    pub(super) async fn start(program: &Path) -> Result<Self> {
        let mut command = Command::new("node");
        command.arg(program);
        let started = spawn_blocking(|| {
            let mut process = LineProcess::start_dialogue(command)?;
            let line = process.wait_for("url")?;
            anyhow::Ok((process, line))
        });
        let started = started.await?;
        let (process, line) = started.context("the npm client's server does not get ready")?;
        let listening =
            serde_json::from_str(&line).context("the npm client's server says something else")?;
        Ok(Self { process, listening })
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    pub(super) fn url(&self) -> &str {
        &self.listening.url
    }

    /// Returns the only account.
    pub(super) const fn accounts(&self) -> &[NewAccount] {
        slice::from_ref(&self.listening.account)
    }

    /// Fails if it has ended.
    pub(super) fn check(&mut self) -> Result<()> {
        match self.process.status()? {
            Some(status) => bail!("the npm client's server has ended: {status}"),
            None => Ok(()),
        }
    }
}
