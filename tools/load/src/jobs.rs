//! Work that is ordered line by line on standard input.
//!
//! Reads one JSON request a line, `{"operation", "iterations"}`, executes the operation that many times and
//! answers with the duration in nanoseconds, `{"nanoseconds"}`. The first line of output names the
//! operations.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

use crate::os::say;

/// The ordered work.
#[derive(Deserialize)]
pub(crate) struct LoadJob {
    pub(crate) operation: String,
    pub(crate) iterations: usize,
}

/// The duration of the work.
#[derive(Serialize)]
pub(crate) struct JobTimes {
    pub(crate) nanoseconds: u64,
    /// The server's processor time, if it is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_nanoseconds: Option<u64>,
}

/// Executes orders until the input ends.
pub(crate) async fn follow(
    operations: &[&str],
    mut work: impl AsyncFnMut(&LoadJob) -> Result<JobTimes>,
) -> Result<()> {
    say(&json!({ "operations": operations }).to_string())?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let job = serde_json::from_str(&line)?;
        let times = work(&job).await?;
        say(&serde_json::to_string(&times)?)?;
    }
    Ok(())
}
