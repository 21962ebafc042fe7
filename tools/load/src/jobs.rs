//! Work that is ordered line by line on standard input.
//!
//! The first line of output says what the program can do. Each line of input is a request in JSON, and the next
//! line of output its answer.

use anyhow::Result;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader, stdin};

use crate::os::say;

/// An operation that is executed several times: a line of input, `{"operation", "iterations"}`, which a line of
/// output answers, `{"nanoseconds"}`. The first line of output names the operations.
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
pub(crate) async fn follow<J: DeserializeOwned, T: Serialize>(
    first: &Value,
    mut work: impl AsyncFnMut(J) -> Result<T>,
) -> Result<()> {
    say(&first.to_string())?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let answer = work(serde_json::from_str(&line)?).await?;
        say(&serde_json::to_string(&answer)?)?;
    }
    Ok(())
}
