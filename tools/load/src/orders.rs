//! Work that is told line by line on standard input.
//!
//! Reads one JSON request a line, `{"operation", "iterations"}`, has the operation done so often and
//! answers with the nanoseconds that took, `{"nanoseconds"}`. The first line out names the
//! operations.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

use crate::os::say;

/// What is to be done.
#[derive(Deserialize)]
pub(crate) struct Order {
    pub(crate) operation: String,
    pub(crate) iterations: usize,
}

/// What it took.
#[derive(Serialize)]
pub(crate) struct Taken {
    pub(crate) nanoseconds: u64,
    /// Of the server's processor time, where that is of interest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) server_nanoseconds: Option<u64>,
}

/// Does what is told until there is nothing more to read.
pub(crate) async fn follow(
    operations: &[&str],
    mut work: impl AsyncFnMut(&Order) -> Result<Taken>,
) -> Result<()> {
    say(&json!({ "operations": operations }).to_string())?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let order = serde_json::from_str(&line)?;
        let taken = work(&order).await?;
        say(&serde_json::to_string(&taken)?)?;
    }
    Ok(())
}
