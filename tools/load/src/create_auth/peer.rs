//! The npm client's server as a process.

use std::{path::Path, process::Stdio, slice, time::Duration};

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::server::NewAccount;

/// The time limit of a start, much longer than any takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// The running server. Killed when dropped.
pub(super) struct Peer {
    child: Child,
    pid: u32,
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
        let mut child = Command::new("node")
            .arg(program)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("the npm client's server does not start")?;
        let pid = child.id().context("the npm client's server has ended")?;
        let output = child.stdout.take().context("no output")?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .context("the npm client's server does not get ready")??
            .context("the npm client's server ends at once")?;
        let listening =
            serde_json::from_str(&line).context("the npm client's server says something else")?;
        Ok(Self {
            child,
            pid,
            listening,
        })
    }

    pub(super) const fn pid(&self) -> u32 {
        self.pid
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
        match self.child.try_wait()? {
            Some(status) => bail!("the npm client's server has ended: {status}"),
            None => Ok(()),
        }
    }
}
